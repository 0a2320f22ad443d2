import { describe, expect, test } from 'vitest'
import { decodeTreeNode, encodeTreeNode, type InnerNode } from '../../../src/core/codec/objects/tree-node.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { build } from '../../../src/core/tree/build.ts'
import { lookupEntry } from '../../../src/core/tree/lookup.ts'
import { nodeReader } from '../../../src/core/tree/node.ts'
import { walk } from '../../../src/core/tree/walk.ts'
import { memoryObjects } from '../../support/memory-objects.ts'
import { collect, numbered } from '../../support/random-trees.ts'

test('a reader keeps nodes, up to its bound', async () => {
  const objects = memoryObjects()
  const list = numbered(5000)
  const root = await build(objects, list)
  const all = [...objects.stored.keys()]
  const kept = nodeReader(objects)
  await kept.readNodes(all)
  objects.reset()
  await kept.readNodes(all)
  await lookupEntry(kept, root, (list[77] as { name: string }).name)
  expect(objects.count.reads).toBe(0)
  const none = nodeReader(objects, 0)
  await none.readNodes([root])
  await none.readNodes([root, root])
  expect(objects.count.reads).toBe(2)
})

test('nodes come in the order asked for', async () => {
  const objects = memoryObjects()
  await build(objects, numbered(3000))
  const ids = [...objects.stored.keys()].reverse()
  const nodes = await nodeReader(objects).readNodes([...ids, ...ids])
  expect(nodes.map((node) => encodeTreeNode(node))).toEqual(
    [...ids, ...ids].map((id) => objects.stored.get(id)),
  )
})

test('stops when asked to', async () => {
  const objects = memoryObjects()
  const root = await build(objects, numbered(3000))
  const reader = nodeReader(
    {
      ...objects,
      readMany: (ids, ctx) => {
        ctx?.signal?.throwIfAborted()
        return objects.readMany(ids)
      },
    },
    0,
    { signal: AbortSignal.abort() },
  )
  await expect(collect(walk(reader, root))).rejects.toThrow()
})

describe('H26: refuses a node that is not what the one above says', () => {
  const changes: readonly (readonly [string, (root: InnerNode, other: Id) => InnerNode])[] = [
    [
      'another count',
      (root) => ({
        ...root,
        children: root.children.map((c, i) => (i === 1 ? { ...c, count: c.count + 1 } : c)),
      }),
    ],
    [
      'another last name',
      (root) => ({
        ...root,
        children: root.children.map((c, i) => (i === 1 ? { ...c, name: `${c.name}x` } : c)),
      }),
    ],
    ['another level', (root) => ({ ...root, level: root.level + 1 })],
    [
      'the node before again',
      (root) => ({
        ...root,
        children: root.children.map((c, i) =>
          i === 1 ? { ...c, id: root.children[0]!.id, count: root.children[0]!.count } : c,
        ),
      }),
    ],
    [
      'metadata of its own',
      (root, other) => ({
        ...root,
        children: root.children.map((c, i) => (i === 1 ? { ...c, id: other } : c)),
      }),
    ],
    ['a root over a single node', (root) => ({ ...root, children: root.children.slice(1, 2) })],
  ]
  for (const [what, change] of changes) {
    test(what, async () => {
      const objects = memoryObjects()
      const root = decodeTreeNode(
        objects.stored.get(await build(objects, numbered(1500))) as Uint8Array,
      ) as InnerNode
      const second = decodeTreeNode(objects.stored.get(root.children[1]!.id) as Uint8Array)
      const withMeta = await objects.write('tree', encodeTreeNode({ ...second, meta: { a: 1 } }))
      const bad = await objects.write('tree', encodeTreeNode(change(root, withMeta)))
      await expect(collect(walk(objects, bad))).rejects.toMatchObject({ code: 'CORRUPT' })
      await expect(lookupEntry(objects, bad, root.children[1]!.name)).rejects.toMatchObject({
        code: 'CORRUPT',
      })
    })
  }
})
