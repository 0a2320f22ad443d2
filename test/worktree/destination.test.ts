// What is known before a checkout writes its first byte: what is in the way, what cannot be named, where the store is.
import nodeFs from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../src/core/base/error.ts'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import type { TreeEntry } from '../../src/core/codec/objects/tree-entry.ts'
import type { Id } from '../../src/core/model/id.ts'
import type { CheckoutItem } from '../../src/worktree/checkout-target.ts'
import { systemError } from '../../src/testing/fault.ts'
import { foldingFs } from '../support/folding-fs.ts'
import { sortEntries } from '../support/random-trees.ts'
import { noise } from '../support/store-bench.ts'
import { tempDir } from '../support/temp-dir.ts'
import { asNobody, disks, type Disk } from '../support/two-disks.ts'
import {
  contents,
  refusal,
  watchedFs,
  worktreeBench,
  type PutTarget,
  type WorktreeBench,
} from '../support/worktree-bench.ts'
import { hashBytes } from '#hash'

const body = noise(10)
const file = (name: string): TreeEntry => ({ type: 'file', name, id: hashBytes(body), size: body.length })
const writing: ReadonlySet<keyof FileSystem> = new Set([
  'mkdirSync',
  'symlinkSync',
  'renameSync',
  'unlinkSync',
  'rmSync',
])

/** Anything that changes a disk fails the test: what is refused is refused before. */
const untouched = (fs: FileSystem): FileSystem =>
  watchedFs(fs, (call, args) => {
    if (writing.has(call) || (call === 'openSync' && args[1] !== 'r')) throw new Error(`${call} is called`)
  })

/** A tree of the files with these paths. */
async function treeOf(bench: WorktreeBench, paths: readonly string[]): Promise<Id> {
  const inside = new Map<string, string[]>()
  for (const path of paths) {
    const [name = '', ...rest] = path.split('/')
    inside.set(name, [...(inside.get(name) ?? []), ...(rest.length > 0 ? [rest.join('/')] : [])])
  }
  const entries: TreeEntry[] = []
  for (const [name, below] of inside) {
    entries.push(below.length === 0 ? file(name) : { type: 'group', name, id: await treeOf(bench, below) })
  }
  return bench.tree(sortEntries(entries), [body])
}

