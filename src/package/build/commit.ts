// What a build leaves behind: a commit, and `latest` moved to it.
import type { Context } from '../../core/base/context.ts'
import type { Commit, Identity } from '../../core/model/commit.ts'
import { hasTrees, pathsOf, type Extent } from '../../core/model/extent.ts'
import type { Id } from '../../core/model/id.ts'
import { isWithin } from '../../core/model/path.ts'
import { latest } from '../../core/model/ref-name.ts'
import type { Handle } from '../../core/model/revision.ts'
import type { Session } from '../session.ts'
import type { SourceTree } from '../source/source-tree.ts'
import type { Base } from './base.ts'

/** Where a commit belongs. */
export interface CommitPlace {
  readonly at: Handle
  readonly base: Base
}

/** What a commit is made of. */
export interface CommitParts {
  readonly tree: Id
  readonly derived: Id | undefined
  readonly author: Identity
  readonly source: SourceTree
  readonly message: string | undefined
}

/** The commit; sources of composed parts that the build left as they were stay. */
export function newCommit(
  { at, base }: CommitPlace,
  { tree, derived, author, source, message }: CommitParts,
): Commit {
  const parents = base.id === undefined ? [] : [base.id]
  const kept =
    at.path === '' ? [] : (base.commit?.sources ?? []).filter(({ path }) => !isWithin(path, at.path))
  const sources = [...kept, ...source.sources]
  return {
    tree,
    parents,
    author,
    message: message ?? '',
    ...(derived === undefined ? undefined : { derived }),
    ...(sources.length === 0 ? undefined : { sources }),
  }
}

/** Moves `latest`, where it is not there already. @throws CONFLICT when another build was first */
export async function moveLatest(
  session: Session,
  { at, base }: CommitPlace,
  commit: Id,
  ctx?: Context,
): Promise<void> {
  const { repository } = await session.local()
  const extent =
    base.id === undefined || at.path === '' ? undefined : grown(base.state?.partial.get(base.id), at.path)
  await repository.refs.update(
    base.state?.pkg ?? at.pkg,
    (state) => ({
      // Moved already when the batch ran again after its writer was given up.
      edits: state?.refs.get(latest) === commit ? [] : [{ name: latest, from: base.id, to: commit }],
      ...(extent === undefined ? undefined : { extents: new Map([[commit, extent]]) }),
    }),
    { who: session.identity(), reason: 'build' },
    ctx,
  )
}

/** What is here after a node was built into a package of which only a part is here. */
function grown(extent: Extent | undefined, path: string): Extent | undefined {
  if (extent === undefined) return undefined
  const paths = [...new Set([...pathsOf(extent), path])]
  return hasTrees(extent, '') ? paths : { only: paths }
}
