// Proves the plain files of a store, says whom a damaged one hurts, and makes it anew.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError } from '../../core/base/error.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName, packageKey, type PackageName } from '../../core/model/package-name.ts'
import { nothingWalked, packageNeeds } from '../../core/repo/needs.ts'
import type { Problem } from '../../core/repo/verify.ts'
import { onPath } from '../../worktree/file-error.ts'
import { damagedPlainFiles, plainFiles, type DamagedPlainFile } from '../../worktree/plain-files.ts'
import type { LocalStore, Session } from '../session.ts'

/** Whose plain files. */
export interface FilesPart {
  readonly store: LocalStore
  /** Only those that this package needs. */
  readonly only?: PackageName
}

/** How many plain files, and bytes in them, were read. */
export interface CheckedFiles {
  files: number
  bytes: number
}

/** Most places of one file that are named. */
const mostPaths = 20

/** Plain files that are not what their names say, with whom that hurts. */
export async function proveFiles(
  session: Session,
  { store, only }: FilesPart,
  checked: CheckedFiles,
  ctx?: Context,
): Promise<readonly Problem[]> {
  const damaged = await damagedPlainFiles(session.fs, store.folder, checked, ctx)
  if (damaged.length === 0) return []
  const places = await placesOf({ store, ...(only && { only }) }, damaged, ctx)
  return damaged
    .filter(({ id }) => only === undefined || places.has(id))
    .map(({ id, key, message }) => {
      const { packages = [], paths = [] } = places.get(id) ?? {}
      return { what: 'plain', id, key, message, packages: [...packages], paths }
    })
}

interface Places {
  readonly size: number
  readonly packages: Set<string>
  readonly paths: string[]
}

/** Who needs these blobs. What cannot be read is told elsewhere. */
async function placesOf(
  { store, only }: FilesPart,
  damaged: readonly DamagedPlainFile[],
  ctx?: Context,
): Promise<ReadonlyMap<Id, Places>> {
  const { refs, objects } = store.repository
  const blobs = new Set(damaged.map(({ id }) => id))
  const places = new Map<Id, Places>()
  try {
    for await (const state of refs.packages(ctx)) {
      if (only !== undefined && packageKey(only) !== packageKey(state.pkg)) continue
      const name = formatPackageName(state.pkg)
      for await (const need of packageNeeds(objects, state, nothingWalked(), ctx)) {
        if (need.kind !== 'blob' || !blobs.has(need.id)) continue
        const at = places.get(need.id) ?? { size: need.size, packages: new Set(), paths: [] }
        places.set(need.id, at)
        at.packages.add(name)
        const handle = `${name}/${need.path.replaceAll('@', '%40')}@${need.commit.slice(0, 12)}`
        if (at.paths.length < mostPaths && !at.paths.includes(handle)) at.paths.push(handle)
      }
    }
  } catch (error) {
    if (!isQuiltError(error, 'CORRUPT') && !isQuiltError(error, 'UNSUPPORTED')) throw error
  }
  return places
}

/**
 * Removes damaged plain files, and makes those anew whose blob is here whole, so that links to them lead somewhere.
 * @throws DENIED, UNAVAILABLE when the folder cannot be written
 */
export async function repairFiles(
  session: Session,
  part: FilesPart,
  problems: readonly Problem[],
  ctx?: Context,
): Promise<void> {
  const keys = new Set(problems.flatMap(({ what, key }) => (what === 'plain' ? [key] : [])))
  if (keys.size === 0) return
  const { fs, ambient } = session
  const { repository, folder } = part.store
  const { objects } = repository
  const randomName = (): string => ambient.randomName()
  const plain = plainFiles({ fs, folder: `${folder}/files`, objects, randomName })
  const damaged = await damagedPlainFiles(fs, folder, { files: 0, bytes: 0 }, ctx)
  const places = await placesOf(part, damaged, ctx)
  for (const { id, key, path, executable } of damaged) {
    if (!keys.has(key)) continue
    onPath('remove', path, () => fs.rmSync(path, { recursive: true, force: true }))
    const size = places.get(id)?.size
    if (size === undefined) continue // nobody needs it
    try {
      await plain.path(
        { type: 'file', name: id, id, size, ...(executable && { executable }) },
        undefined,
        ctx,
      )
    } catch (error) {
      // The blob is damaged too, or not here: whoever asks for its path is told.
      if (!isQuiltError(error, 'CORRUPT') && !isQuiltError(error, 'NOT_FOUND')) throw error
    }
  }
}
