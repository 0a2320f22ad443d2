import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../../../src/core/base/bytes.ts'
import { isQuiltError } from '../../../src/core/base/error.ts'
import {
  decodePackable,
  encodePackable,
  packedSize,
  packJson,
  unpackJson,
  type Packable,
} from '../../../src/core/codec/msgpack.ts'
import type { Json } from '../../../src/core/model/metadata.ts'
import { codeOf } from '../../support/decoding.ts'

const magic = 'QX1\n'
const limits = { bytes: 1 << 24, depth: 20 }

function decode(bytes: Uint8Array): Packable {
  return decodePackable(magic, bytes, limits, 'a value')
}

function raw(...body: number[]): Uint8Array {
  return concatBytes([utf8(magic), Uint8Array.from(body)])
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

describe('integers', () => {
  const forms: readonly (readonly [number, string])[] = [
    [0, '00'],
    [-0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [255, 'ccff'],
    [256, 'cd0100'],
    [65535, 'cdffff'],
    [65536, 'ce00010000'],
    [2 ** 32 - 1, 'ceffffffff'],
    [2 ** 32, 'd30000000100000000'],
    [Number.MAX_SAFE_INTEGER, 'd3001fffffffffffff'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd0df'],
    [-128, 'd080'],
    [-129, 'd1ff7f'],
    [-32768, 'd18000'],
    [-32769, 'd2ffff7fff'],
    [-(2 ** 31), 'd280000000'],
    [-(2 ** 31) - 1, 'd3ffffffff7fffffff'],
    [Number.MIN_SAFE_INTEGER, 'd3ffe0000000000001'],
    [2 ** 53, 'cb4340000000000000'],
    [1.5, 'cb3ff8000000000000'],
  ]
  for (const [value, form] of forms) {
    test(`writes ${String(value)} as ${form}, the only form of it`, () => {
      const bytes = encodePackable(magic, value)
      expect(hex(bytes.subarray(4))).toBe(form)
      expect(decode(bytes)).toBe(value + 0)
      expect(packedSize(value)).toBe(form.length / 2)
    })
  }
})

describe('refuses to write', () => {
  const values: readonly (readonly [string, unknown])[] = [
    ['NaN', NaN],
    ['infinity', -Infinity],
    ['undefined', undefined],
    ['a big integer', 1n],
    ['a date', new Date(0)],
    ['a plain object', {}],
    ['H16: a lone surrogate', 'a\ud800'],
    ['H16: a lone surrogate in a key', new Map([['\udc00', 1]])],
    ['a key that is no text', new Map([[1, 1]])],
  ]
  for (const [name, value] of values) {
    test(name, () => {
      expect(codeOf(() => encodePackable(magic, [value as Packable]))).toBe('INVALID')
    })
  }
  test('H12: what is nested without end', () => {
    let value: Packable = []
    for (let i = 0; i < 100_000; i++) value = [value]
    expect(codeOf(() => encodePackable(magic, value))).toBe('INVALID')
    let json: Json = []
    for (let i = 0; i < 100_000; i++) json = [json]
    expect(codeOf(() => packJson(json))).toBe('INVALID')
  })
})

describe('H30: takes one form only, and refuses', () => {
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', raw()],
    ['trailing bytes', raw(0x01, 0x00)],
    ['0xc1', raw(0xc1)],
    ['a fixed extension', raw(0xd4, 0x00, 0x00)],
    ['an extension', raw(0xc7, 0x01, 0x05, 0x00)],
    ['a timestamp', raw(0xd6, 0xff, 0, 0, 0, 0)],
    ['a float for an integer', raw(0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0)],
    ['a single float', raw(0xca, 0x3f, 0xc0, 0, 0)],
    ['minus zero', raw(0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0)],
    ['NaN', raw(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0)],
    ['one byte for what fits the tag', raw(0xcc, 0x7f)],
    ['two bytes for what fits one', raw(0xcd, 0x00, 0xff)],
    ['four bytes for what fits two', raw(0xce, 0, 0, 0xff, 0xff)],
    ['eight bytes for what fits four', raw(0xd3, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)],
    ['unsigned eight bytes', raw(0xcf, 0, 0, 0, 1, 0, 0, 0, 0)],
    ['an integer above 2^53', raw(0xd3, 0x7f, 0, 0, 0, 0, 0, 0, 0)],
    ['a positive signed integer', raw(0xd0, 0x05)],
    ['a small negative one in one byte', raw(0xd0, 0xe0)],
    ['a text of 1 with a length byte', raw(0xd9, 0x01, 0x61)],
    ['a list of 1 with a length', raw(0xdc, 0, 1, 0x01)],
    ['a map of 1 with a length', raw(0xde, 0, 1, 0xa1, 0x61, 0x01)],
    ['bytes with too long a length', raw(0xc5, 0, 1, 0x01)],
    ['unsorted keys', raw(0x82, 0xa1, 0x62, 0x01, 0xa1, 0x61, 0x01)],
    ['a key twice', raw(0x82, 0xa1, 0x61, 0x01, 0xa1, 0x61, 0x01)],
    ['a key that is no text', raw(0x81, 0x01, 0x01)],
    ['bad UTF-8', raw(0xa1, 0xff)],
    ['an encoded surrogate', raw(0xa3, 0xed, 0xa0, 0x80)],
    ['an overlong character', raw(0xa2, 0xc0, 0x80)],
    ['a text cut short', raw(0xa5, 0x61)],
    ['a list announced at four thousand million', raw(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['bytes announced at four thousand million', raw(0xc6, 0xff, 0xff, 0xff, 0xff)],
    ['another magic', utf8('QY1\n\x00')],
    ['half a magic', utf8('QX')],
    ['H12: 100,000 lists in one another', raw(...new Array<number>(100_000).fill(0x91))],
  ]
  for (const [name, bytes] of cases) {
    test(name, () => {
      expect(codeOf(() => decode(bytes))).toBe('CORRUPT')
    })
  }
  test('what is larger or deeper than it may be', () => {
    expect(codeOf(() => decodePackable(magic, raw(0x01), { bytes: 4, depth: 1 }, 'x'))).toBe('CORRUPT')
    expect(codeOf(() => decodePackable(magic, raw(0x91, 0x90), { bytes: 9, depth: 1 }, 'x'))).toBe('CORRUPT')
    expect(decodePackable(magic, raw(0x91, 0x90), { bytes: 9, depth: 2 }, 'x')).toEqual([[]])
  })
})

test('H35: says that a newer version made it, and to upgrade', () => {
  try {
    decode(utf8('QX2\n\x00'))
    expect.unreachable()
  } catch (error) {
    expect(error).toMatchObject({
      code: 'UNSUPPORTED',
      message: 'a value was made by a newer version',
      hint: 'upgrade quilt',
    })
  }
  expect(codeOf(() => decode(utf8('QX0\n\x00')))).toBe('CORRUPT')
})

test('sorts keys by their UTF-8 bytes, not by their UTF-16 units', () => {
  const map = new Map([
    ['\u{10000}', 1],
    ['\uffff', 2],
    ['b', 3],
    ['a', 4],
    ['', 5],
  ])
  const back = decode(encodePackable(magic, map)) as ReadonlyMap<string, Packable>
  expect([...back.keys()]).toEqual(['', 'a', 'b', '\uffff', '\u{10000}'])
})

test('keeps a byte-order mark at the front of a text of any length', () => {
  for (const length of [0, 30, 31, 70, 300, 70_000]) {
    const text = '\ufeff' + 'é'.repeat(length)
    expect(decode(encodePackable(magic, text))).toBe(text)
  }
})

test('gives real maps and plain Uint8Arrays', () => {
  const back = decode(
    Buffer.from(encodePackable(magic, [new Map(), new Uint8Array(3)])),
  ) as readonly Packable[]
  expect(back[0]).toBeInstanceOf(Map)
  expect((back[1] as Uint8Array).constructor).toBe(Uint8Array)
})

test('H18: __proto__, constructor and toString are ordinary keys', () => {
  const json = JSON.parse('{"__proto__":{"x":1},"constructor":2,"toString":null,"hasOwnProperty":[]}') as Json
  const back = unpackJson(decode(encodePackable(magic, packJson(json))))
  expect(JSON.parse(JSON.stringify(back))).toEqual(json)
  expect(Object.keys(back as object).sort()).toEqual([
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
  ])
  expect(({} as Record<string, unknown>)['x']).toBeUndefined()
})

test('bytes are no JSON', () => {
  expect(codeOf(() => unpackJson([new Uint8Array(1)]))).toBe('CORRUPT')
})

const packable = fc.letrec<{ value: Packable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc
      .array(fc.tuple(fc.string({ unit: 'binary' }), tie('value')), { maxLength: 20 })
      .map((pairs) => new Map(pairs)),
  ),
})).value

test('any value comes back, in bytes that do not depend on the order of keys, of the size foretold', () => {
  fc.assert(
    fc.property(packable, (value) => {
      const bytes = encodePackable(magic, value)
      const back = decode(bytes)
      expect(hex(encodePackable(magic, back))).toBe(hex(bytes))
      expect(hex(encodePackable(magic, backwards(value)))).toBe(hex(bytes))
      expect(packedSize(value)).toBe(bytes.length - 4)
    }),
  )
})

function backwards(value: Packable): Packable {
  if (Array.isArray(value)) return (value as readonly Packable[]).map(backwards)
  if (value instanceof Map) return new Map([...(value as Map<string, Packable>)].reverse())
  return value
}

test('H30: whatever bytes are accepted encode back to the same bytes', () => {
  const mutated = fc
    .tuple(packable, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(3))
    .map(([value, edits, cut]) => {
      const bytes = encodePackable(magic, value)
      for (const [at, byte] of edits) bytes[4 + (at % Math.max(1, bytes.length - 4))] = byte
      return bytes.subarray(0, bytes.length - (cut === 3 ? 1 : 0))
    })
  const arbitrary = fc.uint8Array({ maxLength: 40 }).map((body) => concatBytes([utf8(magic), body]))
  fc.assert(
    fc.property(fc.oneof(mutated, arbitrary), (bytes) => {
      try {
        expect(hex(encodePackable(magic, decode(bytes)))).toBe(hex(bytes))
      } catch (error) {
        if (!isQuiltError(error, 'CORRUPT')) throw error
      }
    }),
    { numRuns: 2000 },
  )
})
