import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  chunkAverage,
  chunkMax,
  chunkMin,
  chunkThreshold,
  cut,
  gear,
} from '../../../src/core/chunk/fastcdc.ts'
import { noise } from '../../support/store-bench.ts'

function cutsOf(bytes: Uint8Array): number[] {
  const cuts: number[] = []
  for (let at = 0; at < bytes.length;) cuts.push((at = cut(bytes, at, bytes.length)))
  return cuts
}

test('the constants are those of the format', () => {
  expect([chunkMin, chunkAverage, chunkMax, chunkThreshold]).toEqual([16384, 65536, 262144, 262144])
  const words = new Uint8Array(1024)
  gear.forEach((word, i) => {
    new DataView(words.buffer).setInt32(4 * i, word)
  })
  expect(new Set(gear).size).toBe(256)
  expect(createHash('sha256').update(words).digest('hex')).toBe(
    '9da4ddb11722ee78a2dfb375b69c8c6ff464a68e58c6e7d8477f0a10f2eb874d',
  )
})

test('noise(2,000,000, 42) is cut where it always was', () => {
  expect(cutsOf(noise(2_000_000, 42))).toEqual([
    81506, 147367, 220526, 270164, 322984, 411295, 487373, 542043, 611689, 628357, 680874, 756079, 831940,
    904463, 1000897, 1078726, 1186137, 1276328, 1324809, 1348588, 1414779, 1484796, 1555445, 1640448, 1658493,
    1734435, 1768075, 1840434, 1959250, 1984026, 2000000,
  ])
})

test('every chunk but the last lies between the bounds, near the average', () => {
  const cuts = cutsOf(noise(8_000_000, 7))
  const sizes = cuts.map((end, i) => end - (cuts[i - 1] ?? 0))
  for (const size of sizes.slice(0, -1)) {
    expect(size).toBeGreaterThan(chunkMin)
    expect(size).toBeLessThanOrEqual(chunkMax)
  }
  const average = 8_000_000 / sizes.length
  expect(average).toBeGreaterThan(chunkAverage * 0.7)
  expect(average).toBeLessThan(chunkAverage * 1.5)
})

test('H33: around the bounds', () => {
  for (const size of [1, chunkMin - 1, chunkMin]) expect(cutsOf(noise(size, 3))).toEqual([size])
  for (const size of [chunkMin + 1, chunkAverage, chunkMax - 1, chunkMax, chunkMax + 1]) {
    expect(cutsOf(noise(size, 3)).at(-1)).toBe(size)
  }
  expect(cutsOf(new Uint8Array(chunkMax + 1))).toEqual([chunkMax, chunkMax + 1])
})
