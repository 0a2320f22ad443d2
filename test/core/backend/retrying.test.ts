import { expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import type { RetryOptions } from '../../../src/core/backend/patience.ts'
import { retrying } from '../../../src/core/backend/retrying.ts'
import type { Context } from '../../../src/core/base/context.ts'
import { QuiltError, type ErrorCode } from '../../../src/core/base/error.ts'
import { inParts, keysOf, refuses, someBytes } from '../../../src/testing/backend-fixture.ts'

const down = (code: ErrorCode = 'UNAVAILABLE'): QuiltError => new QuiltError(code, 'told to fail')

function patience(pauses: number[] = [], attempts = 4): RetryOptions {
  return {
    attempts,
    random: () => 1,
    delay: async (milliseconds) => {
      pauses.push(milliseconds)
    },
  }
}

test('tries again what is UNAVAILABLE, so many times, with growing pauses', async () => {
  const pauses: number[] = []
  let calls = 0
  const failing: Backend = { ...memoryBackend(), get: async () => (calls++, Promise.reject(down())) }
  await refuses('UNAVAILABLE', retrying(failing, patience(pauses, 5)).get('a'))
  expect([calls, pauses]).toEqual([5, [100, 200, 400, 800]])
})

test('tells what failed before each further attempt', async () => {
  const told: unknown[] = []
  const failing: Backend = { ...memoryBackend(), get: async () => Promise.reject(down()) }
  const onRetry: Context['onRetry'] = ({ error, ...numbers }) => void told.push([error.message, numbers])
  await refuses('UNAVAILABLE', retrying(failing, patience([], 3)).get('a', undefined, { onRetry }))
  expect(told).toEqual([
    ['told to fail', { attempt: 2, attempts: 3, pause: 100 }],
    ['told to fail', { attempt: 3, attempts: 3, pause: 200 }],
  ])
})

test('gives up with the last failure as the cause, and nobody above tries again', async () => {
  const failing: Backend = { ...memoryBackend(), get: async () => Promise.reject(down()) }
  let calls = 0
  const counted: Backend = { ...failing, get: (key) => (calls++, failing.get(key)) }
  const twice = retrying(retrying(counted, patience([], 3)), patience([], 3))
  const error: unknown = await twice.get('a').catch((thrown: unknown) => thrown)
  expect(calls).toBe(3)
  expect(error).toMatchObject({ code: 'UNAVAILABLE', message: 'told to fail (tried 3 times)' })
  expect((error as Error).cause).toMatchObject({ message: 'told to fail' })
})

test('waits as long as it is asked to, a minute at most', async () => {
  const pauses: number[] = []
  let asked = [3000, 1e9, 1]
  const failing: Backend = {
    ...memoryBackend(),
    get: async () => {
      const [retryAfter, ...rest] = asked
      asked = rest
      throw new QuiltError('UNAVAILABLE', 'busy', { retryAfter })
    },
  }
  await refuses('UNAVAILABLE', retrying(failing, patience(pauses)).get('a'))
  expect(pauses).toEqual([3000, 60_000, 400])
})

test('keeps the pauses within their bounds', async () => {
  for (const [random, expected] of [
    [0, [250, 500, 500]],
    [0.999, [999, 1998, 1998]],
  ] as const) {
    const pauses: number[] = []
    const failing: Backend = { ...memoryBackend(), head: () => Promise.reject(down()) }
    const options = { ...patience(pauses), random: () => random, firstPause: 1000, longestPause: 2000 }
    await refuses('UNAVAILABLE', retrying(failing, options).head('a'))
    expect(pauses.map(Math.floor)).toEqual(expected)
  }
})

test('tries nothing again that failed otherwise', async () => {
  for (const code of ['NOT_FOUND', 'DENIED', 'CONFLICT', 'INVALID', 'CORRUPT'] as const) {
    let calls = 0
    const failing: Backend = { ...memoryBackend(), get: async () => (calls++, Promise.reject(down(code))) }
    await refuses(code, retrying(failing, patience()).get('a'))
    expect(calls).toBe(1)
  }
})

test('sends a streamed body once only', async () => {
  let calls = 0
  const failing: Backend = { ...memoryBackend(), put: async () => (calls++, Promise.reject(down())) }
  await refuses('UNAVAILABLE', retrying(failing, patience()).put('a', inParts(someBytes(10), 3)))
  expect(calls).toBe(1)
})

/** A backend whose first put is done, or not, and in any case not answered. */
function losesFirstAnswer(whole: Backend, before: () => Promise<void>): Backend {
  let first = true
  return {
    ...whole,
    async put(key, body, options, ctx) {
      if (first) {
        first = false
        await before()
        throw down()
      }
      await whole.put(key, body, options, ctx)
    },
  }
}

test('has won when a put whose answer was lost finds its own bytes', async () => {
  const whole = memoryBackend()
  const body = someBytes(100)
  const lossy = losesFirstAnswer(whole, () => whole.put('g1', body))
  await retrying(lossy, patience()).put('g1', body, { absent: true })
  expect(await whole.get('g1')).toEqual(body)
})

test('has lost when it then finds the bytes of another, of the same size or not', async () => {
  for (const other of [someBytes(100, 2), someBytes(101)]) {
    const whole = memoryBackend()
    const lossy = losesFirstAnswer(whole, () => whole.put('g1', other))
    await refuses('CONFLICT', retrying(lossy, patience()).put('g1', someBytes(100), { absent: true }))
    expect(await whole.get('g1')).toEqual(other)
  }
})

test('has lost when its own bytes were there from the start', async () => {
  const whole = memoryBackend()
  await whole.put('g1', someBytes(100))
  await refuses('CONFLICT', retrying(whole, patience()).put('g1', someBytes(100), { absent: true }))
})

test('lists on behind the last key it gave', async () => {
  const whole = memoryBackend()
  const keys = Array.from({ length: 20 }, (_, i) => `k${10 + i}`)
  for (const key of keys) await whole.put(key, someBytes(1))
  let listings = 0
  const breaking: Backend = {
    ...whole,
    async *list(prefix, ctx) {
      let left = 3 * ++listings
      for await (const head of whole.list(prefix, ctx)) {
        if (left-- === 0) throw down()
        yield head
      }
    },
  }
  expect(await keysOf(retrying(breaking, patience([], 2)), 'k')).toEqual(keys)
  expect(listings).toBe(7)
})

test('gives up a listing that never gets further', async () => {
  let listings = 0
  const breaking: Backend = {
    ...memoryBackend(),
    async *list() {
      listings++
      yield { key: 'k1', size: 1, modified: new Date(0) }
      throw down()
    },
  }
  await refuses('UNAVAILABLE', keysOf(retrying(breaking, patience()), ''))
  expect(listings).toBe(4)
})

test('stops waiting when the caller has asked to', async () => {
  const stop = new AbortController()
  const reason = new Error('enough')
  let calls = 0
  const failing: Backend = { ...memoryBackend(), get: async () => (calls++, Promise.reject(down())) }
  const delay = async (): Promise<void> => stop.abort(reason)
  const backend = retrying(failing, { ...patience(), delay })
  await expect(backend.get('a', undefined, { signal: stop.signal })).rejects.toBe(reason)
  expect(calls).toBe(1)
})
