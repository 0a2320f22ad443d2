// Installing in part, over what is here, and pushing beside others.
import { describe, expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { exportPackage } from '../../src/package/export.ts'
import { gc } from '../../src/package/gc.ts'
import { inspect } from '../../src/package/inspect.ts'
import { install } from '../../src/package/exchange/install.ts'
import { parsePackageName } from '../../src/core/model/package-name.ts'
import { log } from '../../src/package/log.ts'
import { tagAdd, tagList, tagRemove, versionAdd, versionList } from '../../src/package/names/naming.ts'
import { push } from '../../src/package/exchange/push.ts'
import { verify } from '../../src/package/verify.ts'
import { disks, noise, type Disk } from '../support/two-disks.ts'

const remote = './shared'
const big = noise(900_000)

/** Ada's package on the remote, in two revisions: 1.0 and latest. */
async function shared(disk: Disk): Promise<{ readonly first: string; readonly second: string }> {
  disk.write({
    'wine/a/one.csv': 'one\n',
    'wine/a/big.bin': big,
    'wine/b/two.csv': 'two\n',
    'wine/README.md': 'v1\n',
  })
  const ada = await disk.session('ada')
  const one = await build(ada, { handle: 'ada/wine', path: 'wine' })
  await versionAdd(ada, { pkg: 'ada/wine', version: 'v1.0', revision: 'latest' })
  await tagAdd(ada, { pkg: 'ada/wine', tag: 'prod', revision: 'latest' })
  await push(ada, 'ada/wine', { remote })
  disk.write({ 'wine/README.md': 'v2\n' })
  const two = await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine')
  return { first: one.topHash, second: two.topHash }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('a first push carries tags and versions, and an install brings those of the remote', async () => {
    const disk = makeDisk()
    const { first, second } = await shared(disk)
    const ben = await disk.session('ben')
    expect(await install(ben, 'ada/wine', { remote })).toMatchObject({ topHash: second, latest: true })
    expect(await versionList(ben, 'ada/wine', { local: true })).toMatchObject([
      { version: 'v1.0', topHash: first },
    ])
    expect(await tagList(ben, 'ada/wine', { local: true })).toMatchObject([{ tag: 'prod', topHash: first }])
    expect(
      (await all(log(ben, 'ada/wine'))).map(({ topHash, tags, versions }) => ({ topHash, tags, versions })),
    ).toEqual([
      { topHash: second, tags: [], versions: [] },
      { topHash: first, tags: ['prod'], versions: ['v1.0'] },
    ])
    // What a tag names is brought when it is touched.
    await exportPackage(ben, { handle: 'ada/wine@1.0', destination: 'out' })
    expect(disk.read('out/README.md')).toBe('v1\n')
    expect((await verify(ben, [])).problems).toEqual([])
  })

  test('a part is installed alone, and more comes when it is touched; offline the command is named', async () => {
    const disk = makeDisk()
    await shared(disk)
    const ben = await disk.session('ben')
    const part = await install(ben, 'ada/wine/a/one.csv', { remote })
    expect(part.fetchedBytes).toBeLessThan(100_000)
    await gc(ben, { patience: 0 })
    expect((await verify(ben, [])).problems).toEqual([])
    // Where the rest of the trees is not here, it comes when it is looked at, without the files.
    expect((await inspect(ben, 'ada/wine/b')).children).toMatchObject([{ name: 'two.csv', here: false }])
    await gc(ben, { patience: 0 })
    expect((await verify(ben, [])).problems).toEqual([])
    await exportPackage(ben, { handle: 'ada/wine/a/one.csv', destination: 'out' })
    expect(disk.paths('out')).toEqual(['a/', 'a/one.csv'])
    disk.fs.renameSync(`${disk.root}/shared`, `${disk.root}/away`)
    const offline = await disk.session('ben')
    await expect(exportPackage(offline, { handle: 'ada/wine', destination: 'all' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      hint: 'bring it with: quilt install ada/wine',
    })
    disk.fs.renameSync(`${disk.root}/away`, `${disk.root}/shared`)
    await exportPackage(await disk.session('ben'), { handle: 'ada/wine', destination: 'all' })
    expect(disk.paths('all')).toEqual(['README.md', 'a/', 'a/big.bin', 'a/one.csv', 'b/', 'b/two.csv'])
  })

  test('of a part that was installed no more is here; a build over it brings the trees, or says that it cannot', async () => {
    const disk = makeDisk()
    await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine/a', { remote })
    disk.write({ 'note.md': 'ben\n' })
    disk.fs.renameSync(`${disk.root}/shared`, `${disk.root}/away`)
    const offline = await disk.session('ben')
    const { children } = await inspect(offline, 'ada/wine/a')
    expect(children?.map(({ name }) => name)).toEqual(['big.bin', 'one.csv'])
    const refusal = { code: 'UNAVAILABLE', hint: 'bring it with: quilt install ada/wine' }
    await expect(inspect(offline, 'ada/wine')).rejects.toMatchObject(refusal)
    const note = { handle: 'ada/wine/a/note.md', path: 'note.md' }
    await expect(build(offline, note)).rejects.toMatchObject(refusal)
    disk.fs.renameSync(`${disk.root}/away`, `${disk.root}/shared`)
    const online = await disk.session('ben')
    const built = await build(online, note)
    expect((await verify(online, [])).problems).toEqual([])
    // One node, from a package of which only a part is here; and the whole of it, which the remote has.
    expect((await push(online, 'ada/wine/a/note.md')).topHash).toBe(built.topHash)
  })

  test('--meta-only brings trees, and files come on export', async () => {
    const disk = makeDisk()
    await shared(disk)
    const ben = await disk.session('ben')
    expect((await install(ben, 'ada/wine', { remote, metaOnly: true })).fetchedBytes).toBeLessThan(10_000)
    expect((await inspect(ben, 'ada/wine')).size).toBe(900_011)
    await exportPackage(ben, { handle: 'ada/wine/b', destination: 'out' })
    expect(disk.read('out/b/two.csv')).toBe('two\n')
    expect((await verify(ben, [])).problems).toEqual([])
  })

  test('a pinned revision that is here needs no remote', async () => {
    const disk = makeDisk()
    const { second } = await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine', { remote })
    disk.fs.rmSync(`${disk.root}/shared`, { recursive: true })
    const again = await install(await disk.session('ben'), `ada/wine@${second}`)
    expect(again).toMatchObject({ topHash: second, fetchedObjects: 0 })
  })

  test('an older revision is added without moving latest, and survives gc', async () => {
    const disk = makeDisk()
    const { first, second } = await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine', { remote })
    await tagRemove(await disk.session('ada'), { pkg: 'ada/wine', tag: 'prod' })
    expect(await install(ben, `ada/wine@${first.slice(0, 10)}`)).toMatchObject({
      topHash: first,
      latest: false,
    })
    expect((await inspect(ben, 'ada/wine')).topHash).toBe(second)
    await gc(ben, { patience: 0 })
    disk.fs.rmSync(`${disk.root}/shared`, { recursive: true })
    await exportPackage(await disk.session('ben'), {
      handle: `ada/wine@${first.slice(0, 10)}`,
      destination: 'old',
    })
    expect(disk.read('old/README.md')).toBe('v1\n')
  })

  test('installing over builds that were never pushed is a conflict, unless forced or named otherwise', async () => {
    const disk = makeDisk()
    const { second } = await shared(disk)
    const ben = await disk.session('ben')
    disk.write({ 'mine/x.txt': 'x' })
    await build(ben, { handle: 'ada/wine', path: 'mine' })
    await expect(install(ben, 'ada/wine', { remote })).rejects.toMatchObject({ code: 'CONFLICT' })
    await install(ben, 'ada/wine', { remote, as: 'ben/their-wine' })
    expect((await inspect(ben, 'ben/their-wine')).topHash).toBe(second)
    expect((await inspect(ben, 'ada/wine')).children).toHaveLength(1)
    await install(ben, 'ada/wine', { remote, force: true })
    expect((await inspect(ben, 'ada/wine')).topHash).toBe(second)
    disk.fs.cpSync?.(`${disk.root}/shared`, `${disk.root}/other`, { recursive: true })
    if (disk.fs.existsSync(`${disk.root}/other`)) {
      await expect(install(ben, 'ada/wine', { remote: './other' })).rejects.toMatchObject({
        code: 'CONFLICT',
      })
    }
  })

  test('who pushes second is told, loses nothing, and may install, build again and push (H66)', async () => {
    const disk = makeDisk()
    await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine', { remote })
    disk.write({ 'wine/README.md': 'ada\n' })
    const ada = await disk.session('ada')
    const third = await build(ada, { handle: 'ada/wine', path: 'wine' })
    await push(ada, 'ada/wine')
    disk.write({ 'note.md': 'ben\n' })
    const mine = await build(ben, { handle: 'ada/wine/note.md', path: 'note.md' })
    await expect(push(ben, 'ada/wine')).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await inspect(ben, 'ada/wine')).topHash).toBe(mine.topHash)
    // A node alone is put into what the remote has by now.
    const sent = await push(ben, 'ada/wine/note.md')
    await install(ben, 'ada/wine', { force: true })
    expect((await inspect(ben, 'ada/wine')).topHash).toBe(sent.topHash)
    expect(sent.topHash).not.toBe(third.topHash)
    await exportPackage(ben, { handle: 'ada/wine', destination: 'out' })
    expect([disk.read('out/README.md'), disk.read('out/note.md')]).toEqual(['ada\n', 'ben\n'])
    expect((await verify(ben, [])).problems).toEqual([])
  })

  test('a push by force says what it replaced, and so does the log of the remote', async () => {
    const disk = makeDisk()
    await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine', { remote })
    disk.write({ 'wine/README.md': 'ada\n', 'bens/x': 'ben' })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    const third = await push(ada, 'ada/wine')
    expect(third.replaced).toBeUndefined()
    await build(ben, { handle: 'ada/wine', path: 'bens' })
    expect((await push(ben, 'ada/wine', { force: true })).replaced).toBe(third.commit)
    const { refs } = await (await ada.remote(remote)).remote.repository(parsePackageName('ada/wine'))
    const [newest] = await all(refs.log(parsePackageName('ada/wine')))
    expect(newest?.reason).toBe(`push --force, which replaced ${third.commit}`)
  })

  test('only what is new travels, and pushing again sends nothing (H81)', async () => {
    const disk = makeDisk()
    await shared(disk)
    const ada = await disk.session('ada')
    disk.write({ 'wine/new.txt': 'new' })
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    const sent = await push(ada, 'ada/wine')
    expect(sent.sentObjects).toBe(3) // the blob, the root, the commit
    expect(await push(ada, 'ada/wine')).toMatchObject({ sentObjects: 0, sentBytes: 0 })
    const log1 = await all(log(ada, 'ada/wine'))
    expect(log1).toHaveLength(3)
  })

  test('a package can go on to another remote from who has only its newest revision', async () => {
    const disk = makeDisk()
    const { second } = await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine', { remote })
    await push(ben, 'ada/wine', { remote: './mirror' })
    const cleo = await disk.session('cleo')
    expect(await install(cleo, 'ada/wine', { remote: './mirror' })).toMatchObject({ topHash: second })
    expect((await verify(cleo, [])).problems).toEqual([])
  })

  test('versions are for ever, in whatever spelling; tags move, and may not read like something else', async () => {
    const disk = makeDisk()
    const { first, second } = await shared(disk)
    const ada = await disk.session('ada')
    const add = (version: string, revision: string): Promise<unknown> =>
      versionAdd(ada, { pkg: 'ada/wine', version, revision })
    await expect(add('1.0', 'latest')).rejects.toMatchObject({ code: 'CONFLICT' })
    await add('1.0', first.slice(0, 8)) // the same once more is no change
    await add('1.0.0', 'latest')
    await expect(add('foo', 'latest')).rejects.toMatchObject({ code: 'INVALID' })
    expect((await versionList(ada, 'ada/wine')).map(({ version }) => version)).toEqual(['v1.0', '1.0.0'])
    for (const tag of ['latest', '1.0', 'abcdef', 'a b', '../x', 'HEAD', 'x.lock']) {
      await expect(tagAdd(ada, { pkg: 'ada/wine', tag, revision: 'latest' })).rejects.toMatchObject({
        code: 'INVALID',
      })
    }
    await tagAdd(ada, { pkg: 'ada/wine', tag: 'prod', revision: '1.0.0' })
    expect(await tagList(ada, 'ada/wine')).toMatchObject([{ tag: 'prod', topHash: second }])
    const ben = await disk.session('ben')
    expect(await install(ben, 'ada/wine', { remote, tag: 'prod' })).toMatchObject({ topHash: second })
    expect(await install(ben, 'ada/wine@V1.0', {})).toMatchObject({ topHash: first, latest: false })
  })
})
