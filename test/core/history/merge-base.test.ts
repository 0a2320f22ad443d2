import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isAncestor, mergeBase } from '../../../src/core/history/merge-base.ts'
import type { Id } from '../../../src/core/model/id.ts'
import type { ObjectReader } from '../../../src/core/store/object-store.ts'
import { plainObjects } from '../../support/plain-objects.ts'

test('of a commit and itself, or its ancestor, is that one', async () => {
  const objects = plainObjects()
  const a = objects.commit('a', [], 1)
  const b = objects.commit('b', [a], 2)
  expect(await mergeBase({ objects }, b, b)).toBe(b)
  expect(await mergeBase({ objects }, a, b)).toBe(a)
  expect(await mergeBase({ objects }, b, a)).toBe(a)
})

test('of two branches is where they parted, and of strangers none', async () => {
  const objects = plainObjects()
  const root = objects.commit('root', [], 1)
  const fork = objects.commit('fork', [root], 2)
  const a = objects.commit('a', [objects.commit('x', [fork], 3)], 5)
  const b = objects.commit('b', [fork], 4)
  expect(await mergeBase({ objects }, a, b)).toBe(fork)
  expect(await mergeBase({ objects }, a, objects.commit('other', [], 9))).toBeUndefined()
})

test('does not cross the shallow set', async () => {
  const objects = plainObjects()
  const root = objects.commit('root', [], 1)
  const a = objects.commit('a', [root], 2)
  const b = objects.commit('b', [root], 3)
  objects.bodies.delete(root)
  expect(await mergeBase({ objects, shallow: new Set([a, b]) }, a, b)).toBeUndefined()
  expect(await isAncestor({ objects, shallow: new Set([a]) }, root, a)).toBe(false)
})

test('of a criss-cross is the latest of the best', async () => {
  const objects = plainObjects()
  const root = objects.commit('root', [], 1)
  const x = objects.commit('x', [root], 2)
  const y = objects.commit('y', [root], 3)
  const a = objects.commit('a', [x, y], 4)
  const b = objects.commit('b', [y, x], 5)
  expect(await mergeBase({ objects }, a, b)).toBe(y)
  expect(await mergeBase({ objects }, b, a)).toBe(y)
})

test('reads no more of a long common history than it must', async () => {
  const objects = plainObjects()
  let trunk = objects.commit('0', [], 0)
  for (let i = 1; i < 1000; i++) trunk = objects.commit(String(i), [trunk], i)
  const a = objects.commit('a', [trunk], 2000)
  const b = objects.commit('b', [trunk], 2001)
  let reads = 0
  const counted: ObjectReader = { ...objects, readMany: (ids) => (reads++, objects.readMany(ids)) }
  expect(await mergeBase({ objects: counted }, a, b)).toBe(trunk)
  expect(reads).toBeLessThan(10)
})

test('H80: agrees with the definition in any graph, whatever the clocks said', async () => {
  const node = fc.record({ parents: fc.array(fc.nat(), { maxLength: 3 }), time: fc.nat(20) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(node, { minLength: 2, maxLength: 14 }),
      fc.nat(),
      fc.nat(),
      async (nodes, i, j) => {
        const objects = plainObjects()
        const ids: Id[] = []
        const reach = new Map<Id, Set<Id>>()
        for (const [n, { parents, time }] of nodes.entries()) {
          const of = n === 0 ? [] : [...new Set(parents.map((p) => ids[p % n] as Id))]
          const id = objects.commit(String(n), of, time)
          ids.push(id)
          const reached = new Set([id])
          for (const parent of of) for (const one of reach.get(parent) ?? []) reached.add(one)
          reach.set(id, reached)
        }
        const [a, b] = [ids[i % ids.length] as Id, ids[j % ids.length] as Id]
        const shared = ids.filter((id) => reach.get(a)?.has(id) === true && reach.get(b)?.has(id) === true)
        const best = shared.filter(
          (id) => !shared.some((other) => other !== id && reach.get(other)?.has(id) === true),
        )
        const found = await mergeBase({ objects }, a, b)
        if (best.length === 0) expect(found).toBeUndefined()
        else expect(best).toContain(found)
        expect(await mergeBase({ objects }, b, a)).toBe(found)
        expect(await isAncestor({ objects }, a, b)).toBe(reach.get(b)?.has(a))
      },
    ),
    { numRuns: 1500 },
  )
})
