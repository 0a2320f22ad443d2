import { expect, test } from 'vitest'
import { build } from '../../../src/core/tree/build.ts'
import { derivedEntries, entries } from '../../../src/core/tree/entries.ts'
import { memoryObjects } from '../../support/memory-objects.ts'
import { collect, file, idOf, numbered } from '../../support/random-trees.ts'

test('lists from any name on, there or not', async () => {
  const objects = memoryObjects()
  const list = numbered(5000)
  const root = await build(objects, list)
  for (const at of [0, 1, 31, 32, 512, 2500, 4999]) {
    const { name } = list[at] as (typeof list)[number]
    expect((await collect(entries(objects, root, name))).map((e) => e.name)).toEqual(
      list.slice(at).map((e) => e.name),
    )
    const after = await entries(objects, root, `${name}x`).next()
    expect(after.value?.name).toBe(list[at + 1]?.name)
  }
  expect(await collect(entries(objects, root, 'zzz'))).toEqual([])
})

test('reads nodes in batches that grow, and only as far as the listing goes', async () => {
  const objects = memoryObjects()
  const root = await build(objects, numbered(50_000))
  objects.reset()
  await collect(entries(objects, root))
  expect(objects.count.batches).toBeLessThan(20)
  objects.reset()
  await entries(objects, root, 'file-0025000.csv').next()
  expect(objects.count.reads).toBeLessThanOrEqual(3)
})

test('H26: a package holds no recipe, a derived tree no file', async () => {
  const objects = memoryObjects()
  const blob = idOf('blob')
  const derived = await build(objects, [{ type: 'recipe', name: blob, id: idOf('recipe'), size: 1 }])
  expect(await collect(derivedEntries(objects, derived))).toHaveLength(1)
  await expect(collect(entries(objects, derived))).rejects.toMatchObject({ code: 'CORRUPT' })
  const files = await build(objects, [file('a')])
  await expect(collect(derivedEntries(objects, files))).rejects.toMatchObject({ code: 'CORRUPT' })
})
