// Folders into trees: what is left out, what is remembered, and what is refused.
import * as nodeFs from 'node:fs'
import { chmodSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { packStore } from '../../src/core/store/pack-store.ts'
import { walk } from '../../src/core/tree/walk.ts'
import { snapshot, type Snapshot } from '../../src/worktree/snapshot.ts'
import { noStatCache, openStatCache, type StatCache } from '../../src/worktree/stat-cache.ts'
import { fakeAmbient } from '../support/ambient.ts'
import { tempDir } from '../support/temp-dir.ts'

/** A file system that counts how often files are opened. */
function counting(): { readonly fs: FileSystem; readonly opened: string[] } {
  const opened: string[] = []
  const fs = {
    ...nodeFs,
    openSync: (path: string, ...rest: unknown[]) => {
      opened.push(path)
      return (nodeFs.openSync as (...all: unknown[]) => number)(path, ...rest)
    },
  } as unknown as FileSystem
  return { fs, opened }
}

const store = packStore(memoryBackend(), fakeAmbient())

function take(
  folder: string,
  more: { fs?: FileSystem; cache?: StatCache; outside?: 'refuse' | 'follow'; now?: () => Date } = {},
): Promise<Snapshot> {
  const { fs = nodeFs, cache = noStatCache, outside = 'refuse', now = () => new Date() } = more
  return store.batch((out) => snapshot({ fs, folder, out, cache, now, outside, depth: 0 }))
}

async function paths(made: Snapshot): Promise<string[]> {
  const all: string[] = []
  for await (const { path } of walk(store, made.tree)) all.push(path)
  return all
}

function fill(files: Readonly<Record<string, string>>): string {
  const root = tempDir()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

/** Makes files look as if they had been written long ago: a stamp of this moment says nothing. */
function age(root: string, ...names: string[]): void {
  for (const name of names) utimesSync(join(root, name), 1_600_000_000.123, 1_600_000_000.123)
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60))

describe('what is left out', () => {
  test('names that Quilt 2 left out, and what .quiltignore says; ! brings them back', async () => {
    const root = fill({
      'a.csv': '1',
      '.env': '1',
      'b~': '1',
      'quilt_packages/x': '1',
      'build.yml': '1',
      'sub/build.yml': '1',
      'sub/c.log': '1',
      'sub/keep.log': '1',
      'sub/deep/d.log': '1',
      'tmp/x': '1',
      'sub/.quiltignore': '!keep.log\n',
      '.quiltignore': '# logs\n*.log\n/tmp/\n!.env\n',
    })
    const made = await take(root)
    expect(await paths(made)).toEqual(['.env', 'a.csv', 'sub', 'sub/build.yml', 'sub/deep', 'sub/keep.log'])
    expect(made).toMatchObject({ files: 4, bytes: 4 })
  })
})

describe('the stat cache', () => {
  test('spares an unchanged build all reading, and notices every change', async () => {
    const root = fill({ 'a.csv': 'one', 'sub/b.csv': 'two' })
    const folder = tempDir()
    const cache = await openStatCache(folder, () => undefined)
    age(root, 'a.csv', 'sub/b.csv')
    await settle()
    const first = await take(root, { cache })
    const { fs, opened } = counting()
    expect((await take(root, { fs, cache })).tree).toBe(first.tree)
    expect(opened.filter((path) => path.endsWith('.csv'))).toEqual([])
    writeFileSync(join(root, 'a.csv'), 'ONE') // the same length
    const second = await take(root, { cache })
    expect(second.tree).not.toBe(first.tree)
    chmodSync(join(root, 'sub/b.csv'), 0o755)
    expect((await take(root, { cache })).tree).not.toBe(second.tree)
    await cache.close()
  })

  test('trusts no stamp of the very moment in which the file was read: the racy write is seen', async () => {
    const root = fill({ 'a.csv': 'one' })
    const cache = await openStatCache(tempDir(), () => undefined)
    const now = (): Date => new Date(nodeFs.statSync(join(root, 'a.csv')).ctimeMs + 5)
    const first = await take(root, { cache, now })
    const { fs, opened } = counting()
    expect((await take(root, { fs, cache, now })).tree).toBe(first.tree)
    expect(opened.filter((path) => path.endsWith('a.csv'))).toHaveLength(1)
    await cache.close()
  })

  test('is skipped while another has it open, and made anew when it is garbage', async () => {
    const folder = tempDir()
    const first = await openStatCache(folder, () => undefined)
    const second = await openStatCache(folder, () => undefined)
    expect(second).toBe(noStatCache)
    await first.close()
    for (const name of nodeFs.readdirSync(folder)) {
      if (/^(CURRENT|MANIFEST)/.test(name)) writeFileSync(join(folder, name), 'garbage')
    }
    const root = fill({ 'a.csv': 'one' })
    const again = await openStatCache(folder, () => {
      nodeFs.rmSync(folder, { recursive: true })
      mkdirSync(folder)
    })
    expect((await take(root, { cache: again })).files).toBe(1)
    await again.close()
  })

  test('a file whose blob is gone from the store is read again', async () => {
    const root = fill({ 'a.csv': 'one' })
    age(root, 'a.csv')
    await settle()
    const cache = await openStatCache(tempDir(), () => undefined)
    await take(root, { cache })
    const other = packStore(memoryBackend(), fakeAmbient(9))
    const source = {
      fs: nodeFs,
      folder: root,
      cache,
      now: () => new Date(),
      outside: 'refuse',
      depth: 0,
    } as const
    const made = await other.batch((out) => snapshot({ ...source, out }))
    const ids: string[] = []
    for await (const { entry } of walk(other, made.tree)) if (entry.type === 'file') ids.push(entry.id)
    expect(await other.missing(ids as never)).toEqual([])
    await cache.close()
  })
})

describe('what is refused', () => {
  test('a name that is no UTF-8 (H15)', async () => {
    const root = fill({ 'a.csv': 'one' })
    writeFileSync(Buffer.concat([Buffer.from(`${root}/b`), Buffer.from([0xff])]), 'x')
    await expect(take(root)).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('links that lead outside, absolute or by climbing; inside they are kept as they are (H8)', async () => {
    const root = fill({ 'a/b.csv': 'one' })
    symlinkSync('../a/b.csv', join(root, 'a', 'in.csv'))
    symlinkSync('nowhere', join(root, 'dangling'))
    expect(await paths(await take(root))).toEqual(['a', 'a/b.csv', 'a/in.csv', 'dangling'])
    symlinkSync('../../x', join(root, 'a', 'out.csv'))
    await expect(take(root)).rejects.toMatchObject({ code: 'INVALID' })
    nodeFs.rmSync(join(root, 'a', 'out.csv'))
    symlinkSync('/etc/passwd', join(root, 'passwd'))
    await expect(take(root)).rejects.toMatchObject({ code: 'INVALID' })
    nodeFs.rmSync(join(root, 'passwd'))
    symlinkSync(root, join(root, 'loop'))
    await expect(take(root, { outside: 'follow' })).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('a large file with holes is read in bounded pieces (H34)', async () => {
    const root = fill({ 'small.csv': 'x' })
    writeFileSync(join(root, 'sparse.bin'), '')
    truncateSync(join(root, 'sparse.bin'), 64 * 1024 * 1024)
    const made = await take(root)
    expect(made).toMatchObject({ files: 2, bytes: 64 * 1024 * 1024 + 1 })
    expect(made.recipes.size).toBe(1)
  })
})
