// verify with repair: damage of every kind, mended from a remote, on the real disk and in memory.
import { describe, expect, test } from 'vitest'
import { gc } from '../../src/package/gc.ts'
import { ls } from '../../src/package/list.ts'
import { log } from '../../src/package/log.ts'
import { rm } from '../../src/package/remove.ts'
import { tagAdd } from '../../src/package/names/naming.ts'
import { collect } from '../support/ref-bench.ts'
import { build } from '../../src/package/build.ts'
import { exportPackage } from '../../src/package/export.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { verify } from '../../src/package/verify.ts'
import { disks, noise, type Disk } from '../support/two-disks.ts'

const remote = './shared'
const files = {
  'wine/a/one.csv': 'one\n'.repeat(500),
  'wine/a/big.bin': noise(600_000),
  'wine/b/two.csv': 'two\n',
  'wine/README.md': 'v1\n',
}

async function shared(disk: Disk): Promise<void> {
  disk.write(files)
  const ada = await disk.session('ada')
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  disk.write({ 'wine/README.md': 'v2\n', 'wine/b/three.bin': noise(40_000) })
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine', { remote })
}

function filesOf(disk: Disk, folder: string): string[] {
  if (!disk.fs.existsSync(`${disk.root}/${folder}`)) return []
  return disk.fs.readdirSync(`${disk.root}/${folder}`).map((name) => `${folder}/${String(name)}`)
}

function bytesOf(disk: Disk, path: string): Buffer {
  return Buffer.from(disk.fs.readFileSync(`${disk.root}/${path}`))
}

function put(disk: Disk, path: string, bytes: Uint8Array): void {
  disk.fs.rmSync(`${disk.root}/${path}`)
  disk.fs.writeFileSync(`${disk.root}/${path}`, bytes)
}

function flip(disk: Disk, path: string, at = 0.5): void {
  const bytes = bytesOf(disk, path)
  const place = at < 1 ? Math.floor(bytes.length * at) : bytes.length - at
  bytes[place] = (bytes[place] as number) ^ 1
  put(disk, path, bytes)
}

const hurt = {
  flip: (disk: Disk, path: string) => flip(disk, path),
  'flip at the end': (disk: Disk, path: string) => flip(disk, path, 20),
  truncate: (disk: Disk, path: string) => {
    const bytes = bytesOf(disk, path)
    put(disk, path, bytes.subarray(0, bytes.length >> 1))
  },
  remove: (disk: Disk, path: string) => disk.fs.rmSync(`${disk.root}/${path}`),
}

function refsOf(disk: Disk, store: string, name = 'wine'): string[] {
  return filesOf(disk, `${store}/refs/_/ada/${name}`).sort()
}

function zero(disk: Disk, path: string): void {
  put(disk, path, new Uint8Array(bytesOf(disk, path).length))
}

