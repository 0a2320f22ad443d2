import { describe, expect, test } from 'vitest'
import {
  decodeRecipePayload,
  encodeRecipePayload,
  objectBytes,
  packFooterBytes,
  packHeaderBytes,
  packNameFromBytes,
  packNameToBytes,
  readPackFooter,
  readPackHeader,
  isRecordHeader,
  readRecordHeader,
  recordHeaderBytes,
  writePackFooter,
  writePackHeader,
  writeRecordHeader,
  type PackRecord,
} from '../../../src/core/codec/pack.ts'
import { idOf } from '../../support/ref-bench.ts'

const name = '00112233445566778899aabbccddeeff'
const record: PackRecord = { id: idOf(7), kind: 'tree', encoding: 'zstd', offset: 20, stored: 99, size: 300 }

function headerOf(change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(packHeaderBytes)
  writePackHeader(bytes, name)
  change(bytes)
  return bytes
}

describe('a pack', () => {
  test('says its name', () => {
    expect(readPackHeader(headerOf(() => undefined))).toBe(name)
    expect(packNameFromBytes(packNameToBytes(name))).toBe(name)
  })

  test('H38: of another magic is refused; of a newer version with a hint', () => {
    for (const at of [0, 1, 3]) {
      const bytes = headerOf((all) => (all[at] = 0x7f))
      expect(() => readPackHeader(bytes)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
    }
    expect(() => readPackHeader(headerOf((all) => (all[2] = 0x32)))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', hint: 'upgrade quilt-ts to read it' }),
    )
    expect(() => readPackHeader(headerOf((all) => (all[2] = 0x7f)))).toThrow(/no pack/)
    expect(() => readPackHeader(new Uint8Array(19))).toThrow(/cut short/)
  })

  test('takes no name that is none', () => {
    for (const bad of ['', name.slice(1), name.toUpperCase(), `${name}0`]) {
      expect(() => packNameToBytes(bad)).toThrow(expect.objectContaining({ code: 'INVALID' }))
    }
  })
})

describe('a record', () => {
  const written = (): Uint8Array => {
    const bytes = new Uint8Array(recordHeaderBytes + 5)
    writeRecordHeader(bytes, 5, record)
    return bytes
  }

  test('is read as it was written', () => {
    expect(readRecordHeader(written(), 5, 20)).toEqual(record)
  })

  test('that is cut short, of no kind, of no encoding or too large is refused', () => {
    expect(() => readRecordHeader(written(), 6, 20)).toThrow(/cut short/)
    for (const [at, byte] of [
      [5, 0],
      [5, 9],
      [6, 3],
      [7, 2],
      [11, 2],
    ] as const) {
      const bytes = written()
      bytes[at] = byte
      expect(() => readRecordHeader(bytes, 5, 20)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
    }
    expect(objectBytes).toBe(2 ** 24)
  })

  test('is told from any other without being read', () => {
    expect(isRecordHeader(written(), 5, record)).toBe(true)
    expect(isRecordHeader(written(), 6, record)).toBe(false)
    expect(isRecordHeader(written().subarray(0, -1), 5, record)).toBe(false)
    for (let at = 5; at < 5 + recordHeaderBytes; at++) {
      const bytes = written()
      bytes[at]! ^= 1
      expect(isRecordHeader(bytes, 5, record), `byte ${String(at)}`).toBe(false)
    }
  })

  test('is none where it claims more bytes than an object may have, whoever says so too', () => {
    for (const claim of [{ size: objectBytes + 1 }, { stored: objectBytes + 1 }]) {
      const large = { ...record, ...claim }
      const bytes = new Uint8Array(recordHeaderBytes)
      writeRecordHeader(bytes, 0, large)
      expect(isRecordHeader(bytes, 0, large)).toBe(false)
    }
  })
})

describe('a footer', () => {
  test('is read as it was written, and not found where it is torn', () => {
    const bytes = new Uint8Array(100)
    writePackFooter(bytes, 100 - packFooterBytes, 12, idOf(3))
    expect(readPackFooter(bytes)).toEqual({ records: 12, indexHash: idOf(3) })
    expect(readPackFooter(bytes.subarray(0, 99))).toBeUndefined()
    expect(readPackFooter(bytes.subarray(0, 10))).toBeUndefined()
    bytes[100 - packFooterBytes + 9] = 1
    expect(readPackFooter(bytes)).toBeUndefined()
  })
})

describe('a chunked blob', () => {
  test('names its recipe and its size, up to 2^53', () => {
    const size = Number.MAX_SAFE_INTEGER
    expect(decodeRecipePayload(encodeRecipePayload(idOf(9), size))).toEqual({ recipe: idOf(9), size })
  })

  test('that names no recipe, or an impossible size, is refused', () => {
    const payload = encodeRecipePayload(idOf(9), 1)
    expect(() => decodeRecipePayload(payload.subarray(1))).toThrow(/names no recipe/)
    payload[32] = 0xff
    expect(() => decodeRecipePayload(payload)).toThrow(/impossible size/)
  })
})
