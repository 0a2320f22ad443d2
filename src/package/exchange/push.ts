// push: a package's newest state to a remote. Objects first, then one move of the refs.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import { encodeCommit } from '../../core/codec/objects/commit.ts'
import { ancestors, readCommit } from '../../core/history/commits.ts'
import { isAncestor } from '../../core/history/merge-base.ts'
import type { Commit, Source } from '../../core/model/commit.ts'
import type { Extent } from '../../core/model/extent.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName, type PackageName } from '../../core/model/package-name.ts'
import { isWithin } from '../../core/model/path.ts'
import { latest } from '../../core/model/ref-name.ts'
import { transfer, type Moved, type WantedCommit } from '../../core/repo/transfer.ts'
import { layered } from '../../core/store/layered.ts'
import type { ObjectWriter } from '../../core/store/object-store.ts'
import type { PackageState, RefEdit } from '../../core/store/ref-store.ts'
import { edit } from '../../core/tree/edit.ts'
import { diff } from '../../core/tree/diff.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import { lookupDerived } from '../../core/tree/lookup.ts'
import { nodeReader, type NodeReader } from '../../core/tree/node.ts'
import { writeDerived, type KnownRecipe } from '../derived.ts'
import { checkReliance, commitsHere, covers } from './here.ts'
import { refuseClash } from '../names/exported.ts'
import { describeRevision, handleWith, needRevision, type InstalledRevision } from '../names/installed.ts'
import { checkWay, needNode } from '../names/nodes.ts'
import { openRemoteFor, type RemoteOptions, type RemoteRepository } from './origin.ts'
import type { Session } from '../session.ts'

/** How to push. */
export interface PushOptions extends RemoteOptions {
  /** The revision to push, where it is not `latest`. */
  readonly hash?: string | undefined
  /** Move the remote's `latest` away from what others pushed. */
  readonly force?: boolean | undefined
  /** Make this remote the package's origin. */
  readonly setOrigin?: boolean | undefined
}

/** What a push sent. */
export interface PushResult {
  readonly package: string
  readonly topHash: Id
  readonly commit: Id
  readonly sentObjects: number
  /** Bytes as they are kept. */
  readonly sentBytes: number
  readonly remote: string
}

/**
 * Pushes a package. With a path, that node replaces the one in the remote's `latest`, which may have moved on.
 * The first push takes the tags and versions along and makes the remote the package's origin.
 * @throws NOT_FOUND; CONFLICT when the remote's `latest` is not among what came before; DENIED, UNAVAILABLE
 * @example await push(session, 'ada/wine', { remote: 'file:///shared/data' })
 */
export async function push(
  session: Session,
  handle: string,
  options: PushOptions = {},
  ctx?: Context,
): Promise<PushResult> {
  const revision = await needRevision(session, handleWith(handle, { hash: options.hash }), ctx)
  const { state } = revision
  const there = await openRemoteFor(session, state.pkg, { state, options, create: true }, ctx)
  const theirs = await there.repository.refs.get(state.pkg, ctx)
  const job: PushJob = { session, revision, there, theirs, options }
  const sent =
    revision.handle.path === '' ? await pushCommit(job, revision.id, ctx) : await pushNode(job, ctx)
  if (state.origin === undefined || (options.setOrigin === true && state.origin !== there.address)) {
    await noteOrigin(session, state.pkg, there.address, ctx)
  }
  return {
    package: formatPackageName(state.pkg),
    topHash: sent.tree,
    commit: sent.commit,
    sentObjects: sent.moved.objects,
    sentBytes: sent.moved.bytes,
    remote: there.address,
  }
}

/** Makes a remote the origin, where this machine's store has the package. What was pushed stays pushed. */
async function noteOrigin(session: Session, pkg: PackageName, origin: string, ctx?: Context): Promise<void> {
  const { refs } = (await session.local()).repository
  if ((await refs.get(pkg, ctx)) === undefined) return
  try {
    await refs.update(pkg, () => ({ edits: [], origin }), { who: session.identity(), reason: 'push' }, ctx)
  } catch (error) {
    if (!isQuiltError(error, 'DENIED')) throw error
    session.warn(`this store is read-only, so it does not remember ${origin} as the origin`)
  }
}

interface PushJob {
  readonly session: Session
  readonly revision: InstalledRevision
  readonly there: RemoteRepository
  readonly theirs: PackageState | undefined
  readonly options: PushOptions
}

interface Sent {
  readonly commit: Id
  readonly tree: Id
  readonly moved: Moved
}

const nothing: Moved = { objects: 0, bytes: 0 }

async function pushCommit(job: PushJob, commit: Id, ctx?: Context): Promise<Sent> {
  const { revision, there, theirs } = job
  const { objects } = revision.store.repository
  const { tree } = await readCommit(objects, commit, ctx)
  const head = theirs?.refs.get(latest)
  await checkForward(job, commit)
  const known = await commitsHere(there.repository, theirs, ctx)
  if (head === commit && covers(known.get(commit), undefined)) return { commit, tree, moved: nothing }
  const sending = await commitsToSend(job, commit, known, ctx)
  const moved = await transfer(
    layered(objects, there.repository.objects),
    there.repository.objects,
    { commits: sending.wanted, near: objects, publish: () => moveRemote(job, commit, sending, ctx) },
    ctx,
  )
  return { commit, tree, moved }
}

