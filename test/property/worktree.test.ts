// Laws of the worktree: any tree of files comes out as it went in, with one top hash on every file system, and a
// second snapshot reads no file.
import nodeFs from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isWellFormed } from '../../src/core/base/bytes.ts'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import { nameProblem, targetProblem } from '../../src/core/model/entry.ts'
import { openStatCache } from '../../src/worktree/stat-cache.ts'
import { noise } from '../support/store-bench.ts'
import { tempDir } from '../support/temp-dir.ts'
import { disks } from '../support/two-disks.ts'
import { contents, memoryStatCache, watchedFs, worktreeBench } from '../support/worktree-bench.ts'

type Node =
  | { readonly kind: 'file'; readonly size: number; readonly seed: number; readonly executable: boolean }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'folder'; readonly inside: ReadonlyMap<string, Node> }

const leftOut = (name: string): boolean =>
  name.startsWith('.') || name.endsWith('~') || name === 'quilt_packages' || name === 'build.yml'

/** Names that a tree and a disk both take; `.quiltignore` and what is left out by default are for other tests. */
const anyName = fc
  .oneof(
    fc.integer({ min: 0, max: 30 }).map((n) => `n${String(n)}`),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    fc.constantFrom(
      '__proto__',
      'constructor',
      '-',
      ' ',
      'a\nb',
      '\u202E',
      '\uffff',
      '\u{10000}',
      'é',
      'e\u0301',
      'A',
      'a',
    ),
  )
  .filter((name) => nameProblem(name) === undefined && isWellFormed(name) && !leftOut(name))

const file = fc.record({
  kind: fc.constant('file' as const),
  size: fc.oneof(fc.nat(100), fc.constantFrom(0, 4096, 262_144, 262_145, 300_000)),
  seed: fc.nat(5),
  executable: fc.boolean(),
})
const link = fc
  .constantFrom('n1', './n2', 'n1/n2', '../n3', 'nowhere', 'é')
  .map((target) => ({ kind: 'link' as const, target }))
const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    { weight: 6, arbitrary: file },
    { weight: 1, arbitrary: link },
    {
      weight: 3,
      arbitrary: fc
        .array(fc.tuple(anyName, tie('node')), { maxLength: 6 })
        .map((inside): Node => ({ kind: 'folder', inside: new Map(inside) })),
    },
  ),
}))
const tree = fc.array(fc.tuple(anyName, node), { maxLength: 8 }).map((inside) => new Map(inside))

function write(
  fs: FileSystem & typeof nodeFs,
  folder: string,
  inside: ReadonlyMap<string, Node>,
  depth = 0,
): void {
  fs.mkdirSync(folder, { recursive: true })
  for (const [name, one] of inside) {
    const path = `${folder}/${name}`
    if (one.kind === 'folder') write(fs, path, one.inside, depth + 1)
    else if (one.kind === 'link') {
      if (targetProblem(one.target, depth) === undefined) fs.symlinkSync(one.target, path)
    } else {
      fs.writeFileSync(path, noise(one.size, one.seed))
      if (one.executable) fs.chmodSync(path, 0o755)
    }
  }
}

test('any tree comes out as it went in, with the same top hash on memfs and on the disk', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (inside) => {
      const hashes: string[] = []
      for (const [, make] of disks) {
        const [disk, bench, cache] = [make(), await worktreeBench(), memoryStatCache()]
        const [source, out] = [`${disk.root}/in`, `${disk.root}/out`]
        write(disk.fs, source, inside)
        const first = await bench.take(disk.fs, source, { cache })
        await bench.put({ fs: disk.fs, folder: out }, first.tree)
        expect(contents(disk.fs, out)).toEqual(contents(disk.fs, source))
        expect((await bench.take(disk.fs, out)).tree).toBe(first.tree)
        const fs = watchedFs(disk.fs, (call) => {
          if (call === 'openSync' || call === 'readSync') throw new Error('a file is read again')
        })
        expect(await bench.take(fs, source, { cache })).toEqual(first)
        hashes.push(first.tree)
        disk.fs.rmSync(source, { recursive: true })
        disk.fs.rmSync(out, { recursive: true })
      }
      expect(new Set(hashes).size).toBe(1)
    }),
    { numRuns: 60 },
  )
}, 120_000)

test('whatever is changed, a snapshot with a stat cache gives what one without gives', async () => {
  const folder = tempDir()
  const cache = await openStatCache(folder, () => undefined)
  const change = fc.record({
    name: fc.nat(12),
    act: fc.constantFrom('write', 'remove', 'touch', 'swap'),
    size: fc.nat(3),
    seed: fc.nat(3),
  })
  const bench = await worktreeBench()
  const source = tempDir()
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
      for (const { name, act, size, seed } of changes) {
        const path = `${source}/f${String(name)}`
        const there = nodeFs.existsSync(path)
        if (act === 'write') nodeFs.writeFileSync(path, noise(size, seed))
        else if (act === 'remove') nodeFs.rmSync(path, { force: true })
        else if (act === 'touch' && there) nodeFs.utimesSync(path, size, size)
        else if (there) nodeFs.renameSync(path, `${source}/f${String((name + 1) % 13)}`)
      }
      const now = (): Date => new Date() // stamps are racy or not, as they come
      const cached = await bench.take(nodeFs, source, { cache, now })
      expect(cached.tree).toBe((await bench.take(nodeFs, source)).tree)
    }),
    { numRuns: 150 },
  )
  await cache.close()
})
