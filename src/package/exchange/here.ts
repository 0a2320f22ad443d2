// What a repository has of a package, and whether it stays: a transfer leaves out what the other side has.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { hasFiles, hasTrees, pathsOf, type Extent } from '../../core/model/extent.ts'
import type { Id } from '../../core/model/id.ts'
import { keptCommits } from '../../core/repo/kept.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import type { PackageState } from '../../core/store/ref-store.ts'

/** Every commit that a package has by its state, and how much of it; they may be read elsewhere, nearer. */
export async function commitsHere(
  objects: ObjectReader,
  state: PackageState | undefined,
  ctx?: Context,
): Promise<ReadonlyMap<Id, Extent | undefined>> {
  const here = new Map<Id, Extent | undefined>()
  if (state === undefined) return here
  for await (const { id, extent } of keptCommits(objects, state, ctx)) here.set(id, extent)
  return here
}

/** What a transfer relied on when it left objects out. */
export interface Reliance {
  /** The state from which it learned what is there. */
  readonly before: PackageState | undefined
  /** The state of this moment, from which refs are about to move. */
  readonly now: PackageState | undefined
  /** Commits, and how much of each has to be there. */
  readonly relied: ReadonlyMap<Id, Extent | undefined>
}

/**
 * Refuses to move refs when someone has removed what was relied on: gc may have taken what only that kept. To be
 * asked within a plan of `RefStore.update`, so that what it finds holds when the refs move.
 * @throws CONFLICT
 */
export async function checkReliance(
  objects: ObjectReader,
  { before, now, relied }: Reliance,
  ctx?: Context,
): Promise<void> {
  // A state that did not move has kept all that it reaches. Numbers go on rising when a package is removed.
  if (relied.size === 0 || (before !== undefined && before.generation === now?.generation)) return
  const here = await commitsHere(objects, now, ctx)
  for (const [id, extent] of relied) {
    if (here.has(id) && covers(here.get(id), extent)) continue
    throw new QuiltError('CONFLICT', `commit ${id} was removed by someone else while this built on it`, {
      hint: 'try again',
    })
  }
}

/** What is here together with what is asked for. */
export function joined(
  isHere: boolean,
  here: Extent | undefined,
  asked: Extent | undefined,
): Extent | undefined {
  if (!isHere) return asked
  if (here === undefined || asked === undefined) return undefined
  if (here === 'commit') return asked
  if (asked === 'commit') return here
  const paths = [...new Set([...pathsOf(here), ...pathsOf(asked)])]
  if (!hasTrees(here, '') && !hasTrees(asked, '')) return { only: paths }
  return paths.length === 0 ? 'meta' : paths
}

/** True when what is here of a commit holds all that is asked for. */
export function covers(here: Extent | undefined, asked: Extent | undefined): boolean {
  if (here === undefined) return true
  if (asked === 'commit') return true
  if (here === 'commit') return false
  const alone = typeof asked === 'object' && 'only' in asked
  if (asked !== undefined && !alone && !hasTrees(here, '')) return false
  return (asked === undefined ? [''] : pathsOf(asked)).every((path) => hasFiles(here, path))
}
