// The one table of exit statuses. docs/errors.md holds the same table for people.
import { QuiltError, type ErrorCode } from '../core/base/error.ts'

/** The exit status of each error code. */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  INVALID: 2,
  AMBIGUOUS: 2,
  NOT_FOUND: 3,
  CORRUPT: 4,
  CONFLICT: 5,
  LOCKED: 5,
  DENIED: 6,
  UNSUPPORTED: 7,
  UNAVAILABLE: 8,
}

/** The exit status of a bug of ours: an error that nobody foresaw. */
export const bugExitCode = 1

/** The exit status after Ctrl-C or a request to terminate. */
export const interruptedExitCode = 130

/** The exit status of an error. */
export function exitCode(error: unknown): number {
  return error instanceof QuiltError ? exitCodes[error.code] : bugExitCode
}
