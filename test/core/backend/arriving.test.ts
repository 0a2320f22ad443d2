// What arrived of a read that was cut, or whose process died, is not asked for again.
import { expect, test } from 'vitest'
import { arriving } from '../../../src/core/backend/arriving.ts'
import type { Backend, Range } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { QuiltError } from '../../../src/core/base/error.ts'
import { keysOf, refuses, someBytes } from '../../../src/testing/backend-fixture.ts'
import { settle } from '../../support/ambient.ts'

const mebibyte = 1024 * 1024
const body = someBytes(5 * mebibyte + 17)
const key = 'packs/p'
const all = { start: 0, end: body.length }
const now = (): Date => new Date()
const keeps = (name: string): boolean => name.startsWith('packs/')

/** A line that gives bytes in parts, and fails, or stops for ever, once so many have come. */
function line(
  far: Backend,
  end: { after: number; how: 'cut' | 'stop' } = { after: Infinity, how: 'cut' },
): { readonly backend: Backend; readonly asked: Range[] } {
  const asked: Range[] = []
  const get: Backend['get'] = async (name, range = all, ctx) => {
    asked.push({ start: range.start, end: range.end })
    const bytes = await far.get(name, range)
    for (let at = 0; at < bytes.length; at += 10_000) {
      if (at + 10_000 > end.after) {
        ctx?.onArrival?.(range.start + at, bytes.subarray(at, end.after))
        if (end.how === 'stop') await new Promise(() => undefined)
        throw new QuiltError('UNAVAILABLE', 'cut for good')
      }
      ctx?.onArrival?.(range.start + at, bytes.subarray(at, at + 10_000))
    }
    return bytes
  }
  return { backend: { ...far, get }, asked }
}

async function farAway(): Promise<Backend> {
  const far = memoryBackend()
  await far.put(key, body)
  return far
}

const isBody = (bytes: Uint8Array, { start, end }: Range): boolean =>
  Buffer.from(body.subarray(start, end)).equals(bytes)

test('a read that was cut for good goes on at the byte, in another process', async () => {
  const [near, far] = [memoryBackend(), await farAway()]
  const after = 3 * mebibyte + 12_345
  const first = arriving(near, line(far, { after, how: 'cut' }).backend, { keeps, now, after: 0 })
  await refuses('UNAVAILABLE', first.get(key, all))
  await first.close()
  const second = line(far)
  expect(isBody(await arriving(near, second.backend, { keeps, now, after: 0 }).get(key, all), all)).toBe(true)
  expect(second.asked).toEqual([{ start: after, end: body.length }])
})

test('of a process that was killed less than a MiB is asked for again, also in other ranges', async () => {
  const [near, far] = [memoryBackend(), await farAway()]
  void arriving(near, line(far, { after: 3 * mebibyte + 12_345, how: 'stop' }).backend, {
    keeps,
    now,
    after: 0,
  }).get(key, all)
  await settle()
  const second = line(far)
  const range = { start: 123_456, end: body.length - 3 }
  expect(isBody(await arriving(near, second.backend, { keeps, now, after: 0 }).get(key, range), range)).toBe(
    true,
  )
  expect(second.asked).toEqual([{ start: 3 * mebibyte, end: range.end }])
})

/** A line that puts bytes where they are asked for, and waits before it ends. */
function roomy(far: Backend, { after = Infinity, wait = 0 } = {}): Backend {
  return {
    ...far,
    get: async (name, range = all, ctx) => {
      const bytes = await far.get(name, range)
      const into = range.into ?? new Uint8Array(bytes.length)
      // The first half comes twice, as when the bytes were others at first.
      ctx?.onArrival?.(range.start, into.subarray(0, Math.min(after, mebibyte)))
      for (let at = 0; at < bytes.length; at += 10_000) {
        if (at + 10_000 > after) throw new QuiltError('UNAVAILABLE', 'cut for good')
        if (at === 2_000_000) await new Promise((resolve) => setTimeout(resolve, wait))
        into.set(bytes.subarray(at, at + 10_000), at)
        ctx?.onArrival?.(range.start + at, into.subarray(at, Math.min(at + 10_000, bytes.length)))
      }
      return into
    },
  }
}

