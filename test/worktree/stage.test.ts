// Only whole files appear: whatever fails, at whatever call, and whatever others do to the destination meanwhile.
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import type { Id } from '../../src/core/model/id.ts'
import { systemError, type Fault } from '../../src/testing/fault.ts'
import { faultyFileSystem } from '../../src/testing/faulty-fs.ts'
import { noise } from '../support/store-bench.ts'
import { disks, type Disk } from '../support/two-disks.ts'
import { contents, refusal, watchedFs, worktreeBench, type WorktreeBench } from '../support/worktree-bench.ts'

interface Begun {
  readonly disk: Disk
  readonly bench: WorktreeBench
  readonly out: string
  readonly tree: Id
  /** What the tree is on disk. */
  readonly whole: ReadonlyMap<string, string>
}

/** A tree with something of every kind. */
async function begin(disk: Disk, largeBytes = 30): Promise<Begun> {
  const bench = await worktreeBench()
  const source = `${disk.root}/in`
  disk.write({
    'in/a': noise(10),
    'in/large': noise(largeBytes),
    'in/sub/b': noise(20),
    'in/sub/empty/': '',
    'in/z': '',
  })
  disk.fs.chmodSync(`${source}/sub/b`, 0o755)
  disk.fs.symlinkSync('sub/b', `${source}/link`)
  disk.fs.symlinkSync('../nowhere', `${source}/sub/dangling`)
  const { tree } = await bench.take(disk.fs, source)
  const whole = contents(disk.fs, source)
  disk.fs.rmSync(source, { recursive: true })
  return { disk, bench, out: `${disk.root}/out`, tree, whole }
}

/** What was there before, under the names of the tree. */
function fillOld({ fs, root, write }: Disk): void {
  write({
    'out/large': 'mine',
    'out/sub/b': 'mine',
    'out/sub/other': 'mine',
    'out/z': noise(5000),
    'out/link': 'mine',
  })
  fs.symlinkSync('../outside', `${root}/out/a`)
  fs.symlinkSync('other', `${root}/out/sub/dangling`)
}

const isStaged = (path: string): boolean => path.includes('.quilt-')

/** Each path is as it was, or as it is to be. */
function expectWhole(now: Map<string, string>, old: Map<string, string>, { whole }: Begun): void {
  for (const [path, is] of now) {
    if (!isStaged(path)) expect([old.get(path), whole.get(path)], path).toContain(is)
  }
}

/** Tries a checkout with a fault at each operation in turn, until one is met by none. */
async function atEach(
  begun: Begun,
  { fault, force, old }: { fault: Fault; force: boolean; old: () => void },
  check: (hit: string, error: Error) => void,
): Promise<number> {
  const { disk, bench, out, tree, whole } = begun
  for (let at = 1; ; at++) {
    disk.fs.rmSync(out, { recursive: true, force: true })
    for (const name of disk.fs.readdirSync(disk.root).map(String))
      if (isStaged(name)) disk.fs.rmSync(`${disk.root}/${name}`, { recursive: true })
    old()
    const { fs, record } = faultyFileSystem(disk.fs, { fault, at })
    const error = await bench.put({ fs, folder: out, force }, tree).then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    )
    if (error !== undefined) check(record.hit ?? '', error)
    else for (const [path, is] of whole) expect(contents(disk.fs, out).get(path)).toBe(is)
    if (record.hit === undefined) return at - 1
  }
}

