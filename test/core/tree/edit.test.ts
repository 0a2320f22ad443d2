import { expect, test } from 'vitest'
import type { Entry } from '../../../src/core/model/entry.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { build } from '../../../src/core/tree/build.ts'
import { edit, type Change } from '../../../src/core/tree/edit.ts'
import { treeMeta } from '../../../src/core/tree/node.ts'
import { walk } from '../../../src/core/tree/walk.ts'
import { memoryObjects, type MemoryObjects } from '../../support/memory-objects.ts'
import { collect, file, numbered } from '../../support/random-trees.ts'

function put(path: string, entry: Entry = file(path.split('/').at(-1) as string, path)): Change {
  return { path, from: undefined, to: entry }
}

function remove(path: string): Change {
  return { path, from: undefined, to: undefined }
}

async function paths(objects: MemoryObjects, root: Id): Promise<string[]> {
  return (await collect(walk(objects, root))).map(({ path, entry }) =>
    entry.type === 'group' ? `${path}/` : path,
  )
}

test('makes the groups on the way', async () => {
  const objects = memoryObjects()
  const root = await edit(objects, objects, undefined, [put('a/b/c'), put('d'), put('a/x')])
  expect(await paths(objects, root)).toEqual(['a/', 'a/b/', 'a/b/c', 'a/x', 'd'])
})

test('the order of changes does not matter', async () => {
  const objects = memoryObjects()
  const changes = [put('a/b/c'), put('d'), put('a/x'), put('e/f'), remove('g/h')]
  const root = await edit(objects, objects, undefined, changes)
  expect(await edit(objects, objects, undefined, changes.toReversed())).toBe(root)
  let one = await edit(objects, objects, undefined, [])
  for (const change of changes) one = await edit(objects, objects, one, [change])
  expect(one).toBe(root)
})

test('a group that becomes empty stays until it is removed itself', async () => {
  const objects = memoryObjects()
  const root = await edit(objects, objects, undefined, [put('a/b'), put('c')])
  const emptied = await edit(objects, objects, root, [remove('a/b')])
  expect(await paths(objects, emptied)).toEqual(['a/', 'c'])
  expect(await paths(objects, await edit(objects, objects, root, [remove('a')]))).toEqual(['c'])
  expect(await paths(objects, await edit(objects, objects, root, [remove('a'), remove('a/b')]))).toEqual([
    'c',
  ])
})

test('puts a file in place of a group, and a group in place of a file', async () => {
  const objects = memoryObjects()
  const root = await edit(objects, objects, undefined, [put('a/b'), put('c')])
  expect(await paths(objects, await edit(objects, objects, root, [put('a')]))).toEqual(['a', 'c'])
  expect(await paths(objects, await edit(objects, objects, root, [put('c/d')]))).toEqual([
    'a/',
    'a/b',
    'c/',
    'c/d',
  ])
  const swapped = await edit(objects, objects, root, [remove('a/b'), put('a'), remove('c'), put('c/d')])
  expect(await paths(objects, swapped)).toEqual(['a', 'c/', 'c/d'])
})

test('changes below a group that is put apply to what was put', async () => {
  const objects = memoryObjects()
  const tree = await build(objects, [file('x'), file('y')])
  const group: Entry = { type: 'group', name: 'a', id: tree, meta: { m: 1 } }
  const root = await edit(objects, objects, undefined, [remove('a/x'), put('a', group), put('a/z')])
  expect(await paths(objects, root)).toEqual(['a/', 'a/y', 'a/z'])
  expect((await walk(objects, root).next()).value?.entry.meta).toEqual({ m: 1 })
})

test("a group keeps its metadata, and the root its package's", async () => {
  const objects = memoryObjects()
  const tree = await build(objects, [file('x')])
  const group: Entry = { type: 'group', name: 'a', id: tree, meta: { m: 1 } }
  const root = await build(objects, [group], { title: 't' })
  const edited = await edit(objects, objects, root, [put('a/y')])
  expect(await treeMeta(objects, edited)).toEqual({ title: 't' })
  expect((await walk(objects, edited).next()).value?.entry.meta).toEqual({ m: 1 })
})

test('removing what is not there changes nothing', async () => {
  const objects = memoryObjects()
  const root = await edit(objects, objects, undefined, [put('a/b'), put('c')])
  expect(
    await edit(objects, objects, root, [remove('x'), remove('x/y/z'), remove('c/d'), remove('a/z')]),
  ).toBe(root)
})

test('a change deep down in wide folders writes a few nodes', async () => {
  const objects = memoryObjects()
  const wide = await build(objects, numbered(20_000))
  const middle = await build(objects, [...numbered(5000), { type: 'group', name: 'g', id: wide } as const])
  const root = await build(objects, [...numbered(5000), { type: 'group', name: 'h', id: middle } as const])
  objects.reset()
  await edit(objects, objects, root, [put('h/g/file-0010000.csv')])
  expect(objects.count.written).toBeLessThanOrEqual(8)
  expect(objects.count.reads).toBeLessThanOrEqual(9)
})

test('refuses what cannot be', async () => {
  const objects = memoryObjects()
  const link: Entry = { type: 'link', name: 'l', target: '../x' }
  const wrong: readonly (readonly Change[])[] = [
    [put('')],
    [put('a'), put('a')],
    [put('a'), put('a/b')],
    [put('a/../b')],
    [put('/a')],
    [put('a/b', file('c'))],
    [put('l', link)],
    [put(Array.from({ length: 513 }, () => 'a').join('/'))],
  ]
  for (const changes of wrong) {
    await expect(edit(objects, objects, undefined, changes)).rejects.toMatchObject({ code: 'INVALID' })
  }
  await edit(objects, objects, undefined, [put('g/l', link)])
})
