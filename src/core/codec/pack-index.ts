// Indexes: a sorted table of the objects in one pack or in several. Layout: docs/format.md, section "Indexes".
// An index can always be made again from its packs.
import { equalBytes } from '../base/bytes.ts'
import { QuiltError } from '../base/error.ts'
import { idBytes, idFromBytes, idToBytes, type Id } from '../model/id.ts'
import {
  checkMagic,
  encodingByte,
  encodingOfByte,
  kindByte,
  kindOfByte,
  packNameFromBytes,
  packNameToBytes,
  putWord,
  readWord,
  type Encoding,
  type PackRecord,
} from './pack.ts'
import { hashBytes } from '#hash'

/** A pack that an index covers; `size` in bytes. */
export interface IndexedPack {
  readonly name: string
  readonly size: number
}

/** What stands before an index's entries. */
export interface IndexHeader {
  readonly count: number
  readonly packs: readonly IndexedPack[]
  /** An entry is found by the first `fanBits` bits of its id. */
  readonly fanBits: number
  /** `fan[p]` is the number of entries whose first bits are at most `p`. */
  readonly fan: Uint32Array
  /** Length of all this in the file: where the entries begin. */
  readonly length: number
}

/** One entry: where an object lies. */
export interface IndexEntry extends PackRecord {
  /** Which of the index's packs. */
  readonly pack: number
}

/** Length of one entry. */
export const entryBytes = 52
/** Length of the SHA-256 that ends an index. */
export const indexTrailerBytes = 32
/** Entries that one value of the fan-out is to lead to, on average. */
const entriesPerFan = 128
const magic = 0x51493100 | 10 // 'QI1\n'
const fixedBytes = 16
const packBytes = 24

/** How many bits of an id the fan-out of so many entries uses. */
function fanBitsFor(count: number): number {
  return Math.max(0, Math.min(16, Math.ceil(Math.log2(Math.max(count, 1) / entriesPerFan))))
}

/** Length of an index's beginning, up to its first entry. */
export function indexHeaderBytes(count: number, packs: number): number {
  return fixedBytes + packs * packBytes + 4 * 2 ** fanBitsFor(count)
}

/** The beginning of an index of `count` entries; `firstBytes` counts the entries by the first two bytes of their ids. */
export function encodeIndexHeader(
  count: number,
  packs: readonly IndexedPack[],
  firstBytes: Uint32Array,
): Uint8Array {
  const fanBits = fanBitsFor(count)
  const out = new Uint8Array(indexHeaderBytes(count, packs.length))
  const view = new DataView(out.buffer)
  view.setUint32(0, magic)
  view.setUint32(4, count)
  view.setUint32(8, packs.length)
  out[12] = fanBits
  let at = fixedBytes
  for (const pack of packs) {
    out.set(packNameToBytes(pack.name), at)
    view.setBigUint64(at + 16, BigInt(pack.size))
    at += packBytes
  }
  const width = 2 ** (16 - fanBits)
  let total = 0
  for (let fan = 0; fan < 2 ** fanBits; fan++) {
    for (let i = fan * width; i < (fan + 1) * width; i++) total += firstBytes[i] as number
    view.setUint32(at, total)
    at += 4
  }
  return out
}

/** Writes one entry at `at`. Without a view, as `readWord` reads. */
export function writeIndexEntry(out: Uint8Array, at: number, entry: PackRecord, pack: number): void {
  idToBytes(entry.id, out, at)
  out[at + 32] = kindByte(entry.kind)
  out[at + 33] = encodingByte(entry.encoding)
  const high = Math.floor(entry.offset / 2 ** 32)
  out[at + 34] = high >>> 8
  out[at + 35] = high
  putWord(out, at + 36, entry.offset % 2 ** 32)
  putWord(out, at + 40, entry.stored)
  putWord(out, at + 44, entry.size)
  putWord(out, at + 48, pack)
}

/**
 * The entry at `at`; `id`, where the caller knows it, spares making the text anew.
 * @throws CORRUPT
 */
export function readIndexEntry(table: Uint8Array, at: number, id?: Id): IndexEntry {
  return {
    id: id ?? idFromBytes(table, at),
    kind: kindOfByte(table[at + 32] as number),
    encoding: encodingOfByte(table[at + 33] as number),
    offset:
      (((table[at + 34] as number) << 8) | (table[at + 35] as number)) * 2 ** 32 + readWord(table, at + 36),
    stored: readWord(table, at + 40),
    size: readWord(table, at + 44),
    pack: readWord(table, at + 48),
  }
}

/** A whole index of one pack, from its records in any order. */
export function encodeIndex(pack: IndexedPack, records: readonly PackRecord[]): Uint8Array {
  return encodeJointIndex([{ pack, records }])
}

/** A whole index of several packs, from their records in any order. */
export function encodeJointIndex(
  parts: readonly { readonly pack: IndexedPack; readonly records: readonly PackRecord[] }[],
): Uint8Array {
  const ordered = [...parts].sort((a, b) => (a.pack.name < b.pack.name ? -1 : 1))
  const sorted = ordered
    .flatMap(({ records }, pack) => records.map((record) => ({ record, pack })))
    .sort(
      ({ record: a, pack: inA }, { record: b, pack: inB }) =>
        (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) || inA - inB || a.offset - b.offset,
    )
  const firstBytes = new Uint32Array(2 ** 16)
  for (const { record } of sorted) firstBytes[Number.parseInt(record.id.slice(0, 4), 16)]!++
  const header = encodeIndexHeader(
    sorted.length,
    ordered.map(({ pack }) => pack),
    firstBytes,
  )
  const out = new Uint8Array(header.length + sorted.length * entryBytes + indexTrailerBytes)
  out.set(header)
  sorted.forEach(({ record, pack }, i) => {
    writeIndexEntry(out, header.length + i * entryBytes, record, pack)
  })
  idToBytes(hashBytes(out.subarray(0, -indexTrailerBytes)), out, out.length - indexTrailerBytes)
  return out
}

