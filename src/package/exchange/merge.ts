// install --merge: the remote's revision joined with builds here that were never pushed, as a new commit with both as
// its parents. Nothing is brought and nothing moves while any path is in dispute.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import { encodeCommit } from '../../core/codec/objects/commit.ts'
import { readCommit } from '../../core/history/commits.ts'
import { mergeBase } from '../../core/history/merge-base.ts'
import type { Commit } from '../../core/model/commit.ts'
import type { GroupEntry } from '../../core/model/entry.ts'
import { hasFiles, type Extent } from '../../core/model/extent.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { isWithin } from '../../core/model/path.ts'
import { latest } from '../../core/model/ref-name.ts'
import { layered } from '../../core/store/layered.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import { diff } from '../../core/tree/diff.ts'
import { edit, type Change } from '../../core/tree/edit.ts'
import { editEntries } from '../../core/tree/edit-entries.ts'
import { viewsOf } from '../../core/tree/entries.ts'
import { lookupDerived } from '../../core/tree/lookup.ts'
import { merge, type Merged, type MergeConflict } from '../../core/tree/merge.ts'
import { nodeReader, type NodeReader } from '../../core/tree/node.ts'
import { largeBlobs } from '../../table/view/store-view.ts'
import { writeDerived, type KnownRecipe } from '../derived.ts'
import { refuseClash } from '../names/exported.ts'
import type { Session } from '../session.ts'
import type { RemoteRepository } from './origin.ts'

/** What to take where both sides changed a path: paths, each with all that is below it; '.' is the whole package. */
export interface MergeChoice {
  readonly ours?: readonly string[] | undefined
  readonly theirs?: readonly string[] | undefined
}

/** The two that are merged. */
export interface MergeJob {
  readonly session: Session
  readonly there: RemoteRepository
  /** The package's state on the remote. */
  readonly theirState: PackageState
  readonly state: PackageState
  /** Our `latest`. */
  readonly ours: Id
  readonly theirs: Id
  readonly choice: MergeChoice
}

/** A merge worked out, nothing of it written. */
export interface MergePlan {
  readonly job: MergeJob
  /** True when ours holds all of theirs already: there is nothing to write. */
  readonly isAhead: boolean
  readonly ours: Commit
  readonly theirs: Commit
  readonly merged: Merged
}

/** Conflicts named in a message. */
const mostNamed = 20

/**
 * Works a merge out.
 * @throws CONFLICT listing every path that both sides changed and no choice settles
 */
export async function planMerge(job: MergeJob, ctx?: Context): Promise<MergePlan> {
  const { session, there, state, theirState, choice } = job
  const { objects } = (await session.local()).repository
  const both = layered(objects, there.repository.objects)
  // Where our history was cut off, theirs goes on, unless they never had it or cut it off too.
  const cut = new Set([
    ...theirState.shallow,
    ...(await there.repository.objects.missing([...state.shallow], ctx)),
  ])
  const base = await mergeBase({ objects: both, shallow: cut }, job.ours, job.theirs, ctx)
  const [ours, theirs] = [await readCommit(both, job.ours, ctx), await readCommit(both, job.theirs, ctx)]
  const trees = {
    base: base === undefined ? undefined : (await readCommit(both, base, ctx)).tree,
    ours: ours.tree,
    theirs: theirs.tree,
  }
  const merged = await merge(nodeReader(both), trees, settler(choice), ctx)
  if (merged.conflicts.length > 0) throw disputed(job, merged.conflicts)
  return { job, isAhead: base === job.theirs, ours, theirs, merged }
}

function settler({ ours = [], theirs = [] }: MergeChoice): (path: string) => 'ours' | 'theirs' | undefined {
  const chosen = [
    ...ours.map((path) => ({ path, side: 'ours' as const })),
    ...theirs.map((path) => ({ path, side: 'theirs' as const })),
  ].map(({ path, side }) => ({ path: path === '.' ? '' : path.replace(/\/+$/, ''), side }))
  // The nearest choice counts.
  chosen.sort((a, b) => b.path.length - a.path.length)
  return (path) => chosen.find((choice) => isWithin(path, choice.path))?.side
}

function disputed({ there, state }: MergeJob, conflicts: readonly MergeConflict[]): QuiltError {
  const name = formatPackageName(state.pkg)
  const lines = conflicts.slice(0, mostNamed).map((conflict) => `\n  ${describeConflict(conflict)}`)
  const more = conflicts.length > mostNamed ? `\n  and ${String(conflicts.length - mostNamed)} more` : ''
  const first = conflicts[0]?.path === '' ? '.' : (conflicts[0]?.path ?? '.')
  return new QuiltError(
    'CONFLICT',
    `${name} here and at ${there.address} both changed:${lines.join('')}${more}`,
    {
      hint: `say which to take, for each or for a group above: quilt install ${name} --merge --ours ${JSON.stringify(first)}, or --theirs; '.' stands for all`,
    },
  )
}

