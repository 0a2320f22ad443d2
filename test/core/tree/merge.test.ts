import { describe, expect, test } from 'vitest'
import { build } from '../../../src/core/tree/build.ts'
import { diff } from '../../../src/core/tree/diff.ts'
import { edit, type Change } from '../../../src/core/tree/edit.ts'
import { editEntries } from '../../../src/core/tree/edit-entries.ts'
import { merge, type Settle } from '../../../src/core/tree/merge.ts'
import { walk } from '../../../src/core/tree/walk.ts'
import type { Entry } from '../../../src/core/model/entry.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { hashBytes } from '#hash'
import { memoryObjects, type MemoryObjects } from '../../support/memory-objects.ts'
import { dice } from '../../support/crash-world.ts'
import { collect } from '../../support/ref-bench.ts'
import { text } from '../../support/store-bench.ts'

const blob = (content: string): Id => hashBytes(text(content))
type Plain = Readonly<Record<string, string>>

const entryAt = (path: string, content: string): Entry => ({
  type: 'file',
  name: path.slice(path.lastIndexOf('/') + 1),
  id: blob(content),
  size: content.length,
})

async function treeOf(objects: MemoryObjects, files: Plain): Promise<Id> {
  const changes: Change[] = Object.entries(files).map(([path, content]) => ({
    path,
    from: undefined,
    to: entryAt(path, content),
  }))
  return edit(objects, objects, await build(objects, []), changes)
}

async function plainOf(objects: MemoryObjects, tree: Id): Promise<Record<string, Id>> {
  const plain: Record<string, Id> = {}
  for await (const { path, entry } of walk(objects, tree)) if (entry.type === 'file') plain[path] = entry.id
  return plain
}

async function merged(
  trees: { readonly base: Plain | undefined; readonly ours: Plain; readonly theirs: Plain },
  settle?: Settle,
) {
  const objects = memoryObjects()
  const base = trees.base === undefined ? undefined : await treeOf(objects, trees.base)
  const [ours, theirs] = [await treeOf(objects, trees.ours), await treeOf(objects, trees.theirs)]
  const { changes, conflicts } = await merge(objects, { base, ours, theirs }, settle)
  const tree = await edit(objects, objects, ours, changes)
  return { objects, tree, files: await plainOf(objects, tree), conflicts: conflicts.map(({ path }) => path) }
}

const ids = (files: Plain): Record<string, Id> =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [path, blob(content)]))

