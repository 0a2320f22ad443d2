import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import type { Backend } from '../../../../src/core/backend/backend.ts'
import { parsePackageName } from '../../../../src/core/model/package-name.ts'
import { repairRefs, type RepairedRefs } from '../../../../src/core/store/generations/repair-refs.ts'
import { generationKey, segmentKey } from '../../../../src/core/store/layout.ts'
import { verifyRefs } from '../../../../src/core/store/verify-refs.ts'
import {
  ambient,
  collect,
  crashing,
  flip,
  idOf,
  keysOf,
  moves,
  openRefs,
  record,
  refsOf,
  small,
  wine,
} from '../../../support/ref-bench.ts'

function mend(backend: Backend, giveUp = false): Promise<RepairedRefs> {
  return repairRefs(backend, { pkg: wine, record: record('repair'), randomName: ambient.randomName, giveUp })
}

async function zero(backend: Backend, key: string): Promise<void> {
  await backend.put(key, new Uint8Array((await backend.get(key)).length))
}

/** Segments and generation files of one package. */
async function folded(): Promise<Backend> {
  const backend = memoryBackend()
  await moves(openRefs(backend, small), 20)
  expect((await keysOf(backend)).some((key) => key.includes('/s'))).toBe(true)
  return backend
}

describe('one flipped bit', () => {
  test('at any place of any file of the refs is turned back, and nothing is lost', async () => {
    const backend = await folded()
    const log = await collect(openRefs(backend).log(wine))
    for (const key of await keysOf(backend)) {
      const whole = await backend.get(key)
      for (const at of [0, 5, whole.length >> 1, whole.length - 33, whole.length - 32, whole.length - 1]) {
        const bytes = whole.slice()
        bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
        await backend.put(key, bytes)
        expect((await collect(verifyRefs(backend))).length, `${key} ${String(at)}`).toBeGreaterThan(0)
        expect(await mend(backend)).toEqual({ mended: [key], lost: [], hasState: true })
        expect(await backend.get(key)).toEqual(whole)
        expect(await collect(verifyRefs(backend))).toEqual([])
      }
    }
    expect(await collect(openRefs(backend).log(wine))).toEqual(log)
  })
})

