// Collects what removals have left in this machine's store, when there is enough of it.
import type { Context } from '../../core/base/context.ts'
import type { FileSystem } from '../../core/base/fs-node.ts'
import { gc, type GcReport } from '../../core/repo/gc.ts'
import type { PackRepository } from '../../core/repo/open-repository.ts'
import type { Scratch } from '../../core/repo/sets/scratch.ts'
import { forgetGarbage, noteGarbage, notedGarbage } from './garbage.ts'

/** Less than this is never worth a collection. */
const leastBytes = 1024 * 1024
/** Nor is less than this part of the store. */
const leastPart = 0.25

/** Where notes lie, and what collecting needs. */
export interface GarbagePlace {
  readonly fs: FileSystem
  readonly folder: string
  readonly scratch: Scratch
}

/**
 * Collects when what was noted is worth it: at least a quarter of the bytes in packs, and a megabyte. Asks for one
 * small file's size where nothing was noted.
 * @returns undefined when it is not worth it
 */
export async function collectGarbage(
  repository: PackRepository,
  { fs, folder, scratch }: GarbagePlace,
  ctx?: Context,
): Promise<GcReport | undefined> {
  const noted = notedGarbage(fs, folder)
  if (noted < leastBytes || noted < leastPart * (await packedBytes(repository, ctx))) return undefined
  forgetGarbage(fs, folder) // first: what fails now would fail at every build
  const report = await gc(repository, { patience: 0, scratch }, ctx)
  if (report.waiting > 0) noteGarbage(fs, folder, noted)
  return report
}

/** As the open indexes say. */
async function packedBytes({ objects }: PackRepository, ctx?: Context): Promise<number> {
  const sizes = new Map<string, number>()
  for (const { header } of await objects.packs.indexes(ctx)) {
    for (const { name, size } of header.packs) sizes.set(name, size)
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}
