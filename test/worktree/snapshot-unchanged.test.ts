// Folders that are as they were: their trees are taken as they are, and only while everything in them is here.
import * as nodeFs from 'node:fs'
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../../src/core/backend/backend.ts'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { encodeCondemned } from '../../src/core/codec/condemned.ts'
import type { Id } from '../../src/core/model/id.ts'
import { dryRun } from '../../src/core/store/dry-writer.ts'
import { condemnedKey, indexPrefix, packPrefix } from '../../src/core/store/layout.ts'
import type { ObjectWriter } from '../../src/core/store/object-store.ts'
import { packStore, type PackStore } from '../../src/core/store/pack-store.ts'
import { walk } from '../../src/core/tree/walk.ts'
import { snapshot, type Snapshot } from '../../src/worktree/snapshot.ts'
import { noStatCache, openStatCache, type StatCache } from '../../src/worktree/stat-cache.ts'
import { fakeAmbient } from '../support/ambient.ts'
import { keysOf } from '../support/ref-bench.ts'
import { noise } from '../support/store-bench.ts'
import { tempDir } from '../support/temp-dir.ts'
import { openedIn } from '../support/worktree-bench.ts'

interface Bench {
  readonly folder: string
  readonly backend: Backend
  readonly cache: StatCache
}

/** A folder of folders: of files alone, one of them chunked; with a link; and empty. */
async function bench(): Promise<Bench> {
  const folder = join(tempDir(), 'in')
  for (const name of ['files/deep', 'mixed/below', 'empty'])
    mkdirSync(join(folder, name), { recursive: true })
  const files = [
    'top.csv',
    'files/a.csv',
    'files/b.csv',
    'files/deep/c.csv',
    'mixed/d.csv',
    'mixed/below/e.csv',
  ]
  for (const [i, name] of files.entries()) writeFileSync(join(folder, name), noise(1000 + i, i))
  writeFileSync(join(folder, 'files/deep/large.bin'), noise(700_000, 9))
  symlinkSync('d.csv', join(folder, 'mixed/link'))
  for (const name of [...files, 'files/deep/large.bin']) age(join(folder, name))
  await new Promise((resolve) => setTimeout(resolve, 60))
  return { folder, backend: memoryBackend(), cache: await openStatCache(tempDir(), () => undefined) }
}

/** Makes a file look as if it had been written long ago. */
function age(path: string): void {
  utimesSync(path, 1_600_000_000.123, 1_600_000_000.123)
}

interface Taken extends Snapshot {
  /** Paths of the files that were opened. */
  readonly opened: readonly string[]
  /** Ids of the tree nodes that were written, or found to be here. */
  readonly nodes: readonly Id[]
  readonly newObjects: number
}

function storeOn(backend: Backend): PackStore {
  return packStore(backend, fakeAmbient(Math.floor(Math.random() * 1e9)))
}

async function take(
  { folder, backend, cache }: Bench,
  end: (made: Snapshot) => void = () => undefined,
): Promise<Taken> {
  const { fs, opened } = openedIn(nodeFs)
  const nodes: Id[] = []
  const objects = storeOn(backend)
  return objects.batch(async (out): Promise<Taken> => {
    const write: ObjectWriter['write'] = async (kind, body) => {
      const id = await out.write(kind, body)
      if (kind === 'tree') nodes.push(id)
      return id
    }
    const made = await snapshot({
      fs,
      folder,
      out: { ...out, write },
      cache,
      now: () => new Date(),
      outside: 'refuse',
      depth: 0,
      objects,
    })
    end(made)
    return { ...made, opened, nodes, newObjects: out.written.objects }
  })
}

/** What a snapshot that remembers nothing gives. */
function fresh({ folder }: Bench): Promise<Taken> {
  return take({ folder, backend: memoryBackend(), cache: noStatCache })
}

async function expectWhole({ backend }: Bench, { tree, recipes }: Snapshot): Promise<void> {
  const store = storeOn(backend)
  for await (const { entry } of walk(store, tree)) {
    if (entry.type !== 'file') continue
    const source = await store.open(entry.id, recipes.get(entry.id)?.id)
    expect((await source.slice(0, source.size)).length).toBe(entry.size)
  }
}