/** How many bytes of an index's beginning say how long its header is. */
export const indexPrefixBytes: number = fixedBytes

/**
 * Length of an index's header, from its first 16 bytes and the file's size.
 * @throws CORRUPT, UNSUPPORTED
 */
export function readIndexHeaderLength(bytes: Uint8Array, fileSize: number): number {
  if (bytes.length < fixedBytes) throw new QuiltError('CORRUPT', 'an index is cut short')
  checkMagic(bytes, magic, 'index')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = view.getUint32(4)
  const packs = view.getUint32(8)
  const length = indexHeaderBytes(count, packs)
  const reserved = (bytes[13] as number) | (bytes[14] as number) | (bytes[15] as number)
  if (
    bytes[12] !== fanBitsFor(count) ||
    reserved !== 0 ||
    length + count * entryBytes + indexTrailerBytes !== fileSize
  ) {
    throw new QuiltError('CORRUPT', 'an index has another length than its header says')
  }
  return length
}

/**
 * An index's header; `bytes` holds at least that.
 * @throws CORRUPT, UNSUPPORTED
 */
export function decodeIndexHeader(bytes: Uint8Array, fileSize: number): IndexHeader {
  const length = readIndexHeaderLength(bytes, fileSize)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = view.getUint32(4)
  const packs: IndexedPack[] = []
  let at = fixedBytes
  for (let i = 0; i < view.getUint32(8); i++, at += packBytes) {
    packs.push({ name: packNameFromBytes(bytes.subarray(at)), size: Number(view.getBigUint64(at + 16)) })
  }
  const fanBits = bytes[12] as number
  const fan = new Uint32Array(2 ** fanBits)
  let before = 0
  for (let i = 0; i < fan.length; i++, at += 4) {
    const value = view.getUint32(at)
    if (value < before || value > count) throw new QuiltError('CORRUPT', "an index's fan-out is out of order")
    fan[i] = before = value
  }
  if (before !== count) throw new QuiltError('CORRUPT', "an index's fan-out counts other entries than it has")
  return { count, packs, fanBits, fan, length }
}

/**
 * Checks a whole index: its SHA-256, its order, its references.
 * @throws CORRUPT, UNSUPPORTED
 */
export function checkIndex(bytes: Uint8Array): IndexHeader {
  const header = decodeIndexHeader(bytes, bytes.length)
  const trailer = bytes.subarray(bytes.length - indexTrailerBytes)
  if (!equalBytes(trailer, idToBytes(hashBytes(bytes.subarray(0, -indexTrailerBytes))))) {
    throw new QuiltError('CORRUPT', 'an index does not have the SHA-256 that it ends with')
  }
  return header
}

/** The first and the last entry (excluded) among which an id must lie. */
export function fanRange(
  header: IndexHeader,
  id: Uint8Array,
): { readonly from: number; readonly to: number } {
  const slot = (((id[0] as number) << 8) | (id[1] as number)) >>> (16 - header.fanBits)
  return { from: slot === 0 ? 0 : (header.fan[slot - 1] as number), to: header.fan[slot] as number }
}

/**
 * The first of the entries with this id, or -1. `table` holds entries `from` to `to`; the result counts from 0 in it.
 */
export function searchIndex(table: Uint8Array, from: number, to: number, id: Uint8Array): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareEntry(table, middle * entryBytes, id) < 0) low = middle + 1
    else high = middle
  }
  return low < to && compareEntry(table, low * entryBytes, id) === 0 ? low : -1
}

function compareEntry(table: Uint8Array, at: number, id: Uint8Array): number {
  for (let i = 0; i < idBytes; i++) {
    const d = (table[at + i] as number) - (id[i] as number)
    if (d !== 0) return d
  }
  return 0
}

/** True when the entry at `at` in `table` has this id. */
export function entryHasId(table: Uint8Array, at: number, id: Uint8Array): boolean {
  return at + entryBytes <= table.length && compareEntry(table, at, id) === 0
}

/** Orders the entries at `a` and `b` in `table` as an index does: by id, then pack, then place in the pack. */
export function compareEntries(table: Uint8Array, a: number, b: number): number {
  for (let i = 0; i < idBytes; i++) {
    const d = (table[a + i] as number) - (table[b + i] as number)
    if (d !== 0) return d
  }
  const view = new DataView(table.buffer, table.byteOffset, table.length)
  return (
    view.getUint32(a + 48) - view.getUint32(b + 48) ||
    view.getUint16(a + 34) - view.getUint16(b + 34) ||
    view.getUint32(a + 36) - view.getUint32(b + 36)
  )
}

/** Which of its index's packs the entry at `at` names. */
export function entryPack(table: Uint8Array, at: number): number {
  return readWord(table, at + 48)
}

/** How the entry at `at` says that its object is kept: `stored` bytes of it, `size` before compression. */
export function entryPayload(
  table: Uint8Array,
  at: number,
): { readonly encoding: Encoding; readonly stored: number; readonly size: number } {
  const encoding = encodingOfByte(table[at + 33] as number)
  return { encoding, stored: readWord(table, at + 40), size: readWord(table, at + 44) }
}

/** Makes the entry at `at` name another pack. */
export function setEntryPack(table: Uint8Array, at: number, pack: number): void {
  putWord(table, at + 48, pack)
}

/** The first 16 bits of the id of the entry at `at`. */
export function entryFirstBits(table: Uint8Array, at: number): number {
  return ((table[at] as number) << 8) | (table[at + 1] as number)
}
