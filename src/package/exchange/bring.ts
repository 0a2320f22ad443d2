// What of a revision is not on this machine, brought from its origin when a verb touches it.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import type { Extent } from '../../core/model/extent.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { joinPath } from '../../core/model/path.ts'
import { layered } from '../../core/store/layered.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import { hasFiles, hasTrees } from '../../core/model/extent.ts'
import { describeRevision, needRevision, type InstalledRevision } from '../names/installed.ts'
import type { Session } from '../session.ts'
import { findNode } from '../names/nodes.ts'
import { fetchCommit } from './fetch.ts'
import { openRemoteFor, type RemoteRepository } from './origin.ts'

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
  if (hasFiles(state.partial.get(id), path)) return revision
  const name = formatPackageName(state.pkg)
  const what = path === '' ? name : `${name}/${path}`
  return bring(session, revision, { extent: path === '' ? undefined : { only: [path] }, what }, ctx)
}

/**
 * The same revision with its trees at and below a path on this machine: of what a tag or a version names only the commit
 * may be here, and of another no more than what was asked for.
 * @throws UNAVAILABLE naming the command, when the origin cannot be reached
 */
export async function withTrees(
  session: Session,
  revision: InstalledRevision,
  ctx?: Context,
  path = '',
): Promise<InstalledRevision> {
  const { state, id, handle } = revision
  const extent = state.partial.get(id)
  if (hasTrees(extent, path)) return revision
  if (extent !== 'commit' && path !== '') {
    // The path may be an alias; the groups on the way to what is here say of what.
    const { objects } = revision.store.repository
    const found = await findNode(objects, revision.commit.tree, path, ctx).catch(() => undefined)
    if (found !== undefined && hasTrees(extent, found.path)) return revision
  }
  return bring(session, revision, { extent: 'meta', what: describeRevision(state.pkg, handle.revision) }, ctx)
}

/**
 * The objects of a revision as they can be read without being kept: those that are not here at the origin.
 * `undefined` where all at a path is here.
 * @throws UNAVAILABLE naming the command, when the origin cannot be reached
 */
export async function objectsAfar(
  session: Session,
  { state, id, store }: InstalledRevision,
  path: string,
  ctx?: Context,
): Promise<ObjectReader | undefined> {
  if (hasFiles(state.partial.get(id), path)) return undefined
  const { objects } = store.repository
  return fromOrigin(
    session,
    { state, what: joinPath(formatPackageName(state.pkg), path) },
    ({ repository }) => Promise.resolve(layered(objects, repository.objects)),
    ctx,
  )
}

async function bring(
  session: Session,
  revision: InstalledRevision,
  { extent, what }: { readonly extent: Extent | undefined; readonly what: string },
  ctx?: Context,
): Promise<InstalledRevision> {
  const { state, id } = revision
  const plan = { pkg: state.pkg, commit: id, extent, edits: () => [], reason: 'fetch' }
  const fetch = async ({ repository: from }: RemoteRepository): Promise<unknown> =>
    fetchCommit(session, { ...plan, from }, ctx)
  await fromOrigin(session, { state, what }, fetch, ctx)
  return needRevision(session, revision.handle, ctx)
}

async function fromOrigin<T>(
  session: Session,
  { state, what }: { readonly state: PackageState; readonly what: string },
  use: (there: RemoteRepository) => Promise<T>,
  ctx?: Context,
): Promise<T> {
  try {
    return await use(await openRemoteFor(session, state.pkg, { state, options: {} }, ctx))
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
}
