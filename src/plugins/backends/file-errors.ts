// What the operating system's error codes mean for a store on a disk.
import { setTimeout as sleep } from 'node:timers/promises'
import { QuiltError, type ErrorCode } from '../api.ts'

/** Error codes with words of their own; all others are UNAVAILABLE, in the system's words. */
const meanings: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['EACCES', ['DENIED', 'permission denied']],
  ['EPERM', ['DENIED', 'operation not permitted']],
  ['EROFS', ['DENIED', 'the file system is read-only']],
  ['ENAMETOOLONG', ['INVALID', 'the name is too long for this file system']],
  ['EISDIR', ['INVALID', 'there is a folder of that name']],
  ['ENOTEMPTY', ['INVALID', 'there is a folder of that name']],
  ['EEXIST', ['INVALID', 'there is a folder of that name']],
  ['ENOTDIR', ['INVALID', 'a part of the path is a file']],
  ['EXDEV', ['UNSUPPORTED', 'it lies on another file system than its store']],
  ['ENOSPC', ['UNAVAILABLE', 'the disk is full']],
  ['EDQUOT', ['UNAVAILABLE', 'the disk quota is used up']],
  ['EFBIG', ['UNAVAILABLE', 'the file is too large for this file system']],
  ['EIO', ['UNAVAILABLE', 'the disk failed (input/output error)']],
  ['EMFILE', ['UNAVAILABLE', 'too many open files in this process']],
  ['ENFILE', ['UNAVAILABLE', 'too many open files on this machine']],
  ['EBUSY', ['UNAVAILABLE', 'another program is using it']],
  ['ENOENT', ['UNAVAILABLE', 'it went away meanwhile']],
  ['ESTALE', ['UNAVAILABLE', 'another machine has replaced it meanwhile']],
])

/** Codes of files that someone else holds for a moment: a virus scanner or an indexer, on Windows. */
const busyCodes: ReadonlySet<string | undefined> = new Set(['EBUSY', 'EPERM', 'EACCES'])
const busyPauses: readonly number[] = [5, 10, 20, 40, 80]

/** The system's code of an error (`ENOENT`), if it has one. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}

/** A system's error as ours, naming the path; any other error stays as it is. */
export function diskError(error: unknown, path: string): unknown {
  const errno = errnoOf(error)
  if (errno === undefined) return error
  const [code, words] = meanings.get(errno) ?? ['UNAVAILABLE', (error as Error).message]
  return new QuiltError(code, `${path}: ${words}`, { cause: error })
}

/** Waits for a call to the disk, whose failure then names the path. */
export async function onDisk<T>(path: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw diskError(error, path)
  }
}

/** Reads again, a few times, where another machine has replaced the file on the server since it was opened: NFS. */
export async function whileStale<T>(read: () => Promise<T>): Promise<T> {
  for (let left = 3; ; left--) {
    try {
      return await read()
    } catch (error) {
      if (left === 0 || !(error instanceof QuiltError) || errnoOf(error.cause) !== 'ESTALE') throw error
    }
  }
}

/** Calls again, a few times within a fifth of a second, while the file is held by another program. */
export async function whileBusy<T>(call: () => Promise<T>): Promise<T> {
  for (const pause of busyPauses) {
    try {
      return await call()
    } catch (error) {
      if (!busyCodes.has(errnoOf(error))) throw error
    }
    await sleep(pause)
  }
  return call()
}
