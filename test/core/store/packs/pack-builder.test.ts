import { expect, test } from 'vitest'
import {
  objectBytes,
  readPackFooter,
  readPackHeader,
  recordHeaderBytes,
} from '../../../../src/core/codec/pack.ts'
import { checkIndex, indexTrailerBytes } from '../../../../src/core/codec/pack-index.ts'
import { idFromBytes } from '../../../../src/core/model/id.ts'
import { packBuilder, packBytes, packRecords } from '../../../../src/core/store/packs/pack-builder.ts'
import { scanPack } from '../../../../src/core/store/packs/rebuild-index.ts'
import { idOf } from '../../../support/ref-bench.ts'
import { noise } from '../../../support/store-bench.ts'

const name = '0123456789abcdef'.repeat(2)

test('a pack says its name, its records and the hash of its index', () => {
  const builder = packBuilder(name)
  const payloads = [noise(10), noise(0), noise(500_000, 2), noise(7, 3)]
  const records = payloads.map((payload, i) =>
    builder.add({ id: idOf(i), kind: 'blob', encoding: 'raw', size: payload.length }, payload),
  )
  records.forEach((record, i) => {
    expect(Buffer.from(builder.payload(record)).equals(payloads[i] as Uint8Array)).toBe(true)
  })
  const { bytes, index } = builder.finish()
  expect(readPackHeader(bytes)).toBe(name)
  expect(scanPack(bytes)).toEqual(records)
  expect(checkIndex(index)).toMatchObject({ count: 4, packs: [{ name, size: bytes.length }] })
  const indexHash = idFromBytes(index, index.length - indexTrailerBytes)
  expect(readPackFooter(bytes)).toEqual({ records: 4, indexHash })
})

test('a pack is full at 32 MiB, or at 65,536 records; the first record always fits', () => {
  const builder = packBuilder(name)
  expect(builder.fits(packBytes * 2)).toBe(true)
  const payload = new Uint8Array(objectBytes)
  builder.add({ id: idOf(1), kind: 'blob', encoding: 'raw', size: objectBytes }, payload)
  expect(builder.fits(objectBytes - 2 * recordHeaderBytes - 64)).toBe(true)
  expect(builder.fits(objectBytes)).toBe(false)
  const many = packBuilder(name)
  const one = { kind: 'blob', encoding: 'raw', size: 0 } as const
  for (let i = 0; i < packRecords; i++) many.add({ ...one, id: idOf(i) }, new Uint8Array(0))
  expect(many.count).toBe(packRecords)
  expect(many.fits(0)).toBe(false)
})

test('memory that is used again shows nothing of what was there', () => {
  const first = packBuilder(name)
  first.add({ id: idOf(1), kind: 'blob', encoding: 'raw', size: 900 }, noise(900))
  first.finish()
  const [fresh, again] = [packBuilder(name), packBuilder(name, first.buffer)].map((builder) => {
    builder.add({ id: idOf(2), kind: 'tree', encoding: 'raw', size: 5 }, noise(5, 4))
    return builder.finish()
  })
  expect(again).toEqual(fresh)
})
