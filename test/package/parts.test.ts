// Parts of packages: links across them, revisions of which only the commit is here, what lies in their way.
import { describe, expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { diff } from '../../src/package/diff.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { exportPackage } from '../../src/package/export.ts'
import { inspect } from '../../src/package/inspect.ts'
import { log } from '../../src/package/log.ts'
import { tagList, versionAdd } from '../../src/package/names/naming.ts'
import { collect } from '../support/ref-bench.ts'
import { disks, noise } from '../support/two-disks.ts'

const remote = './shared'

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('a part with a link to another part is exported, installed and compared', async () => {
    const disk = makeDisk()
    disk.write({ 'p/a/x': 'x', 'p/b/y': 'y' })
    disk.fs.symlinkSync('../b/y', `${disk.root}/p/a/in`)
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/p', path: 'p' })
    await exportPackage(ada, { handle: 'ada/p/a', destination: 'out' })
    expect(disk.fs.readlinkSync(`${disk.root}/out/a/in`)).toBe('../b/y')
    expect((await diff(ada, { a: 'ada/p/a', b: 'ada/p/b' })).removed).toMatchObject([
      { path: 'in' },
      { path: 'x' },
    ])
    expect(await diff(ada, { a: 'ada/p/a', b: './p/a' })).toEqual({
      added: [],
      removed: [],
      modified: [],
      renamed: [],
      tables: [],
    })
    await push(ada, 'ada/p', { remote })
    const ben = await disk.session('ben')
    await install(ben, 'ada/p/a', { remote })
    await exportPackage(ben, { handle: 'ada/p/a', destination: 'his' })
    expect(disk.read('his/a/x')).toBe('x')
  })

  test('a revision that only a version names is looked at and compared; offline the command is named', async () => {
    const disk = makeDisk()
    disk.write({ 'p/x': 'one', 'p/deep/y': 'y' })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/p', path: 'p' })
    await versionAdd(ada, { pkg: 'ada/p', version: '1.0', revision: 'latest' })
    disk.write({ 'p/x': 'two' })
    await build(ada, { handle: 'ada/p', path: 'p' })
    await push(ada, 'ada/p', { remote })
    const ben = await disk.session('ben')
    await install(ben, 'ada/p', { remote })
    expect((await diff(ben, { a: 'ada/p@1.0' })).modified).toMatchObject([{ path: 'x', what: ['bytes'] }])
    const cid = await disk.session('cid')
    await install(cid, 'ada/p', { remote })
    expect((await inspect(cid, 'ada/p@1.0')).children).toMatchObject([
      { name: 'deep', children: [{ name: 'y', here: false }] },
      { name: 'x', here: false },
    ])
    const dan = await disk.session('dan')
    await install(dan, 'ada/p', { remote })
    disk.fs.renameSync(`${disk.root}/shared`, `${disk.root}/away`)
    const offline = await disk.session('dan')
    await expect(inspect(offline, 'ada/p@1.0')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      hint: 'bring it with: quilt install ada/p@1.0',
    })
  })

  test('an origin that is gone is UNAVAILABLE, and no push makes it anew', async () => {
    const disk = makeDisk()
    disk.write({ 'p/x': 'one' })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/p', path: 'p' })
    await push(ada, 'ada/p', { remote })
    disk.fs.renameSync(`${disk.root}/shared`, `${disk.root}/away`)
    const again = await disk.session('ada')
    for (const act of [
      () => collect(log(again, 'ada/p')),
      () => tagList(again, 'ada/p'),
      () => install(again, 'ada/p'),
      () => push(again, 'ada/p'),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    }
    expect(disk.fs.existsSync(`${disk.root}/shared`)).toBe(false)
    await push(again, 'ada/p', { remote: './other' })
  })

  test('a log is newest first, with a row for each build and push, and none for an install', async () => {
    const disk = makeDisk()
    const tops: string[] = []
    const ada = await disk.session('ada')
    for (const text of ['one', 'two', 'three']) {
      disk.write({ 'p/x': text })
      tops.unshift((await build(ada, { handle: 'ada/p', path: 'p' }, { message: text })).topHash)
      if (text !== 'one') await push(ada, 'ada/p', { remote })
    }
    const shown = async (session: typeof ada): Promise<readonly (string | undefined)[]> =>
      (await collect(log(session, 'ada/p'))).map(({ topHash }) => topHash)
    expect(await shown(ada)).toEqual(tops)
    const ben = await disk.session('ben')
    await install(ben, `ada/p@${(tops[1] as string).slice(0, 12)}`, { remote })
    expect(await shown(ben)).toEqual(tops.slice(0, 2))
  })

  test('nothing is built below a file', async () => {
    const disk = makeDisk()
    disk.write({ 'p/README.md': 'text', 'q/x': 'x' })
    const ada = await disk.session('ada')
    const { topHash } = await build(ada, { handle: 'ada/p', path: 'p' })
    for (const handle of ['ada/p/README.md/x', 'ada/p/README.md/x/y']) {
      await expect(build(ada, { handle, path: 'q' })).rejects.toMatchObject({
        code: 'INVALID',
        message: '"README.md" in ada/p is a file',
      })
    }
    expect((await inspect(ada, 'ada/p')).topHash).toBe(topHash)
  })

  test('an object that should be here and is not is damage', async () => {
    const disk = makeDisk()
    disk.write({ 'p/x': noise(5000) })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/p', path: 'p' })
    const largest = disk
      .paths('ada/packs')
      .filter((path) => !path.endsWith('/'))
      .map((path) => `${disk.root}/ada/packs/${path}`)
      .sort((x, y) => disk.fs.statSync(y).size - disk.fs.statSync(x).size)[0]
    disk.fs.rmSync(largest as string)
    const again = await disk.session('ada')
    await expect(exportPackage(again, { handle: 'ada/p', destination: 'out' })).rejects.toMatchObject({
      code: 'CORRUPT',
    })
  })
})
