import { expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { caching } from '../../../src/core/backend/caching.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { QuiltError } from '../../../src/core/base/error.ts'
import { inParts, keysOf, refuses, someBytes } from '../../../src/testing/backend-fixture.ts'

const keeps = (key: string): number => (key.startsWith('packs/') ? 1_000_000 : 0)
const body = someBytes(200_001)

/** `toEqual` takes a second for arrays of this size (measured). */
async function expectBytes(got: Promise<Uint8Array>, wanted: Uint8Array): Promise<void> {
  expect(Buffer.from(wanted).equals(await got)).toBe(true)
}

/** Counts the gets that reach a backend. */
function counting(backend: Backend): { readonly backend: Backend; readonly gets: () => number } {
  let gets = 0
  const get: Backend['get'] = (key, range, ctx) => (gets++, backend.get(key, range, ctx))
  return { backend: { ...backend, get }, gets: () => gets }
}

test('asks the far side once for a range, and for what was read whole, also for ranges of it', async () => {
  const near = memoryBackend()
  const { backend: far, gets } = counting(memoryBackend())
  await far.put('packs/p', body)
  const backend = caching(near, far, { keeps })
  for (let i = 0; i < 2; i++)
    await expectBytes(backend.get('packs/p', { start: 5, end: 10 }), body.slice(5, 10))
  expect([gets(), await keysOf(near, '')]).toEqual([1, ['packs_p.5-10']])
  await expectBytes(backend.get('packs/p'), body)
  expect(gets()).toBe(2)
  for (const [start, end] of [
    [0, 1],
    [65_535, 65_537],
    [65_536, 131_072],
    [0, 200_001],
    [200_000, 200_001],
    [200_001, 200_001],
  ] as const) {
    await expectBytes(backend.get('packs/p', { start, end }), body.slice(start, end))
  }
  await expectBytes(backend.get('packs/p'), body)
  expect(gets()).toBe(2)
})

test('reads back from near what it put as an array, and from afar what it streamed', async () => {
  const { backend: far, gets } = counting(memoryBackend())
  const backend = caching(memoryBackend(), far, { keeps })
  await backend.put('packs/array', body)
  await backend.put('packs/empty', new Uint8Array())
  await expectBytes(backend.get('packs/array'), body)
  expect((await backend.get('packs/empty')).length).toBe(0)
  expect(gets()).toBe(0)
  await backend.put('packs/stream', inParts(body, 1000))
  await expectBytes(backend.get('packs/stream'), body)
  expect(gets()).toBe(1)
})

test('keeps nothing that is too long', async () => {
  const near = memoryBackend()
  const far = memoryBackend()
  const backend = caching(near, far, { keeps: () => body.length - 1 })
  await backend.put('packs/p', body)
  await expectBytes(backend.get('packs/p'), body)
  await expectBytes(backend.get('packs/p', { start: 0, end: body.length }), body)
  expect(await keysOf(near, '')).toEqual([])
})

test('drops all copies of a key that is replaced, or whose bytes nobody trusts', async () => {
  const near = memoryBackend()
  const { backend: far, gets } = counting(memoryBackend())
  const backend = caching(near, far, { keeps })
  const range = { start: 5, end: 10 }
  await far.put('packs/p', body)
  await backend.get('packs/p', range)
  await backend.put('packs/p', someBytes(20))
  await expectBytes(backend.get('packs/p', range), someBytes(20).slice(5, 10))
  expect(gets()).toBe(1)
  await far.put('packs/p', body)
  await backend.distrust?.('packs/p')
  await expectBytes(backend.get('packs/p', range), body.slice(5, 10))
  expect(gets()).toBe(2)
})

test('always asks the far side for what may change', async () => {
  const near = memoryBackend()
  const far = memoryBackend()
  const backend = caching(near, far, { keeps })
  await backend.put('refs/g1', someBytes(1))
  await far.put('refs/g1', someBytes(2))
  await expectBytes(backend.get('refs/g1'), someBytes(2))
  expect(await keysOf(near, '')).toEqual([])
})

test('takes a damaged near copy for none, wherever the damage lies, and replaces it', async () => {
  const near = memoryBackend()
  const far = memoryBackend()
  const backend = caching(near, far, { keeps })
  await backend.put('packs/p', body)
  const copy = 'packs_p.whole'
  const good = await near.get(copy)
  const flipped = (at: number): Uint8Array => good.map((byte, i) => (i === at ? byte ^ 1 : byte))
  const stride = 65_540
  const damages = [flipped(0), flipped(65_537), flipped(good.length - 1), flipped(stride + 3)]
  const cuts = [0, 1, 4, 5, stride, 2 * stride, good.length - 1].map((size) => good.slice(0, size))
  for (const bad of [...damages, ...cuts, new Uint8Array(good.length), inOtherOrder(good, stride)]) {
    for (const key of await keysOf(near, '')) await near.delete(key)
    await near.put(copy, bad)
    const range = { start: 10, end: 199_990 }
    await expectBytes(backend.get('packs/p', range), body.slice(range.start, range.end))
    await expectBytes(backend.get('packs/p'), body)
    await expectBytes(near.get(copy), good)
  }
  await backend.put('packs/q', someBytes(200_001, 2))
  await near.put(copy, await near.get('packs_q.whole'))
  await expectBytes(backend.get('packs/p'), body)
})

function inOtherOrder(copy: Uint8Array, stride: number): Uint8Array {
  const changed = copy.slice()
  changed.set(copy.subarray(stride, 2 * stride), 0)
  changed.set(copy.subarray(0, stride), stride)
  return changed
}

test('works on when the near side fails at everything', async () => {
  const fail = (): never => {
    throw new QuiltError('UNAVAILABLE', 'the near disk is full')
  }
  const near: Backend = {
    ...memoryBackend(),
    get: async () => fail(),
    put: async () => fail(),
    head: async () => fail(),
    delete: async () => fail(),
    close: async () => fail(),
  }
  const backend = caching(near, memoryBackend(), { keeps })
  await backend.put('packs/p', body)
  await expectBytes(backend.get('packs/p'), body)
  await backend.delete('packs/p')
  await refuses('NOT_FOUND', backend.get('packs/p'))
  await backend.close()
})

test('keeps nothing near that the far side did not take', async () => {
  const near = memoryBackend()
  const far = memoryBackend()
  await far.put('packs/p', someBytes(3))
  const backend = caching(near, far, { keeps })
  await refuses('CONFLICT', backend.put('packs/p', body, { absent: true }))
  expect(await keysOf(near, '')).toEqual([])
  await expectBytes(backend.get('packs/p'), someBytes(3))
})

test('forgets what is deleted', async () => {
  const near = memoryBackend()
  const backend = caching(near, memoryBackend(), { keeps })
  await backend.put('packs/p', body)
  await backend.delete('packs/p')
  expect(await keysOf(near, '')).toEqual([])
  await refuses('NOT_FOUND', backend.get('packs/p'))
})