describe.each(disks)('on %s', (_name, make) => {
  const failures: readonly (readonly [string, Fault])[] = [
    ['H51: a full disk', { kind: 'fail', code: 'ENOSPC' }],
    ['H52: a write that ends in the middle', { kind: 'tear' }],
    ['H52: a device that fails', { kind: 'fail', code: 'EIO' }],
  ]

  test.each(failures)('%s, at any call, leaves nothing where nothing was', async (_what, fault) => {
    const begun = await begin(make(), 300_000)
    const { disk } = begun
    const seen = await atEach(begun, { fault, force: false, old: () => undefined }, (hit, error) => {
      expect(error).toMatchObject({ name: 'QuiltError' })
      expect(error.message).toContain(disk.root)
      if (!hit.startsWith('rm ')) expect(disk.paths('')).toEqual([])
    })
    expect(seen).toBeGreaterThan(3)
  })

  test('H61: waits a moment for what a scanner holds, then says so', async () => {
    for (const force of [false, true]) {
      for (const held of [3, Infinity]) {
        const { disk, bench, out, tree, whole } = await begin(make())
        if (force) disk.write({ 'out/a': 'mine' })
        let tries = 0
        const fs: FileSystem = {
          ...disk.fs,
          renameSync: (from, to) => {
            if (tries++ < held) throw systemError('EBUSY', 'rename')
            disk.fs.renameSync(from, to)
          },
        }
        const put = bench.put({ fs, folder: out, force }, tree)
        if (held === Infinity) await refusal(put, 'UNAVAILABLE', 'another program is using it')
        else {
          await put
          for (const [path, is] of whole) expect(contents(disk.fs, out).get(path)).toBe(is)
        }
        expect(tries).toBeGreaterThan(3)
        expect(disk.paths('').filter(isStaged)).toEqual([])
      }
    }
  })

  test('H51: a full disk, at any call, leaves whole files beside those that were there', async () => {
    const fault: Fault = { kind: 'fail', code: 'ENOSPC', lasting: true }
    const begun = await begin(make())
    const { disk, out } = begun
    const old = (): void => disk.write({ 'out/sub/other': 'mine', 'out/mine': 'mine' })
    await atEach(begun, { fault, force: false, old }, (hit) => {
      const now = contents(disk.fs, out)
      if (!hit.startsWith('rm ')) expect([...now.keys()].filter(isStaged)).toEqual([])
      expectWhole(now, now, begun)
      for (const path of ['mine', 'sub/other']) expect(disk.read(`out/${path}`)).toBe('mine')
    })
  })

  test.each(failures)('%s, at any call, leaves each file old or new with --force', async (_what, fault) => {
    const begun = await begin(make())
    const { disk, out } = begun
    fillOld(disk)
    const old = contents(disk.fs, out)
    await atEach(begun, { fault, force: true, old: () => fillOld(disk) }, (hit) => {
      const now = contents(disk.fs, out)
      if (!hit.startsWith('rm ')) expect([...now.keys()].filter(isStaged)).toEqual([])
      expectWhole(now, old, begun)
      for (const path of old.keys()) expect(now.has(path), `${path} after ${hit}`).toBe(true)
    })
  })

  test('H52: a device that fails though it has done it, at any call, leaves whole files, and is told', async () => {
    const begun = await begin(make())
    const { disk } = begun
    fillOld(disk)
    const old = contents(disk.fs, begun.out)
    const fault: Fault = { kind: 'fail', code: 'EIO', done: true }
    const seen = await atEach(begun, { fault, force: true, old: () => fillOld(disk) }, (hit, error) => {
      expect(error, hit).toMatchObject({ code: 'UNAVAILABLE' })
      expectWhole(contents(disk.fs, begun.out), old, begun)
    })
    expect(seen).toBeGreaterThan(20)
  })

  test('H71: killed at any call, only whole files are there, and the next one is as good as the first', async () => {
    const begun = await begin(make())
    const { disk, bench, out, tree, whole } = begun
    fillOld(disk)
    const old = contents(disk.fs, out)
    await atEach(begun, { fault: { kind: 'stop' }, force: true, old: () => fillOld(disk) }, () => {
      expectWhole(contents(disk.fs, out), old, begun)
    })
    await bench.put({ fs: disk.fs, folder: out, force: true }, tree)
    for (const [path, is] of whole) expect(contents(disk.fs, out).get(path)).toBe(is)
  })

  test('H59: every file that was opened is closed, whatever failed', async () => {
    const begun = await begin(make())
    const { disk, bench, out, tree } = begun
    for (let at = 1; ; at++) {
      const open = new Set<unknown>()
      let calls = 0
      const fs = new Proxy(disk.fs, {
        get: (target, name: keyof FileSystem) => {
          const call = Reflect.get(target, name) as unknown
          if (typeof call !== 'function') return call
          return (...args: unknown[]): unknown => {
            if (name === 'closeSync') open.delete(args[0])
            else if (['openSync', 'writeSync', 'renameSync'].includes(name) && ++calls === at)
              throw systemError('EIO')
            const result: unknown = Reflect.apply(call, target, args)
            if (name === 'openSync') open.add(result)
            return result
          }
        },
      })
      const failed = await bench.put({ fs, folder: out }, tree).then(
        () => false,
        () => true,
      )
      expect(open.size).toBe(0)
      if (!failed) break
    }
  })

  test('writes that take less than was asked for are gone on with', async () => {
    const begun = await begin(make(), 300_000)
    const seen = await atEach(
      begun,
      { fault: { kind: 'short' }, force: false, old: () => undefined },
      (hit) => {
        throw new Error(`should not fail at ${hit}`)
      },
    )
    expect(seen).toBeGreaterThan(5)
  })

  describe('what others do meanwhile', () => {
    /** Does `act` before the first call of that name on that path. */
    const before = (fs: FileSystem, call: keyof FileSystem, path: RegExp, act: () => void): FileSystem => {
      let done = false
      return watchedFs(fs, (name, args) => {
        if (done || name !== call || !path.test(String(args[name === 'renameSync' ? 1 : 0]))) return
        done = true
        act()
      })
    }

    test.each([
      ['a file', (disk: Disk) => disk.write({ out: 'mine' })],
      ['a folder', (disk: Disk) => disk.write({ 'out/mine': 'mine' })],
      ['an empty folder', (disk: Disk) => disk.write({ 'out/': '' })],
      ['a link', (disk: Disk) => disk.fs.symlinkSync('elsewhere', `${disk.root}/out`)],
    ])('%s that came where nothing was is left as it is', async (_what, come) => {
      const { disk, bench, out, tree } = await begin(make())
      const fs = before(disk.fs, 'openSync', /z$/, () => come(disk))
      await refusal(bench.put({ fs, folder: out, force: true }, tree), 'CONFLICT', `"${out}"`, 'meanwhile')
      const other = make()
      come(other)
      expect(disk.paths('')).toEqual(other.paths(''))
    })

    test.each([
      ['a file', 'a', (disk: Disk) => disk.write({ 'out/a': 'mine' }), false],
      ['a link', 'z', (disk: Disk) => disk.fs.symlinkSync('../elsewhere', `${disk.root}/out/z`), false],
      ['a folder', 'a', (disk: Disk) => disk.write({ 'out/a/mine': 'mine' }), true],
      ['a file where a folder is to be', 'sub', (disk: Disk) => disk.write({ 'out/sub': 'mine' }), true],
      [
        'a link where a folder is to be',
        'sub',
        (disk: Disk) => disk.fs.symlinkSync('../elsewhere', `${disk.root}/out/sub`),
        true,
      ],
    ] as const)('%s that came beside is left as it is', async (_what, name, come, force) => {
      const { disk, bench, out, tree } = await begin(make())
      disk.write({ 'out/': '', 'elsewhere/': '' })
      const fs = before(disk.fs, 'openSync', /z$/, () => come(disk))
      await refusal(bench.put({ fs, folder: out, force }, tree), 'CONFLICT', `"${out}/${name}"`, 'meanwhile')
      const now = contents(disk.fs, out)
      disk.fs.rmSync(out, { recursive: true })
      disk.write({ 'out/': '' })
      come(disk)
      for (const [path, is] of contents(disk.fs, out)) expect(now.get(path)).toBe(is)
      expect([...now.keys()].filter(isStaged)).toEqual([])
      expect(disk.paths('elsewhere')).toEqual([])
    })

    test('H8: a link planted in place of a folder is not written through, until that folder’s own turn', async () => {
      const { disk, bench, out, tree } = await begin(make())
      let planted = 0
      for (let at = 1; ; at++) {
        for (const folder of [out, `${disk.root}/elsewhere`])
          disk.fs.rmSync(folder, { recursive: true, force: true })
        disk.write({ 'out/sub/empty/': '', 'out/mine': 'mine', 'elsewhere/empty/mine': 'mine' })
        let calls = 0
        let [isMoving, isDone] = [false, false]
        const fs = watchedFs(disk.fs, (call, args) => {
          const inside = args.some((arg) => /(out|\.quilt-[0-9a-f]+)\/sub\//.test(String(arg)))
          if (call === 'renameSync') isMoving = true
          if (!isMoving || ++calls !== at || inside) return
          isDone = true
          disk.fs.renameSync(`${out}/sub`, `${out}/was`)
          disk.fs.symlinkSync('../elsewhere', `${out}/sub`)
        })
        const failed = await bench.put({ fs, folder: out }, tree).then(
          () => false,
          () => true,
        )
        expect(disk.paths('elsewhere'), `planted before call ${String(at)}`).toEqual(['empty/', 'empty/mine'])
        if (isDone) planted++
        if (isDone && failed) expect(disk.paths('out').filter(isStaged)).toEqual([])
        if (calls < at) break
      }
      expect(planted).toBeGreaterThan(5)
    })

    test('a folder that bears the stage’s name already is not taken, nor removed', async () => {
      const { disk, bench, out, tree } = await begin(make())
      const randomName = 'ab'.repeat(16)
      disk.write({ [`.quilt-${randomName.slice(0, 12)}/mine`]: 'mine' })
      await refusal(bench.put({ fs: disk.fs, folder: out, randomName }, tree), 'CONFLICT')
      expect(disk.paths('')).toEqual([
        `.quilt-${randomName.slice(0, 12)}/`,
        `.quilt-${randomName.slice(0, 12)}/mine`,
      ])
    })

    test('H68: two into one new folder: one wins, and there is no mixture', async () => {
      const { disk, bench, out, tree, whole } = await begin(make())
      disk.write({ 'in2/a': 'other', 'in2/only': 'other' })
      const other = await bench.take(disk.fs, `${disk.root}/in2`)
      const one = [tree, other.tree, tree, other.tree].map((each) =>
        bench.put({ fs: disk.fs, folder: out }, each),
      )
      const ends = await Promise.allSettled(one)
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const end of ends) {
        if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'CONFLICT' })
      }
      const wonBy = ends.findIndex(({ status }) => status === 'fulfilled') % 2
      expect(contents(disk.fs, out)).toEqual(wonBy === 0 ? whole : contents(disk.fs, `${disk.root}/in2`))
      expect(disk.paths('').filter(isStaged)).toEqual([])
    })
  })
})