function describeConflict({ path, base, ours, theirs }: MergeConflict): string {
  if (path === '') return "the package's metadata"
  const side = (entry: MergeConflict['ours']): string =>
    entry === undefined ? 'removed' : base === undefined ? 'added' : 'changed'
  return `${path} (${side(ours)} here, ${side(theirs)} there)`
}

/**
 * Writes the merge and makes it `latest`. Their commit has been brought by then.
 * @throws CONFLICT when our `latest` has moved meanwhile
 */
export async function writeMerge(
  plan: MergePlan,
  extent: Extent | undefined,
  ctx?: Context,
): Promise<{ readonly commit: Id; readonly tree: Id }> {
  const { job } = plan
  const { repository } = await job.session.local()
  const { objects, refs } = repository
  return objects.batch(
    async (out) => {
      const nodes = nodeReader(objects)
      const { changes, meta } = plan.merged
      let tree = await edit(nodes, out, plan.ours.tree, changes)
      if (meta !== undefined) tree = await editEntries(nodes, out, tree, { changes: [], meta })
      // One look into each folder that was changed.
      const folders = new Map(
        changes.map(({ path }) => [path.slice(0, Math.max(path.lastIndexOf('/'), 0)), path]),
      )
      for (const path of folders.values()) await refuseClash(nodes, tree, path, ctx)
      const known = await knownOf(plan, { nodes, extent }, ctx)
      const derived = await writeDerived(nodes, out, { before: plan.ours, tree, ...known }, ctx)
      const commit: Commit = {
        tree,
        parents: [job.ours, job.theirs],
        author: job.session.identity(),
        message: `merge with ${job.there.address}`,
        ...(derived === undefined ? undefined : { derived }),
        ...sourcesOf(plan),
      }
      return { tree, commit: await out.write('commit', encodeCommit(commit)) }
    },
    async ({ commit }) => {
      await refs.update(
        job.state.pkg,
        (state) => ({
          // Moved already when the batch ran again after its writer was given up.
          edits: state?.refs.get(latest) === commit ? [] : [{ name: latest, from: job.ours, to: commit }],
          // Their commit is a parent now, and as much of it is here as of ours.
          extents: new Map([
            [job.theirs, extent ?? 'all'],
            [commit, extent ?? 'all'],
          ]),
        }),
        { who: job.session.identity(), reason: 'merge' },
        ctx,
      )
    },
    ctx,
  )
}

/** The recipes and views of what comes from their side: their commit knows them. */
async function knownOf(
  { theirs, merged }: MergePlan,
  { nodes, extent }: { readonly nodes: NodeReader; readonly extent: Extent | undefined },
  ctx?: Context,
): Promise<{ readonly recipes: ReadonlyMap<Id, KnownRecipe>; readonly views: readonly GroupEntry[] }> {
  const recipes = new Map<Id, KnownRecipe>()
  const views: GroupEntry[] = []
  const { derived } = theirs
  if (derived === undefined) return { recipes, views }
  const addRecipe = async (blob: Id): Promise<void> => {
    const found = await lookupDerived(nodes, derived, blob)
    if (found?.type === 'recipe') recipes.set(blob, { id: found.id, size: found.size })
  }
  for await (const { path, id, size } of takenFiles(nodes, merged.changes, ctx)) {
    if (size > chunkThreshold) await addRecipe(id)
    if (!hasFiles(extent, path)) continue
    for await (const view of viewsOf(nodes, derived, id, ctx)) {
      views.push(view)
      for await (const part of largeBlobs(nodes, view.id, ctx)) await addRecipe(part.id)
    }
  }
  return { recipes, views }
}

/** Every file that a change puts in place. */
async function* takenFiles(
  nodes: NodeReader,
  changes: readonly Change[],
  ctx?: Context,
): AsyncGenerator<{ readonly path: string; readonly id: Id; readonly size: number }> {
  for (const { path, to, from } of changes) {
    if (to?.type === 'file') yield { path, id: to.id, size: to.size }
    if (to?.type !== 'group' || (from?.type === 'group' && from.id === to.id)) continue
    const before = from?.type === 'group' ? from.id : undefined
    for await (const { path: below, to: file } of diff(nodes, before, to.id, ctx)) {
      if (file?.type === 'file') yield { path: `${path}/${below}`, id: file.id, size: file.size }
    }
  }
}

/** Where composed parts came from: as theirs say of what is taken from them, else as ours. */
function sourcesOf({ ours, theirs, merged }: MergePlan): Pick<Commit, 'sources'> {
  const isTaken = (path: string): boolean => merged.changes.some((change) => isWithin(path, change.path))
  const sources = [
    ...(ours.sources ?? []).filter(({ path }) => !isTaken(path)),
    ...(theirs.sources ?? []).filter(({ path }) => isTaken(path)),
  ]
  return sources.length === 0 ? {} : { sources }
}