describe('an unchanged folder', () => {
  test('of files alone is neither read nor written, and counts as it did', async () => {
    const one = await bench()
    const first = await take(one)
    const again = await take(one)
    expect(again.opened).toEqual([])
    expect(again.newObjects).toBe(0)
    expect(again).toMatchObject({ tree: first.tree, files: 7, bytes: first.bytes, ignored: 0 })
    expect(again.recipes).toEqual(first.recipes)
    expect(again.recipes.size).toBe(1)
    // The nodes of files/deep and mixed/below were not even made; those of the others, and of the empty one, were.
    expect(first.nodes.length - again.nodes.length).toBe(2)
  })

  test('is read again when a pack is gone with which its objects went', async () => {
    const one = await bench()
    const first = await take(one)
    for (const key of await keysOf(one.backend, packPrefix)) await one.backend.delete(key)
    for (const key of await keysOf(one.backend, indexPrefix)) await one.backend.delete(key)
    const again = await take(one)
    expect(again.tree).toBe(first.tree)
    expect(again.opened).toHaveLength(7)
    await expectWhole(one, again)
    expect((await take(one)).opened).toEqual([])
  })

  test('is read again when its packs are all about to be deleted', async () => {
    const one = await bench()
    const first = await take(one)
    const packs = (await keysOf(one.backend, packPrefix)).map((key) => key.slice(packPrefix.length))
    await one.backend.put(condemnedKey('0'.repeat(32)), encodeCondemned({ packs, writers: [] }))
    const again = await take(one)
    expect(again.tree).toBe(first.tree)
    expect(again.opened).toHaveLength(7)
    for (const pack of packs) await one.backend.delete(`${packPrefix}${pack}`)
    await expectWhole(one, again)
  })

  test('is read again when the batch that read it failed before its packs were written', async () => {
    const one = await bench()
    const failing = take(one, () => {
      throw new Error('killed')
    })
    await expect(failing).rejects.toThrow('killed')
    const again = await take(one)
    expect(again.opened).toHaveLength(7)
    await expectWhole(one, again)
  })

  test('whose objects moved to other packs is trusted again after one look at each', async () => {
    const one = await bench()
    const first = await take(one)
    const store = storeOn(one.backend)
    const old = await keysOf(one.backend, packPrefix)
    const ids: Id[] = []
    for await (const id of store.ids()) ids.push(id)
    // Every object into packs of other names, as repack does.
    const other = memoryBackend()
    await storeOn(other).batch(async (out) => {
      for await (const object of store.readMany(ids)) {
        if (object.recipe === undefined) await out.copy(object)
        else await out.writeChunked(object.id, 700_000, object.recipe)
      }
    })
    const two = { ...one, backend: other }
    expect(await keysOf(other, packPrefix)).not.toEqual(old)
    const again = await take(two)
    expect(again).toMatchObject({ tree: first.tree, opened: [], newObjects: 0 })
    expect(again.nodes.length).toBe(first.nodes.length)
    const third = await take(two)
    expect(first.nodes.length - third.nodes.length).toBe(2)
  })
})

describe('a folder of files alone that has changed', () => {
  const changes: readonly [string, (folder: string) => void, readonly string[]][] = [
    ['a file removed', (folder) => rmSync(join(folder, 'c.csv')), []],
    ['a file renamed', (folder) => renameSync(join(folder, 'c.csv'), join(folder, 'z.csv')), ['z.csv']],
    ['a file more', (folder) => writeFileSync(join(folder, 'd.csv'), 'new'), ['d.csv']],
    [
      'other bytes of the same length',
      (folder) => writeFileSync(join(folder, 'c.csv'), noise(1003, 77)),
      ['c.csv'],
    ],
    ['an executable bit', (folder) => chmodSync(join(folder, 'c.csv'), 0o755), ['c.csv']],
    ['a folder more', (folder) => mkdirSync(join(folder, 'sub')), []],
    ['a rule', (folder) => writeFileSync(join(folder, '.quiltignore'), 'c.csv\n'), ['.quiltignore']],
  ]
  test.each(changes)('%s: gives the tree that it has now', async (_what, change, read) => {
    const one = await bench()
    await take(one)
    change(join(one.folder, 'files/deep'))
    const again = await take(one)
    const wanted = await fresh(one)
    expect(again).toMatchObject({ tree: wanted.tree, files: wanted.files, bytes: wanted.bytes })
    expect(again.opened).toEqual(read.map((name) => `files/deep/${name}`))
    const third = await take(one)
    expect(third.tree).toBe(wanted.tree)
    await expectWhole(one, third)
  })

  test('the removed file of one that could not be remembered comes back in no tree', async () => {
    const one = await bench()
    const racy = join(one.folder, 'files/deep/now.csv')
    writeFileSync(racy, 'written within the clock’s last tick')
    await take(one)
    rmSync(racy)
    expect((await take(one)).tree).toBe((await fresh(one)).tree)
  })

  test('a dry run says what a build would make', async () => {
    const one = await bench()
    await take(one)
    rmSync(join(one.folder, 'files/deep/c.csv'))
    const store = storeOn(one.backend)
    const { out, objects } = dryRun(store)
    const cache = { ...one.cache, write: () => Promise.resolve() }
    const now = (): Date => new Date()
    const source = {
      fs: nodeFs,
      folder: one.folder,
      out,
      cache,
      now,
      outside: 'refuse' as const,
      depth: 0,
      objects,
    }
    expect((await snapshot(source)).tree).toBe((await fresh(one)).tree)
  })
})