describe('a merge', () => {
  const base = { 'a/x': '1', 'a/y': '1', 'b/z': '1', c: '1' }

  test('takes what either side changed, added and removed', async () => {
    const { files, conflicts } = await merged({
      base,
      ours: { 'a/x': '2', 'a/y': '1', 'b/z': '1', c: '1', 'a/new': 'ours' },
      theirs: { 'a/x': '1', 'a/y': '3', c: '1', 'deep/er/new': 'theirs' },
    })
    expect(conflicts).toEqual([])
    expect(files).toEqual(ids({ 'a/x': '2', 'a/y': '3', c: '1', 'a/new': 'ours', 'deep/er/new': 'theirs' }))
  })

  test('takes once what both sides changed alike', async () => {
    const { files, conflicts } = await merged({
      base,
      ours: { ...base, 'a/x': '2', 'n/e/w': 'same' },
      theirs: { ...base, 'a/x': '2', 'n/e/w': 'same' },
    })
    expect(conflicts).toEqual([])
    expect(files).toEqual(ids({ ...base, 'a/x': '2', 'n/e/w': 'same' }))
  })

  test('tells every path that both changed, and takes the side that is told', async () => {
    const ours = { 'a/x': '2', 'a/y': '1', 'b/z': '2', c: '1', 'd/in': 'ours' }
    const theirs = { 'a/x': '3', 'a/y': '1', c: '1', d: 'a file' }
    const open = await merged({ base, ours, theirs })
    expect(open.conflicts).toEqual(['a/x', 'b', 'd'])
    const mine = await merged({ base, ours, theirs }, () => 'ours')
    expect([mine.conflicts, mine.files]).toEqual([[], ids(ours)])
    const other = await merged({ base, ours, theirs }, () => 'theirs')
    expect([other.conflicts, other.files]).toEqual([[], ids(theirs)])
    const mixed = await merged({ base, ours, theirs }, (path) => (path === 'a/x' ? 'theirs' : undefined))
    expect(mixed.conflicts).toEqual(['b', 'd'])
  })

  test('without a base takes what is on one side alone', async () => {
    const { files, conflicts } = await merged({
      base: undefined,
      ours: { 'a/x': '1', both: '1', same: 's' },
      theirs: { 'a/y': '1', both: '2', same: 's' },
    })
    expect(conflicts).toEqual(['both'])
    expect(Object.keys(files).sort()).toEqual(['a/x', 'a/y', 'both', 'same'])
  })

  test('joins the metadata of groups and of the package', async () => {
    const objects = memoryObjects()
    const withMeta = async (files: Plain, meta: Record<string, string>, root = meta): Promise<Id> => {
      const tree = await treeOf(objects, files)
      const group = (await collect(walk(objects, tree))).find(({ path }) => path === 'a')?.entry as Entry
      const changed = await edit(objects, objects, tree, [{ path: 'a', from: group, to: { ...group, meta } }])
      return editEntries(objects, objects, changed, { changes: [], meta: root })
    }
    const [old, ours] = [
      await withMeta({ 'a/x': '1' }, { k: '1' }),
      await withMeta({ 'a/x': '2' }, { k: '1' }),
    ]
    const theirs = await withMeta({ 'a/x': '1', 'a/y': '1' }, { k: '2' }, { r: '2' })
    const { changes, meta, conflicts } = await merge(objects, { base: old, ours, theirs })
    expect(conflicts).toEqual([])
    expect(meta).toEqual({ r: '2' })
    const tree = await edit(objects, objects, ours, changes)
    const found = await collect(walk(objects, tree))
    expect(found.map(({ path }) => path)).toEqual(['a', 'a/x', 'a/y'])
    expect(found[0]?.entry).toMatchObject({ meta: { k: '2' } })
    const both = await merge(objects, { base: old, ours: await withMeta({ 'a/x': '1' }, { k: '3' }), theirs })
    expect(both.conflicts.map(({ path }) => path)).toEqual(['', 'a'])
  })

  test('is that of the paths one by one, whatever the trees, and either way round', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const roll = dice(seed)
      const some = (from: Plain, changes: number): Plain => {
        const files: Record<string, string> = { ...from }
        for (let i = 0; i < changes; i++) {
          const path = `g${String(roll(3))}/h${String(roll(3))}/f${String(roll(40))}`
          if (roll(4) === 0) delete files[path]
          else files[path] = String(roll(3))
        }
        return files
      }
      const base = some({}, 150)
      const [ours, theirs] = [some(base, 20), some(base, 20)]
      const names = new Set([...Object.keys(ours), ...Object.keys(theirs), ...Object.keys(base)])
      const expected: Record<string, string> = {}
      const fights: string[] = []
      for (const path of names) {
        const [b, o, t] = [base[path], ours[path], theirs[path]]
        if (o !== b && t !== b && o !== t) fights.push(path)
        const value = t !== b && o === b ? t : o
        if (value !== undefined) expected[path] = value
      }
      const one = await merged({ base, ours, theirs })
      // Where a whole group went on one side, the group is the conflict.
      if (one.conflicts.every((path) => path.split('/').length === 3)) {
        expect(one.conflicts.sort()).toEqual(fights.sort())
        expect(one.files).toEqual(ids(expected))
      }
      const other = await merged({ base, ours: theirs, theirs: ours })
      expect(other.conflicts.sort()).toEqual(one.conflicts.sort())
      if (fights.length === 0) expect(await collect(diff(one.objects, one.tree, other.tree))).toEqual([])
    }
  })

  test('reads only the nodes on the way to what differs', async () => {
    const objects = memoryObjects()
    const wide: Record<string, string> = {}
    for (let i = 0; i < 20_000; i++) wide[`w/${String(i).padStart(6, '0')}`] = '1'
    const old = await treeOf(objects, wide)
    const put = (tree: Id, path: string): Promise<Id> =>
      edit(objects, objects, tree, [{ path, from: undefined, to: entryAt(path, 'new') }])
    const [ours, theirs] = [await put(old, 'w/000777'), await put(old, 'w/015000')]
    let nodes = 0
    const counted = {
      ...objects,
      readMany: (...args: Parameters<typeof objects.readMany>) => {
        nodes += args[0].length
        return objects.readMany(...args)
      },
    }
    const { changes } = await merge(counted, { base: old, ours, theirs })
    expect(changes.map(({ path }) => path)).toEqual(['w/015000'])
    expect(nodes).toBeLessThan(20)
  })
})
