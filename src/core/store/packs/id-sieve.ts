// Tells quickly that an id is not among the entries of an index, which most that are asked for are not. Pure.
import { entryBytes } from '../../codec/pack-index.ts'

/** One bit for each beginning that an id may have: tells of seven ids in eight that they are not there. */
export interface IdSieve {
  readonly bits: Uint8Array
  readonly shift: number
}

/** The sieve of an index's entries. */
export function makeSieve(entries: Uint8Array): IdSieve {
  const count = entries.length / entryBytes
  const width = Math.min(32, Math.max(8, Math.ceil(Math.log2(count + 1)) + 3))
  const sieve = { bits: new Uint8Array(2 ** (width - 3)), shift: 32 - width }
  for (let at = 0; at < entries.length; at += entryBytes) {
    const print = beginning(entries, at) >>> sieve.shift
    sieve.bits[print >>> 3]! |= 1 << (print & 7)
  }
  return sieve
}

/** False when no entry has this id. */
export function mayHold({ bits, shift }: IdSieve, id: Uint8Array): boolean {
  const print = beginning(id, 0) >>> shift
  return ((bits[print >>> 3] as number) & (1 << (print & 7))) !== 0
}

function beginning(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16)
  return (high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0
}
