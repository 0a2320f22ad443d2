import { expect, test } from 'vitest'
import { utf8 } from '../../../src/core/base/bytes.ts'
import { endsNode, fewestItems, fullBytes, mostItems, nameHash } from '../../../src/core/tree/splitter.ts'

/** The definition in docs/format.md, over the bytes of the name. */
function plainHash(name: string, level: number): number {
  let hash = 0x811c9dc5
  for (const byte of utf8(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash ^= Math.imul(level, 0x9e3779b9)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

test('hashes names by their UTF-8 bytes', () => {
  for (const name of [
    '',
    'a',
    'file-1.csv',
    'é',
    'naïve',
    '\uffff',
    '\u{1f600}x\u{10000}',
    '日本語',
    '\u07ff\u0800',
  ]) {
    for (const level of [0, 1, 7]) expect(nameHash(name, level)).toBe(plainHash(name, level))
  }
})

test('gives the numbers that it always gave', () => {
  expect([nameHash('', 0), nameHash('a', 0), nameHash('a', 1), nameHash('\u{1f600}', 2)]).toEqual([
    2872998923, 444641715, 290897201, 3119635278,
  ])
})

/** Names that end nodes of level 0, and one that does not. */
const ending = Array.from({ length: 2000 }, (_, i) => `n${String(i)}`).find(
  (n) => nameHash(n, 0) < 2 ** 25,
) as string
const other = Array.from({ length: 2000 }, (_, i) => `n${String(i)}`).find(
  (n) => nameHash(n, 0) >= 2 ** 25,
) as string

test('a node ends where a name says so, from 32 items on', () => {
  expect(endsNode(0, ending, { items: fewestItems - 1, bytes: 1 })).toBe(false)
  expect(endsNode(0, ending, { items: fewestItems, bytes: 1 })).toBe(true)
  expect(endsNode(0, other, { items: fewestItems, bytes: 1 })).toBe(false)
})

test('a node ends at 512 items, or at 48 KiB, whatever the name', () => {
  expect(endsNode(0, other, { items: mostItems - 1, bytes: 1 })).toBe(false)
  expect(endsNode(0, other, { items: mostItems, bytes: 1 })).toBe(true)
  expect(endsNode(0, other, { items: 1, bytes: fullBytes - 1 })).toBe(false)
  expect(endsNode(0, other, { items: 1, bytes: fullBytes })).toBe(true)
})

test('levels end at other names, about one in 128', () => {
  const ends = [0, 0, 0, 0]
  for (let i = 0; i < 50_000; i++) {
    const [zero, one] = [0, 1].map((level) => endsNode(level, `row-${String(i)}`, { items: 32, bytes: 1 }))
    ends[(zero === true ? 1 : 0) + (one === true ? 2 : 0)]!++
  }
  expect(ends[1]).toBeGreaterThan(300)
  expect(ends[1]).toBeLessThan(480)
  expect(ends[2]).toBeGreaterThan(300)
  expect(ends[2]).toBeLessThan(480)
  expect(ends[3]).toBeLessThan(15)
})
