// What is in packs that are about to go and must not go with them, and whether another pack has it.
import type { Context } from '../../base/context.ts'
import { entryBytes, entryPack, readIndexEntry } from '../../codec/pack-index.ts'
import type { Id } from '../../model/id.ts'
import type { IndexFile } from '../../store/packs/index-file.ts'
import type { SkippedPacks } from '../../store/packs/pack-set.ts'
import { entrySlices } from '../../store/packs/sorted-entries.ts'
import type { PackRepository } from '../open-repository.ts'
import { entryGroups, joinEntries, type IdRanges } from './live.ts'

/** What is doomed, and what must not be lost with it. */
export interface Doom {
  readonly packs: ReadonlySet<string>
  /** Absent: everything. */
  readonly live: IdRanges | undefined
}

/** A record in a doomed pack that must not be lost. */
export interface DoomedEntry {
  readonly id: Id
  readonly pack: string
  readonly offset: number
  /** True when a pack has the object that is not to be skipped. */
  isElsewhere(): Promise<boolean> | boolean
}

/** Indexes that say something of these packs. */
export function indexesOf(indexes: readonly IndexFile[], packs: ReadonlySet<string>): readonly IndexFile[] {
  return indexes.filter(({ header }) => header.packs.some(({ name }) => packs.has(name)))
}

/**
 * Every record in the doomed packs that must not be lost. Where these packs are much of the store, one pass over all
 * indexes says what lies elsewhere too; where they are little of it, each object is looked up.
 */
export async function* doomedEntries(
  { objects }: Pick<PackRepository, 'objects'>,
  { packs, live }: Doom,
  { indexes, skip }: { readonly indexes: readonly IndexFile[]; readonly skip: SkippedPacks },
  ctx?: Context,
): AsyncGenerator<DoomedEntry> {
  const theirs = indexesOf(indexes, packs)
  const isMuch = countOf(theirs) * 2 >= countOf(indexes)
  const { gone } = objects.packs
  const all = new Set(theirs.flatMap(({ header }) => header.packs.map(({ name }) => name)))
  if (isMuch) for (const { header } of indexes) for (const { name } of header.packs) all.add(name)
  const names = [...all].filter((name) => packs.has(name) || (isMuch && !gone.has(name)))
  const numbers = new Map(names.map((name, number) => [name, number]))
  const read = isMuch ? indexes : theirs
  const slices = live === undefined ? everything(read, numbers, ctx) : joinEntries(read, numbers, live, ctx)
  for await (const { table, asked } of slices) {
    for (const [first, end] of entryGroups(table)) {
      if (asked !== undefined && asked[first] === 0) continue
      let isHeld = false
      const nameAt = (entry: number): string => names[entryPack(table, entry * entryBytes)] as string
      for (let entry = first; isMuch && entry < end; entry++) isHeld ||= !skip.has(nameAt(entry))
      for (let entry = first; entry < end; entry++) {
        const pack = nameAt(entry)
        if (!packs.has(pack)) continue
        const { id, offset } = readIndexEntry(table, entry * entryBytes)
        const find = async (): Promise<boolean> => (await objects.packs.find(id, skip, ctx)) !== undefined
        yield { id, pack, offset, isElsewhere: () => (isMuch ? isHeld : find()) }
      }
    }
  }
}

async function* everything(
  indexes: readonly IndexFile[],
  numbers: ReadonlyMap<string, number>,
  ctx?: Context,
): AsyncGenerator<{ readonly table: Uint8Array; readonly asked: undefined }> {
  for await (const { table } of entrySlices(indexes, numbers, ctx)) yield { table, asked: undefined }
}

function countOf(indexes: readonly IndexFile[]): number {
  return indexes.reduce((sum, { header }) => sum + header.count, 0)
}
