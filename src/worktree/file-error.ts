// What the file system refused, as one of our errors that names the path.
import { QuiltError, type ErrorCode } from '../core/base/error.ts'

const known: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['ENOENT', ['NOT_FOUND', 'there is no such file or folder']],
  ['ENOTDIR', ['NOT_FOUND', 'a part of the path is no folder']],
  ['EACCES', ['DENIED', 'permission denied']],
  ['EPERM', ['DENIED', 'the operation is not permitted']],
  ['EROFS', ['DENIED', 'the file system is read-only']],
  ['EISDIR', ['INVALID', 'it is a folder']],
  ['ENAMETOOLONG', ['INVALID', 'the path is too long for this file system']],
  ['EILSEQ', ['INVALID', 'this file system cannot hold the name']],
  ['EINVAL', ['INVALID', 'this file system cannot hold the name']],
  ['ELOOP', ['INVALID', 'too many symbolic links']],
  ['EEXIST', ['CONFLICT', 'it exists']],
  ['ENOTEMPTY', ['CONFLICT', 'the folder is not empty']],
  ['EXDEV', ['UNSUPPORTED', 'it lies on another file system']],
  ['ENOSPC', ['UNAVAILABLE', 'the disk is full']],
  ['EDQUOT', ['UNAVAILABLE', 'the disk quota is used up']],
  ['EFBIG', ['UNAVAILABLE', 'the file is too large for this file system']],
  ['EMFILE', ['UNAVAILABLE', 'too many files are open']],
  ['ENFILE', ['UNAVAILABLE', 'too many files are open']],
  ['EBUSY', ['UNAVAILABLE', 'another program is using it']],
  ['EIO', ['UNAVAILABLE', 'the device failed']],
])

/** The system's code of an error (`ENOENT`), if it has one. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}

/**
 * A foreign error wrapped, `verb` saying what could not be done. Our own errors, and what is no error of the
 * file system (an abort, say), come back as they are.
 * @example throw fileError(error, 'read', path)
 */
export function fileError(error: unknown, verb: string, path: string): unknown {
  const code = errnoOf(error)
  if (code === undefined || error instanceof QuiltError) return error
  const [ours, why] = known.get(code) ?? ['UNAVAILABLE', code]
  return new QuiltError(ours, `cannot ${verb} "${path}": ${why}`, { cause: error })
}

/** Does one thing to a path; what the file system refuses names the path. */
export function onPath<T>(verb: string, path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw fileError(error, verb, path)
  }
}