/**
 * Refuses to take the remote's `latest` away from what others pushed. An older revision that was asked for by
 * name may become `latest` again.
 */
async function checkForward({ revision, there, theirs, options }: PushJob, commit: Id): Promise<void> {
  const head = theirs?.refs.get(latest)
  if (head === undefined || head === commit || options.force === true || theirs === undefined) return
  const ours = revision.store.repository.objects
  const reader = layered(ours, there.repository.objects)
  const cut = new Set([...revision.state.shallow].filter((id) => !theirs.shallow.has(id) && id !== head))
  if (await isAncestor(reader, head, commit, cut)) return
  const named = options.hash !== undefined || revision.handle.revision !== undefined
  if (named && (await isAncestor(reader, commit, head, theirs.shallow))) return
  const name = formatPackageName(revision.state.pkg)
  throw new QuiltError(
    'CONFLICT',
    `someone else has pushed ${name}: its latest at ${there.address} is ${head}`,
    {
      hint: `see what: quilt log ${name}; replace it with: quilt push ${name} --force`,
    },
  )
}

/** What goes to a remote. */
interface Sending {
  /** Older ones first. */
  readonly wanted: readonly WantedCommit[]
  /** For each of them, whether the remote will lack its parents. */
  readonly shallow: ReadonlyMap<Id, boolean>
  /** What the remote has and must keep: whole ones that others were compared with, and parents. */
  readonly relied: ReadonlyMap<Id, Extent | undefined>
}

/** The commits that the remote lacks, or has only a part of. */
async function commitsToSend(
  { revision }: PushJob,
  commit: Id,
  known: ReadonlyMap<Id, Extent | undefined>,
  ctx?: Context,
): Promise<Sending> {
  const { state, store } = revision
  const here = await commitsHere(store.repository, state, ctx)
  const whole = new Set([...known].filter(([, extent]) => covers(extent, undefined)).map(([id]) => id))
  const line = await newCommits(revision, commit, whole, ctx)
  const there = new Set(known.keys())
  const wanted: WantedCommit[] = []
  const shallow = new Map<Id, boolean>()
  const relied = new Map<Id, Extent | undefined>()
  for (const { id, parents } of line.reverse()) {
    const isWhole = !here.has(id) || covers(here.get(id), undefined)
    if (!isWhole && known.has(id)) continue // neither side has all of it
    const than = parents.find((parent) => whole.has(parent))
    if (!isWhole && than === undefined) throw notWhole(revision)
    for (const parent of parents) if (known.has(parent)) relied.set(parent, 'commit')
    if (than !== undefined && known.has(than)) relied.set(than, undefined)
    shallow.set(
      id,
      parents.some((parent) => !there.has(parent)),
    )
    wanted.push({ id, than })
    there.add(id)
    whole.add(id)
  }
  return { wanted, shallow, relied }
}

async function newCommits(
  { state, store }: InstalledRevision,
  commit: Id,
  known: ReadonlySet<Id>,
  ctx?: Context,
): Promise<{ readonly id: Id; readonly parents: readonly Id[] }[]> {
  const line: { id: Id; parents: readonly Id[] }[] = []
  const stop = new Set([...state.shallow, ...known])
  for await (const { id, commit: found } of ancestors(
    store.repository.objects,
    commit,
    { shallow: stop },
    ctx,
  )) {
    if (!known.has(id)) line.push({ id, parents: found.parents })
  }
  return line
}

function notWhole({ state, handle }: InstalledRevision): QuiltError {
  const name = describeRevision(state.pkg, handle.revision)
  return new QuiltError('NOT_FOUND', `not all of ${name} is on this machine`, {
    hint: `bring the rest first: quilt install ${name}`,
  })
}

async function moveRemote(
  { session, revision, there, theirs }: PushJob,
  commit: Id,
  { wanted, shallow, relied }: Sending,
  ctx?: Context,
): Promise<void> {
  const from = theirs?.refs.get(latest)
  const labels: RefEdit[] = []
  if (theirs === undefined) {
    const sent = await commitsHere(revision.store.repository, revision.state, ctx)
    for (const [name, to] of revision.state.refs) {
      if (name !== latest && sent.has(to) && (await reaches(revision, commit, to)))
        labels.push({ name, from: undefined, to })
    }
  }
  await there.repository.refs.update(
    revision.state.pkg,
    async (state) => {
      await checkReliance(there.repository, { before: theirs, now: state, relied }, ctx)
      return {
        // Moved already when the batch ran again after its writer was given up.
        edits: state?.refs.get(latest) === commit ? [] : [{ name: latest, from, to: commit }, ...labels],
        extents: new Map(wanted.map(({ id }) => [id, 'all'])),
        shallow,
      }
    },
    { who: session.identity(), reason: 'push' },
    ctx,
  )
}

/** True when a tag's or version's commit goes along with the one that is pushed. */
async function reaches({ state, store }: InstalledRevision, commit: Id, id: Id): Promise<boolean> {
  return isAncestor(store.repository.objects, id, commit, state.shallow)
}

/** A new commit on the remote's `latest`: its tree with our node in its place. */
async function pushNode(job: PushJob, ctx?: Context): Promise<Sent> {
  const { session, revision, there, theirs } = job
  const { repository } = await session.local()
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
