// What changes while, and between when, a folder is taken: nothing that was written is ever missed, and a stamp is
// trusted only when it says something.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import type { Id } from '../../src/core/model/id.ts'
import { dryRun } from '../../src/core/store/dry-writer.ts'
import { walk } from '../../src/core/tree/walk.ts'
import { faultyFileSystem } from '../../src/testing/faulty-fs.ts'
import type { Snapshot } from '../../src/worktree/snapshot.ts'
import { noise } from '../support/store-bench.ts'
import { disks, type Disk } from '../support/two-disks.ts'
import {
  later,
  memoryStatCache,
  openedIn,
  refusal,
  watchedFs,
  worktreeBench,
} from '../support/worktree-bench.ts'
import { hashBytes } from '#hash'

const now = (): Date => new Date()

/** A file system that keeps times to so many milliseconds, and `rest` more. */
function coarseFs(base: FileSystem, tick: number, rest = 0): FileSystem {
  const coarse = (call: keyof FileSystem) => (what: unknown) => {
    const stats = (base[call] as (path: unknown) => { mtimeMs: number; ctimeMs: number })(what)
    stats.mtimeMs = Math.floor(stats.mtimeMs / tick) * tick + rest
    stats.ctimeMs = Math.floor(stats.ctimeMs / tick) * tick + rest
    return stats
  }
  return Object.assign(Object.create(base) as FileSystem, {
    lstatSync: coarse('lstatSync'),
    fstatSync: coarse('fstatSync'),
    statSync: coarse('statSync'),
  })
}

/** Removes what is at a path; memfs would remove what a link leads to. */
function removeAt({ fs }: Disk, path: string): void {
  if (fs.lstatSync(path).isDirectory()) fs.rmSync(path, { recursive: true })
  else fs.unlinkSync(path)
}

