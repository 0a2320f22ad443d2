import { expect, test } from 'vitest'
import { limiting } from '../../../src/core/backend/limiting.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { inParts, refuses, someBytes } from '../../../src/testing/backend-fixture.ts'
import { parseRate } from '../../../src/cli/flags/rate-flag.ts'
import { fakeAmbient } from '../../support/ambient.ts'

test('keeps what goes both ways below the rate, on average', async () => {
  const ambient = fakeAmbient()
  const start = ambient.now().getTime()
  const backend = limiting(memoryBackend(), ambient, 100_000)
  const body = someBytes(500_000)
  await backend.put('a', body)
  await backend.put('b', inParts(body, 50_000))
  expect(Buffer.from(await backend.get('a')).equals(body)).toBe(true)
  await backend.get('a', { start: 0, end: 400_000 })
  await backend.get('a', { start: 0, end: 1 })
  // All but the very last byte has been waited for: 500 + 500 + 500 + 400 kB.
  expect(ambient.now().getTime() - start).toBe(19_000)
})

test('reads long ranges in pieces, and makes no room for what is not there', async () => {
  const ambient = fakeAmbient()
  const inner = memoryBackend()
  const asked: number[] = []
  const backend = limiting(
    {
      ...inner,
      get: async (key, range, ctx) => {
        asked.push((range?.end ?? 0) - (range?.start ?? 0))
        return inner.get(key, range, ctx)
      },
    },
    ambient,
    200_000,
  )
  const body = someBytes(1_000_000)
  await inner.put('a', body)
  expect(
    Buffer.from(await backend.get('a', { start: 1, end: 999_999 })).equals(body.subarray(1, 999_999)),
  ).toBe(true)
  expect(asked).toEqual([1, 400_000, 400_000, 199_998])
  await refuses('INVALID', backend.get('a', { start: 0, end: Number.MAX_SAFE_INTEGER }))
})

test('stops waiting when the caller has asked to', async () => {
  const ambient = fakeAmbient()
  const backend = limiting(memoryBackend(), ambient, 1)
  await backend.put('a', someBytes(1000))
  const stop = new AbortController()
  ambient.onSleep = () => stop.abort(new Error('enough'))
  await expect(backend.get('a', { start: 0, end: 10 }, { signal: stop.signal })).rejects.toThrow('enough')
})

test('reads rates', () => {
  expect(['1', '500K', '1.5m', '2G'].map(parseRate)).toEqual([1, 512_000, 1_572_864, 2 ** 31])
  for (const text of ['', '0', '-1', '1Q', '1MB', 'NaN', '1e9', '0.5'])
    expect(() => parseRate(text)).toThrow(/rate/)
})
