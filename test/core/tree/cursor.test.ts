import { expect, test } from 'vitest'
import type { InnerNode, TreeNode } from '../../../src/core/codec/objects/tree-node.ts'
import { build } from '../../../src/core/tree/build.ts'
import { nodeCursor } from '../../../src/core/tree/cursor.ts'
import { itemsOf, nodeReader, readNode } from '../../../src/core/tree/node.ts'
import { memoryObjects } from '../../support/memory-objects.ts'
import { numbered } from '../../support/random-trees.ts'

test('moves over all nodes of a level, in order, and says where it is', async () => {
  const objects = memoryObjects()
  const list = numbered(60_000)
  const nodes = nodeReader(objects)
  const root = (await readNode(nodes, await build(objects, list))) as InnerNode
  expect(root.level).toBe(2)
  for (const level of [0, 1]) {
    const cursor = nodeCursor(nodes, root, level)
    let node: TreeNode | undefined = await cursor.seek('')
    let seen = 0
    let last = false
    while (node !== undefined) {
      expect(last).toBe(false)
      expect(itemsOf(node).at(-1)?.name).toBe(cursor.current().name)
      seen += cursor.current().count
      last = cursor.atEnd()
      node = await cursor.next()
    }
    expect(last).toBe(true)
    expect(seen).toBe(list.length)
  }
})

test('seeks forward to the node that holds a name, and to the last for what lies beyond all', async () => {
  const objects = memoryObjects()
  const list = numbered(60_000)
  const nodes = nodeReader(objects)
  const root = (await readNode(nodes, await build(objects, list))) as InnerNode
  const cursor = nodeCursor(nodes, root, 0)
  for (let at = 0; at < list.length; at += 1777) {
    const { name } = list[at] as { name: string }
    expect(itemsOf(await cursor.seek(name)).some((item) => item.name === name)).toBe(true)
  }
  expect(itemsOf(await cursor.seek('zzz')).at(-1)?.name).toBe(list.at(-1)?.name)
  expect(cursor.atEnd()).toBe(true)
})
