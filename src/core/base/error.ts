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

/** What an error may say beyond its message. */
export interface ErrorDetails {
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/**
 * The only error class: `code` for programs, `message` and `hint` for people.
 * @example throw new QuiltError('NOT_FOUND', 'no version 1.3.0 of ada/wine', { hint: 'list them with: quilt version list ada/wine' })
 */
export class QuiltError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(redact(message), details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'QuiltError'
    this.code = code
    this.hint = details.hint === undefined ? undefined : redact(details.hint)
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
