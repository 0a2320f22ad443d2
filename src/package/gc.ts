// gc: frees what no package of this machine's store needs, plain files among it.
import type { Context } from '../core/base/context.ts'
import type { Id } from '../core/model/id.ts'
import { gc as gcRepository, type GcOptions, type GcReport } from '../core/repo/gc.ts'
import { sweepPlainFiles } from '../worktree/plain-files.ts'
import { forgetGarbage } from './upkeep/garbage.ts'
import type { Session } from './session.ts'

/**
 * Frees what nothing needs, beside live builds and installs. A plain file stays as long as its blob does.
 * @throws CORRUPT when something that is needed is missing: then nothing is deleted
 * @example const { freedBytes } = await gc(session)
 */
export async function gc(session: Session, options: GcOptions = {}, ctx?: Context): Promise<GcReport> {
  const { repository, folder } = await session.local()
  const report = await gcRepository(repository, { scratch: session.scratch, ...options }, ctx)
  if (options.dryRun === true) return report
  if (report.waiting === 0) forgetGarbage(session.fs, folder)
  const isKept = async (id: Id): Promise<boolean> =>
    (await repository.objects.missing([id], ctx)).length === 0
  const swept = await sweepPlainFiles(session.fs, `${folder}/files`, isKept, ctx)
  return { ...report, freedBytes: report.freedBytes + swept.bytes }
}
