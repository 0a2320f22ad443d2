// Commits: one state of a package, with where it came from.
import { isWellFormed } from '../base/bytes.ts'
import { QuiltError } from '../base/error.ts'
import type { Id } from './id.ts'
import { utf8Length } from './metadata.ts'

/** One state of a package. */
export interface Commit {
  /** The root tree's id: the package's top hash. */
  readonly tree: Id
  /** Recipes and views, keyed by blob: vouched for by the commit, no part of the top hash. */
  readonly derived?: Id
  readonly parents: readonly Id[]
  readonly author: Identity
  readonly message: string
  /** Where composed parts came from. */
  readonly sources?: readonly Source[]
}

/** Who did it, and when, to the millisecond. */
export interface Identity {
  readonly name: string
  readonly email: string
  readonly time: Date
}

/** A composed part: the node's path, the handle it was asked by, the commit it came from. */
export interface Source {
  readonly path: string
  readonly handle: string
  readonly commit: Id
}

/** Longest message, in UTF-8 bytes. */
export const messageBytes: number = 64 * 1024
/** Longest name or e-mail address of an identity, in UTF-8 bytes. */
export const identityBytes = 1024
/** Most parents of one commit. */
export const mostParents = 16
/** The last instant that a commit may bear: the end of the year 9999. */
export const lastTime: number = Date.UTC(10000, 0, 1) - 1

/**
 * Refuses an identity that cannot be written: a time before 1970 or after 9999, line breaks, too long.
 * @throws INVALID
 */
export function checkIdentity(who: Identity): void {
  const time = who.time.getTime()
  if (!Number.isInteger(time) || time < 0 || time > lastTime) {
    throw new QuiltError('INVALID', 'the time of an author must lie between 1970 and 9999')
  }
  for (const [field, text] of [
    ['name', who.name],
    ['e-mail', who.email],
  ] as const) {
    if (!isWellFormed(text) || /[\u0000-\u001f\u007f<>]/.test(text) || utf8Length(text) > identityBytes) {
      throw new QuiltError('INVALID', `invalid ${field} of an author: ${JSON.stringify(text.slice(0, 80))}`)
    }
  }
}

/**
 * Refuses a message that cannot be written.
 * @throws INVALID when it is longer than 64 KiB or no valid Unicode
 */
export function checkMessage(message: string): void {
  if (!isWellFormed(message)) throw new QuiltError('INVALID', 'the message is no valid Unicode')
  if (utf8Length(message) > messageBytes) {
    throw new QuiltError('INVALID', `the message is longer than ${String(messageBytes / 1024)} KiB`)
  }
}
