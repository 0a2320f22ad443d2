import { expect, test } from 'vitest'
import { concatBytes } from '../../../src/core/base/bytes.ts'
import { makeChunker } from '../../../src/core/chunk/chunker.ts'
import { chunkAverage, chunkMax, chunkMin, cut } from '../../../src/core/chunk/fastcdc.ts'
import { hashBytes } from '#hash'
import { noise } from '../../support/store-bench.ts'

/** The chunks of bytes that are handed over in blocks of these sizes, over and over. */
function chunksOf(bytes: Uint8Array, ...sizes: number[]): Uint8Array[] {
  return chunksWith([], bytes, ...sizes)
}

/** The same, where chunks must end at edges. */
function chunksWith(edges: readonly number[], bytes: Uint8Array, ...sizes: number[]): Uint8Array[] {
  const memory = new Uint8Array(chunkMax + Math.max(...sizes))
  const chunker = makeChunker({ cut, max: chunkMax, hash: hashBytes })
  const chunks: Uint8Array[] = []
  for (let at = 0, i = 0, last = false; !last; i++) {
    const before = at
    const part = bytes.subarray(at, (at += sizes[i % sizes.length] as number))
    last = at >= bytes.length
    memory.set(part, chunkMax)
    const { start, ends, ids } = chunker({
      bytes: memory,
      start: chunkMax,
      end: chunkMax + part.length,
      first: i === 0,
      last,
      edges: edges.filter((edge) => edge > before && edge <= at).map((edge) => edge - before + chunkMax),
    })
    let from = start
    for (const [j, end] of ends.entries()) {
      const chunk = memory.slice(from, end)
      expect(hashBytes(chunk)).toBe(ids[j])
      chunks.push(chunk)
      from = end
    }
  }
  return chunks
}

const lengths = (chunks: readonly Uint8Array[]): number[] => chunks.map(({ length }) => length)

test('cuts depend on the bytes, not on how they come', () => {
  const bytes = noise(1_500_000, 5)
  const whole = chunksOf(bytes, bytes.length)
  for (const sizes of [[65536], [1_000_000, 1], [777, 30_000], [chunkMax], [chunkMax - 1], [4096]]) {
    expect(lengths(chunksOf(bytes, ...sizes))).toEqual(lengths(whole))
  }
  expect(Buffer.from(concatBytes(whole)).equals(bytes)).toBe(true)
})

test('a chunk ends at each edge, and what lies between two is cut as it would be alone', () => {
  const bytes = noise(1_500_000, 7)
  const edges = [1, 20_000, 20_001, 65_536, 700_000, 700_000 + chunkMax, 1_499_999]
  const parts = [0, ...edges].flatMap((from, i) => chunksOf(bytes.subarray(from, edges[i]), bytes.length))
  for (const sizes of [[bytes.length], [65536], [777, 30_000], [chunkMax], [chunkMax - 1], [20_000]])
    expect(lengths(chunksWith(edges, bytes, ...sizes))).toEqual(lengths(parts))
  expect(Buffer.from(concatBytes(parts)).equals(bytes)).toBe(true)
})

test('a byte put in, taken out or changed costs a chunk or two', () => {
  const bytes = noise(4_000_000, 6)
  const known = new Set(chunksOf(bytes, 65536).map(hashBytes))
  const at = 2_000_000
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  for (const edited of [
    concatBytes([before, Uint8Array.of(1), after]),
    concatBytes([before, after.subarray(1)]),
    concatBytes([Uint8Array.of(9), bytes]),
    concatBytes([before, noise(5000, 8), after.subarray(1)]),
  ]) {
    const fresh = chunksOf(edited, 65536).filter((chunk) => !known.has(hashBytes(chunk)))
    expect(fresh.length).toBeLessThanOrEqual(3)
  }
})

test('H33: sizes around the bounds come back whole', () => {
  for (const bound of [0, 1, chunkMin, chunkAverage, chunkMax, 2 * chunkMax]) {
    for (const size of [bound - 1, bound, bound + 1].filter((one) => one >= 0)) {
      const bytes = noise(size, 9)
      const chunks = chunksOf(bytes, 50_000)
      expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= chunkMax)).toBe(true)
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
    }
  }
})

test('zeros are cut at the longest length', () => {
  expect(lengths(chunksOf(new Uint8Array(chunkMax * 2 + 10), 65536))).toEqual([chunkMax, chunkMax, 10])
})
