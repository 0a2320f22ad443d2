// push of one node: a new commit on the remote's `latest`, made here.
import type { Context } from '../../core/base/context.ts'
import { encodeCommit } from '../../core/codec/objects/commit.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Commit, Source } from '../../core/model/commit.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { isWithin } from '../../core/model/path.ts'
import { latest } from '../../core/model/ref-name.ts'
import { dryRepository } from '../../core/repo/dry-repository.ts'
import { transfer } from '../../core/repo/transfer.ts'
import { layered } from '../../core/store/layered.ts'
import type { ObjectWriter } from '../../core/store/object-store.ts'
import { edit } from '../../core/tree/edit.ts'
import { diff } from '../../core/tree/diff.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import { lookupDerived } from '../../core/tree/lookup.ts'
import { nodeReader, type NodeReader } from '../../core/tree/node.ts'
import { writeDerived, type KnownRecipe } from '../derived.ts'
import { refuseClash } from '../names/exported.ts'
import { describeRevision } from '../names/installed.ts'
import { checkWay, needNode } from '../names/nodes.ts'
import { moveRemote, nothing, type PushJob, type Sending, type Sent } from './push-job.ts'

/** A new commit on the remote's `latest`: its tree with our node in its place. */
export async function pushNode(job: PushJob, ctx?: Context): Promise<Sent> {
  const { session, revision, there, theirs } = job
  const local = (await session.local()).repository
  const repository = job.options.dryRun === true ? dryRepository(local) : local
  const ours = revision.store.repository.objects
  const head = theirs?.refs.get(latest)
  const both = layered(ours, there.repository.objects)
  const base = head === undefined ? undefined : { id: head, ...(await readCommit(both, head, ctx)) }
  let moved = nothing
  const made = await repository.objects.batch(
    (out) => graft(job, { nodes: nodeReader(both), out, base }, ctx),
    // No ref here keeps what was made: it is sent while this machine's gc still waits for it.
    async ({ commit }) => {
      if (commit === head) return
      const sending: Sending = {
        wanted: [{ id: commit, than: head }],
        shallow: new Map(),
        relied: new Map(head === undefined ? [] : [[head, undefined]]),
      }
      moved = await transfer(
        layered(repository.objects, both),
        there.repository.objects,
        { commits: sending.wanted, near: ours, publish: () => moveRemote(job, commit, sending, ctx) },
        ctx,
      )
    },
    ctx,
  )
  return { ...made, moved }
}

interface Graft {
  readonly nodes: NodeReader
  readonly out: ObjectWriter
  /** The remote's `latest`; absent for a package that is new there. */
  readonly base: (Commit & { readonly id: Id }) | undefined
}

/** Writes the commit that has our node in the remote's tree; gives the remote's own where nothing changes. */
async function graft(job: PushJob, { nodes, out, base }: Graft, ctx?: Context): Promise<Omit<Sent, 'moved'>> {
  const { session, revision } = job
  const handle = describeRevision(revision.state.pkg, revision.handle.revision)
  const ours = revision.store.repository.objects
  const node = await needNode(ours, { tree: revision.commit.tree, handle }, revision.handle.path, ctx)
  if (base !== undefined) {
    const theirs = {
      tree: base.tree,
      handle: `${formatPackageName(revision.state.pkg)} at ${job.there.address}`,
    }
    await checkWay(nodes, theirs, node.path, ctx)
  }
  const tree = await edit(nodes, out, base?.tree, [{ path: node.path, from: undefined, to: node.entry }])
  if (base !== undefined && tree === base.tree) return { tree, commit: base.id }
  await refuseClash(nodes, tree, node.path, ctx)
  const recipes = await recipesOf(job, base?.tree, tree, ctx)
  const derived = await writeDerived(nodes, out, { before: base, tree, recipes }, ctx)
  const commit = {
    tree,
    parents: base === undefined ? [] : [base.id],
    author: session.identity(),
    message: revision.commit.message,
    ...(derived === undefined ? undefined : { derived }),
    ...sourcesOf(base?.sources, revision.commit.sources, node.path),
  }
  return { tree, commit: await out.write('commit', encodeCommit(commit)) }
}

/** Where composed parts came from: at the node as here, elsewhere as there. */
function sourcesOf(
  there: Commit['sources'] = [],
  here: Commit['sources'] = [],
  path = '',
): Pick<Commit, 'sources'> {
  const isHere = (source: Source): boolean => isWithin(source.path, path)
  const sources = [...there.filter((source) => !isHere(source)), ...here.filter(isHere)]
  return sources.length === 0 ? {} : { sources }
}

/** The recipes of large blobs that a new tree has and the old one has not: ours know them. */
async function recipesOf(
  { revision, there }: PushJob,
  before: Id | undefined,
  after: Id,
  ctx?: Context,
): Promise<ReadonlyMap<Id, KnownRecipe>> {
  const recipes = new Map<Id, KnownRecipe>()
  const { derived } = revision.commit
  if (derived === undefined) return recipes
  const nodes = nodeReader(layered(revision.store.repository.objects, there.repository.objects))
  for await (const { to } of diff(nodes, before, after, ctx)) {
    if (to?.type !== 'file' || to.size <= chunkThreshold) continue
    const found = await lookupDerived(nodes, derived, to.id)
    if (found?.type === 'recipe') recipes.set(to.id, { id: found.id, size: found.size })
  }
  return recipes
}
