import { describe, expect, test } from 'vitest'
import {
  checkIndex,
  decodeIndexHeader,
  encodeIndex,
  entryBytes,
  fanRange,
  readIndexEntry,
  searchIndex,
} from '../../../src/core/codec/pack-index.ts'
import type { PackRecord } from '../../../src/core/codec/pack.ts'
import { idToBytes } from '../../../src/core/model/id.ts'
import { hashBytes } from '#hash'
import { text } from '../../support/store-bench.ts'

const pack = { name: 'ab'.repeat(16), size: 2 ** 40 }

function recordsOf(count: number): PackRecord[] {
  return Array.from({ length: count }, (_, i): PackRecord => {
    const id = hashBytes(text(String(i)))
    return { id, kind: 'tree', encoding: 'zstd', offset: i * 2 ** 32 + 7, stored: i + 1, size: 2 * i }
  })
}

test('every object of an index is found, and no other', () => {
  for (const count of [0, 1, 127, 128, 129, 1000, 5000]) {
    const records = recordsOf(count)
    const bytes = encodeIndex(pack, records)
    const header = checkIndex(bytes)
    expect(header).toMatchObject({ count, packs: [pack] })
    const table = bytes.subarray(header.length)
    for (const record of records) {
      const id = idToBytes(record.id)
      const { from, to } = fanRange(header, id)
      const at = searchIndex(table, from, to, id)
      expect(readIndexEntry(table, at * entryBytes)).toEqual({ ...record, pack: 0 })
    }
    for (let i = 0; i < 100; i++) {
      const id = idToBytes(hashBytes(text(`absent ${String(i)}`)))
      const { from, to } = fanRange(header, id)
      expect(searchIndex(table, from, to, id)).toBe(-1)
    }
  }
})

test('an index is the same whatever the order of its records', () => {
  const records = recordsOf(300)
  expect(encodeIndex(pack, [...records].reverse())).toEqual(encodeIndex(pack, records))
})

test('entries that share an id are found from the first on', () => {
  const [one] = recordsOf(1) as [PackRecord]
  const bytes = encodeIndex(pack, [{ ...one, offset: 900 }, one, { ...one, offset: 100 }])
  const header = checkIndex(bytes)
  const at = searchIndex(bytes.subarray(header.length), 0, 3, idToBytes(one.id))
  expect(readIndexEntry(bytes.subarray(header.length), at * entryBytes).offset).toBe(7)
})

describe('H38: an index that is damaged is refused', () => {
  test('whichever bit is turned', () => {
    const whole = encodeIndex(pack, recordsOf(200))
    for (let bit = 0; bit < whole.length * 8; bit += 101) {
      const bytes = whole.slice()
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => checkIndex(bytes)).toThrow(expect.objectContaining({ name: 'QuiltError' }))
    }
  })

  test('wherever it is cut', () => {
    const whole = encodeIndex(pack, recordsOf(20))
    for (let length = 0; length < whole.length; length += 7) {
      expect(() => checkIndex(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'CORRUPT' }),
      )
    }
  })

  test('one of a newer version with a hint', () => {
    const bytes = encodeIndex(pack, recordsOf(2))
    bytes[2] = 0x32
    expect(() => checkIndex(bytes)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  })

  test('a fan-out that is out of order, or counts others', () => {
    const whole = encodeIndex(pack, recordsOf(2000))
    const { length, fan } = decodeIndexHeader(whole, whole.length)
    const fanAt = length - 4 * fan.length
    const change = (at: number, value: number): Uint8Array => {
      const bytes = whole.slice()
      new DataView(bytes.buffer).setUint32(fanAt + 4 * at, value)
      return bytes
    }
    expect(() => decodeIndexHeader(change(2, 1), whole.length)).toThrow(/out of order/)
    expect(() => decodeIndexHeader(change(fan.length - 1, 1999), whole.length)).toThrow(
      /counts other entries/,
    )
  })
})
