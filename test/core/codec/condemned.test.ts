import { expect, test } from 'vitest'
import { utf8 } from '../../../src/core/base/bytes.ts'
import { decodeCondemned, encodeCondemned } from '../../../src/core/codec/condemned.ts'
import { encodePackable } from '../../../src/core/codec/msgpack.ts'

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
    encodePackable('QX1\n', [[a]]),
    encodePackable('QX1\n', [[a], [b], []]),
    encodePackable('QX1\n', [[a], b]),
    encodePackable('QX1\n', [['../refs'], []]),
    encodePackable('QX1\n', [[a.toUpperCase()], []]),
    encodePackable('QX1\n', [[7], []]),
  ]
  for (const bytes of bad)
    expect(() => decodeCondemned(bytes)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  expect(() => decodeCondemned(encodePackable('QX2\n', [[], []]))).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  )
})
