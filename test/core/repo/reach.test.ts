import { describe, expect, test } from 'vitest'
import { hasFiles, type Extent } from '../../../src/core/model/extent.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { reach, type ReachFrom, type Reached } from '../../../src/core/repo/reach.ts'
import { build } from '../../../src/core/tree/build.ts'
import { nodeReader } from '../../../src/core/tree/node.ts'
import type { TreeEntry } from '../../../src/core/codec/objects/tree-entry.ts'
import { hashBytes } from '#hash'
import { memoryObjects, type MemoryObjects } from '../../support/memory-objects.ts'
import { collect } from '../../support/ref-bench.ts'
import { text } from '../../support/store-bench.ts'

const blob = (name: string): Id => hashBytes(text(name))

/** A tree of empty promises: blobs by name, `size` bytes each. */
async function treeOf(objects: MemoryObjects, paths: readonly string[], size = 10): Promise<Id> {
  const below = new Map<string, string[]>()
  for (const path of paths) {
    const [name = '', ...rest] = path.split('/')
    const under = below.get(name) ?? []
    below.set(name, under)
    if (rest.length > 0) under.push(rest.join('/'))
  }
  const entries: TreeEntry[] = []
  for (const name of [...below.keys()].sort()) {
    const under = below.get(name) ?? []
    if (under.length > 0) entries.push({ type: 'group', name, id: await treeOf(objects, under, size) })
    else entries.push({ type: 'file', name, id: blob(name), size })
  }
  return build(objects, entries)
}

async function reached(objects: MemoryObjects, from: ReachFrom): Promise<Reached[]> {
  return (await collect(reach(nodeReader(objects), from))).flat()
}

const pathsOf = (all: readonly Reached[]): string[] =>
  all
    .filter(({ kind }) => kind === 'blob')
    .map(({ path }) => path)
    .sort()

const paths = ['a.csv', 'deep/b.csv', 'deep/er/c.csv', 'deepness/d.csv', 'z']

describe('a commit reaches', () => {
  test('every tree and every blob', async () => {
    const objects = memoryObjects()
    const tree = await treeOf(objects, paths)
    const all = await reached(objects, { tree })
    expect(pathsOf(all)).toEqual(paths)
    const trees = new Set(all.filter(({ kind }) => kind === 'tree').map(({ id }) => id))
    expect(trees).toEqual(new Set(objects.stored.keys()))
  })

  test('of a partial one all trees, and the blobs at or below the paths', async () => {
    const objects = memoryObjects()
    const tree = await treeOf(objects, paths)
    const asked: [Extent, string[]][] = [
      ['commit', []],
      ['meta', []],
      [['deep'], ['deep/b.csv', 'deep/er/c.csv']],
      [
        ['deep/er', 'z'],
        ['deep/er/c.csv', 'z'],
      ],
      [['none'], []],
      [[''], paths],
    ]
    for (const [extent, blobs] of asked) {
      const all = await reached(objects, { tree, extent })
      expect(pathsOf(all)).toEqual(blobs)
      const trees = new Set(all.filter(({ kind }) => kind === 'tree').map(({ id }) => id))
      expect(trees.size).toBe(extent === 'commit' ? 0 : objects.stored.size)
    }
    expect(hasFiles(['deep'], 'deepness/d.csv')).toBe(false)
    expect(hasFiles(undefined, 'x')).toBe(true)
  })

  test('beyond a known one only what that does not have', async () => {
    const objects = memoryObjects()
    const old = await treeOf(objects, paths)
    const tree = await treeOf(objects, [...paths, 'deep/er/new.csv'])
    const all = await reached(objects, { tree, than: { tree: old } })
    expect(pathsOf(all)).toEqual(['deep/er/new.csv'])
    expect(all.filter(({ kind }) => kind === 'tree')).toHaveLength(3)
    expect(await reached(objects, { tree, than: { tree } })).toEqual([])
  })

  test('in a wide folder only the nodes on the way to a change', async () => {
    const objects = memoryObjects()
    const wide = Array.from({ length: 20_000 }, (_, i) => `f${String(i).padStart(6, '0')}`)
    const old = await treeOf(objects, wide)
    const tree = await treeOf(objects, [...wide.slice(0, 9000), ...wide.slice(9001), 'g'])
    objects.reset()
    const all = await reached(objects, { tree, than: { tree: old } })
    expect(pathsOf(all)).toEqual(['g'])
    expect(objects.count.reads).toBeLessThan(40)
  })

  test('the recipes of its large blobs, the derived tree, and the trees of views', async () => {
    const objects = memoryObjects()
    const tree = await treeOf(objects, ['big'], 2 ** 30)
    const view = await treeOf(objects, ['part-0.parquet'])
    const recipe = blob('recipe')
    const derived = await build(objects, [
      ...([{ type: 'recipe', name: blob('big'), id: recipe, size: 2 ** 30 }] as TreeEntry[]),
      { type: 'group', name: `${blob('big')}.x`, id: view },
    ])
    for (const extent of [undefined, ['']]) {
      const all = await reached(objects, { tree, derived, extent })
      expect(all).toContainEqual({ kind: 'blob', id: blob('big'), size: 2 ** 30, path: 'big', recipe })
      expect(new Set(all.map(({ id }) => id))).toEqual(
        new Set([tree, view, derived, blob('big'), blob('part-0.parquet')]),
      )
    }
    const partial = await reached(objects, { tree, derived, extent: 'meta' })
    expect(new Set(partial.map(({ id }) => id))).toEqual(new Set([tree, derived]))
  })
})

describe('what is damaged', () => {
  test('H26: a blob where a tree belongs is CORRUPT, a missing tree NOT_FOUND', async () => {
    const objects = memoryObjects()
    const id = await objects.write('tree', text('no tree'))
    const tree = await build(objects, [{ type: 'group', name: 'g', id }])
    await expect(reached(objects, { tree })).rejects.toMatchObject({ code: 'CORRUPT' })
    await expect(reached(objects, { tree: blob('none') })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('groups deeper than 512 levels are CORRUPT', async () => {
    const objects = memoryObjects()
    let tree = await build(objects, [])
    for (let i = 0; i < 520; i++) tree = await build(objects, [{ type: 'group', name: 'g', id: tree }])
    await expect(reached(objects, { tree })).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})
