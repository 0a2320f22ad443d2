// Which keys there are: the rules that backend.ts states, checked before any backend sees a key.
import { QuiltError } from '../base/error.ts'

/** The longest key, in characters. */
export const longestKey = 1024

const partPattern = /^[A-Za-z0-9._-]+$/

/** True for one part of a key, between its slashes. */
export function isKeyPart(part: string): boolean {
  return partPattern.test(part) && part !== '.' && part !== '..'
}

/** True for a key that every backend takes: a relative path that stays inside its root. */
export function isKey(key: string): boolean {
  return key.length <= longestKey && key.split('/').every(isKeyPart)
}

/**
 * Refuses what is no key.
 * @throws INVALID, quoting the key
 */
export function checkKey(key: string): void {
  if (isKey(key)) return
  const quoted = JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}…` : key)
  throw new QuiltError('INVALID', `invalid key ${quoted}`, {
    hint: `a key has parts of A-Z, a-z, 0-9, ".", "_", "-", joined by "/", none of them "." or "..", at most ${longestKey} characters in all`,
  })
}
