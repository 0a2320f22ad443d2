// Folders of every shape into trees: wide, deep, with links of every form, with what is no file, with the store in them.
import { execFileSync } from 'node:child_process'
import nodeFs from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Id } from '../../src/core/model/id.ts'
import { walk } from '../../src/core/tree/walk.ts'
import type { Snapshot } from '../../src/worktree/snapshot.ts'
import { openStatCache, type StatCache } from '../../src/worktree/stat-cache.ts'
import { tempDir } from '../support/temp-dir.ts'
import { asNobody, disks, type Disk } from '../support/two-disks.ts'
import {
  memoryStatCache,
  openedIn,
  refusal,
  worktreeBench,
  type WorktreeBench,
} from '../support/worktree-bench.ts'

/** Counts what is written to a cache. */
function countedCache(inner: StatCache): StatCache & { readonly writes: string[] } {
  const writes: string[] = []
  const write: StatCache['write'] = (range) => {
    writes.push(range.first)
    return inner.write(range)
  }
  return { ...inner, writes, write }
}

interface Begun {
  readonly disk: Disk
  readonly bench: WorktreeBench
  readonly source: string
  /** Paths, with what is no folder told: a link's target, or a file's size. */
  listed(made: Snapshot): Promise<Record<string, string | number>>
}

async function begin(disk: Disk, files: Readonly<Record<string, string>> = {}): Promise<Begun> {
  const bench = await worktreeBench()
  disk.write({ 'in/': '', ...files })
  const listed: Begun['listed'] = async (made) => {
    const all: Record<string, string | number> = {}
    for await (const { path, entry } of walk(bench.repo.objects, made.tree))
      all[path] = entry.type === 'link' ? entry.target : entry.type === 'group' ? '/' : entry.size
    return all
  }
  return { disk, bench, source: `${disk.root}/in`, listed }
}

