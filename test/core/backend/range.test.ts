import { expect, test } from 'vitest'
import { checkRange } from '../../../src/core/backend/range.ts'

test('takes ranges within the bytes, and all of them where none is asked for', () => {
  expect(checkRange(undefined, 10, 'k')).toEqual({ start: 0, end: 10 })
  expect(checkRange({ start: 10, end: 10 }, 10, 'k')).toEqual({ start: 10, end: 10 })
  expect(checkRange({ start: 2, end: 9 }, 10, 'k')).toEqual({ start: 2, end: 9 })
})

test('refuses ranges beyond the bytes, backwards, or of no whole numbers', () => {
  for (const [start, end] of [
    [0, 11],
    [11, 11],
    [5, 4],
    [-1, 4],
    [0.5, 4],
    [Number.NaN, 4],
  ] as const) {
    expect(() => checkRange({ start, end }, 10, 'packs/p')).toThrow(/of packs\/p lies outside its 10 bytes/)
  }
})
