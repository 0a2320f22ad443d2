import { expect, test } from 'vitest'
import type { TreeEntry } from '../../../src/core/codec/objects/tree-entry.ts'
import { decodeTreeNode, isLeaf } from '../../../src/core/codec/objects/tree-node.ts'
import { build } from '../../../src/core/tree/build.ts'
import { editEntries, type EntryChange } from '../../../src/core/tree/edit-entries.ts'
import { treeMeta } from '../../../src/core/tree/node.ts'
import { fewestItems, nameHash } from '../../../src/core/tree/splitter.ts'
import { memoryObjects } from '../../support/memory-objects.ts'
import { file, idOf, numbered, sortEntries } from '../../support/random-trees.ts'

function put(entry: TreeEntry): EntryChange {
  return { name: entry.name, entry }
}

function remove(entry: TreeEntry): EntryChange {
  return { name: entry.name, entry: undefined }
}

test('one change in 100,000 entries reads and writes one node a level', async () => {
  const objects = memoryObjects()
  const list = numbered(100_000)
  const root = await build(objects, list)
  for (const at of [0, 1234, 50_000, 99_999]) {
    objects.reset()
    const entry = file((list[at] as TreeEntry).name, 'changed')
    const edited = await editEntries(objects, objects, root, { changes: [put(entry)] })
    expect(objects.count.reads).toBeLessThanOrEqual(3)
    expect(objects.count.written).toBe(3)
    expect(objects.count.writtenBytes).toBeLessThan(64 * 1024)
    expect(edited).toBe(await build(memoryObjects(), list.with(at, entry)))
  }
})

test('insertions and removals touch a few nodes, wherever they are', async () => {
  const objects = memoryObjects()
  const list = numbered(100_000)
  const root = await build(objects, list)
  for (const at of [0, 777, 31_234, 99_999]) {
    objects.reset()
    const entry = list[at] as TreeEntry
    const less = await editEntries(objects, objects, root, { changes: [remove(entry)] })
    expect(less).toBe(await build(memoryObjects(), list.toSpliced(at, 1)))
    const more = await editEntries(objects, objects, root, { changes: [put(file(`${entry.name}+`))] })
    expect(more).toBe(await build(memoryObjects(), list.toSpliced(at + 1, 0, file(`${entry.name}+`))))
    expect(objects.count.written).toBeLessThan(20)
  }
})

test('a boundary that goes joins two nodes, and one that comes parts them', async () => {
  const objects = memoryObjects()
  const list = numbered(20_000)
  const root = await build(objects, list)
  const top = decodeTreeNode(objects.stored.get(root) as Uint8Array)
  if (isLeaf(top)) expect.unreachable()
  else {
    for (const { name } of top.children.slice(0, 40)) {
      const gone = await editEntries(objects, objects, root, { changes: [{ name, entry: undefined }] })
      expect(gone).toBe(
        await build(
          memoryObjects(),
          list.filter((entry) => entry.name !== name),
        ),
      )
      expect(await editEntries(objects, objects, gone, { changes: [put(file(name))] })).toBe(root)
    }
  }
})

test(
  'grows from nothing to three levels and back, always as if built anew',
  { timeout: 60_000 },
  async () => {
    const objects = memoryObjects()
    const list = numbered(40_000)
    let root = await editEntries(objects, objects, undefined, { changes: [] })
    expect(root).toBe(await build(objects, []))
    let there = 0
    for (const count of [1, 31, 32, 33, 600, 601, 20_000, 40_000, 20_000, 512, 40, 32, 1, 0]) {
      const changes = count > there ? list.slice(there, count).map(put) : list.slice(count, there).map(remove)
      root = await editEntries(objects, objects, root, { changes: changes.toReversed() })
      expect(root).toBe(await build(memoryObjects(), list.slice(0, count)))
      there = count
    }
  },
)

test('removing all but the last entries lowers the tree', async () => {
  const objects = memoryObjects()
  const list = numbered(40_000)
  for (const meta of [undefined, { title: 'x' }]) {
    const root = await build(objects, list, meta)
    for (const left of [1, 300, 5000]) {
      const edited = await editEntries(objects, objects, root, { changes: list.slice(0, -left).map(remove) })
      expect(edited).toBe(await build(memoryObjects(), list.slice(-left), meta))
    }
  }
})

test('metadata stays, is replaced, and goes', async () => {
  for (const count of [0, 5, 3000]) {
    const objects = memoryObjects()
    const list = numbered(count)
    const root = await build(objects, list, { a: 1 })
    const more = await editEntries(objects, objects, root, { changes: [put(file('zz'))] })
    expect(await treeMeta(objects, more)).toEqual({ a: 1 })
    expect(await editEntries(objects, objects, root, { changes: [] })).toBe(root)
    expect(await editEntries(objects, objects, root, { changes: [], meta: { b: 2 } })).toBe(
      await build(objects, list, { b: 2 }),
    )
    expect(await editEntries(objects, objects, root, { changes: [], meta: {} })).toBe(
      await build(objects, list),
    )
    expect(await editEntries(objects, objects, undefined, { changes: list.map(put), meta: { a: 1 } })).toBe(
      root,
    )
    expect(await editEntries(objects, objects, more, { changes: [{ name: 'zz', entry: undefined }] })).toBe(
      root,
    )
  }
})

test('a root that becomes an inner node loses its metadata to the new root', async () => {
  const objects = memoryObjects()
  const names = Array.from({ length: 5000 }, (_, i) => `n${String(i).padStart(5, '0')}`)
  const end = names.findIndex((name, i) => i >= fewestItems && nameHash(name, 0) < 2 ** 25)
  const list = names.slice(0, end + 1).map((name) => file(name)) // one node that ends where a name says so
  const root = await build(objects, list, { a: 1 })
  const edited = await editEntries(objects, objects, root, { changes: [put(file('z'))] })
  expect(edited).toBe(await build(memoryObjects(), [...list, file('z')], { a: 1 }))
})

test('what changes nothing gives the same tree and writes nothing', async () => {
  const objects = memoryObjects()
  const list = numbered(3000)
  const root = await build(objects, list)
  objects.reset()
  const changes = [
    put(list[5] as TreeEntry),
    { name: 'absent', entry: undefined },
    { name: 'zz', entry: undefined },
  ]
  expect(await editEntries(objects, objects, root, { changes })).toBe(root)
  expect(objects.count.written).toBe(0)
})

test('refuses a name twice, an entry of another name, and what no tree may hold', async () => {
  const objects = memoryObjects()
  for (const tree of [undefined, await build(objects, numbered(2000))]) {
    const wrong: readonly (readonly EntryChange[])[] = [
      [put(file('a')), remove(file('a'))],
      [{ name: 'a', entry: file('b') }],
      [put(file('a/b'))],
      [put({ ...file('a'), size: -1 })],
    ]
    for (const changes of wrong) {
      await expect(editEntries(objects, objects, tree, { changes })).rejects.toMatchObject({
        code: 'INVALID',
      })
    }
  }
})

test('derived trees are edited alike', async () => {
  const objects = memoryObjects()
  const recipes = sortEntries(
    Array.from({ length: 2000 }, (_, i): TreeEntry => ({
      type: 'recipe',
      name: idOf(`b${String(i)}`),
      id: idOf(`r${String(i)}`),
      size: i,
    })),
  )
  const root = await build(objects, recipes.slice(0, 1000))
  expect(await editEntries(objects, objects, root, { changes: recipes.slice(1000).map(put) })).toBe(
    await build(objects, recipes),
  )
})