describe.each(disks)('on %s', (_name, make) => {
  interface Begun {
    readonly disk: Disk
    readonly bench: WorktreeBench
    readonly out: string
    /** Writes files with these paths to `out`. */
    put(paths: readonly string[], how?: Partial<PutTarget>): Promise<unknown>
    /** That must fail, and change nothing. */
    refused(
      paths: readonly string[],
      how: Partial<PutTarget>,
      code: ErrorCode,
      ...naming: string[]
    ): Promise<Error>
  }
  const begin = async (): Promise<Begun> => {
    const [disk, bench] = [make(), await worktreeBench()]
    const out = `${disk.root}/out`
    const put: Begun['put'] = async (paths, how) =>
      bench.put({ fs: disk.fs, folder: out, ...how }, await treeOf(bench, paths))
    const refused: Begun['refused'] = (paths, how, code, ...naming) =>
      refusal(put(paths, { fs: untouched(disk.fs), ...how }), code, ...naming)
    return { disk, bench, out, put, refused }
  }

  describe('what is in the way', () => {
    test('is named, all of it up to ten, before anything is written', async () => {
      const { disk, refused } = await begin()
      disk.write({ 'out/b': 'mine', 'out/sub/d': 'mine', 'out/other': 'mine' })
      const error = await refused(['a', 'b', 'c', 'sub/d', 'sub/e'], {}, 'CONFLICT', '"b"', '"sub/d"')
      expect(error.message).not.toMatch(/"a"|"sub"|"other"/)
      expect(error).toMatchObject({ hint: expect.stringContaining('--force') as string })
      expect(disk.paths('out')).toEqual(['b', 'other', 'sub/', 'sub/d'])
      const many = Array.from({ length: 30 }, (_, i) => `f${String(i).padStart(2, '0')}`)
      disk.write(Object.fromEntries(many.map((name) => [`out/${name}`, 'mine'])))
      const long = await refused(many, {}, 'CONFLICT', '"f00"', '"f09"', 'and more')
      expect(long.message).not.toContain('"f10"')
    })

    test('is replaced with --force where it is a file or a link, and what is beside it stays', async () => {
      const { disk, out, put } = await begin()
      disk.write({ 'out/b': 'mine', 'out/sub/d': 'mine', 'out/sub/other': 'mine', secret: 'mine' })
      disk.fs.chmodSync(`${out}/b`, 0o444)
      disk.fs.symlinkSync('../secret', `${out}/c`)
      disk.fs.symlinkSync('nowhere', `${out}/sub/e`)
      await put(['b', 'c', 'sub/d', 'sub/e'], { force: true })
      for (const path of ['b', 'c', 'sub/d', 'sub/e']) {
        expect(disk.fs.lstatSync(`${out}/${path}`).isFile()).toBe(true)
        expect(Buffer.compare(disk.fs.readFileSync(`${out}/${path}`), body)).toBe(0)
      }
      expect(disk.read('secret')).toBe('mine')
      expect(disk.paths('out')).toEqual(['b', 'c', 'sub/', 'sub/d', 'sub/e', 'sub/other'])
    })

    test.each([
      ['a folder where a file is to be', 'out/a/', ['a']],
      ['a folder that is not empty where a file is to be', 'out/a/x', ['a']],
      ['a file where a folder is to be', 'out/a', ['a/b']],
    ])('%s is refused, --force or not', async (_what, there, paths) => {
      const { disk, refused } = await begin()
      disk.write({ [there]: 'mine' })
      await refused(paths, {}, 'CONFLICT', '"a"')
      const error = await refused(paths, { force: true }, 'CONFLICT', '"a"')
      expect(error).toMatchObject({ hint: expect.stringContaining('another folder') as string })
    })

    test('a link to a folder is not gone through, --force or not', async () => {
      const { disk, out, refused } = await begin()
      disk.write({ 'elsewhere/x': 'mine', 'out/': '' })
      disk.fs.symlinkSync('../elsewhere', `${out}/a`)
      await refused(['a/b'], {}, 'CONFLICT', '"a"')
      await refused(['a/b'], { force: true }, 'CONFLICT', '"a"')
      expect(disk.paths('elsewhere')).toEqual(['x'])
    })

    test('a dangling link is in the way too', async () => {
      const { disk, out, refused } = await begin()
      disk.write({ 'out/': '' })
      disk.fs.symlinkSync('nowhere', `${out}/a`)
      await refused(['a'], {}, 'CONFLICT', '"a"')
    })

    test('folders that are there are written into', async () => {
      const { disk, put } = await begin()
      disk.write({ 'out/a/b/mine': 'mine', 'out/empty/': '' })
      await put(['a/b/c', 'a/d', 'new/e'])
      expect(disk.paths('out')).toEqual(['a/', 'a/b/', 'a/b/c', 'a/b/mine', 'a/d', 'empty/', 'new/', 'new/e'])
    })

    test('H58: a folder that may not be written into is named, also one below the destination', async () => {
      const { disk, out, refused } = await begin()
      disk.write({ 'out/a/b/': '' })
      const denying = (folder: string): FileSystem =>
        watchedFs(untouched(disk.fs), (call, [path]) => {
          if (call === 'accessSync' && path === folder) throw systemError('EACCES')
        })
      for (const folder of [out, `${out}/a/b`])
        await refused(['a/b/c'], { fs: denying(folder) }, 'DENIED', `"${folder}"`)
    })

    test('H60: a folder that lies on another file system is refused', async () => {
      const { disk, out, refused } = await begin()
      disk.write({ 'out/a/mounted/': '' })
      const fs = watchedFs(untouched(disk.fs), () => undefined)
      const mounted = Object.assign(Object.create(fs) as FileSystem, {
        lstatSync: (path: string) => {
          const stats = fs.lstatSync(path)
          if (path === `${out}/a/mounted`) stats.dev = 4711
          return stats
        },
      })
      await refused(['a/mounted/c'], { fs: mounted }, 'UNSUPPORTED', `"${out}/a/mounted"`)
    })
  })

  describe('the destination itself', () => {
    test.each([
      ['a file', 'out', 'out', 'out'],
      ['a file above it', 'out', 'out/a/b', 'out'],
    ])('%s is refused', async (_what, there, folder, named) => {
      const { disk, refused } = await begin()
      disk.write({ [there]: 'mine' })
      const how = { folder: `${disk.root}/${folder}` }
      await refused(['x'], how, 'CONFLICT', `"${disk.root}/${named}"`)
      await refused(['x'], { ...how, force: true }, 'CONFLICT', `"${disk.root}/${named}"`)
    })

    test('a link to a folder, in it or above it, is gone through: it is what was named', async () => {
      const { disk, put } = await begin()
      disk.write({ 'real/': '' })
      disk.fs.symlinkSync('real', `${disk.root}/link`)
      await put(['a'], { folder: `${disk.root}/link` })
      await put(['a'], { folder: `${disk.root}/link/new/er` })
      expect(disk.paths('real')).toEqual(['a', 'new/', 'new/er/', 'new/er/a'])
      expect(disk.fs.lstatSync(`${disk.root}/link`).isSymbolicLink()).toBe(true)
    })

    test.each(['nowhere', 'round'])('a link to %s is refused, and not written through', async (target) => {
      const { disk, refused } = await begin()
      disk.fs.symlinkSync(target, `${disk.root}/round`)
      await refused(['a'], { folder: `${disk.root}/round` }, 'CONFLICT', `${disk.root}/round`)
      const code = target === 'round' ? 'INVALID' : 'CONFLICT'
      await refused(['a'], { folder: `${disk.root}/round/a/b` }, code, `${disk.root}/round`)
    })
  })

  describe('what cannot be named', () => {
    test('H8: a link that points out of what is written is refused: a part of a package may hold one', async () => {
      const { disk, bench, out } = await begin()
      const target = { fs: untouched(disk.fs), folder: out }
      const link = (path: string, to: string): CheckoutItem => ({
        path,
        entry: { type: 'link', name: 'up', target: to },
      })
      for (const to of ['../x', '/etc/passwd', 'a/../../x', 'C:x'])
        await refusal(bench.putListed(target, [link('up', to)]), 'INVALID', '"up"')
      await refusal(bench.putListed(target, [link('a/up', '../../x')]), 'INVALID', '"a/up"')
    })

    test.each(['../x', '/x', 'a//b', 'a/./b', '..', 'a\\b', 'a\0b', 'x'.repeat(256)])(
      'H1, H2, H3: the path %j is refused, whoever listed it',
      async (path) => {
        const { disk, bench, out } = await begin()
        const entry = { type: 'file', name: 'x', id: hashBytes(body), size: 10 } as const
        await refusal(bench.putListed({ fs: untouched(disk.fs), folder: out }, [{ path, entry }]), 'INVALID')
      },
    )

    test.each([
      'CON',
      'nul.txt',
      'COM1',
      'lpt9.tar.gz',
      'com¹',
      'aux ',
      'a.',
      'a ',
      'a:b',
      'a?',
      'a\tb',
      'CONOUT$',
    ])('H4: %j is refused where Windows says what files are called, and nowhere else', async (name) => {
      const { disk, put, refused } = await begin()
      await refused([`sub/${name}`], { windows: true }, 'INVALID', JSON.stringify(name))
      await refused([`${name}/x`], { windows: true }, 'INVALID', JSON.stringify(name))
      await put([`sub/${name}`])
      expect(disk.paths('out')).toEqual(['sub/', `sub/${name}`])
    })

    test.each(['console', 'com', 'COM10', 'nulls', 'a.b', 'conin', '.git', 'é'])(
      'H4: %j is an ordinary name on Windows too',
      async (name) => {
        const { disk, put } = await begin()
        await put([name], { windows: true })
        expect(disk.paths('out')).toEqual([name])
      },
    )
  })

  describe('H5: names that differ in case', () => {
    const pairs: readonly (readonly [string, string])[] = [
      ['A', 'a'],
      ['README.md', 'readme.md'],
      ['STRASSE', 'straße'],
      ['É', 'e\u0301'],
      ['é', 'e\u0301'],
      ['\u03a3', '\u03c2'],
    ]
    test.each(pairs)('%j and %j are refused with both names where they are one', async (one, other) => {
      const { put, refused, disk } = await begin()
      await refused([one, other], { foldsCase: true }, 'CONFLICT', `"${one}"`, `"${other}"`)
      await refused([`${one}/x`, `${other}/y`], { foldsCase: true }, 'CONFLICT', `"${one}"`, `"${other}"`)
      const deep = [`sub/er/${one}`, `sub/er/x/y`, `sub/er/${other}`]
      await refused(deep, { foldsCase: true, force: true }, 'CONFLICT', `"${one}"`, `"${other}"`, '"sub/er"')
      await put([one, other])
      expect(disk.paths('out')).toEqual([one, other].sort())
    })

    test('the same name in two folders is two names', async () => {
      const { disk, put } = await begin()
      const paths = ['B/a', 'C/A', 'C/b/A', 'a']
      await put(paths, { foldsCase: true })
      expect(disk.paths('out').filter((path) => !path.endsWith('/'))).toEqual(paths)
    })

    test.each([
      ['a folder that is empty', {}],
      ['a folder in which a name shows it', { 'out/mine.txt': 'mine' }],
      ['a folder whose names all have their twins', { 'out/1': 'mine' }],
    ])('is found out on a file system that folds: %s', async (_what, there) => {
      const { disk, refused } = await begin()
      disk.write({ 'out/': '', ...there })
      const fs = untouched(foldingFs(disk.fs))
      await refused(['sub/A', 'sub/a'], { fs, force: true }, 'CONFLICT', '"A"', '"a"')
    })

    test('where it could not be found out, the second name meets the first, and nothing is left', async () => {
      const { disk, bench } = await begin()
      disk.write({ '1/': '' })
      const tree = await treeOf(bench, ['A', 'a', 'b/c'])
      const target = { fs: foldingFs(disk.fs), folder: `${disk.root}/1`, foldsCase: false }
      await refusal(bench.put(target, tree), 'CONFLICT', `${disk.root}/1/a`)
      expect(disk.paths('')).toEqual(['1/'])
    })

    test('what is in the way is found by any case', async () => {
      const { disk, bench, out } = await begin()
      disk.write({ 'out/readme': 'mine' })
      const fs = foldingFs(disk.fs)
      const tree = await treeOf(bench, ['README'])
      await refusal(bench.put({ fs, folder: out }, tree), 'CONFLICT', '"README"')
      await bench.put({ fs, folder: out, force: true }, tree)
      expect([...contents(disk.fs, out).values()]).toEqual([Buffer.from(body).toString('base64')])
    })
  })

  describe('H19: the store', () => {
    const inStore = async (folder: string, paths: readonly string[], ok = false): Promise<void> => {
      const { disk, put, refused } = await begin()
      disk.write({ 'data/store/refs/x': 'x', 'data/store/quilt.json': 'x' })
      disk.fs.symlinkSync('data', `${disk.root}/way`)
      disk.fs.symlinkSync('data/store/refs', `${disk.root}/into`)
      const how = { folder: `${disk.root}/${folder}`, store: `${disk.root}/way/store`, force: true }
      if (ok) await put(paths, how)
      else await refused(paths, how, 'INVALID', `${disk.root}/data/store`)
      expect(disk.read('data/store/refs/x')).toBe('x')
    }
    test.each([
      ['the store', 'data/store', ['a']],
      ['a folder in it', 'data/store/refs', ['a']],
      ['a new folder in it', 'data/store/new/er', ['a']],
      ['it, by a link above it', 'way/store', ['a']],
      ['it, by a link into it', 'into', ['a']],
      ['it, by a link into it, and on', 'into/new', ['a']],
      ['a folder above it, whose files lie in it', 'data', ['store/refs/x']],
      ['a folder above it, whose files lie in it by another case', 'data', ['Store/REFS/x']],
      ['the root above it, by a link', 'way', ['store/a']],
      ['a folder above it, with a file in its place', 'data', ['store']],
    ])('%s is refused', async (_what, folder, paths) => inStore(folder, paths))

    test.each([
      ['a folder above it', 'data', ['other/x', 'storefront', 'a']],
      ['a folder beside it', 'data/store-2', ['refs/x']],
    ])('%s is written to', async (_what, folder, paths) => inStore(folder, paths, true))
  })
})

