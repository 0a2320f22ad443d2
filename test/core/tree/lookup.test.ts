import { expect, test } from 'vitest'
import { utf8 } from '../../../src/core/base/bytes.ts'
import { encodeTreeNode } from '../../../src/core/codec/objects/tree-node.ts'
import { build } from '../../../src/core/tree/build.ts'
import { lookup, lookupDerived, lookupEntry } from '../../../src/core/tree/lookup.ts'
import { memoryObjects } from '../../support/memory-objects.ts'
import { file, idOf, numbered } from '../../support/random-trees.ts'

test('finds every entry of a wide tree in one node a level, and no other', async () => {
  const objects = memoryObjects()
  const list = numbered(20_000)
  const root = await build(objects, list)
  objects.reset()
  for (let i = 0; i < list.length; i += 499) {
    const entry = list[i] as (typeof list)[number]
    expect(await lookupEntry(objects, root, entry.name)).toEqual(entry)
    expect(await lookupEntry(objects, root, `${entry.name}x`)).toBeUndefined()
  }
  expect(await lookupEntry(objects, root, '')).toBeUndefined()
  expect(await lookupEntry(objects, root, 'zzz')).toBeUndefined()
  expect(objects.count.reads).toBeLessThanOrEqual(3 * 84)
})

test('goes down through groups, and nowhere else', async () => {
  const objects = memoryObjects()
  const inner = await build(objects, [file('x')])
  const root = await build(objects, [file('a'), { type: 'group', name: 'g', id: inner }])
  expect(await lookup(objects, root, 'g/x')).toEqual(file('x'))
  expect((await lookup(objects, root, 'g'))?.type).toBe('group')
  for (const path of ['', 'b', 'a/x', 'g/y', 'g/x/y'])
    expect(await lookup(objects, root, path)).toBeUndefined()
  for (const path of ['/', 'g/', 'g//x', '../a', 'g/..']) {
    await expect(lookup(objects, root, path)).rejects.toMatchObject({ code: 'INVALID' })
  }
})

test('H26: refuses a blob, or a recipe, where a tree should be', async () => {
  const objects = memoryObjects()
  const blob = await objects.write('tree', utf8('not a tree'))
  const root = await build(objects, [{ type: 'group', name: 'g', id: blob }])
  await expect(lookup(objects, root, 'g/x')).rejects.toMatchObject({ code: 'CORRUPT' })
  const recipe = { type: 'recipe', name: idOf('b'), id: idOf('r'), size: 1 } as const
  const derived = await build(objects, [recipe])
  await expect(lookup(objects, derived, recipe.name)).rejects.toMatchObject({ code: 'CORRUPT' })
  expect(await lookupDerived(objects, derived, recipe.name)).toEqual(recipe)
})

test('H27: names the tree that is missing', async () => {
  const objects = memoryObjects()
  const root = await build(objects, [{ type: 'group', name: 'g', id: idOf('gone') }])
  await expect(lookup(objects, root, 'g/x')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining(idOf('gone')) as string,
  })
})

test('H2: refuses a link that leaves the package from where it is', async () => {
  const objects = memoryObjects()
  const link = await objects.write(
    'tree',
    encodeTreeNode({ level: 0, entries: [{ type: 'link', name: 'l', target: '../x' }] }),
  )
  await expect(lookup(objects, link, 'l')).rejects.toMatchObject({ code: 'CORRUPT' })
  const root = await build(objects, [{ type: 'group', name: 'g', id: link }])
  expect(await lookup(objects, root, 'g/l')).toMatchObject({ target: '../x' })
})
