import { expect, test } from 'vitest'
import { utf8 } from '../../../src/core/base/bytes.ts'
import { decodeCondemned, encodeCondemned } from '../../../src/core/codec/condemned.ts'
import { encodePackable } from '../../../src/core/codec/msgpack.ts'
import { seal } from '../../../src/core/codec/seal.ts'

const a = 'a'.repeat(32)
const b = '0123456789abcdef'.repeat(2)

test('a list is read as it was written', () => {
  for (const list of [
    { packs: [], writers: [] },
    { packs: [a, b], writers: [] },
    { packs: [a], writers: [b, a] },
  ]) {
    expect(decodeCondemned(encodeCondemned(list))).toEqual(list)
  }
})

test('anything else is refused', () => {
  const bad = [
    utf8(''),
    utf8('QX1\n'),
    ...[[[a]], [[a], [b], []], [[a], b], [['../refs'], []], [[a.toUpperCase()], []], [[7], []]].map((value) =>
      seal(encodePackable('QX1\n', value)),
    ),
    encodePackable('QX1\n', [[a], []]), // without its seal
  ]
  for (const bytes of bad)
    expect(() => decodeCondemned(bytes)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  expect(() => decodeCondemned(seal(encodePackable('QX2\n', [[], []])))).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  )
})

test('a flipped bit anywhere is found', () => {
  const bytes = encodeCondemned({ packs: [a, b], writers: [b] })
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.slice()
    flipped[at]! ^= 1
    expect(() => decodeCondemned(flipped)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  }
})
