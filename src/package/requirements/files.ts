// A quilt.yml and the lock beside it, on disk.
import { utf8 } from '../../core/base/bytes.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import { replaceFile } from '../../worktree/replace-file.ts'
import { problemsOf } from '../manifest/problems.ts'
import { readYaml } from '../manifest/read-yaml.ts'
import type { Session } from '../session.ts'
import { parseRequirements } from './grammar.ts'
import { formatLock, parseLock, type LockEntry } from './lock.ts'
import type { Requirement } from './requirement.ts'

/** Looked for in the working directory where no file is named. */
const requirementsFile = 'quilt.yml'

/** What is asked for, and what it came to before. */
export interface Required {
  /** Absolute paths. */
  readonly file: string
  readonly lockFile: string
  /** As people are told of them. */
  readonly shown: string
  readonly shownLock: string
  readonly requirements: readonly Requirement[]
  /** `undefined` where nothing is locked yet. */
  readonly lock: ReadonlyMap<string, LockEntry> | undefined
  /** The lock's text as it is. */
  readonly lockText: string | undefined
}

/**
 * Reads a file of requirements and its lock: `quilt.lock` beside `quilt.yml`, `x.lock` beside `x.yml`.
 * @throws NOT_FOUND where no file is; INVALID listing every problem; UNSUPPORTED for a lock of a newer format
 */
export async function readRequired(session: Session, named: string | undefined): Promise<Required> {
  const shown = named ?? requirementsFile
  const shownLock = `${shown.replace(/\.ya?ml$/i, '')}.lock`
  const [file, lockFile] = [session.resolvePath(shown), session.resolvePath(shownLock)]
  if (named === undefined && !session.fs.existsSync(file)) throw noFile()
  const problems = problemsOf(shown)
  const requirements = await parseRequirements(readYaml(session.fs, file, shown), problems)
  problems.check()
  const lockText = textIfThere(session, lockFile, shownLock)
  const lock = lockText === undefined ? undefined : await parseLock(lockText, problemsOf(shownLock))
  return { file, lockFile, shown, shownLock, requirements, lock, lockText }
}

function noFile(): QuiltError {
  return new QuiltError('NOT_FOUND', `there is no ${requirementsFile} here`, {
    hint: 'name what to install: quilt install OWNER/NAME[/PATH][@REVISION], or @FILE',
  })
}

function textIfThere(session: Session, path: string, shown: string): string | undefined {
  try {
    return readYaml(session.fs, path, shown)
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

/** A remote as it is to be opened: a folder's path begins at the file that says it, wherever one works. */
export function placedRemote(
  session: Session,
  { shown }: Required,
  remote: string | undefined,
): string | undefined {
  if (remote === undefined || !/^\.{1,2}(\/|$)/.test(remote)) return remote
  const folder = /^(.*)[/\\]/s.exec(shown)?.[1] ?? '.'
  return session.resolvePath(`${folder === '' ? '/' : folder}/${remote}`)
}

/**
 * Writes the lock, where it is another than it was; whole or not at all.
 * @returns true when it was written
 * @throws DENIED, UNAVAILABLE
 */
export async function writeLock(
  session: Session,
  { lockFile, lockText }: Required,
  entries: readonly LockEntry[],
): Promise<boolean> {
  const text = formatLock(entries)
  if (text === lockText) return false
  const { fs, ambient } = session
  await replaceFile({ fs, path: lockFile, randomName: ambient.randomName() }, utf8(text))
  return true
}

/** What went wrong with one entry, naming its place. */
export function failedAt(shown: string, { at }: Requirement, error: unknown): unknown {
  if (!isQuiltError(error)) return error
  const { code, message, hint } = error
  const where = `${shown}:${String(at.line)}:${String(at.column)}`
  return new QuiltError(code, `${where}: ${message}`, { hint, cause: error })
}
