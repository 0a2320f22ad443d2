import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import { QuiltError } from '../../../../src/core/base/error.ts'
import { decodeGeneration } from '../../../../src/core/codec/generation.ts'
import { latest } from '../../../../src/core/model/ref-name.ts'
import { generationKey } from '../../../../src/core/store/layout.ts'
import type { RefPlan } from '../../../../src/core/store/ref-store.ts'
import { verifyRefs } from '../../../../src/core/store/verify-refs.ts'
import {
  collect,
  idOf,
  keysOf,
  moveTo,
  moves,
  openRefs,
  record,
  refsOf,
  replay,
  small,
  stepping,
  wine,
} from '../../../support/ref-bench.ts'

describe('folding', () => {
  test(
    'keeps the newest files, few segments, and the whole log of 10,000 moves',
    { timeout: 120_000 },
    async () => {
      const backend = memoryBackend()
      const refs = openRefs(backend)
      await moves(refs, 10_000)
      const keys = await keysOf(backend)
      expect(keys.filter((key) => /\/g\d+$/.test(key)).length).toBeLessThanOrEqual(16)
      expect(keys.filter((key) => key.includes('/s')).length).toBeLessThanOrEqual(14)
      let next = 10_000
      for await (const row of refs.log(wine)) {
        expect([row.generation, row.reason]).toEqual([next, `move ${String(next)}`])
        next--
      }
      expect(next).toBe(0)
      expect(await collect(verifyRefs(backend))).toEqual([])
    },
  )

  test('its failure fails no update, and the next one makes up for it', async () => {
    const inner = memoryBackend()
    let broken = true
    const refs = openRefs(
      stepping(inner, async (what) => {
        if (broken && /\/s\d+|^delete/.test(what)) throw new QuiltError('UNAVAILABLE', 'no')
      }),
      small,
    )
    await moves(refs, 30)
    expect((await keysOf(inner)).length).toBe(30)
    broken = false
    await moves(refs, 1, 31)
    expect((await keysOf(inner)).length).toBeLessThan(6)
    expect(await collect(refs.log(wine))).toHaveLength(31)
  })

  test('H46: a sleeper who puts a folded number again has lost, takes its stray away and tries anew', async () => {
    const inner = memoryBackend()
    const others = openRefs(inner, small)
    await moves(others, 3)
    let slept = false
    const strays: string[] = []
    const sleeper = openRefs(
      stepping(inner, async (what) => {
        if (what.startsWith('delete')) strays.push(what)
        if (!what.startsWith('put') || slept) return
        slept = true
        await moves(others, 20, 4)
        expect(await inner.head(generationKey(wine, 4))).toBeUndefined()
      }),
      { ...small, foldAbove: 1000 },
    )
    const state = await sleeper.update(wine, moveTo(idOf(99)), record('sleeper'))
    expect(state.generation).toBe(24)
    expect(strays).toEqual([`delete ${generationKey(wine, 4)}`])
    const log = await collect(others.log(wine))
    expect(log.filter((row) => row.reason === 'sleeper').map((row) => row.generation)).toEqual([24])
    expect(log.map((row) => row.reason)).toHaveLength(24)
    expect(replay(log)).toEqual(state.refs)
  })

  test('a stray that its sleeper left is no part of state or log, and is swept', async () => {
    const backend = memoryBackend()
    const refs = openRefs(backend, small)
    await moves(refs, 3)
    const other = memoryBackend()
    for (const key of await keysOf(backend)) await other.put(key, await backend.get(key))
    await openRefs(other).update(wine, moveTo(idOf(99)), record('stray'))
    const stray = await other.get(generationKey(wine, 4))
    expect(decodeGeneration(stray, 'it').previous).toBeDefined()
    await moves(refs, 20, 4)
    await backend.put(generationKey(wine, 4), stray, { absent: true })
    expect(refsOf(await refs.get(wine))).toEqual({ latest: idOf(23) })
    expect((await collect(refs.log(wine))).some((row) => row.reason === 'stray')).toBe(false)
    expect(await collect(verifyRefs(backend))).toEqual([])
    await moves(refs, 1, 24)
    expect(await backend.head(generationKey(wine, 4))).toBeUndefined()
  })

  test('a reader who lists, then sleeps while all is folded away, finds the state all the same', async () => {
    const inner = memoryBackend()
    const others = openRefs(inner, small)
    await moves(others, 3)
    let slept = false
    const reader = openRefs(
      stepping(inner, async (what) => {
        if (!what.startsWith('get') || slept) return
        slept = true
        await moves(others, 20, 4)
      }),
    )
    expect((await reader.get(wine))?.generation).toBe(23)
    slept = false
    expect(await collect(reader.packages())).toHaveLength(1)
  })

  test('H46: who read a stray neither reports it as done nor fails by it', async () => {
    const inner = memoryBackend()
    const others = openRefs(inner, small)
    await moves(others, 3)
    const fork = memoryBackend()
    for (const key of await keysOf(inner)) if (!key.endsWith('3')) await fork.put(key, await inner.get(key))
    await openRefs(fork).update(wine, moveTo(idOf(99)), record('stray'))
    const stray = await fork.get(generationKey(wine, 3))
    let slept = false
    const held = openRefs(
      stepping(inner, async (what) => {
        if (!what.startsWith('get') || slept) return
        slept = true // between its listing and its reading
        await moves(others, 20, 4)
        await inner.put(generationKey(wine, 3), stray, { absent: true })
      }),
      { ...small, foldAbove: 1000 },
    )
    const seen: (string | undefined)[] = []
    const plan: RefPlan = (state) => {
      seen.push(state?.refs.get(latest))
      return moveTo(idOf(99))(state)
    }
    expect((await held.update(wine, plan, record('done'))).generation).toBe(24)
    expect(seen).toEqual([idOf(99), idOf(23)])
  })

  test('H46: a plan that throws at a stray is asked again', async () => {
    const inner = memoryBackend()
    const others = openRefs(inner, small)
    await moves(others, 2)
    const fork = memoryBackend()
    for (const key of await keysOf(inner)) await fork.put(key, await inner.get(key))
    await openRefs(fork).update(wine, moveTo(idOf(99)), record('stray'))
    await moves(others, 1, 3)
    let slept = false
    const refs = openRefs(
      stepping(inner, async (what) => {
        if (!what.startsWith('get') || slept) return
        slept = true
        await moves(others, 20, 4)
        await inner.put(generationKey(wine, 3), await fork.get(generationKey(wine, 3)), { absent: true })
      }),
      { ...small, foldAbove: 1000 },
    )
    const plan: RefPlan = (state) => {
      if (state?.refs.get(latest) === idOf(99)) throw new QuiltError('DENIED', 'never 99')
      return moveTo(idOf(50))(state)
    }
    expect((await refs.update(wine, plan, record('x'))).generation).toBe(24)
  })

  test('a log that is read while others fold is whole', async () => {
    const backend = memoryBackend()
    const refs = openRefs(backend, small)
    await moves(refs, 40)
    const seen: number[] = []
    let n = 41
    for await (const { generation } of refs.log(wine)) {
      seen.push(generation)
      await moves(refs, 1, n++)
    }
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => 40 - i))
  })

  test('two who fold at once leave the log whole', async () => {
    const inner = memoryBackend()
    await moves(openRefs(inner, { ...small, foldAbove: 1000 }), 20)
    const turns: (() => void)[] = []
    const slow = stepping(inner, () => new Promise((resolve) => void turns.push(resolve)))
    const both = [1, 2].map((i) => openRefs(slow, small).update(wine, moveTo(idOf(100 + i)), record('fold')))
    let done = false
    void Promise.all(both).then(() => (done = true))
    for (let i = 0; !done; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0))
      turns.splice(i % Math.max(1, turns.length), 1)[0]?.()
    }
    expect(await collect(openRefs(inner).log(wine))).toHaveLength(22)
    expect(await collect(verifyRefs(inner))).toEqual([])
  })
})
