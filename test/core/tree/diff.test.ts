import { expect, test } from 'vitest'
import type { Entry } from '../../../src/core/model/entry.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { build } from '../../../src/core/tree/build.ts'
import { diff, diffEntries } from '../../../src/core/tree/diff.ts'
import { edit } from '../../../src/core/tree/edit.ts'
import { editEntries } from '../../../src/core/tree/edit-entries.ts'
import { memoryObjects, type MemoryObjects } from '../../support/memory-objects.ts'
import { collect, file, numbered } from '../../support/random-trees.ts'

async function changes(objects: MemoryObjects, a: Id | undefined, b: Id | undefined): Promise<string[]> {
  const all = await collect(diff(objects, a, b))
  return all.map(({ path, from, to }) => `${from === undefined ? '+' : to === undefined ? '-' : '*'} ${path}`)
}

test('equal trees differ in nothing, and are not read', async () => {
  const objects = memoryObjects()
  const root = await build(objects, numbered(10))
  objects.reset()
  expect(await changes(objects, root, root)).toEqual([])
  expect(await changes(objects, undefined, undefined)).toEqual([])
  expect(objects.count.reads).toBe(0)
})

test('one change among 100,000 entries reads one node a level of each side', async () => {
  const objects = memoryObjects()
  const root = await build(objects, numbered(100_000))
  const name = 'file-0051234.csv'
  const edited = await editEntries(objects, objects, root, { changes: [{ name, entry: file(name, 'new') }] })
  objects.reset()
  expect(await changes(objects, root, edited)).toEqual([`* ${name}`])
  expect(objects.count.reads).toBeLessThanOrEqual(6)
})

test('an insertion and a removal that move boundaries read little more', async () => {
  const objects = memoryObjects()
  const list = numbered(100_000)
  const root = await build(objects, list)
  for (let at = 0; at < list.length; at += 9973) {
    const { name } = list[at] as { name: string }
    const edited = await editEntries(objects, objects, root, {
      changes: [
        { name, entry: undefined },
        { name: `${name}+`, entry: file(`${name}+`) },
      ],
    })
    objects.reset()
    expect(await changes(objects, root, edited)).toEqual([`- ${name}`, `+ ${name}+`])
    expect(objects.count.reads).toBeLessThan(20)
  }
})

test('trees of different heights are compared', async () => {
  const objects = memoryObjects()
  const list = numbered(40_000)
  const large = await build(objects, list)
  for (const count of [0, 1, 100, 3000]) {
    const small = await build(objects, list.slice(0, count))
    expect(await changes(objects, large, small)).toHaveLength(40_000 - count)
    expect(await changes(objects, small, large)).toHaveLength(40_000 - count)
  }
})

test('a group on one side only is told with all below it', async () => {
  const objects = memoryObjects()
  const empty = await build(objects, [])
  const put = (path: string, to?: Entry) => ({
    path,
    from: undefined,
    to: to ?? file(path.split('/').at(-1) as string),
  })
  const one = await edit(objects, objects, undefined, [put('a/b/c'), put('d'), put('g/h')])
  const two = await edit(objects, objects, undefined, [
    put('d'),
    put('e', { type: 'group', name: 'e', id: empty }),
    put('g'),
  ])
  expect(await changes(objects, one, two)).toEqual(['- a', '- a/b', '- a/b/c', '+ e', '* g', '- g/h'])
  expect(await changes(objects, two, one)).toEqual(['+ a', '+ a/b', '+ a/b/c', '- e', '* g', '+ g/h'])
})

test("a change of a group's metadata is told as its own, its content apart", async () => {
  const objects = memoryObjects()
  const [x, y] = [await build(objects, [file('x')]), await build(objects, [file('y')])]
  const root = (id: Id, meta?: { m: number; n?: number }): Promise<Id> =>
    build(objects, [{ type: 'group', name: 'g', id, ...(meta === undefined ? {} : { meta }) }])
  expect(await changes(objects, await root(x), await root(y))).toEqual(['- g/x', '+ g/y'])
  expect(await changes(objects, await root(x), await root(x, { m: 1 }))).toEqual(['* g'])
  expect(await changes(objects, await root(x, { m: 1 }), await root(y, { m: 2 }))).toEqual([
    '* g',
    '- g/x',
    '+ g/y',
  ])
})

test('the metadata of the root is no entry', async () => {
  const objects = memoryObjects()
  const list = numbered(3000)
  expect(await changes(objects, await build(objects, list), await build(objects, list, { a: 1 }))).toEqual([])
})

test('derived trees are compared name by name', async () => {
  const objects = memoryObjects()
  const recipe = { type: 'recipe', name: 'a'.repeat(64), id: file('r').id, size: 5 } as const
  const one = await build(objects, [recipe])
  expect(await collect(diffEntries(objects, undefined, one))).toEqual([
    { name: recipe.name, from: undefined, to: recipe },
  ])
  await expect(changes(objects, undefined, one)).rejects.toMatchObject({ code: 'CORRUPT' })
})