describe.each(disks)('on %s', (_name, make) => {
  describe('links', () => {
    const inside = ['a', './a', 'nowhere', 'sub//deep/./c', 'sub/', '.']

    test('H8: those that stay inside are kept as they are written, whatever they lead to', async () => {
      const { disk, bench, source, listed } = await begin(make(), { 'in/a': 'x', 'in/sub/deep/c': 'yy' })
      inside.forEach((to, i) => disk.fs.symlinkSync(to, `${source}/l${String(i)}`))
      disk.fs.symlinkSync('../../a', `${source}/sub/deep/up`)
      disk.fs.symlinkSync('..', `${source}/sub/deep/round`)
      const kept = Object.fromEntries(inside.map((to, i) => [`l${String(i)}`, to]))
      const all = { ...kept, 'sub/deep/up': '../../a', 'sub/deep/round': '..' }
      const rest = { a: 1, sub: '/', 'sub/deep': '/', 'sub/deep/c': 2 }
      for (const outside of ['refuse', 'follow'] as const)
        expect(await listed(await bench.take(disk.fs, source, { outside }))).toEqual({ ...rest, ...all })
    })

    test.each(['../a', '/etc/passwd', 'sub/../../x', '..', '../in/a'])(
      'H8: %j leads out, and is refused and named',
      async (to) => {
        const { disk, bench, source } = await begin(make(), { 'in/a': 'x', a: 'y' })
        disk.fs.symlinkSync(to, `${source}/link`)
        await refusal(bench.take(disk.fs, source), 'INVALID', `"${source}/link"`)
      },
    )

    test('in a package that holds the folder deeper, they may climb to its root', async () => {
      const { disk, bench, source } = await begin(make(), { 'in/sub/': '' })
      disk.fs.symlinkSync('../../x', `${source}/sub/link`)
      await refusal(bench.take(disk.fs, source), 'INVALID', 'link')
      await bench.take(disk.fs, source, { depth: 1 })
      disk.fs.symlinkSync('../../../x', `${source}/sub/link2`)
      await refusal(bench.take(disk.fs, source, { depth: 1 }), 'INVALID', 'link2')
    })

    test('that are followed give what a copy would give', async () => {
      const files = { 'out/f': 'one', 'out/d/g': 'two', 'out/d/e/h': 'three' }
      const { disk, bench, source } = await begin(make(), files)
      disk.fs.chmodSync(`${disk.root}/out/f`, 0o755)
      disk.fs.symlinkSync('../f', `${disk.root}/out/d/e/back`) // out of the folder that is followed to
      disk.fs.symlinkSync('e/h', `${disk.root}/out/d/kept`)
      disk.write({ 'copy/sub/d/g': 'two', 'copy/sub/d/e/h': 'three', 'copy/f': 'one' })
      disk.fs.symlinkSync('e/h', `${disk.root}/copy/sub/d/kept`)
      disk.fs.chmodSync(`${disk.root}/copy/f`, 0o755)
      disk.write({ 'in/sub/': '' })
      disk.fs.symlinkSync('../../out/d', `${source}/sub/d`)
      disk.fs.symlinkSync('../out/f', `${source}/f`)
      disk.fs.symlinkSync('../f', `${disk.root}/copy/sub/d/e/back`)
      const cache = memoryStatCache()
      const made = await bench.take(disk.fs, source, { outside: 'follow', cache })
      const copied = await bench.take(disk.fs, `${disk.root}/copy`, { outside: 'follow' })
      expect(made.tree).toBe(copied.tree)
      expect(await bench.take(disk.fs, source, { outside: 'follow', cache })).toEqual(made)
    })

    test('that are followed round in a circle are refused', async () => {
      const { disk, bench, source } = await begin(make(), { 'out/d/g': 'two' })
      disk.fs.symlinkSync('../out/d', `${source}/d`)
      disk.fs.symlinkSync('../../in', `${disk.root}/out/d/again`)
      await refusal(bench.take(disk.fs, source, { outside: 'follow' }), 'INVALID', 'again')
    })

    test('that are followed to nothing are named', async () => {
      const { disk, bench, source } = await begin(make())
      disk.fs.symlinkSync('../nowhere', `${source}/link`)
      await refusal(bench.take(disk.fs, source, { outside: 'follow' }), 'NOT_FOUND', `"${source}/link"`)
    })
  })

  test('H12: a folder deeper than 512 levels is refused at once, and with few words', async () => {
    const { disk, bench, source } = await begin(make())
    const deepest = `in/${'d/'.repeat(511)}`
    disk.write({ [`${deepest}f`]: 'x' })
    const made = await bench.take(disk.fs, source)
    expect(made.files).toBe(1)
    await bench.put({ fs: disk.fs, folder: `${disk.root}/out` }, made.tree)
    expect((await bench.take(disk.fs, `${disk.root}/out`)).tree).toBe(made.tree)
    disk.write({ [`${deepest}e/`]: '' })
    const before = process.cpuUsage()
    const error = await refusal(bench.take(disk.fs, source), 'INVALID', '512')
    const { user, system } = process.cpuUsage(before)
    expect(user + system).toBeLessThan(1_000_000)
    expect(error.message.length).toBeLessThan(400)
  })

  test('what is left out is counted, and what lies in it is not looked at', async () => {
    const { disk, bench, source, listed } = await begin(make(), {
      'in/a': 'x',
      'in/.quilt-0123456789ab/half': 'x', // as a checkout that was killed leaves it
      'in/b~': 'x',
      'in/logs/x': 'x',
      'in/sub/.quiltignore': 'c\n',
      'in/sub/c/d': 'x',
      'in/.quiltignore': '/logs\n',
    })
    const looked: string[] = []
    const fs = Object.assign(Object.create(disk.fs) as typeof disk.fs, {
      readdirSync: (path: string) => {
        looked.push(path.slice(source.length))
        return disk.fs.readdirSync(path)
      },
    })
    const made = await bench.take(fs, source)
    expect(await listed(made)).toEqual({ a: 1, sub: '/' })
    expect(made.ignored).toBe(6)
    expect(looked).toEqual(['', '/sub'])
  })

  test('H19: the store in the folder is left out, whatever its name is', async () => {
    const { disk, bench, source, listed } = await begin(make(), { 'in/a': 'x', 'in/sub/store/packs/x': 'x' })
    const made = await bench.take(disk.fs, source, { store: `${source}/sub/store` })
    expect(await listed(made)).toEqual({ a: 1, sub: '/' })
    expect(made.ignored).toBe(1)
  })

  test('H11: names of 255 bytes, and H14, H17, H18: odd ones, are taken as they are', async () => {
    const names = [
      '-x',
      '__proto__',
      'constructor',
      'a\nb',
      '\u202Eb',
      'CON',
      'a:b',
      ' ',
      `${'ä'.repeat(127)}b`,
    ]
    const files = Object.fromEntries(names.map((name) => [`in/${name}`, 'x']))
    const { disk, bench, source } = await begin(make(), files)
    const made = await bench.take(disk.fs, source)
    const found: string[] = []
    for await (const { path } of walk(bench.repo.objects, made.tree)) found.push(path)
    expect(found.sort()).toEqual([...names].sort())
    disk.write({ 'in/a\\b': 'x' })
    await refusal(bench.take(disk.fs, source), 'INVALID', 'a\\b')
  })
})