test.runIf(process.platform === 'linux')(
  'H11: a path longer than the system takes is refused, and nothing is left',
  async () => {
    const [root, bench] = [tempDir(), await worktreeBench()]
    const paths = [Array.from({ length: 20 }, () => 'x'.repeat(250)).join('/')]
    const tree = await treeOf(bench, paths)
    await refusal(bench.put({ fs: nodeFs, folder: `${root}/out` }, tree), 'INVALID', 'too long')
    expect(nodeFs.readdirSync(root)).toEqual([])
    nodeFs.mkdirSync(`${root}/out`)
    await refusal(bench.put({ fs: nodeFs, folder: `${root}/out` }, tree), 'INVALID', 'too long')
    expect(nodeFs.readdirSync(`${root}/out`)).toEqual([])
  },
)

test.runIf(process.platform === 'linux')('H58: a folder without the right to write is named', async () => {
  const [root, bench] = [tempDir(), await worktreeBench()]
  const tree = await treeOf(bench, ['sub/a'])
  nodeFs.chmodSync(root, 0o755)
  nodeFs.mkdirSync(`${root}/out/sub`, { recursive: true })
  for (const [folder, named] of [
    ['out', 'out'],
    ['out/new/er', 'out'],
  ] as const) {
    const target = { fs: nodeFs, folder: `${root}/${folder}` }
    nodeFs.chmodSync(`${root}/out`, 0o555)
    await asNobody(() => refusal(bench.put(target, tree), 'DENIED', `"${root}/${named}"`))
  }
  nodeFs.chmodSync(`${root}/out`, 0o777)
  nodeFs.chmodSync(`${root}/out/sub`, 0o555)
  await asNobody(() =>
    refusal(bench.put({ fs: nodeFs, folder: `${root}/out` }, tree), 'DENIED', `"${root}/out/sub`),
  )
  expect(nodeFs.readdirSync(`${root}/out`)).toEqual(['sub'])
})

test.runIf(process.platform === 'linux')(
  'a folder that may be written into, and not be read, is written into',
  async () => {
    const [root, bench] = [tempDir(), await worktreeBench()]
    const tree = await treeOf(bench, ['sub/a', 'b'])
    nodeFs.chmodSync(root, 0o755)
    nodeFs.mkdirSync(`${root}/out`)
    nodeFs.chmodSync(`${root}/out`, 0o733)
    await asNobody(() => bench.put({ fs: nodeFs, folder: `${root}/out` }, tree))
    expect(nodeFs.readdirSync(`${root}/out`).sort()).toEqual(['b', 'sub'])
  },
)
