// What a backend promises to those who read, on one that was filled before: also for those that only read.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Backend } from '../core/backend/backend.ts'
import { keysOf, onBackend, refuses, someBytes } from './backend-fixture.ts'
import type { Case } from './case.ts'

const small = someBytes(1000)
const large = someBytes(3 * 1024 * 1024 + 7, 2)
/** In the order of their bytes: "-" and "." before "/", "/" before digits and letters, capitals before "_". */
const inOrder: readonly string[] = [
  'order/B',
  'order/_',
  'order/a-b',
  'order/a-b-/c',
  'order/a.b',
  'order/a/0',
  'order/a/b',
  'order/a/b-c/d',
  'order/a/b.c',
  'order/a0',
  'order/aa',
  'order/b',
]

/** Puts what the reading cases look for. */
export async function fillForReading(backend: Backend): Promise<void> {
  await backend.put('packs/small', small)
  await backend.put('packs/large', large)
  await backend.put('packs/empty', new Uint8Array())
  await backend.put('packs/one', Uint8Array.of(7))
  for (const key of inOrder.toReversed()) await backend.put(key, someBytes(key.length))
}

/** For makers of backends that `fillForReading` has filled. */
export const readingCases: readonly Case<Backend>[] = [
  onBackend('gets back the bytes of every size', async (backend) => {
    deepEqual(await backend.get('packs/small'), small)
    ok(Buffer.from(await backend.get('packs/large')).equals(large))
    equal((await backend.get('packs/empty')).length, 0)
    deepEqual([...(await backend.get('packs/one'))], [7])
  }),

  onBackend('gets ranges: inner, first, last, whole and empty ones', async (backend) => {
    for (const [start, end] of [
      [100, 200],
      [0, 1],
      [999, 1000],
      [0, 1000],
      [0, 0],
      [500, 500],
      [1000, 1000],
    ] as const) {
      deepEqual(await backend.get('packs/small', { start, end }), small.slice(start, end))
    }
    for (const start of [0, 65_535, 65_536, 1_048_575, large.length - 70_000]) {
      const end = start + 70_000
      ok(Buffer.from(await backend.get('packs/large', { start, end })).equals(large.subarray(start, end)))
    }
    equal((await backend.get('packs/empty', { start: 0, end: 0 })).length, 0)
  }),

  onBackend(
    'puts ranges where it was told to, or elsewhere: each is right while others are read',
    async (backend) => {
      const length = 70_000
      const starts = [0, 1_048_575, 65_536, large.length - length]
      const memory = starts.map(() => new Uint8Array(length).fill(0xee))
      for (let round = 0; round < 2; round++) {
        const read = await Promise.all(
          starts.map((start, i) =>
            backend.get('packs/large', {
              start,
              end: start + length,
              into: memory[i] as Uint8Array<ArrayBuffer>,
            }),
          ),
        )
        for (const [i, bytes] of read.entries()) {
          const start = starts[i] as number
          ok(Buffer.from(bytes).equals(large.subarray(start, start + length)))
        }
        starts.reverse()
      }
      await refuses('INVALID', backend.get('packs/small', { start: 999, end: 1001, into: new Uint8Array(2) }))
    },
  ),

  onBackend('refuses ranges that lie outside the bytes', async (backend) => {
    for (const [start, end] of [
      [0, 1001],
      [1000, 1001],
      [1001, 1001],
      [2000, 3000],
      [200, 100],
      [-1, 10],
      [0.5, 10],
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
    ] as const) {
      await refuses('INVALID', backend.get('packs/small', { start, end }))
    }
    await refuses('INVALID', backend.get('packs/empty', { start: 0, end: 1 }))
  }),

  onBackend('gives bytes that the caller may change', async (backend) => {
    const first = await backend.get('packs/small')
    first.fill(0)
    deepEqual(await backend.get('packs/small'), small)
  }),

  onBackend('says NOT_FOUND for a missing key, a part of a key, and a key behind a key', async (backend) => {
    for (const key of ['nothing', 'packs', 'packs/smal', 'packs/small2', 'order/a', 'packs/small/x']) {
      await refuses('NOT_FOUND', backend.get(key))
      await refuses('NOT_FOUND', backend.get(key, { start: 0, end: 0 }))
      equal(await backend.head(key), undefined)
    }
  }),

  onBackend('knows the size and time of a key', async (backend) => {
    const head = await backend.head('packs/small')
    deepEqual([head?.key, head?.size], ['packs/small', 1000])
    ok(head?.modified instanceof Date && Number.isFinite(head.modified.getTime()))
    equal((await backend.head('packs/empty'))?.size, 0)
    equal((await backend.head('packs/large'))?.size, large.length)
  }),

  onBackend('lists keys in the order of their bytes, with what head says of each', async (backend) => {
    deepEqual(await keysOf(backend, 'order/'), inOrder)
    for await (const head of backend.list('packs/')) deepEqual(head, await backend.head(head.key))
  }),

  onBackend('lists by any beginning of a key', async (backend) => {
    const all = [...inOrder, 'packs/empty', 'packs/large', 'packs/one', 'packs/small']
    for (const prefix of [
      '',
      'o',
      'order',
      'order/a',
      'order/a/',
      'order/a/b',
      'order/a-b',
      'order/a/b-c/d',
      'packs/',
    ]) {
      deepEqual(
        await keysOf(backend, prefix),
        all.filter((key) => key.startsWith(prefix)),
      )
    }
  }),

  onBackend('lists nothing where nothing is, and for what begins no key', async (backend) => {
    for (const prefix of [
      'x',
      'packs/small/',
      'order/a/b/',
      '/',
      '//',
      '../',
      './',
      'packs/../',
      'packs//',
      '..',
      '\0',
    ]) {
      deepEqual(await keysOf(backend, prefix), [])
    }
    deepEqual(await keysOf(backend, 'a'.repeat(5000)), [])
  }),

  onBackend('lets a listing be left half-way', async (backend) => {
    for await (const head of backend.list('')) {
      equal(head.key, inOrder[0])
      break
    }
    deepEqual((await keysOf(backend, '')).length, inOrder.length + 4)
  }),

  onBackend('refuses what is no key', async (backend) => {
    const wrong = [
      '',
      '/a',
      'a//b',
      '../a',
      'a/..',
      'a/../b',
      './a',
      '.',
      '..',
      'a\\b',
      'a\0b',
      'a/',
      '/',
      'a b',
    ]
    for (const key of [...wrong, 'ä', 'C:', 'a~', 'a'.repeat(1025), 'a/'.repeat(512) + 'a']) {
      await refuses('INVALID', backend.get(key))
      await refuses('INVALID', backend.head(key))
    }
  }),

  onBackend('stops reading when the caller has asked to', async (backend) => {
    const reason = new Error('enough')
    const ctx = { signal: AbortSignal.abort(reason) }
    const list = async (): Promise<void> => {
      for await (const head of backend.list('', ctx)) throw new Error(`listed ${head.key}`)
    }
    for (const work of [
      () => backend.get('packs/small', undefined, ctx),
      () => backend.head('packs/small', ctx),
      list,
    ]) {
      equal(await work().catch((error: unknown) => error), reason)
    }
  }),

  onBackend('serves many readers at once', async (backend) => {
    const starts = Array.from({ length: 64 }, (_, i) => i * 40_000)
    const parts = await Promise.all(
      starts.map((start) => backend.get('packs/large', { start, end: start + 40_000 })),
    )
    parts.forEach((part, i) => {
      const start = starts[i] as number
      ok(Buffer.from(part).equals(large.subarray(start, start + 40_000)))
    })
  }),

  onBackend('may be closed twice', async (backend) => {
    await backend.close()
  }),
]
