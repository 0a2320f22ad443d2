import { expect, test } from 'vitest'
import type { TreeEntry } from '../../../src/core/codec/objects/tree-entry.ts'
import {
  decodeTreeNode,
  isLeaf,
  mostLevel,
  treeNodeBytes,
} from '../../../src/core/codec/objects/tree-node.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { build } from '../../../src/core/tree/build.ts'
import { entries } from '../../../src/core/tree/entries.ts'
import { treeCount, treeMeta } from '../../../src/core/tree/node.ts'
import { fewestItems, mostItems, nameHash } from '../../../src/core/tree/splitter.ts'
import { memoryObjects, type MemoryObjects } from '../../support/memory-objects.ts'
import { collect, file, idOf, numbered } from '../../support/random-trees.ts'

function node(objects: MemoryObjects, id: Id): ReturnType<typeof decodeTreeNode> {
  return decodeTreeNode(objects.stored.get(id) as Uint8Array)
}

test('H33: the empty tree is one leaf without entries', async () => {
  const objects = memoryObjects()
  const root = await build(objects, [])
  expect(node(objects, root)).toEqual({ level: 0, entries: [] })
  expect(await collect(entries(objects, root))).toEqual([])
})

test('what fits one node is one leaf', async () => {
  const objects = memoryObjects()
  const list = numbered(fewestItems)
  expect(node(objects, await build(objects, list))).toEqual({ level: 0, entries: list })
  expect(objects.stored.size).toBe(1)
})

test('entries as they come give the same tree as entries at hand', async () => {
  const objects = memoryObjects()
  const list = numbered(3000)
  async function* slowly(): AsyncGenerator<TreeEntry> {
    for (const entry of list) yield await Promise.resolve(entry)
  }
  expect(await build(objects, slowly())).toBe(await build(objects, list))
})

test('only the root carries metadata', async () => {
  const objects = memoryObjects()
  for (const count of [0, 10, 5000]) {
    const meta = { title: String(count) }
    const root = await build(objects, numbered(count), meta)
    expect(await treeMeta(objects, root)).toEqual(meta)
    expect(await treeMeta(objects, await build(objects, numbered(count)))).toBeUndefined()
    for (const [id, body] of objects.stored) {
      if (id !== root) expect(decodeTreeNode(body).meta?.['title']).not.toBe(meta.title)
    }
  }
})

test('refuses entries out of order, within a node and across nodes', async () => {
  const list = numbered(2000)
  for (const at of [10, 600, 1500]) {
    const wrong = [...list.slice(0, at), list[at - 2] as TreeEntry, ...list.slice(at)]
    await expect(build(memoryObjects(), wrong)).rejects.toMatchObject({ code: 'INVALID' })
  }
})

test('no choice of names makes a node too small or too large', async () => {
  const ends = numbered(100_000)
    .filter(({ name }) => nameHash(name, 0) < 2 ** 25)
    .slice(0, 700)
  const never = numbered(4000).filter(({ name }) => nameHash(name, 0) >= 2 ** 25)
  for (const [list, size] of [
    [ends, fewestItems],
    [never, mostItems],
  ] as const) {
    const objects = memoryObjects()
    const root = node(objects, await build(objects, list))
    if (isLeaf(root)) expect.unreachable()
    else for (const child of root.children.slice(0, -1)) expect(child.count).toBe(size)
  }
})

test('the largest entries there can be still fit in a node', async () => {
  const objects = memoryObjects()
  const text = 'x'.repeat(64 * 1024 - 20)
  const list = Array.from({ length: 20 }, (_, i): TreeEntry => ({
    ...file(`${String(i).padStart(3, '0')}${'n'.repeat(252)}`),
    meta: { text },
    source: 's'.repeat(255),
    reading: { parser: 'p'.repeat(255), options: { text } },
  }))
  const small = numbered(450).map((entry) => ({
    ...entry,
    name: `!${entry.name}`,
    meta: { n: 'y'.repeat(60) },
  }))
  const root = await build(objects, [...small.slice(0, 400), ...list], { text })
  expect(await treeCount(objects, root)).toBe(420)
  for (const body of objects.stored.values()) expect(body.length).toBeLessThanOrEqual(treeNodeBytes)
})

/** A million with QUILT_CRASH_ALL=1; bench/ makes as many each time. */
const wide = process.env['QUILT_CRASH_ALL'] === '1' ? 1_000_000 : 200_000

test(
  `H13: ${wide.toLocaleString('en')} entries: nodes on three levels or more, all within bounds`,
  { timeout: 600_000 },
  async () => {
    const objects = memoryObjects()
    const count = wide
    function* stream(): Generator<TreeEntry> {
      for (let i = 0; i < count; i++)
        yield { type: 'file', name: String(i).padStart(7, '0'), id: idOf(String(i)), size: i }
    }
    const root = await build(objects, stream())
    expect(await treeCount(objects, root)).toBe(count)
    const levels = new Set<number>()
    for (const body of objects.stored.values()) {
      const { level } = decodeTreeNode(body)
      levels.add(level)
      expect(level).toBeLessThanOrEqual(mostLevel)
      expect(body.length).toBeLessThan(64 * 1024)
    }
    expect([...levels].sort().slice(0, 3)).toEqual([0, 1, 2])
    let listed = 0
    for await (const entry of entries(objects, root))
      if (entry.type === 'file' && entry.size === listed) listed++
    expect(listed).toBe(count)
  },
)