test('a quick read is kept only where it fails, and then all of it', async () => {
  const [near, far] = [memoryBackend(), await farAway()]
  const puts: string[] = []
  const noted: Backend = {
    ...near,
    put: async (name, ...rest) => {
      puts.push(name)
      await near.put(name, ...rest)
    },
  }
  const quick = arriving(noted, roomy(far), { keeps, now })
  expect(isBody(await quick.get(key, all), all)).toBe(true)
  await settle()
  expect(puts).toEqual([])
  const after = 3_450_000
  await refuses('UNAVAILABLE', arriving(noted, roomy(far, { after }), { keeps, now }).get(key, all))
  await settle()
  const second = line(far)
  expect(isBody(await arriving(near, second.backend, { keeps, now }).get(key, all), all)).toBe(true)
  expect(second.asked).toEqual([{ start: after, end: body.length }])
})

test('a slow read is kept before it ends, with what came while it seemed quick', async () => {
  const [near, far] = [memoryBackend(), await farAway()]
  const slow = arriving(near, roomy(far, { wait: 30 }), { keeps, now, after: 20 })
  expect(isBody(await slow.get(key, all), all)).toBe(true)
  await settle()
  expect(await keysOf(near, '')).toHaveLength(6)
  const second = line(far)
  expect(isBody(await arriving(near, second.backend, { keeps, now }).get(key, all), all)).toBe(true)
  expect(second.asked).toEqual([])
})

test('a hole between pieces is asked for alone', async () => {
  const [near, far] = [memoryBackend(), await farAway()]
  void arriving(near, line(far, { after: 4 * mebibyte, how: 'stop' }).backend, { keeps, now, after: 0 }).get(
    key,
    all,
  )
  await settle()
  await near.delete(`packs_p.${String(mebibyte)}-${String(2 * mebibyte)}`)
  const second = line(far)
  expect(isBody(await arriving(near, second.backend, { keeps, now, after: 0 }).get(key, all), all)).toBe(true)
  expect(second.asked).toEqual([
    { start: mebibyte, end: 2 * mebibyte },
    { start: 4 * mebibyte, end: body.length },
  ])
})

test('all goes when it is closed and nothing failed, and what nobody trusts at once', async () => {
  const [near, far] = [memoryBackend(), await farAway()]
  const { backend, asked } = line(far)
  const one = arriving(near, backend, { keeps, now, after: 0 })
  await one.get(key, all)
  await one.distrust?.(key)
  expect(await keysOf(near, '')).toEqual([])
  await one.get(key, all)
  expect(asked).toEqual([all, all])
  await settle()
  expect(await keysOf(near, '')).toHaveLength(6)
  await one.close()
  expect(await keysOf(near, '')).toEqual([])
})

test('short reads, whole ones and other keys pass; a backend that tells of nothing is kept too', async () => {
  const [near, far] = [memoryBackend(), await farAway()]
  await far.put('index/i', body)
  const one = arriving(near, far, { keeps, now, after: 0 })
  await one.get(key)
  await one.get(key, { start: 0, end: 1000 })
  await one.get('index/i', all)
  await settle()
  expect(await keysOf(near, '')).toEqual([])
  await one.get(key, all)
  await settle()
  expect(await keysOf(near, '')).toHaveLength(6)
})

test('a near side that takes nothing, or gives other lengths than it said, only means that all is asked for', async () => {
  const far = await farAway()
  const fail = (): never => {
    throw new QuiltError('UNAVAILABLE', 'the near disk is full')
  }
  const full: Backend = { ...memoryBackend(), put: async () => fail(), get: async () => fail(), list: fail }
  const torn = memoryBackend()
  await torn.put('packs_p.0-1048576', body.slice(0, 1000))
  for (const near of [full, torn]) {
    const { backend, asked } = line(far)
    const one = arriving(near, backend, { keeps, now, after: 0 })
    expect(isBody(await one.get(key, all), all)).toBe(true)
    expect(asked).toEqual([all])
    await one.close()
  }
})
