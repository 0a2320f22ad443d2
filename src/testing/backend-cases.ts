// What every backend promises. Run them over each backend and each wrapper; a plugin tests itself with them.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Backend } from '../core/backend/backend.ts'
import { QuiltError, isQuiltError } from '../core/base/error.ts'
import { inParts, keysOf, onBackend, onWritable, refuses, someBytes } from './backend-fixture.ts'
import { fillForReading, readingCases } from './backend-reading-cases.ts'
import type { Case } from './case.ts'

const absent = { absent: true }

async function* failsHalfWay(): AsyncGenerator<Uint8Array> {
  yield someBytes(300_000)
  yield someBytes(1_500_000)
  throw new QuiltError('CORRUPT', 'the source is broken')
}

/** The winners of so many puts with `absent` at once, each of other bytes; all others must meet CONFLICT. */
async function winnersOf(backend: Backend, key: string, width: number): Promise<readonly Uint8Array[]> {
  const bodies = Array.from({ length: width }, (_, i) => someBytes(5000 + i, i + 1))
  const outcomes = await Promise.allSettled(
    bodies.map((body, i) => backend.put(key, i % 2 === 0 ? body : inParts(body, 999), absent)),
  )
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') ok(isQuiltError(outcome.reason, 'CONFLICT'), String(outcome.reason))
  }
  return bodies.filter((_, i) => outcomes[i]?.status === 'fulfilled')
}

