import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import { idFromBytes, idToBytes, type Id } from '../../../../src/core/model/id.ts'
import type { Scratch } from '../../../../src/core/repo/sets/scratch.ts'
import { mergeSorted, spillingIds, spillingSet } from '../../../../src/core/repo/sets/spilling-set.ts'
import { keysOf } from '../../../support/ref-bench.ts'
import { text } from '../../../support/store-bench.ts'
import { hashBytes } from '#hash'

const idAt = (n: number): Id => hashBytes(text(`id ${String(n)}`))

function scratchOf(most: number): { scratch: Scratch; backend: ReturnType<typeof memoryBackend> } {
  const backend = memoryBackend()
  let keys = 0
  return {
    backend,
    scratch: { open: () => Promise.resolve(backend), newKey: () => `runs/${String(++keys)}`, most },
  }
}

async function allOf(set: ReturnType<typeof spillingIds>): Promise<Id[]> {
  const ids: Id[] = []
  for (let from = 0; from < 2 ** 16; from += 2 ** 12) {
    const some = await set.within(from, from + 2 ** 12)
    for (let at = 0; at < some.length; at += 32) ids.push(idFromBytes(some, at))
  }
  return ids
}

describe('a set that outgrows memory', () => {
  test('has what was added, each once, in order, and nothing else, however often it spills', async () => {
    const { scratch, backend } = scratchOf(50)
    const set = spillingIds(scratch)
    // 2,000 ids in 40 runs: they are joined twice.
    for (let n = 0; n < 2000; n++) expect(await set.add(idAt(n))).toBe(true)
    for (let n = 0; n < 2000; n += 7) expect(await set.add(idAt(n))).toBe(false)
    for (let n = 0; n < 4000; n++) expect(await set.has(idAt(n))).toBe(n < 2000)
    const expected = Array.from({ length: 2000 }, (_, n) => idAt(n)).sort()
    expect(await allOf(set)).toEqual(expected)
    expect((await keysOf(backend, '')).length).toBeGreaterThan(1)
    expect((await keysOf(backend, '')).length).toBeLessThan(20)
    await set.drop()
    expect(await keysOf(backend, '')).toEqual([])
  })

  test('what is put without asking comes once, also when it lies in several runs', async () => {
    const { scratch } = scratchOf(30)
    const set = spillingIds(scratch)
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 100; n++) await set.put(idAt((n * 37 + round) % 100))
    }
    expect(await allOf(set)).toEqual(Array.from({ length: 100 }, (_, n) => idAt(n)).sort())
  })

  test('says by `added` whether something new came', async () => {
    const set = spillingIds(scratchOf(10).scratch)
    await set.put(idAt(1))
    const { added } = set
    await set.put(idAt(1))
    expect(set.added).toBe(added)
    await set.put(idAt(2))
    expect(set.added).not.toBe(added)
  })

  test('touches no disk below its bound', async () => {
    const opened: string[] = []
    const scratch: Scratch = {
      open: () => Promise.reject(new Error('opened')),
      newKey: () => `runs/${String(opened.push('key'))}`,
      most: 1001,
    }
    const set = spillingIds(scratch)
    for (let n = 0; n < 1000; n++) await set.put(idAt(n))
    expect(await set.has(idAt(999))).toBe(true)
    expect(opened).toEqual([])
    await expect(set.put(idAt(1000))).rejects.toThrow('opened')
  })

  test('is the same as a set of texts, for records of any width', async () => {
    const record = fc.tuple(fc.nat(300), fc.nat(3))
    const adds = fc.array(fc.record({ record, ask: fc.boolean() }), { maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(adds, fc.integer({ min: 1, max: 40 }), async (steps, most) => {
        const set = spillingSet(40, scratchOf(most).scratch)
        const known = new Set<string>()
        for (const {
          record: [n, size],
          ask,
        } of steps) {
          const bytes = new Uint8Array(41) // the record begins at 1
          idToBytes(idAt(n), bytes, 1)
          bytes[40] = size
          const key = `${String(n)} ${String(size)}`
          if (ask) expect(await set.add(bytes, 1)).toBe(!known.has(key))
          else await set.put(bytes, 1)
          known.add(key)
          expect(await set.has(bytes, 1)).toBe(true)
        }
        expect((await set.within(0, 2 ** 16)).length).toBe(known.size * 40)
      }),
      { numRuns: 60 },
    )
  })
})

test('sorted lists become one, each record once', () => {
  const lists = [[1, 3, 5], [], [1, 2, 9], [5], [0, 9]].map((list) =>
    Uint8Array.from(list.flatMap((n) => [n, 7])),
  )
  expect([...mergeSorted(lists, 2)]).toEqual([0, 1, 2, 3, 5, 9].flatMap((n) => [n, 7]))
})