describe('wide folders', () => {
  const tenThousand = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [`in/f${String(i).padStart(5, '0')}`, String(i % 7)]),
  )
  const memfs = disks[1]?.[1] as () => Disk

  test('H13: of a folder wider than one range only what changed is read, and only its range rewritten', async () => {
    const { disk, bench, source } = await begin(memfs(), tenThousand)
    const cache = countedCache(await openStatCache(tempDir(), () => undefined))
    const first = await bench.take(disk.fs, source, { cache })
    expect(first.files).toBe(10_000)
    expect(cache.writes).toEqual(['', 'f04096', 'f08192'])
    const again = async (files: readonly string[], ranges: readonly string[]): Promise<Id> => {
      cache.writes.length = 0
      const { fs, opened } = openedIn(disk.fs)
      const made = await bench.take(fs, source, { cache })
      expect(opened).toEqual(files)
      expect(cache.writes).toEqual(ranges)
      return made.tree
    }
    await again([], [])
    disk.write({ 'in/f05000': 'changed' })
    await again(['f05000'], ['f04096'])
    disk.write({ 'in/a': 'new' }) // every later range begins one name earlier
    await again(['a'], [''])
    disk.fs.rmSync(`${source}/f09000`)
    await again([], ['f08191'])
    disk.fs.rmSync(`${source}/a`) // and one later again
    disk.fs.rmSync(`${source}/f00000`)
    await again([], [''])
    const last = await again([], [])
    expect(last).toBe((await bench.take(disk.fs, source)).tree)
    await cache.close()
  })
})

describe.runIf(process.platform === 'linux')('H20: what is neither file, folder nor link', () => {
  const special: readonly (readonly [string, (path: string) => void | Promise<void>])[] = [
    ['a pipe', (path) => void execFileSync('mkfifo', [path])],
    [
      'a socket',
      (path) =>
        new Promise((resolve) => {
          const server = createServer().listen(path, resolve)
          onTestFinished(() => void server.close())
        }),
    ],
  ]
  test.each(special)('%s is refused and named, and not waited for', async (_what, place) => {
    const { disk, bench, source, listed } = await begin(disks[0]?.[1]() as Disk, { 'in/a': 'x' })
    disk.write({ 'in/sub/': '' })
    await place(`${source}/sub/it`)
    await refusal(bench.take(nodeFs, source), 'INVALID', `"${source}/sub/it"`)
    disk.write({ 'in/.quiltignore': 'it\n' })
    expect(await listed(await bench.take(nodeFs, source))).toEqual({ a: 1, sub: '/' })
  })

  test.each(['/dev/zero', '/dev/null', '/dev/full'])(
    'a link that is followed to %s is refused',
    async (to) => {
      const { bench, source } = await begin(disks[0]?.[1]() as Disk)
      nodeFs.symlinkSync(to, `${source}/link`)
      await refusal(bench.take(nodeFs, source, { outside: 'follow' }), 'INVALID', `"${source}/link"`)
    },
  )
})

test.runIf(process.platform === 'linux')(
  'H58: a file, and a folder, that may not be read are named',
  async () => {
    const { disk, bench, source } = await begin(disks[0]?.[1]() as Disk, { 'in/sub/a': 'x', 'in/b': 'y' })
    disk.fs.chmodSync(disk.root, 0o755)
    disk.fs.chmodSync(`${source}/b`, 0)
    await asNobody(() => refusal(bench.take(nodeFs, source), 'DENIED', `"${source}/b"`))
    nodeFs.unlinkSync(`${source}/b`)
    disk.fs.chmodSync(`${source}/sub`, 0)
    await asNobody(() => refusal(bench.take(nodeFs, source), 'DENIED', `"${source}/sub"`))
    disk.fs.chmodSync(`${source}/sub`, 0o755)
  },
)
