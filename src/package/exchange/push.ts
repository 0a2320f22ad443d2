// push: a package's newest state to a remote. Objects first, then one move of the refs.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError } from '../../core/base/error.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName, type PackageName } from '../../core/model/package-name.ts'
import { handleWith, needRevision } from '../names/installed.ts'
import { openRemoteFor, type RemoteOptions } from './origin.ts'
import type { Session } from '../session.ts'
import { pushCommit } from './push-commit.ts'
import type { PushJob, PushWays } from './push-job.ts'
import { pushNode } from './push-node.ts'

/** How to push. */
export interface PushOptions extends RemoteOptions, PushWays {
  /** Make this remote the package's origin. */
  readonly setOrigin?: boolean | undefined
}

/** What a push sent, or would send. */
export interface PushResult {
  readonly package: string
  readonly topHash: Id
  /** The dry run of a node makes it, with the time that it is, and drops it. */
  readonly commit: Id
  readonly sentObjects: number
  /** Bytes as they are kept. */
  readonly sentBytes: number
  readonly remote: string
  /** What was `latest` there, where `force` took it away; the log of the remote keeps its id. */
  readonly replaced?: Id
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
  const { dryRun, setOrigin } = options
  const there = await openRemoteFor(session, state.pkg, { state, options, create: true, dryRun }, ctx)
  const theirs = await there.repository.refs.get(state.pkg, ctx)
  const job: PushJob = { session, revision, there, theirs, options }
  const sent =
    revision.handle.path === '' ? await pushCommit(job, revision.id, ctx) : await pushNode(job, ctx)
  const isNewOrigin = state.origin === undefined || (setOrigin === true && state.origin !== there.address)
  if (isNewOrigin && dryRun !== true) {
    await noteOrigin(session, state.pkg, there.address, ctx)
  }
  return {
    package: formatPackageName(state.pkg),
    topHash: sent.tree,
    commit: sent.commit,
    sentObjects: sent.moved.objects,
    sentBytes: sent.moved.bytes,
    remote: there.address,
    ...(sent.replaced === undefined ? undefined : { replaced: sent.replaced }),
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