describe('what cannot be had again', () => {
  test('a lost newest generation: the one before goes on behind it, and the log says that a move is lost', async () => {
    const backend = memoryBackend()
    await moves(openRefs(backend), 3)
    await zero(backend, generationKey(wine, 3))
    expect(await mend(backend)).toEqual({ mended: [], lost: [3], resumed: 2, hasState: true })
    const refs = openRefs(backend)
    expect(await refs.get(wine)).toMatchObject({ generation: 4 })
    expect(refsOf(await refs.get(wine))).toEqual({ latest: idOf(2) })
    expect((await collect(refs.log(wine))).map(({ reason }) => reason)).toEqual([
      'repair',
      'lost: its record was damaged',
      'move 2',
      'move 1',
    ])
    expect(await collect(verifyRefs(backend))).toEqual([])
    await moves(refs, 20, 5)
    expect(await collect(verifyRefs(backend))).toEqual([])
  })

  test('an older generation, a segment, several at once: the state stays, the log has gaps that say so', async () => {
    const keys = (await keysOf(await folded())).filter((key) => !key.endsWith('0020'))
    expect(keys.length).toBeGreaterThan(2)
    for (const lost of [...keys.map((key) => [key]), keys]) {
      for (const damage of [zero, (on: Backend, key: string) => on.delete(key)]) {
        const backend = await folded()
        const before = await openRefs(backend).get(wine)
        for (const key of lost) await damage(backend, key)
        expect((await collect(verifyRefs(backend))).length).toBeGreaterThan(0)
        const repaired = await mend(backend)
        expect(repaired).toMatchObject({ mended: [], hasState: true })
        expect(repaired.lost.length).toBeGreaterThan(0)
        expect(repaired.resumed).toBeUndefined()
        expect(await collect(verifyRefs(backend)), lost.join(' ')).toEqual([])
        expect(await openRefs(backend).get(wine)).toEqual(before)
        expect(await collect(openRefs(backend).log(wine))).toHaveLength(20)
        await moves(openRefs(backend, small), 20, 21)
        expect(await collect(verifyRefs(backend))).toEqual([])
      }
    }
  })

  test('all generation files gone: the segments say the refs', async () => {
    const backend = memoryBackend()
    await moves(openRefs(backend, { keep: 1, foldAbove: 1 }), 4)
    await backend.delete(generationKey(wine, 4))
    const { resumed, lost } = await mend(backend)
    expect({ resumed, lost }).toEqual({ resumed: 3, lost: [] })
    expect(refsOf(await openRefs(backend).get(wine))).toEqual({ latest: idOf(3) })
    expect(await collect(verifyRefs(backend))).toEqual([])
  })

  test('no state left: nothing is done, until the package is given up', async () => {
    const backend = memoryBackend()
    await moves(openRefs(backend), 1)
    await zero(backend, generationKey(wine, 1))
    expect(await mend(backend)).toEqual({ mended: [], lost: [], hasState: false })
    await expect(openRefs(backend).get(wine)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(await mend(backend, true)).toEqual({ mended: [], lost: [1], resumed: 0, hasState: true })
    expect(await openRefs(backend).get(wine)).toBeUndefined()
    expect(await collect(verifyRefs(backend))).toEqual([])
    await moves(openRefs(backend), 1)
    expect((await openRefs(backend).get(wine))?.generation).toBe(3)
  })

  test('a planted number without end is not believed', async () => {
    const backend = memoryBackend()
    await moves(openRefs(backend), 2)
    await backend.put(segmentKey(wine, 1, 9_007_199_254_740_991), new Uint8Array(3))
    expect(await mend(backend, true)).toMatchObject({ hasState: false })
  })

  test('a file of a newer format is no damage', async () => {
    const backend = memoryBackend()
    const { seal } = await import('../../../../src/core/codec/seal.ts')
    await backend.put(generationKey(wine, 1), seal(new TextEncoder().encode('QG2\nwhatever')))
    await expect(mend(backend, true)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  test('a generation of another history in the chain is replaced by a gap', async () => {
    const [backend, other] = [memoryBackend(), memoryBackend()]
    await moves(openRefs(backend), 4)
    await moves(openRefs(other), 4)
    await backend.put(generationKey(wine, 2), await other.get(generationKey(wine, 2)))
    expect(await mend(backend)).toMatchObject({ lost: [2], hasState: true })
    expect(await collect(verifyRefs(backend))).toEqual([])
    expect((await openRefs(backend).get(wine))?.generation).toBe(4)
  })
})

describe('beside others', () => {
  test('a repair that stops at any operation is finished by the next', async () => {
    for (let alive = 0; ; alive++) {
      const backend = await folded()
      const newest = generationKey(wine, 20)
      const segment = (await keysOf(backend)).find((key) => key.includes('/s')) as string
      await zero(backend, newest)
      await zero(backend, segment)
      const outcome = await mend(crashing(backend, alive)).catch(() => undefined)
      const again = await mend(backend)
      expect(again.hasState).toBe(true)
      expect(await collect(verifyRefs(backend)), String(alive)).toEqual([])
      expect(refsOf(await openRefs(backend).get(wine))).toEqual({ latest: idOf(19) })
      if (outcome !== undefined) break
      expect(alive).toBeLessThan(100)
    }
  })

  test('two repairs and a move at once agree', async () => {
    const backend = await folded()
    await flip(backend, generationKey(wine, 19))
    await zero(backend, generationKey(wine, 20))
    await Promise.all([mend(backend), mend(backend), mend(backend)])
    await moves(openRefs(backend, small), 8, 30)
    await openRefs(backend).update(
      parsePackageName('bob/tea'),
      () => ({ edits: [], origin: 'x' }),
      record('x'),
    )
    expect(await collect(verifyRefs(backend))).toEqual([])
  })
})
