// gc: frees what no package of this machine's store needs, plain files among it, or of a remote.
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { Id } from '../core/model/id.ts'
import { gc as gcRepository, type GcOptions as RepositoryGcOptions, type GcReport } from '../core/repo/gc.ts'
import { sweepPlainFiles } from '../worktree/plain-files.ts'
import type { RemoteOptions } from './exchange/origin.ts'
import { openWhole } from './remote/open-whole.ts'
import { forgetGarbage } from './upkeep/garbage.ts'
import type { Session } from './session.ts'

/** How to collect, and where: in this machine's store unless a remote is named. */
export interface GcOptions extends RepositoryGcOptions, RemoteOptions {}

/**
 * Frees what nothing needs, beside live builds, installs and pushes of any length. A plain file stays as long as its
 * blob does.
 * @throws CORRUPT when something that is needed is missing: then nothing is deleted; NOT_FOUND, UNSUPPORTED, DENIED,
 * UNAVAILABLE for a remote
 * @example const { freedBytes } = await gc(session)
 */
export async function gc(session: Session, options: GcOptions = {}, ctx?: Context): Promise<GcReport> {
  if (options.remote !== undefined) return gcRemote(session, options.remote, options, ctx)
  const { repository, folder } = await session.local()
  const report = await gcRepository(repository, { scratch: session.scratch, ...options }, ctx)
  if (options.dryRun === true) return report
  if (report.waiting === 0) forgetGarbage(session.fs, folder)
  const isKept = async (id: Id): Promise<boolean> =>
    (await repository.objects.missing([id], ctx)).length === 0
  const swept = await sweepPlainFiles(session.fs, `${folder}/files`, isKept, ctx)
  return { ...report, freedBytes: report.freedBytes + swept.bytes }
}

async function gcRemote(
  session: Session,
  name: string,
  options: RepositoryGcOptions,
  ctx?: Context,
): Promise<GcReport> {
  const { address, repository, relist } = await openWhole(session, name, ctx)
  if (options.dryRun !== true && !repository.backend.features.writable) {
    throw new QuiltError('DENIED', `cannot free anything at ${address}: it is read-only`)
  }
  const report = await gcRepository(repository, { scratch: session.scratch, ...options }, ctx)
  if (options.dryRun !== true) await relist(ctx)
  return report
}
