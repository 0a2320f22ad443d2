import { expect, test } from 'vitest'
import { readAhead } from '../../../../src/core/store/packs/read-ahead.ts'
import { noise } from '../../../support/store-bench.ts'

const bytes = noise(5_000_000)

function reader() {
  const asked: { start: number; end: number }[] = []
  const { read } = readAhead((_pack, range) => {
    asked.push(range)
    return Promise.resolve(bytes.slice(range.start, range.end))
  })
  const at = async (start: number, end: number): Promise<void> => {
    const got = await read({ pack: 'p', packSize: bytes.length, start, end })
    expect(Buffer.from(got).equals(bytes.subarray(start, end))).toBe(true)
  }
  return { at, asked }
}

test('one small read fetches little, and reads that go on fetch ever more', async () => {
  const { at, asked } = reader()
  await at(1_000_000, 1_000_300)
  expect(asked).toHaveLength(1)
  expect((asked[0]?.end ?? 0) - (asked[0]?.start ?? 0)).toBeLessThanOrEqual(16 * 1024)
  for (let start = 1_000_300; start < 4_000_000; start += 5000) await at(start, start + 5000)
  expect(asked.length).toBeLessThan(12)
})

test('reads in any order give the very bytes, also longer ones and at the end', async () => {
  const { at } = reader()
  for (let i = 0; i < 400; i++) {
    const start = (i * 7919 * 613) % (bytes.length - 1)
    await at(start, Math.min(bytes.length, start + ((i * 977) % 300_000) + 1))
  }
  await at(bytes.length - 10, bytes.length)
  await at(0, 10)
})