const puttingCases: readonly Case<Backend>[] = [
  onWritable('keeps streamed bodies, whatever the sizes of their parts', async (backend) => {
    const body = someBytes(2_500_001, 3)
    for (const [i, sizes] of [[1_048_576], [65_537, 1, 0, 700_000], [999_983, 2_000_000]].entries()) {
      await backend.put(`packs/${i}`, inParts(body, ...sizes))
      ok(Buffer.from(await backend.get(`packs/${i}`)).equals(body))
      equal((await backend.head(`packs/${i}`))?.size, body.length)
    }
    await backend.put('packs/bytewise', inParts(body.subarray(0, 5000), 1))
    deepEqual(await backend.get('packs/bytewise'), body.slice(0, 5000))
    await backend.put('packs/empty', inParts(new Uint8Array(), 1))
    equal((await backend.get('packs/empty')).length, 0)
  }),

  onWritable('keeps a body that is a view into other bytes', async (backend) => {
    const around = someBytes(100)
    await backend.put('packs/view', around.subarray(10, 20))
    deepEqual(await backend.get('packs/view'), around.slice(10, 20))
  }),

  onWritable('keeps what was put, whatever becomes of the array afterwards', async (backend) => {
    const body = someBytes(100)
    await backend.put('packs/p', body)
    body.fill(0)
    deepEqual(await backend.get('packs/p'), someBytes(100))
  }),

  onWritable('replaces what was there', async (backend) => {
    await backend.put('config', someBytes(5000))
    await backend.put('config', someBytes(10, 2))
    deepEqual(await backend.get('config'), someBytes(10, 2))
    equal((await backend.head('config'))?.size, 10)
    deepEqual(await keysOf(backend, ''), ['config'])
  }),

  onWritable('takes keys of 1,020 characters, and all characters of keys', async (backend) => {
    const keys = [`${'a'.repeat(200)}/`.repeat(5).concat('b'.repeat(15)), 'A-Z.a_z/0.9', '.hidden/..x/-']
    for (const key of keys) {
      await backend.put(key, someBytes(3))
      deepEqual(await backend.get(key), someBytes(3))
      deepEqual(await keysOf(backend, key), [key])
    }
  }),

  onWritable('never lets the time of a key go back', async (backend) => {
    let last = 0
    for (let i = 0; i < 5; i++) {
      await backend.put('writers/w', someBytes(i))
      const modified = (await backend.head('writers/w'))?.modified.getTime() ?? 0
      ok(modified >= last)
      last = modified
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
  }),

  onWritable('renews the time of a key with each put', async (backend) => {
    await backend.put('writers/w', someBytes(1))
    const first = (await backend.head('writers/w'))?.modified.getTime() ?? 0
    for (let tries = 0; tries < 60; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      await backend.put('writers/w', someBytes(1))
      if (((await backend.head('writers/w'))?.modified.getTime() ?? 0) > first) return
    }
    throw new Error('the time did not move in 3 seconds')
  }),

  onWritable('refuses to put or delete what is no key, and leaves nothing', async (backend) => {
    for (const key of ['', '/a', 'a//b', '../a', 'a/..', 'a\\b', 'a\0b', 'a/', 'ä', 'a'.repeat(1025)]) {
      await refuses('INVALID', backend.put(key, someBytes(1)))
      await refuses('INVALID', backend.put(key, someBytes(1), absent))
      await refuses('INVALID', backend.delete(key))
    }
    deepEqual(await keysOf(backend, ''), [])
  }),

  onWritable('holds 1,000 keys', async (backend) => {
    const keys = Array.from(
      { length: 1000 },
      (_, i) => `packs/${i % 10}/${String((i * 7919) % 1000).padStart(4, '0')}`,
    )
    for (let i = 0; i < keys.length; i += 50) {
      await Promise.all(keys.slice(i, i + 50).map((key) => backend.put(key, someBytes(20, i))))
    }
    deepEqual(await keysOf(backend, 'packs/'), [...keys].sort())
    equal((await keysOf(backend, 'packs/3/')).length, 100)
  }),
]

const wholeCases: readonly Case<Backend>[] = [
  onWritable('leaves nothing of a body that breaks off', async (backend) => {
    await refuses('CORRUPT', backend.put('packs/new', failsHalfWay()))
    await refuses('CORRUPT', backend.put('packs/new', failsHalfWay(), absent))
    equal(await backend.head('packs/new'), undefined)
    deepEqual(await keysOf(backend, ''), [])
    await backend.put('packs/new', someBytes(9), absent)
  }),

  onWritable('leaves the old bytes when the new body breaks off', async (backend) => {
    await backend.put('packs/old', someBytes(77))
    await refuses('CORRUPT', backend.put('packs/old', failsHalfWay()))
    deepEqual(await backend.get('packs/old'), someBytes(77))
    deepEqual(await keysOf(backend, ''), ['packs/old'])
  }),

  onWritable('shows readers all of the old bytes or all of the new', async (backend) => {
    const versions = Array.from({ length: 8 }, (_, i) => someBytes(150_000 + i * 40_000, i + 1))
    const isWhole = (bytes: Uint8Array): boolean => versions.some((v) => Buffer.from(v).equals(bytes))
    await backend.put('config', versions[0] as Uint8Array)
    let writing = true
    const writers = Promise.all(
      [0, 1].map(async (writer) => {
        for (let i = 0; i < 20; i++) {
          const version = versions[(i * 2 + writer) % versions.length] as Uint8Array
          await backend.put('config', writer === 0 ? version : inParts(version, 50_000))
        }
      }),
    ).finally(() => (writing = false))
    const readers = [0, 1, 2].map(async () => {
      while (writing) {
        ok(isWhole(await backend.get('config')))
        deepEqual(await keysOf(backend, ''), ['config'])
      }
    })
    await Promise.all([writers, ...readers])
    ok(isWhole(await backend.get('config')))
  }),

  onWritable('stops writing when the caller has asked to, and leaves nothing', async (backend) => {
    const reason = new Error('enough')
    const ctx = { signal: AbortSignal.abort(reason) }
    const failure = (work: Promise<void>): Promise<unknown> => work.catch((error: unknown) => error)
    equal(await failure(backend.put('packs/p', someBytes(10), undefined, ctx)), reason)
    const later = new AbortController()
    async function* body(): AsyncGenerator<Uint8Array> {
      yield someBytes(1_200_000)
      later.abort(reason)
      yield someBytes(1_200_000)
    }
    equal(await failure(backend.put('packs/p', body(), undefined, { signal: later.signal })), reason)
    equal(await backend.head('packs/p'), undefined)
    await backend.put('packs/p', someBytes(10))
    equal(await failure(backend.delete('packs/p', ctx)), reason)
    deepEqual(await backend.get('packs/p'), someBytes(10))
  }),

  onWritable('deletes, and does not mind that nothing is there', async (backend) => {
    await backend.put('packs/a', someBytes(10))
    await backend.put('packs/b', someBytes(10))
    await backend.delete('packs/a')
    await backend.delete('packs/a')
    await backend.delete('never/was')
    await backend.delete('packs')
    await refuses('NOT_FOUND', backend.get('packs/a'))
    equal(await backend.head('packs/a'), undefined)
    deepEqual(await keysOf(backend, ''), ['packs/b'])
    await backend.put('packs/a', someBytes(11, 2), absent)
    deepEqual(await backend.get('packs/a'), someBytes(11, 2))
  }),

  onWritable('lists on while keys come and go', async (backend) => {
    for (let i = 0; i < 200; i++) await backend.put(`packs/${1000 + i}`, someBytes(4))
    const seen: string[] = []
    for await (const head of backend.list('packs/')) {
      seen.push(head.key)
      const number = Number(head.key.slice(6))
      if (number % 2 === 0) await backend.delete(`packs/${number + 1}`)
    }
    deepEqual(seen, [...new Set(seen)].sort())
    for (let i = 0; i < 200; i += 2) ok(seen.includes(`packs/${1000 + i}`))
  }),
]

const absentCases: readonly Case<Backend>[] = [
  onWritable('puts what is absent, and refuses what is not', async (backend) => {
    await backend.put('refs/g1', someBytes(100), absent)
    await refuses('CONFLICT', backend.put('refs/g1', someBytes(100, 2), absent))
    await refuses('CONFLICT', backend.put('refs/g1', inParts(someBytes(100, 2), 7), absent))
    deepEqual(await backend.get('refs/g1'), someBytes(100))
    deepEqual(await keysOf(backend, ''), ['refs/g1'])
    await backend.put('refs/g1', someBytes(50, 3))
    deepEqual(await backend.get('refs/g1'), someBytes(50, 3))
  }),

  onWritable('refuses an empty body where an empty one is', async (backend) => {
    await backend.put('refs/g1', new Uint8Array(), absent)
    await refuses('CONFLICT', backend.put('refs/g1', new Uint8Array([1]), absent))
    equal((await backend.get('refs/g1')).length, 0)
  }),

  onWritable('lets one of 16 racing puts win, with its own bytes', async (backend) => {
    for (let round = 0; round < 5; round++) {
      const key = `refs/deep/${round}/g1`
      const winners = await winnersOf(backend, key, 16)
      equal(winners.length, 1)
      deepEqual(await backend.get(key), winners[0])
    }
    equal((await keysOf(backend, '')).length, 5)
  }),

  onBackend('says of itself whether it can be written to', async (backend) => {
    equal(typeof backend.features.putIfAbsent, 'boolean')
    if (backend.features.writable) return
    equal(backend.features.putIfAbsent, false)
    await refuses('DENIED', backend.put('packs/p', someBytes(1)))
    await refuses('DENIED', backend.put('packs/p', someBytes(1), absent))
    await refuses('DENIED', backend.delete('packs/p'))
  }),
]

const filledCases: readonly Case<Backend>[] = readingCases.map(({ name, run }) => ({
  name,
  run: (make) =>
    run(async () => {
      const backend = await make()
      if (backend.features.writable) await fillForReading(backend)
      return backend
    }),
}))

/**
 * All that a backend promises. A maker gives an empty backend; one that cannot be written to is instead filled by
 * `fillForReading` beforehand.
 */
export const backendCases: readonly Case<Backend>[] = [
  ...filledCases,
  ...puttingCases,
  ...wholeCases,
  ...absentCases,
]
