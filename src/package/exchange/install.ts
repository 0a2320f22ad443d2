// install: a revision of a package, or a part of it, from a remote into this machine's store.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import { isAncestor } from '../../core/history/merge-base.ts'
import type { Extent } from '../../core/model/extent.ts'
import { isId, type Id } from '../../core/model/id.ts'
import { formatPackageName, parsePackageName, type PackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import type { Handle } from '../../core/model/revision.ts'
import type { PackageState, RefEdit } from '../../core/store/ref-store.ts'
import { withTrees } from './bring.ts'
import { fetchCommit, type FetchPlan } from './fetch.ts'
import { commitsHere, covers } from './here.ts'
import { describeRevision, handleWith, needRevision, type RevisionOptions } from '../names/installed.ts'
import { planMerge, writeMerge } from './merge.ts'
import { needNode } from '../names/nodes.ts'
import { openRemoteFor, type RemoteOptions, type RemoteRepository } from './origin.ts'
import { resolveRevision, versionRef, type Resolved } from '../names/revisions.ts'
import type { Session } from '../session.ts'
import { stateDespiteDamage } from '../upkeep/damaged-refs.ts'
import { noteDropped } from '../upkeep/garbage.ts'

/** How to install. */
export interface InstallOptions extends RevisionOptions, RemoteOptions {
  /** Only the trees: what there is, not what is in it. Files come when they are touched. */
  readonly metaOnly?: boolean | undefined
  /** Install over builds that were never pushed, or over the same name from another remote. */
  readonly force?: boolean | undefined
  /** Join it with builds that were never pushed; what both changed has to be settled by `ours` and `theirs`. */
  readonly merge?: boolean | undefined
  /** Paths of which a merge keeps what is here, where both sides changed them; '.' for all. */
  readonly ours?: readonly string[] | undefined
  /** Paths of which a merge takes what is there. */
  readonly theirs?: readonly string[] | undefined
  /** The name to give it here: OWNER/NAME. */
  readonly as?: string | undefined
}

/** What an install brought. */
export interface InstallResult {
  readonly package: string
  readonly topHash: Id
  readonly commit: Id
  /** The node that was asked for; '' for all. */
  readonly path: string
  readonly fetchedObjects: number
  /** Bytes as they are kept. */
  readonly fetchedBytes: number
  /** False where an older revision was added and `latest` stayed. */
  readonly latest: boolean
  /** True where builds here were joined with it: the commit is a new one, and not pushed yet. */
  readonly merged?: true
}

/**
 * Installs a package, or with a path only what lies there. A revision that is pinned by a hash or a version and is
 * here already needs no remote.
 * @throws NOT_FOUND; CONFLICT over local builds or another remote's package; UNAVAILABLE; CORRUPT
 * @example await install(session, 'ada/wine@1.0', { remote: 'file:///shared/data' })
 */
export async function install(
  session: Session,
  handle: string,
  options: InstallOptions = {},
  ctx?: Context,
): Promise<InstallResult> {
  const at = handleWith(handle, options)
  const pkg = options.as === undefined ? at.pkg : parsePackageName(options.as)
  const { repository } = await session.local()
  const found =
    options.force === true
      ? await stateDespiteDamage(session, repository, pkg, ctx)
      : await repository.refs.get(pkg, ctx)
  const state = found === 'lost' ? undefined : found
  const asked: Extent | undefined =
    options.metaOnly === true ? 'meta' : at.path === '' ? undefined : { only: [at.path] }
  const pinned = await pinnedHere(session, { at, state, asked, options }, ctx)
  if (pinned !== undefined) return pinned
  // Under another name, the origin of the package of the first name is asked.
  const asker = options.as === undefined ? state : ((await repository.refs.get(at.pkg, ctx)) ?? state)
  const there = await openRemoteFor(session, at.pkg, { state: asker, options }, ctx)
  const theirs = await there.repository.refs.get(at.pkg, ctx)
  if (theirs === undefined) throw notThere(at.pkg, there.address)
  const wanted = await resolveRevision(there.repository, theirs, at.revision, ctx)
  const extent = await realExtent({ there, theirs, wanted, at }, asked, ctx)
  const way = { pkg, state, there, theirs, wanted, at, force: options.force === true }
  const moves = await latestMoves(way, ctx)
  if (moves === 'apart') {
    if (options.merge === true) return installMerged(session, way, options, ctx)
    throw unpushed(way)
  }
  const moved = await fetchCommit(
    session,
    fetchPlan(way, { extent, moveTo: moves ? wanted.id : undefined }),
    ctx,
  )
  if (state !== undefined) await noteDropped(session, state, ctx)
  return {
    package: formatPackageName(state?.pkg ?? pkg),
    topHash: wanted.commit.tree,
    commit: wanted.id,
    path: at.path,
    fetchedObjects: moved.objects,
    fetchedBytes: moved.bytes,
    latest: moves,
  }
}

/** Brings the wanted commit with the tags and versions of the remote. */
function fetchPlan(
  { pkg, there, theirs, wanted }: Move,
  { extent, moveTo }: { readonly extent: Extent | undefined; readonly moveTo: Id | undefined },
): FetchPlan {
  return {
    pkg,
    from: there.repository,
    commit: wanted.id,
    extent,
    named: [...theirs.refs].filter(([name]) => name !== latest).map(([, id]) => id),
    edits: (now) => refEdits(now, theirs, moveTo),
    origin: there.address,
    reason: 'install',
  }
}

/** Joins what is wanted with what is here, and brings as much of it as there is here of ours. */
async function installMerged(
  session: Session,
  way: Move,
  options: InstallOptions,
  ctx?: Context,
): Promise<InstallResult> {
  const { pkg, there, theirs, wanted, at } = way
  if (at.path !== '' || options.metaOnly === true || options.as !== undefined) {
    throw new QuiltError(
      'INVALID',
      'whole packages are merged: --merge goes with no path, --meta-only or --as',
    )
  }
  const mine = await withTrees(session, await needRevision(session, { pkg, path: '' }, ctx), ctx)
  const { state } = mine
  const job = { session, there, theirState: theirs, state, ours: mine.id, theirs: wanted.id, choice: options }
  const plan = await planMerge(job, ctx)
  const extent = state.partial.get(mine.id)
  const moved = await fetchCommit(session, fetchPlan(way, { extent, moveTo: undefined }), ctx)
  const made = plan.isAhead
    ? { commit: mine.id, tree: mine.commit.tree }
    : await writeMerge(plan, extent, ctx)
  return {
    package: formatPackageName(state.pkg),
    topHash: made.tree,
    commit: made.commit,
    path: '',
    fetchedObjects: moved.objects,
    fetchedBytes: moved.bytes,
    latest: true,
    ...(plan.isAhead ? undefined : { merged: true as const }),
  }
}

interface Asked {
  readonly at: Handle
  readonly state: PackageState | undefined
  readonly asked: Extent | undefined
  readonly options: InstallOptions
}

/** A revision that can never mean something else, and all of it is here: nothing to ask anybody. */
async function pinnedHere(
  session: Session,
  { at, state, asked, options }: Asked,
  ctx?: Context,
): Promise<InstallResult | undefined> {
  const name = at.revision?.name
  if (state === undefined || name === undefined || options.force === true || options.remote !== undefined)
    return undefined
  if (!isId(name) && versionRef(state, name) === undefined) return undefined
  const { repository } = await session.local()
  const found = await resolveRevision(repository, state, at.revision, ctx).catch((error: unknown) => {
    if (isQuiltError(error, 'NOT_FOUND')) return undefined // perhaps the remote has it
    throw error
  })
  const here = await commitsHere(repository.objects, state, ctx)
  if (found === undefined || !here.has(found.id) || !covers(here.get(found.id), asked)) return undefined
  return {
    package: formatPackageName(state.pkg),
    topHash: found.commit.tree,
    commit: found.id,
    path: at.path,
    fetchedObjects: 0,
    fetchedBytes: 0,
    latest: state.refs.get(latest) === found.id,
  }
}

function notThere(pkg: PackageName, address: string): QuiltError {
  return new QuiltError('NOT_FOUND', `no package ${formatPackageName(pkg)} at ${address}`, {
    hint: 'is the name right, and the remote?',
  })
}

/** The asked path in real names, checked against the remote's tree. */
async function realExtent(
  { there, theirs, wanted, at }: Pick<Move, 'there' | 'theirs' | 'wanted' | 'at'>,
  asked: Extent | undefined,
  ctx?: Context,
): Promise<Extent | undefined> {
  if (at.path === '') return asked
  const handle = describeRevision(theirs.pkg, at.revision)
  const { path } = await needNode(
    there.repository.objects,
    { tree: wanted.commit.tree, handle },
    at.path,
    ctx,
  )
  return asked === 'meta' ? asked : { only: [path] }
}

interface Move {
  readonly pkg: PackageName
  readonly state: PackageState | undefined
  readonly there: RemoteRepository
  readonly theirs: PackageState
  readonly wanted: Resolved
  readonly at: Handle
  readonly force: boolean
}

/**
 * True when `latest` is to move to what is installed; false when that is older than what `latest` is; 'apart' when there
 * are builds here that were never pushed.
 * @throws CONFLICT over what would be lost
 */
async function latestMoves(move: Move, ctx?: Context): Promise<boolean | 'apart'> {
  const { state, there, theirs, wanted, force } = move
  const ours = state?.refs.get(latest)
  if (state === undefined || force) return true
  if (state.origin !== undefined && state.origin !== there.address) {
    const name = formatPackageName(state.pkg)
    throw new QuiltError('CONFLICT', `${name} is here from ${state.origin}, not from ${there.address}`, {
      hint: keepBoth,
    })
  }
  if (ours === undefined || ours === wanted.id) return true
  const history = { objects: there.repository.objects, shallow: theirs.shallow }
  if (await isAncestor(history, ours, wanted.id, ctx)) return true
  const head = theirs.refs.get(latest)
  const pushed = head !== undefined && (await isAncestor(history, ours, head, ctx))
  return pushed ? false : 'apart'
}

const keepBoth = 'keep both with --as OWNER/NAME, or give up what is here with --force'

function unpushed({ pkg, state }: Move): QuiltError {
  const name = formatPackageName(state?.pkg ?? pkg)
  return new QuiltError('CONFLICT', `${name} has builds here that were never pushed`, {
    hint: `push them with: quilt push ${name}, join both with: quilt install ${name} --merge, or ${keepBoth}`,
  })
}

/** Their tags and versions, and `latest` where it moves. What they removed stays here until it is removed here. */
function refEdits(
  now: PackageState | undefined,
  theirs: PackageState,
  moveTo: Id | undefined,
): readonly RefEdit[] {
  const edits: RefEdit[] = []
  for (const [name, to] of theirs.refs) {
    const target = name === latest ? moveTo : to
    const from = now?.refs.get(name)
    if (target !== undefined && from !== target) edits.push({ name, from, to: target })
  }
  if (moveTo !== undefined && !theirs.refs.has(latest))
    edits.push({ name: latest, from: now?.refs.get(latest), to: moveTo })
  return edits
}