describe.each(disks)('on %s', (_name, make) => {
  const begin = async (files: Readonly<Record<string, string | Uint8Array>> = {}) => {
    const [disk, bench] = [make(), await worktreeBench()]
    disk.write({ 'in/': '', ...files })
    const source = `${disk.root}/in`
    const listed = async (made: Snapshot): Promise<Map<string, Id | string>> => {
      const all = new Map<string, Id | string>()
      for await (const { path, entry } of walk(bench.repo.objects, made.tree))
        all.set(path, entry.type === 'link' ? entry.target : entry.type === 'group' ? '/' : entry.id)
      return all
    }
    return { disk, bench, source, listed }
  }

  describe('racy stamps', () => {
    test.each([
      ['to a tick of the kernel', 10, 0.25],
      ['to a second', 1000, 0],
      ['to two seconds, as FAT does', 2000, 0],
    ])('however fast a file is written again, it is seen: times are kept %s', async (_how, tick, rest) => {
      const { disk, bench, source } = await begin({ 'in/a': 'x0', 'in/b': 'same' })
      const [fs, cache] = [coarseFs(disk.fs, tick, rest), memoryStatCache()]
      for (let i = 1; i <= 12; i++) {
        await bench.take(fs, source, { cache, now })
        disk.write({ 'in/a': `x${String(i % 10)}` }) // the same length
        const [cached, fresh] = [await bench.take(fs, source, { cache, now }), await bench.take(fs, source)]
        expect(cached.tree).toBe(fresh.tree)
      }
    })

    test('a file of this very moment is not remembered, and is once it is older', async () => {
      const { disk, bench, source } = await begin({ 'in/a': 'one' })
      const cache = memoryStatCache()
      const made = disk.fs.statSync(`${source}/a`)
      await bench.take(disk.fs, source, { cache, now: () => new Date(made.ctimeMs + 1) })
      expect([...cache.files.keys()]).toEqual([])
      await bench.take(disk.fs, source, { cache, now: later })
      expect([...cache.files.keys()]).toEqual([`${source}\0a`])
    })

    test('a clock that is set back makes nothing trusted that should not be', async () => {
      const { disk, bench, source } = await begin({ 'in/a': 'one' })
      const cache = memoryStatCache()
      await bench.take(disk.fs, source, { cache, now: () => new Date(0) })
      expect(cache.files.size).toBe(0)
    })

    test('another file of the same length and time in its place is seen', async () => {
      const { disk, bench, source } = await begin({ 'in/a': 'one', other: 'two' })
      const cache = memoryStatCache()
      for (const path of [`${source}/a`, `${disk.root}/other`]) disk.fs.utimesSync(path, 1e9 + 0.5, 1e9 + 0.5)
      const first = await bench.take(disk.fs, source, { cache })
      expect(cache.files.size).toBe(1)
      disk.fs.renameSync(`${disk.root}/other`, `${source}/a`)
      const second = await bench.take(disk.fs, source, { cache })
      expect(second.tree).not.toBe(first.tree)
      expect(second.tree).toBe((await bench.take(disk.fs, source)).tree)
    })
  })

  describe('while it is taken', () => {
    /** Takes the folder with `act` before each call in turn; `check` sees each end. */
    const atEachCall = async (
      fill: (disk: Disk) => void,
      act: (disk: Disk) => void,
      check: (
        made: Snapshot | undefined,
        error: unknown,
        listed: (made: Snapshot) => Promise<Map<string, string>>,
      ) => Promise<void>,
    ): Promise<number> => {
      const { disk, bench, source, listed } = await begin()
      for (let at = 1; ; at++) {
        disk.fs.rmSync(source, { recursive: true })
        fill(disk)
        let calls = 0
        const fs = watchedFs(disk.fs, () => {
          if (++calls === at) act(disk)
        })
        const end = await bench.take(fs, source).then(
          (made) => ({ made, error: undefined }),
          (error: unknown) => ({ made: undefined, error }),
        )
        await check(end.made, end.error, listed)
        if (calls < at) return at
      }
    }
    const fill = (disk: Disk): void => {
      disk.write({ 'in/b': 'b', 'in/sub/c': 'c', 'in/sub/deep/d': 'd' })
      disk.fs.symlinkSync('sub/c', `${disk.root}/in/link`)
    }
    const all = ['b', 'link', 'sub', 'sub/c', 'sub/deep', 'sub/deep/d']

    test.each(['b', 'link', 'sub/c', 'sub/deep', 'sub'])(
      '%s is removed: it is left out, or it is in',
      async (gone) => {
        const remove = (disk: Disk): void => removeAt(disk, `${disk.root}/in/${gone}`)
        const tries = await atEachCall(fill, remove, async (made, error, listed) => {
          expect(error).toBeUndefined()
          const paths = [...(await listed(made as Snapshot)).keys()]
          expect(all).toEqual(expect.arrayContaining(paths))
          const stay = all.filter((path) => path !== gone && !path.startsWith(`${gone}/`))
          expect(paths).toEqual(expect.arrayContaining(stay))
        })
        expect(tries).toBeGreaterThan(10)
      },
    )

    const secret = noise(2, 666)
    const replaced: readonly (readonly [string, string, (disk: Disk, path: string) => void])[] = [
      ['a file by a folder', 'b', ({ fs }, path) => fs.mkdirSync(path)],
      ['a file by a link to a secret', 'b', ({ fs }, path) => fs.symlinkSync('../secret', path)],
      ['a folder by a file', 'sub/deep', ({ fs }, path) => fs.writeFileSync(path, 'x')],
      [
        'a folder by a link to another with secrets',
        'sub/deep',
        ({ fs }, path) => fs.symlinkSync('../../secrets', path),
      ],
      ['a link by a file', 'link', ({ fs }, path) => fs.writeFileSync(path, 'x')],
      ['a link by one that leads out', 'link', ({ fs }, path) => fs.symlinkSync('../secret', path)],
    ]
    test.each(replaced)(
      '%s is replaced: the one or the other is taken, or it is named',
      async (_how, name, put) => {
        const act = (disk: Disk): void => {
          disk.write({ secret: secret, 'secrets/d': secret })
          removeAt(disk, `${disk.root}/in/${name}`)
          put(disk, `${disk.root}/in/${name}`)
        }
        await atEachCall(fill, act, async (made, error, listed) => {
          if (made === undefined) {
            expect(error).toMatchObject({ name: 'QuiltError' })
            expect(String(error)).toContain(`/in/${name}`)
          } else expect([...(await listed(made)).values()]).not.toContain(hashBytes(secret))
        })
      },
    )

    test('a file is written, its length the same: the next snapshot, with its cache, has what is there', async () => {
      const { disk, bench, source } = await begin({ 'in/a': 'a', 'in/b': 'b0', 'in/d/e': 'e' })
      for (const name of ['a', 'd/e']) disk.fs.utimesSync(`${source}/${name}`, 1e9 + 0.5, 1e9 + 0.5)
      for (let at = 1, done = false; !done; at++) {
        const cache = memoryStatCache()
        await sleep(25) // so that stamps say something
        let calls = 0
        const fs = watchedFs(disk.fs, () => {
          if (++calls === at) disk.write({ 'in/b': `b${String(at % 10)}` })
        })
        await bench.take(fs, source, { cache, now })
        const { fs: counted, opened } = openedIn(disk.fs)
        const cached = await bench.take(counted, source, { cache, now })
        expect(cached.tree).toBe((await bench.take(disk.fs, source)).tree)
        expect(opened.filter((name) => name !== 'b')).toEqual([])
        done = calls < at
      }
    })

    test('H58, H52: whatever the disk refuses, the path is named, and no stamp is trusted for it later', async () => {
      const { disk, bench, source } = await begin({ 'in/a': 'a', 'in/c': noise(300_000), 'in/d/e': 'e' })
      disk.fs.symlinkSync('a', `${source}/link`)
      const whole = await bench.take(disk.fs, source)
      for (const code of ['EACCES', 'EIO', 'EMFILE']) {
        const cache = memoryStatCache()
        for (let at = 1; ; at++) {
          const { fs, record } = faultyFileSystem(disk.fs, { fault: { kind: 'fail', code }, at })
          const end: unknown = await bench.take(fs, source, { cache }).catch((thrown: unknown) => thrown)
          if (record.hit === undefined) break
          // What cannot be closed has been read all the same, and its status was right.
          if (end instanceof Error) expect(end.message).toContain(source)
          else expect(end).toEqual(whole)
          expect(await bench.take(disk.fs, source, { cache })).toEqual(whole)
          cache.files.clear()
        }
      }
    })

    test('H71: an abort is obeyed within a folder', async () => {
      const { disk, bench, source } = await begin({ 'in/a': 'a', 'in/b': 'b', 'in/c': 'c' })
      const controller = new AbortController()
      const opened: unknown[] = []
      const fs = watchedFs(disk.fs, (call, [path]) => {
        if (call !== 'openSync') return
        opened.push(path)
        controller.abort(new Error('enough'))
      })
      const work = bench.take(fs, source, {}, { signal: controller.signal })
      await expect(work).rejects.toThrow('enough')
      expect(opened).toHaveLength(1)
    })
  })

  describe('the stat cache', () => {
    test('gives the same recipes without reading, for files that are kept as chunks', async () => {
      const { disk, bench, source } = await begin({ 'in/a': noise(300_000), 'in/sub/b': noise(2_000_000, 2) })
      const cache = memoryStatCache()
      const first = await bench.take(disk.fs, source, { cache })
      expect([...first.recipes.values()].map(({ size }) => size).sort()).toEqual([2_000_000, 300_000])
      const { fs, opened } = openedIn(disk.fs)
      expect(await bench.take(fs, source, { cache })).toEqual(first)
      expect(opened).toEqual([])
      const out = `${disk.root}/out`
      const recipe = (blob: Id): Promise<Id | undefined> => Promise.resolve(first.recipes.get(blob)?.id)
      await bench.put({ fs: disk.fs, folder: out, recipe }, first.tree)
      expect((await bench.take(disk.fs, out)).tree).toBe(first.tree)
    })

    test('a chunked file of which a chunk, or the recipe, is gone is read again', async () => {
      const { disk, bench, source } = await begin({ 'in/a': noise(3_000_000) })
      const cache = memoryStatCache()
      const first = await bench.take(disk.fs, source, { cache })
      const recipe = [...first.recipes.values()][0]?.id as Id
      const lacking = async (gone: (id: Id) => boolean): Promise<string[]> => {
        const { fs, opened } = openedIn(disk.fs)
        await bench.repo.objects.batch((out) => {
          const missing = async (ids: readonly Id[]): Promise<readonly Id[]> => [
            ...(await out.missing(ids)),
            ...ids.filter(gone),
          ]
          return bench.takeTo({ ...out, missing }, fs, source, { cache })
        })
        return opened
      }
      expect(await lacking(() => false)).toEqual([])
      expect(await lacking((id) => id === recipe)).toEqual(['a'])
      let asked = 0
      expect(await lacking((id) => id !== recipe && ++asked === 20)).toEqual(['a'])
      expect(asked).toBeGreaterThan(19)
      expect(await lacking(() => false)).toEqual([])
    })

    test('a dry run gives the same tree, and teaches it nothing of large files that it has no recipe of', async () => {
      const { disk, bench, source } = await begin({ 'in/large': noise(300_000), 'in/small': 'x' })
      const cache = memoryStatCache()
      const dry = dryRun(bench.repo.objects)
      const made = await bench.takeTo(dry.out, disk.fs, source, { cache, objects: dry.objects })
      expect([...cache.files.keys()]).toEqual([`${source}\0small`])
      const { fs, opened } = openedIn(disk.fs)
      const real = await bench.take(fs, source, { cache })
      expect(real.tree).toBe(made.tree)
      expect(opened).toEqual(['large', 'small']) // the small one's blob is not here
    })
  })

  test('a folder that is not there, and one that is a file, are named', async () => {
    const { disk, bench, source } = await begin({ 'in/file': 'x' })
    await refusal(bench.take(disk.fs, `${source}/nowhere`), 'NOT_FOUND', `${source}/nowhere`)
    await refusal(bench.take(disk.fs, `${source}/file`), 'NOT_FOUND', `${source}/file`)
  })
})
