// Build, push, install, export: the same bytes come back, on the real disk and on memfs.
import { describe, expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { diff } from '../../src/package/diff.ts'
import { exportPackage } from '../../src/package/export.ts'
import { gc } from '../../src/package/gc.ts'
import { inspect } from '../../src/package/inspect.ts'
import { install } from '../../src/package/exchange/install.ts'
import { ls } from '../../src/package/list.ts'
import { log } from '../../src/package/log.ts'
import { push } from '../../src/package/exchange/push.ts'
import { rm } from '../../src/package/remove.ts'
import { verify } from '../../src/package/verify.ts'
import { disks, noise, type Disk } from '../support/two-disks.ts'

const big = noise(1_500_000)

/** A folder with what people have: text, a large file, an empty one, a folder, a link, a script. */
function fillWine(disk: Disk): void {
  disk.write({
    'wine/README.md': '# wine\n',
    'wine/reds/merlot.csv': 'year,litres\n2020,12\n',
    'wine/reds/syrah.csv': 'year,litres\n2021,3\n',
    'wine/big.bin': big,
    'wine/empty.txt': '',
    'wine/none/': '',
    'wine/run.sh': '#!/bin/sh\n',
    'wine/.hidden': 'x',
    'wine/old~': 'x',
  })
  disk.fs.chmodSync(`${disk.root}/wine/run.sh`, 0o755)
  disk.fs.symlinkSync('reds/merlot.csv', `${disk.root}/wine/best.csv`)
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('what was built comes back byte by byte after push, install and export', async () => {
    const disk = makeDisk()
    fillWine(disk)
    const ada = await disk.session('ada')
    const built = await build(ada, { handle: 'ada/wine', path: 'wine' }, { message: 'first' })
    expect(built).toMatchObject({ package: 'ada/wine', files: 6, ignored: 2, unchanged: false, tables: 2 })
    await push(ada, 'ada/wine', { remote: './shared' })
    const ben = await disk.session('ben')
    const got = await install(ben, 'ada/wine', { remote: './shared' })
    expect(got).toMatchObject({ topHash: built.topHash, commit: built.commit, latest: true })
    expect(got.fetchedObjects).toBeGreaterThan(20)
    const out = await exportPackage(ben, { handle: 'ada/wine', destination: 'out' })
    expect(out).toEqual({ destination: `${disk.root}/out`, files: 6, bytes: built.bytes })
    expect(disk.paths('out')).toEqual([
      'README.md',
      'best.csv',
      'big.bin',
      'empty.txt',
      'none/',
      'reds/',
      'reds/merlot.csv',
      'reds/syrah.csv',
      'run.sh',
    ])
    expect(Buffer.compare(disk.fs.readFileSync(`${disk.root}/out/big.bin`), Buffer.from(big))).toBe(0)
    expect(disk.read('out/reds/syrah.csv')).toBe('year,litres\n2021,3\n')
    expect(disk.fs.readlinkSync(`${disk.root}/out/best.csv`)).toBe('reds/merlot.csv')
    expect(disk.fs.statSync(`${disk.root}/out/run.sh`).mode & 0o100).toBe(0o100)
    expect(disk.fs.statSync(`${disk.root}/out/README.md`).mode & 0o100).toBe(0)
    for (const session of [ada, ben]) expect((await verify(session, [])).problems).toEqual([])
    expect((await verify(ben, ['ada/wine'])).problems).toEqual([])
    const again = await build(ben, { handle: 'ben/copy', path: 'out' })
    expect(again.topHash).toBe(built.topHash)
  })

  test('building the same again makes no commit, a dry run writes nothing, and both agree on the top hash', async () => {
    const disk = makeDisk()
    fillWine(disk)
    const ada = await disk.session('ada')
    const dry = await build(ada, { handle: 'ada/wine', path: 'wine' }, { dryRun: true })
    expect(dry.commit).toBeUndefined()
    expect(await all(ls(ada))).toEqual([])
    const first = await build(ada, { handle: 'ada/wine', path: 'wine' })
    expect(first.topHash).toBe(dry.topHash)
    const second = await build(ada, { handle: 'ada/wine', path: 'wine' })
    expect(second).toMatchObject({ commit: first.commit, unchanged: true, newBytes: 0 })
    for (const force of [false, true]) {
      const rehearsed = await build(ada, { handle: 'ada/wine', path: 'wine' }, { dryRun: true, force })
      expect(rehearsed).toMatchObject({ topHash: first.topHash, unchanged: !force })
    }
    const forced = await build(ada, { handle: 'ada/wine', path: 'wine' }, { force: true })
    expect(forced).toMatchObject({ topHash: first.topHash, unchanged: false }) // a commit was made
    expect(forced.commit).not.toBe(first.commit)
    expect(await all(log(ada, 'ada/wine'))).toHaveLength(2)
  })

  test('a sub-path build replaces that node and keeps the rest; nothing given makes it empty', async () => {
    const disk = makeDisk()
    fillWine(disk)
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    disk.write({ 'white/riesling.csv': 'a\n', 'one.csv': 'b\n' })
    await build(ada, { handle: 'ada/wine/reds', path: 'white' })
    await build(ada, { handle: 'ada/wine/new/deep/one.csv', path: 'one.csv' })
    expect((await inspect(ada, 'ada/wine')).children?.map(({ name }) => name)).toEqual([
      'README.md',
      'best.csv',
      'big.bin',
      'empty.txt',
      'new',
      'none',
      'reds',
      'run.sh',
    ])
    expect((await inspect(ada, 'ada/wine/reds')).children?.map(({ name }) => name)).toEqual(['riesling.csv'])
    await build(ada, { handle: 'ada/wine/reds' })
    expect((await inspect(ada, 'ada/wine/reds')).children).toEqual([])
    await exportPackage(ada, { handle: 'ada/wine/new', destination: 'out' })
    expect(disk.paths('out')).toEqual(['new/', 'new/deep/', 'new/deep/one.csv'])
    await exportPackage(ada, { handle: 'ada/wine/big.bin', destination: 'out' })
    const empty = await build(ada, { handle: 'ada/empty' })
    expect(empty).toMatchObject({ files: 0, bytes: 0 })
    expect((await verify(ada, [])).problems).toEqual([])
  })

  test('diff tells added, removed, modified and renamed, between revisions and against a folder', async () => {
    const disk = makeDisk()
    fillWine(disk)
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    disk.write({ 'wine/new.txt': 'new', 'wine/README.md': '# more wine\n' })
    disk.fs.rmSync(`${disk.root}/wine/empty.txt`)
    disk.fs.renameSync(`${disk.root}/wine/reds/syrah.csv`, `${disk.root}/wine/shiraz.csv`)
    disk.fs.chmodSync(`${disk.root}/wine/run.sh`, 0o644)
    const expected = {
      added: [{ path: 'new.txt', type: 'file', size: 3 }],
      removed: [{ path: 'empty.txt', type: 'file', size: 0 }],
      modified: [
        { path: 'README.md', type: 'file', size: 12, from: 7, what: ['bytes'] },
        { path: 'run.sh', type: 'file', size: 10, from: 10, what: ['executable'] },
      ],
      renamed: [{ from: 'reds/syrah.csv', to: 'shiraz.csv', size: 19 }],
      tables: [],
    }
    expect(await diff(ada, { a: 'ada/wine', b: './wine' })).toEqual(expected)
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    expect(await diff(ada, { a: 'ada/wine' })).toEqual(expected)
    expect(await diff(ada, { a: 'ada/wine@latest~1', b: '@latest' })).toEqual(expected)
    expect(await diff(ada, { a: 'ada/wine', b: './wine' })).toEqual({
      added: [],
      removed: [],
      modified: [],
      renamed: [],
      tables: [],
    })
  })

  test('rm and gc free what nothing needs, and keep what another package shares', async () => {
    const disk = makeDisk()
    fillWine(disk)
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    await build(ada, { handle: 'ada/reds', path: 'wine/reds' })
    await rm(ada, 'ada/wine')
    const report = await gc(ada, { patience: 0 })
    expect(report.freedBytes).toBeGreaterThan(1_400_000)
    expect((await verify(ada, [])).problems).toEqual([])
    await exportPackage(ada, { handle: 'ada/reds', destination: 'out' })
    expect(disk.paths('out')).toEqual(['merlot.csv', 'syrah.csv'])
    await expect(rm(ada, 'ada/wine')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const back = await build(ada, { handle: 'ada/wine', path: 'wine' })
    expect(back.newBytes).toBeGreaterThan(1_400_000)
    expect((await verify(ada, [])).problems).toEqual([])
  })
})
