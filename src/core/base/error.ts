// The one error class. Edges map its code to an exit status or an HTTP status.

/** What went wrong, for programs. Each code has its exit status in docs/errors.md. */
export type ErrorCode =
  | 'NOT_FOUND'
  | 'CORRUPT'
  | 'CONFLICT'
  | 'INVALID'
  | 'AMBIGUOUS'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'UNAVAILABLE'
  | 'LOCKED'

/** Every code, in the order of docs/errors.md. */
export const errorCodes: readonly ErrorCode[] = [
  'NOT_FOUND',
  'CORRUPT',
  'CONFLICT',
  'INVALID',
  'AMBIGUOUS',
  'DENIED',
  'UNSUPPORTED',
  'UNAVAILABLE',
  'LOCKED',
]

/** One thing that is wrong in a file that people write; lines and columns count from 1. */
export interface FileProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** What an error may say beyond its message. */
export interface ErrorDetails {
  readonly hint?: string | undefined
  readonly cause?: unknown
  /** Where a file is wrong in several places: each of them; the message lists them too. */
  readonly problems?: readonly FileProblem[] | undefined
  /**
   * Of UNAVAILABLE: milliseconds after which to ask again, where the other side said so; `Infinity` where asking
   * again was tried already, or makes no sense.
   */
  readonly retryAfter?: number | undefined
}

/**
 * The only error class: `code` for programs, `message` and `hint` for people.
 * @example throw new QuiltError('NOT_FOUND', 'no version 1.3.0 of ada/wine', { hint: 'list them with: quilt version list ada/wine' })
 */
export class QuiltError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  /** Every place where a file is wrong; empty for errors that are about no file of that sort. */
  readonly problems: readonly FileProblem[]
  /** Milliseconds after which to ask again, where it was said: see `ErrorDetails`. */
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(redact(message), details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'QuiltError'
    this.code = code
    this.hint = details.hint === undefined ? undefined : redact(details.hint)
    this.problems = details.problems ?? []
    this.retryAfter = details.retryAfter
  }
}

/** True for a QuiltError, of that code where one is given. */
export function isQuiltError(error: unknown, code?: ErrorCode): error is QuiltError {
  return error instanceof QuiltError && (code === undefined || error.code === code)
}

/** Secrets in addresses (`https://user:secret@host`) never reach a message. */
function redact(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/@:]*):[^\s/@]*@/gi, '$1:***@')
}
