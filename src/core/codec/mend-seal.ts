// Turns back the one bit that flipped in a sealed file: its SHA-256 tells which, and proves the rest.
import { equalBytes } from '../base/bytes.ts'
import { idToBytes } from '../model/id.ts'
import { trailerBytes } from './seal.ts'
import { hashBytes } from '#hash'

/** Each bit of a file is tried with a hash of all of it: larger ones would take minutes. */
export const mostMendedBytes: number = 16 * 1024

/** The bytes as they were sealed, where a single bit of them has flipped since; `undefined` where that is not it. */
export function mendSealed(damaged: Uint8Array): Uint8Array | undefined {
  const end = damaged.length - trailerBytes
  if (end < 4 || damaged.length > mostMendedBytes || !looksSealed(damaged)) return undefined
  const bytes = damaged.slice()
  const [body, trailer] = [bytes.subarray(0, end), bytes.subarray(end)]
  const hash = idToBytes(hashBytes(body))
  if (bitsApart(hash, trailer) === 1) {
    trailer.set(hash)
    return bytes
  }
  for (let bit = 0; bit < 8 * end; bit++) {
    turn(body, bit)
    if (equalBytes(idToBytes(hashBytes(body)), trailer)) return bytes
    turn(body, bit)
  }
  return undefined
}

/** What is sealed begins with `Q?1\n`; more than a bit of that is gone where much is. */
function looksSealed(bytes: Uint8Array): boolean {
  const begin = [0x51, bytes[1] as number, 0x31, 0x0a]
  return bitsApart(bytes.subarray(0, 4), Uint8Array.from(begin)) <= 1
}

function turn(bytes: Uint8Array, bit: number): void {
  const at = bit >> 3
  bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7))
}

function bitsApart(a: Uint8Array, b: Uint8Array): number {
  let count = 0
  for (const [i, byte] of a.entries()) {
    for (let rest = byte ^ (b[i] as number); rest > 0; rest &= rest - 1) count++
  }
  return count
}
