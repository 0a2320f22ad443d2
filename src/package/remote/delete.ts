// delete: takes a package off its remote. What is on this machine stays.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { openRemoteFor, type RemoteOptions } from '../exchange/origin.ts'
import { findInstalled, packageOf } from '../names/installed.ts'
import type { Session } from '../session.ts'

/** Where to delete, and how. */
export interface DeleteOptions extends RemoteOptions {
  /** Only find out whether it could be deleted. */
  readonly dryRun?: boolean | undefined
}

/** What was deleted, or would be, and where. */
export interface Deleted {
  readonly deleted: string
  readonly remote: string
}

/**
 * Deletes a package with all its revisions, tags and versions from the remote that is named, else from its origin, else
 * from the configured one. Its name may be used again; its bytes go with a gc of the remote.
 * @throws NOT_FOUND when the remote has no such package; INVALID, DENIED, UNAVAILABLE
 * @example await deletePackage(session, 'ada/wine', { remote: 'lab' })
 */
export async function deletePackage(
  session: Session,
  pkg: string,
  options: DeleteOptions = {},
  ctx?: Context,
): Promise<Deleted> {
  const name = packageOf(pkg)
  const here = await findInstalled(session, name, ctx)
  const choice = { state: here?.state, options, dryRun: options.dryRun }
  const there = await openRemoteFor(session, name, choice, ctx)
  const state = await there.repository.refs.get(name, ctx)
  if (state === undefined) {
    throw new QuiltError('NOT_FOUND', `no package ${formatPackageName(name)} at ${there.address}`, {
      hint: `list what is there with: quilt ls --remote ${options.remote ?? there.address}`,
    })
  }
  await there.repository.refs.remove(name, { who: session.identity(), reason: 'delete' }, ctx)
  return { deleted: formatPackageName(state.pkg), remote: there.address }
}
