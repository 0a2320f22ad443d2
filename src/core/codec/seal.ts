// Seals: the SHA-256 of bytes that no id vouches for, right behind them.
import { concatBytes, equalBytes } from '../base/bytes.ts'
import { QuiltError } from '../base/error.ts'
import { idToBytes } from '../model/id.ts'
import { hashBytes } from '#hash'

/** Length of the SHA-256 that ends a generation and a segment. */
export const trailerBytes: number = 32

/** The bytes with their SHA-256 behind them. */
export function seal(bytes: Uint8Array): Uint8Array {
  return concatBytes([bytes, idToBytes(hashBytes(bytes))])
}

/**
 * The bytes before the SHA-256 that ends them.
 * @throws CORRUPT when they are cut short or changed
 */
export function unseal(bytes: Uint8Array, what: string): Uint8Array {
  const end = bytes.length - trailerBytes
  if (end < 0) throw new QuiltError('CORRUPT', `${what} is ${bytes.length === 0 ? 'empty' : 'cut short'}`)
  const body = bytes.subarray(0, end)
  if (equalBytes(idToBytes(hashBytes(body)), bytes.subarray(end))) return body
  throw new QuiltError('CORRUPT', `${what} does not match its checksum`)
}
