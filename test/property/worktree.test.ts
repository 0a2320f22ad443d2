// Laws of the worktree: any tree of files comes out as it went in, with one top hash on every file system, and a
// second snapshot reads no file.
import nodeFs from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Id } from '../../src/core/model/id.ts'
import { openStatCache } from '../../src/worktree/stat-cache.ts'
import { anyFolder, anyName, writeFolder } from '../support/random-folders.ts'
import { noise } from '../support/store-bench.ts'
import { tempDir } from '../support/temp-dir.ts'
import { disks } from '../support/two-disks.ts'
import { contents, memoryStatCache, refusal, watchedFs, worktreeBench } from '../support/worktree-bench.ts'

/** Runs are the same each time, unless another seed, or more of them, are asked for. */
const runs = (usual: number): { readonly seed: number; readonly numRuns: number } => ({
  seed: Number(process.env['WORKTREE_SEED'] ?? 20_240_101),
  numRuns: Number(process.env['WORKTREE_RUNS'] ?? usual),
})

test('any tree comes out as it went in, with the same top hash on memfs and on the disk', async () => {
  await fc.assert(
    fc.asyncProperty(anyFolder(anyName), async (inside) => {
      const hashes: string[] = []
      for (const [, make] of disks) {
        const [disk, bench, cache] = [make(), await worktreeBench(), memoryStatCache()]
        const [source, out] = [`${disk.root}/in`, `${disk.root}/out`]
        writeFolder(disk.fs, source, inside)
        const first = await bench.take(disk.fs, source, { cache })
        const recipe = (blob: Id): Promise<Id | undefined> => Promise.resolve(first.recipes.get(blob)?.id)
        await bench.put({ fs: disk.fs, folder: out, recipe }, first.tree)
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
    runs(40),
  )
}, 120_000)

test('any tree over any folder: what is in the way is refused and all is as it was, else both are there', async () => {
  const few = fc.constantFrom('a', 'b', 'c', 'd')
  const ends = { refused: 0, written: 0 }
  await fc.assert(
    fc.asyncProperty(anyFolder(few), anyFolder(few), fc.boolean(), async (old, over, force) => {
      for (const [, make] of disks) {
        const [disk, bench] = [make(), await worktreeBench()]
        const [source, out] = [`${disk.root}/in`, `${disk.root}/out`]
        writeFolder(disk.fs, source, over)
        writeFolder(disk.fs, out, old)
        const [before, added] = [contents(disk.fs, out), contents(disk.fs, source)]
        const { tree } = await bench.take(disk.fs, source)
        const inTheWay = [...added].some(([path, is]) => {
          const was = before.get(path)
          if (was === undefined || (was === 'folder' && is === 'folder')) return false
          return !force || was === 'folder' || is === 'folder'
        })
        const end = bench.put({ fs: disk.fs, folder: out, force }, tree)
        if (inTheWay) await refusal(end, 'CONFLICT')
        else await end
        const wanted = inTheWay ? before : new Map([...before, ...added])
        expect(new Map(contents(disk.fs, out))).toEqual(wanted)
        ends[inTheWay ? 'refused' : 'written']++
        for (const folder of [source, out]) disk.fs.rmSync(folder, { recursive: true })
      }
    }),
    runs(60),
  )
  expect(Math.min(ends.refused, ends.written)).toBeGreaterThan(20)
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
    runs(120),
  )
  await cache.close()
})
