// Ids: SHA-256 as 64 lower-case hex digits. A branded string, so that no raw text passes for one.
import { QuiltError } from '../base/error.ts'

declare const brand: unique symbol

/** SHA-256 of an object's bytes, 64 lower-case hex digits. A blob's is what `sha256sum` prints of the file. */
export type Id = string & { readonly [brand]: 'Id' }

/** The four kinds of object. Whoever refers to an object says its kind; bytes are never asked. */
export type Kind = 'blob' | 'tree' | 'commit' | 'recipe'

/** Length of an id in bytes. */
export const idBytes = 32

/** Shortest prefix of an id that may name it, in hex digits. */
export const shortestPrefix = 6

/** True for exactly 64 lower-case hex digits. */
export function isId(text: string): text is Id {
  return text.length === 64 && /^[0-9a-f]+$/.test(text)
}

/**
 * Text to id.
 * @throws INVALID when it is not 64 lower-case hex digits
 */
export function parseId(text: string): Id {
  if (isId(text)) return text
  throw new QuiltError('INVALID', `invalid id "${text.slice(0, 80)}"`, {
    hint: 'an id has 64 lower-case hex digits',
  })
}

/** True for 6 to 64 hex digits: what may be meant as the beginning of an id. */
export function isIdPrefix(text: string): boolean {
  return text.length >= shortestPrefix && text.length <= 64 && /^[0-9a-f]+$/i.test(text)
}

/** The two digits of every byte, as UTF-16 units. */
const highDigits: Uint8Array = Uint8Array.from({ length: 256 }, (_, i) => digitUnit(i >> 4))
const lowDigits: Uint8Array = Uint8Array.from({ length: 256 }, (_, i) => digitUnit(i & 15))
const units: number[] = new Array<number>(2 * idBytes).fill(0)

function digitUnit(digit: number): number {
  return digit < 10 ? 48 + digit : 87 + digit
}

/**
 * 32 bytes to an id. Made in one piece: text put together digit by digit keeps all its parts alive, 880 bytes an
 * id against 100 (measured).
 */
export function idFromBytes(bytes: Uint8Array, at = 0): Id {
  for (let i = 0; i < idBytes; i++) {
    const byte = bytes[at + i] as number
    units[2 * i] = highDigits[byte] as number
    units[2 * i + 1] = lowDigits[byte] as number
  }
  return String.fromCharCode.apply(undefined, units) as Id
}

/** An id to its 32 bytes, into `out` at `at`. */
export function idToBytes(id: Id, out: Uint8Array = new Uint8Array(idBytes), at = 0): Uint8Array {
  for (let i = 0; i < idBytes; i++) {
    out[at + i] = (hexDigit(id.charCodeAt(2 * i)) << 4) | hexDigit(id.charCodeAt(2 * i + 1))
  }
  return out
}

/** True when the 32 bytes at `at` are this id: without making anything. */
export function isIdAt(bytes: Uint8Array, at: number, id: Id): boolean {
  for (let i = 0; i < idBytes; i++) {
    const byte = (hexDigit(id.charCodeAt(2 * i)) << 4) | hexDigit(id.charCodeAt(2 * i + 1))
    if (bytes[at + i] !== byte) return false
  }
  return true
}

function hexDigit(unit: number): number {
  return unit < 58 ? unit - 48 : unit - 87
}