/** Exports from a session of its own, as another process would, and compares with what was built. */
async function expectWhole(disk: Disk, store: string): Promise<void> {
  const fresh = await disk.session(store)
  await exportPackage(fresh, { handle: 'ada/wine', destination: 'out' }, { force: true })
  for (const path of disk.paths('wine')) {
    if (path.endsWith('/')) continue
    expect(bytesOf(disk, `out/${path}`).equals(bytesOf(disk, `wine/${path}`)), path).toBe(true)
  }
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test.each(Object.entries(hurt))('%s: each pack in turn is made whole again', async (how, damage) => {
    const disk = makeDisk()
    await shared(disk)
    const packs = filesOf(disk, 'ada/packs').length
    expect(packs).toBeGreaterThan(2)
    for (let turn = 0; turn < packs; turn++) {
      const path = filesOf(disk, 'ada/packs').sort()[turn] as string
      damage(disk, path)
      const ada = await disk.session('ada')
      const { problems } = await verify(ada, [])
      expect(problems.length, path).toBeGreaterThan(0)
      const hurts = problems.some(({ packages, paths }) => packages.includes('ada/wine') && paths.length > 0)
      expect(hurts, path).toBe(how !== 'flip at the end') // there lies the footer, which nobody needs
      const report = await verify(ada, [], { repair: true })
      expect(report.problems, path).toEqual([])
      expect(report.repaired).toHaveLength(problems.length)
      expect((await verify(await disk.session('ada'), [])).problems).toEqual([])
      await expectWhole(disk, 'ada')
    }
    expect(filesOf(disk, 'ada/condemned')).toEqual([])
  })

  test.each(Object.entries(hurt))(
    '%s: each index in turn is made anew, without a remote',
    async (_how, damage) => {
      const disk = makeDisk()
      disk.write(files)
      await build(await disk.session('ada'), { handle: 'ada/wine', path: 'wine' })
      for (const path of filesOf(disk, 'ada/index')) {
        damage(disk, path)
        const ada = await disk.session('ada')
        expect((await verify(ada, [], { repair: true })).problems).toEqual([])
        expect((await verify(await disk.session('ada'), [])).problems).toEqual([])
        await expectWhole(disk, 'ada')
      }
    },
  )

  test('without a remote that has it the problem stays, with a hint; later it is mended', async () => {
    const disk = makeDisk()
    await shared(disk)
    const empty = await disk.session('eve')
    await build(empty, { handle: 'eve/other', path: 'wine/b' })
    await push(empty, 'eve/other', { remote: './lacking' })
    for (const path of filesOf(disk, 'ada/packs')) flip(disk, path)
    const ada = await disk.session('ada')
    const before = (await verify(ada, [])).problems
    const { problems } = await verify(ada, [], { repair: true, remote: './lacking' })
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.length).toBeLessThanOrEqual(before.length)
    for (const { hint } of problems) expect(hint).toContain('--remote')
    expect((await verify(ada, ['ada/wine'], { repair: true, remote })).problems).toEqual([])
    expect((await verify(await disk.session('ada'), [], { repair: true })).problems).toEqual([])
    await expectWhole(disk, 'ada')
  })

  test('nothing damaged is taken from a remote', async () => {
    const disk = makeDisk()
    await shared(disk)
    const path = filesOf(disk, 'ada/packs').sort(
      (a, b) => bytesOf(disk, b).length - bytesOf(disk, a).length,
    )[0]
    flip(disk, path as string)
    const whole = new Map(filesOf(disk, 'shared/packs').map((pack) => [pack, bytesOf(disk, pack)]))
    // In every object: no chunk is shorter than 16 KiB, but for the last of a blob.
    for (const [pack, bytes] of whole) for (let at = 1000; at < bytes.length; at += 1000) flip(disk, pack, at)
    const first = await verify(await disk.session('ada'), [])
    const { problems } = await verify(await disk.session('ada'), [], { repair: true })
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.filter(({ what }) => what === 'object').length).toBeLessThanOrEqual(first.problems.length)
    for (const [pack, bytes] of whole) put(disk, pack, bytes)
    expect((await verify(await disk.session('ada'), [], { repair: true })).problems).toEqual([])
    await expectWhole(disk, 'ada')
  })

  test('what was installed in part stays a part', async () => {
    const disk = makeDisk()
    await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine/a', { remote })
    for (const path of filesOf(disk, 'ben/packs')) flip(disk, path)
    const again = await disk.session('ben')
    expect((await verify(again, [])).problems.length).toBeGreaterThan(0)
    expect((await verify(again, [], { repair: true })).problems).toEqual([])
    await exportPackage(again, { handle: 'ada/wine/a', destination: 'part' })
    const exported = disk.paths('part').find((path) => path.endsWith('big.bin'))
    expect(bytesOf(disk, `part/${String(exported)}`).equals(Buffer.from(files['wine/a/big.bin']))).toBe(true)
    const stored = filesOf(disk, 'ben/packs').reduce((sum, path) => sum + bytesOf(disk, path).length, 0)
    expect(stored).toBeLessThan(630_000) // without three.bin
  })

  test('a flipped bit in any file of the refs is turned back, and nothing is lost', async () => {
    const disk = makeDisk()
    await shared(disk)
    for (let n = 0; n < 20; n++)
      await tagAdd(await disk.session('ada'), { pkg: 'ada/wine', tag: `t${String(n)}`, revision: 'latest' })
    const paths = refsOf(disk, 'ada')
    expect(paths.some((path) => path.includes('/s'))).toBe(true)
    const before = await collect(log(await disk.session('ada'), 'ada/wine'))
    for (const path of paths) {
      const whole = bytesOf(disk, path)
      for (const at of [0.3, 20]) {
        flip(disk, path, at)
        const ada = await disk.session('ada')
        const { problems } = await verify(ada, [])
        expect(problems.map(({ what, packages }) => [what, ...packages])).toEqual([['refs', 'ada/wine']])
        const report = await verify(ada, [], { repair: true })
        expect(report.problems).toEqual([])
        expect(report.repaired).toMatchObject([
          { outcome: expect.stringContaining('nothing of ada/wine is lost') as string },
        ])
        expect(bytesOf(disk, path).equals(whole), path).toBe(true)
      }
    }
    expect(await collect(log(await disk.session('ada'), 'ada/wine'))).toEqual(before)
    await expectWhole(disk, 'ada')
  })

  test('a lost newest generation: the state before it, brought forward to what the remote has', async () => {
    const disk = makeDisk()
    await shared(disk) // two builds, then the push notes the origin
    zero(disk, refsOf(disk, 'ada').at(-1) as string)
    zero(disk, refsOf(disk, 'ada').at(-2) as string)
    await expect(collect(log(await disk.session('ada'), 'ada/wine'))).rejects.toMatchObject({
      code: 'CORRUPT',
    })
    const report = await verify(await disk.session('ada'), ['ada/wine'], { repair: true, remote })
    expect(report.problems).toEqual([])
    expect(report.repaired?.[0]?.outcome).toMatch(
      /has lost what is known of 2 of its moves, 2 to 3; its state is that of move 1 again.*the remote's state was taken/,
    )
    await expectWhole(disk, 'ada')
    expect((await verify(await disk.session('ada'), [])).problems).toEqual([])
    await gc(await disk.session('ada'))
    await build(await disk.session('ada'), { handle: 'ada/wine', path: 'wine' })
  })

  test('without a remote it says which moves are lost', async () => {
    const disk = makeDisk()
    disk.write(files)
    await build(await disk.session('ada'), { handle: 'ada/wine', path: 'wine' })
    await tagAdd(await disk.session('ada'), { pkg: 'ada/wine', tag: 'good', revision: 'latest' })
    zero(disk, refsOf(disk, 'ada').at(-1) as string)
    const { problems, repaired } = await verify(await disk.session('ada'), [], { repair: true })
    expect(problems).toEqual([])
    expect(repaired?.[0]?.outcome).toMatch(/lost what is known of move 2; its state is that of move 1 again/)
    await expectWhole(disk, 'ada')
  })

  test('no state left: it is installed anew, or given up; others are listed all the same', async () => {
    const disk = makeDisk()
    await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine', { remote })
    await build(ben, { handle: 'ada/other', path: 'wine/b' })
    const lose = (): void => zero(disk, refsOf(disk, 'ben').at(-1) as string)
    lose()
    const seen: string[] = []
    const list = async (): Promise<void> => {
      for await (const one of ls(await disk.session('ben'))) seen.push(one.package)
    }
    await expect(list()).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(seen).toEqual(['ada/other'])
    const kept = await verify(await disk.session('ben'), [], { repair: true })
    expect(kept.problems).toMatchObject([
      { what: 'refs', hint: expect.stringContaining('quilt rm ada/wine') as string },
    ])
    const report = await verify(await disk.session('ben'), [], { repair: true, remote })
    expect(report.problems).toEqual([])
    await expectWhole(disk, 'ben')
    for (const path of refsOf(disk, 'ben')) zero(disk, path)
    await install(await disk.session('ben'), 'ada/wine', { remote, force: true })
    await expectWhole(disk, 'ben')
    for (const path of refsOf(disk, 'ben')) zero(disk, path)
    expect(await rm(await disk.session('ben'), 'ada/wine')).toEqual({ removed: 'ada/wine' })
    expect((await verify(await disk.session('ben'), [])).problems).toEqual([])
    expect((await collect(ls(await disk.session('ben')))).map((one) => one.package)).toEqual(['ada/other'])
  })

  test('H10: a bit that flipped in a plain file is found, though its stamp is as it was, and is made whole', async () => {
    const disk = makeDisk()
    disk.write(files)
    disk.fs.chmodSync(`${disk.root}/wine/b/two.csv`, 0o755)
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    await exportPackage(ada, { handle: 'ada/wine', destination: 'links' }, { symlinks: true })
    const plain = disk.paths('ada/files').filter((path) => !path.endsWith('/'))
    expect(plain).toHaveLength(4)
    for (const path of plain) {
      const full = `${disk.root}/ada/files/${path}`
      const { atime, mtime, mode } = disk.fs.statSync(full)
      const whole = Buffer.from(disk.fs.readFileSync(full))
      flip(disk, `ada/files/${path}`)
      disk.fs.chmodSync(full, mode)
      disk.fs.utimesSync(full, atime, mtime)
      for (const packages of [[], ['ada/wine']]) {
        const { problems } = await verify(await disk.session('ada'), packages)
        expect(problems).toMatchObject([{ what: 'plain', key: `files/${path}`, packages: ['ada/wine'] }])
        expect(problems[0]?.paths[0]).toMatch(/^ada\/wine\/(README.md|[ab]\/\w+\.\w+)@[0-9a-f]{12}$/)
      }
      const report = await verify(await disk.session('ada'), [], { repair: true })
      expect([report.problems, report.repaired?.length]).toEqual([[], 1])
      expect(Buffer.from(disk.fs.readFileSync(full)).equals(whole), path).toBe(true)
      expect((await verify(await disk.session('ada'), [])).problems).toEqual([])
    }
    expect(disk.fs.readFileSync(`${disk.root}/links/b/two.csv`, 'utf8')).toBe('two\n')
    // One whose package is gone is only removed.
    const orphan = `ada/files/${String(plain[0])}`
    flip(disk, orphan)
    await rm(await disk.session('ada'), 'ada/wine')
    expect((await verify(await disk.session('ada'), [], { repair: true })).problems).toEqual([])
    expect(disk.fs.existsSync(`${disk.root}/${orphan}`)).toBe(false)
  })
})
