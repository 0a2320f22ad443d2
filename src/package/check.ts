// check: everything that a build would find wrong, and nothing written.
import type { Context } from '../core/base/context.ts'
import { isQuiltError, type FileProblem } from '../core/base/error.ts'
import type { Id } from '../core/model/id.ts'
import { build, type BuildOptions } from './build.ts'
import type { Session } from './session.ts'

/** How to check. */
export type CheckOptions = Pick<BuildOptions, 'allowOutside' | 'buildFile' | 'followLinks'>

/** What a check found. */
export interface CheckReport {
  readonly ok: boolean
  readonly problems: readonly FileProblem[]
  /** The build file, where there is one. */
  readonly buildFile?: string
  /** What a build would make; absent where it would fail. */
  readonly topHash?: Id
  readonly files?: number
  /** Bytes of all files. */
  readonly bytes?: number
  /** How often a check was asked of a table; absent where the build file names none. */
  readonly checks?: number
}

/** The original's name for what is checked and not built. */
const dummy = 'dry_run/dry_run'

/**
 * A dry run of a build file, or of a folder with or without one: what is wrong in it, or with a file that it names, is
 * no error but a problem.
 * @throws NOT_FOUND, DENIED, UNAVAILABLE for anything else
 * @example const { ok, problems } = await check(session, './build.yml')
 */
export async function check(
  session: Session,
  path = '.',
  options: CheckOptions = {},
  ctx?: Context,
): Promise<CheckReport> {
  try {
    const made = await build(session, { handle: dummy, path }, { ...options, dryRun: true }, ctx)
    const { topHash, files, bytes, buildFile, checks } = made
    return {
      ok: true,
      problems: [],
      topHash,
      files,
      bytes,
      ...(checks === undefined ? undefined : { checks }),
      ...(buildFile === undefined ? undefined : { buildFile }),
    }
  } catch (error) {
    if (!isQuiltError(error) || error.problems.length === 0) throw error
    return { ok: false, problems: error.problems }
  }
}
