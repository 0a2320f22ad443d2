import { expect, test } from 'vitest'
import { ancestors, readCommit, type Walk } from '../../../src/core/history/commits.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { plainObjects, type PlainObjects } from '../../support/plain-objects.ts'
import { collect, idOf } from '../../support/ref-bench.ts'

async function messages(objects: PlainObjects, start: Id, walk?: Walk): Promise<string[]> {
  return (await collect(ancestors(objects, start, walk))).map(({ commit }) => commit.message)
}

/** a – b – d – f, with a branch b – c – e that f merges. */
function forked(): { objects: PlainObjects; ids: Record<string, Id> } {
  const objects = plainObjects()
  const a = objects.commit('a', [], 1)
  const b = objects.commit('b', [a], 2)
  const c = objects.commit('c', [b], 3)
  const d = objects.commit('d', [b], 4)
  const e = objects.commit('e', [c], 5)
  const f = objects.commit('f', [d, e], 6)
  return { objects, ids: { a, b, c, d, e, f } }
}

test('reads a commit, and says which is missing or none', async () => {
  const { objects, ids } = forked()
  expect((await readCommit(objects, ids['b'] as Id)).parents).toEqual([ids['a']])
  await expect(readCommit(objects, idOf(5))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  objects.bodies.set(idOf(5), new TextEncoder().encode('plain text'))
  await expect(readCommit(objects, idOf(5))).rejects.toThrow(idOf(5))
  await expect(readCommit(objects, idOf(5))).rejects.toMatchObject({ code: 'CORRUPT' })
})

test('walks newest first, each commit once', async () => {
  const { objects, ids } = forked()
  expect(await messages(objects, ids['f'] as Id)).toEqual(['f', 'e', 'd', 'c', 'b', 'a'])
})

test('follows first parents only when asked to', async () => {
  const { objects, ids } = forked()
  expect(await messages(objects, ids['f'] as Id, { firstParent: true })).toEqual(['f', 'd', 'b', 'a'])
})

test('gives a shallow commit and goes no further', async () => {
  const { objects, ids } = forked()
  objects.bodies.delete(ids['a'] as Id)
  objects.bodies.delete(ids['c'] as Id)
  const shallow = new Set([ids['b'], ids['e']] as Id[])
  expect(await messages(objects, ids['f'] as Id, { shallow })).toEqual(['f', 'e', 'd', 'b'])
})

test('H27: names a missing parent and whose it is', async () => {
  const { objects, ids } = forked()
  objects.bodies.delete(ids['a'] as Id)
  const walk = messages(objects, ids['f'] as Id)
  await expect(walk).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(walk).rejects.toThrow(`a parent of commit ${ids['b'] as Id} is missing`)
  await expect(walk).rejects.toThrow(ids['a'] as Id)
})

test('H80: a parent with a later time still comes after its child', async () => {
  const objects = plainObjects()
  let last: Id | undefined
  for (const [i, time] of [900, 5, 700, 1, 800].entries()) {
    last = objects.commit(String(i), last === undefined ? [] : [last], time)
  }
  expect(await messages(objects, last as Id)).toEqual(['4', '3', '2', '1', '0'])
})

test('a long history is no deep one', async () => {
  const objects = plainObjects()
  let last = objects.commit('0', [], 0)
  for (let i = 1; i < 20_000; i++) last = objects.commit(String(i), [last], i)
  expect((await messages(objects, last)).length).toBe(20_000)
})

test('can be stopped', async () => {
  const { objects, ids } = forked()
  const stop = new AbortController()
  stop.abort(new Error('enough'))
  await expect(collect(ancestors(objects, ids['f'] as Id, {}, { signal: stop.signal }))).rejects.toThrow(
    'enough',
  )
})
