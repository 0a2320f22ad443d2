import { expect, test } from 'vitest'
import type { Id } from '../../../src/core/model/id.ts'
import { build } from '../../../src/core/tree/build.ts'
import { diff } from '../../../src/core/tree/diff.ts'
import { walk } from '../../../src/core/tree/walk.ts'
import { memoryObjects, type MemoryObjects } from '../../support/memory-objects.ts'
import { collect, file } from '../../support/random-trees.ts'

/** A chain of `depth` groups with a file at its end; built from the inside out. */
async function chain(objects: MemoryObjects, depth: number): Promise<Id> {
  let tree = await build(objects, [file('end')])
  for (let i = 0; i < depth; i++) tree = await build(objects, [{ type: 'group', name: 'g', id: tree }])
  return tree
}

test('goes depth first, a group before what it holds', async () => {
  const objects = memoryObjects()
  const inner = await build(objects, [file('x'), file('y')])
  const empty = await build(objects, [])
  const root = await build(objects, [
    { type: 'group', name: 'a', id: inner },
    file('b'),
    { type: 'group', name: 'c', id: empty },
  ])
  const found = await collect(walk(objects, root))
  expect(found.map(({ path, entry }) => [path, entry.type])).toEqual([
    ['a', 'group'],
    ['a/x', 'file'],
    ['a/y', 'file'],
    ['b', 'file'],
    ['c', 'group'],
  ])
})

test('H12: takes paths of 512 names', async () => {
  const objects = memoryObjects()
  expect(await collect(walk(objects, await chain(objects, 511)))).toHaveLength(512)
  expect(await collect(diff(objects, undefined, await chain(objects, 511)))).toHaveLength(512)
})

test('H12: refuses 513 levels, and 100,000, without recursion or going on', async () => {
  const objects = memoryObjects()
  const other = await build(objects, [])
  for (const depth of [512, 100_000]) {
    const deep = await chain(objects, depth)
    objects.reset()
    await expect(collect(walk(objects, deep))).rejects.toMatchObject({ code: 'CORRUPT' })
    await expect(collect(diff(objects, deep, other))).rejects.toMatchObject({ code: 'CORRUPT' })
    await expect(collect(diff(objects, other, deep))).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(objects.count.reads).toBeLessThan(3 * 1100) // three walks, of both sides, no deeper than is allowed
  }
})
