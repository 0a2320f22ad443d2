// One pack being filled in memory, so that it is written in one piece and synced once.
import {
  packFooterBytes,
  packHeaderBytes,
  recordHeaderBytes,
  writePackFooter,
  writePackHeader,
  writeRecordHeader,
  type PackRecord,
} from '../../codec/pack.ts'
import { encodeIndex, indexTrailerBytes } from '../../codec/pack-index.ts'
import { idFromBytes } from '../../model/id.ts'

/** A full pack: 32 MiB keep a build's memory small, and a store of a terabyte at 32,768 packs. */
export const packBytes: number = 32 * 1024 * 1024
/** Most objects of one pack, so that its index stays small too. */
export const packRecords = 65_536
/** The buffer that a pack begins with; small builds stay small. */
const firstBytes = 256 * 1024
/** One that grows beyond this gets room for a full pack: what is not filled is never touched, and copies are garbage. */
const grownBytes = 4 * 1024 * 1024

/** A pack and its index, ready to be written. */
export interface FinishedPack {
  readonly name: string
  readonly bytes: Uint8Array
  readonly index: Uint8Array
  readonly records: readonly PackRecord[]
}

/** A pack being filled. */
export interface PackBuilder {
  readonly name: string
  /** Number of records so far. */
  readonly count: number
  /** Bytes so far. */
  readonly length: number
  /** True when a payload of so many bytes fits. */
  fits(payload: number): boolean
  /** Adds a record; `offset` and `stored` follow from the payload. */
  add(record: Pick<PackRecord, 'id' | 'kind' | 'encoding' | 'size'>, payload: Uint8Array): PackRecord
  /** The payload of a record added before. */
  payload(record: PackRecord): Uint8Array
  finish(): FinishedPack
  /** The memory behind a pack that has been written, for the next one. */
  readonly buffer: Uint8Array
}

/** An empty pack of that name, in `buffer` where one is at hand: fresh memory costs a page fault for every 4 KiB. */
export function packBuilder(name: string, buffer: Uint8Array = new Uint8Array(firstBytes)): PackBuilder {
  let length = packHeaderBytes
  const records: PackRecord[] = []
  writePackHeader(buffer, name)

  const reserve = (bytes: number): void => {
    if (length + bytes <= buffer.length) return
    const next = buffer.length < grownBytes ? buffer.length * 4 : packBytes
    const grown = new Uint8Array(Math.max(length + bytes, next))
    grown.set(buffer.subarray(0, length))
    buffer = grown
  }

  return {
    name,
    get count() {
      return records.length
    },
    get length() {
      return length
    },
    get buffer() {
      return buffer
    },
    fits: (payload) =>
      records.length === 0 ||
      (records.length < packRecords && length + recordHeaderBytes + payload + packFooterBytes <= packBytes),
    add: (record, payload) => {
      reserve(recordHeaderBytes + payload.length + packFooterBytes)
      const { id, kind, encoding, size } = record
      const added: PackRecord = { id, kind, encoding, size, offset: length, stored: payload.length }
      writeRecordHeader(buffer, length, added)
      buffer.set(payload, length + recordHeaderBytes)
      length += recordHeaderBytes + payload.length
      records.push(added)
      return added
    },
    payload: (record) => {
      const start = record.offset + recordHeaderBytes
      return buffer.subarray(start, start + record.stored)
    },
    finish: () => {
      const index = encodeIndex({ name, size: length + packFooterBytes }, records)
      const indexHash = idFromBytes(index, index.length - indexTrailerBytes)
      writePackFooter(buffer, length, records.length, indexHash)
      return { name, bytes: buffer.subarray(0, length + packFooterBytes), index, records }
    },
  }
}
