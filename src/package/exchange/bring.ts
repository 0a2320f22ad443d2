// What of a revision is not on this machine, brought from its origin when a verb touches it.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import type { Extent } from '../../core/model/extent.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { isAsked } from '../../core/repo/reach.ts'
import { describeRevision, needRevision, type InstalledRevision } from '../names/installed.ts'
import type { Session } from '../session.ts'
import { fetchCommit } from './fetch.ts'
import { openRemoteFor } from './origin.ts'

/**
 * The same revision with all bytes at a path on this machine; what is not here comes from the origin.
 * @throws UNAVAILABLE naming the command, when the origin cannot be reached
 */
export async function withBytes(
  session: Session,
  revision: InstalledRevision,
  path: string,
  ctx?: Context,
): Promise<InstalledRevision> {
  const { state, id } = revision
  if (isAsked(state.partial.get(id), path)) return revision
  const name = formatPackageName(state.pkg)
  const what = path === '' ? name : `${name}/${path}`
  return bring(session, revision, { extent: path === '' ? undefined : [path], what }, ctx)
}

/**
 * The same revision with its trees on this machine: of what a tag or a version names only the commit may be here.
 * @throws UNAVAILABLE naming the command, when the origin cannot be reached
 */
export async function withTrees(
  session: Session,
  revision: InstalledRevision,
  ctx?: Context,
): Promise<InstalledRevision> {
  const { state, id, handle } = revision
  if (state.partial.get(id) !== 'commit') return revision
  return bring(session, revision, { extent: 'meta', what: describeRevision(state.pkg, handle.revision) }, ctx)
}

async function bring(
  session: Session,
  revision: InstalledRevision,
  { extent, what }: { readonly extent: Extent | undefined; readonly what: string },
  ctx?: Context,
): Promise<InstalledRevision> {
  const { state, id } = revision
  try {
    const there = await openRemoteFor(session, state.pkg, { state, options: {} }, ctx)
    await fetchCommit(
      session,
      { pkg: state.pkg, from: there.repository, commit: id, extent, edits: () => [], reason: 'fetch' },
      ctx,
    )
  } catch (error) {
    if (!isQuiltError(error) || error.code === 'CORRUPT') throw error
    throw new QuiltError(
      'UNAVAILABLE',
      `not all of ${what} is on this machine, and its origin cannot give it: ${error.message}`,
      {
        hint: `bring it with: quilt install ${what}`,
        cause: error,
      },
    )
  }
  return needRevision(session, revision.handle, ctx)
}
