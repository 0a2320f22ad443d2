// Which commits a package keeps here: all that its refs reach, up to where its history was cut off, and those
// that were installed by themselves.
import type { Context } from '../base/context.ts'
import { ancestors } from '../history/commits.ts'
import type { Commit } from '../model/commit.ts'
import type { Extent } from '../model/extent.ts'
import type { Id } from '../model/id.ts'
import type { ObjectReader } from '../store/object-store.ts'
import type { PackageState } from '../store/ref-store.ts'

/** A commit that is kept, and how much of what it reaches. */
export interface KeptCommit {
  readonly id: Id
  readonly commit: Commit
  /** Absent: all of it. */
  readonly extent: Extent | undefined
}

/** Every commit that a package keeps, each once. */
export async function* keptCommits(
  objects: ObjectReader,
  state: PackageState,
  ctx?: Context,
): AsyncGenerator<KeptCommit> {
  const seen = new Set<Id>()
  for (const start of new Set([...state.refs.values(), ...state.partial.keys()])) {
    if (seen.has(start)) continue
    for await (const { id, commit } of ancestors(objects, start, { shallow: state.shallow }, ctx)) {
      if (seen.has(id)) continue
      seen.add(id)
      yield { id, commit, extent: state.partial.get(id) }
    }
  }
}
