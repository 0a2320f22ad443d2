// Packages in one file: made, carried, installed; and bundles that are not what they should be.
import { describe, expect, test } from 'vitest'
import { build } from '../../../src/package/build.ts'
import { bundleCreate } from '../../../src/package/bundle/create.ts'
import { bundleInstall } from '../../../src/package/bundle/install.ts'
import { bundleList, bundleVerify } from '../../../src/package/bundle/list.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { exportPackage } from '../../../src/package/export.ts'
import { gc } from '../../../src/package/gc.ts'
import { inspect } from '../../../src/package/inspect.ts'
import { ls } from '../../../src/package/list.ts'
import { tagAdd, tagList, versionAdd, versionList } from '../../../src/package/names/naming.ts'
import type { Session } from '../../../src/package/session.ts'
import { verify } from '../../../src/package/verify.ts'
import { disks, noise, type Disk } from '../../support/two-disks.ts'

const big = noise(900_000)

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** ada/wine as 1.0, 1.1 and 2.0; 2.0 has a row more in its large file. */
async function wine(disk: Disk): Promise<{ readonly ada: Session; readonly tops: readonly string[] }> {
  const ada = await disk.session('ada')
  const tops: string[] = []
  const release = async (
    version: string,
    files: Readonly<Record<string, string | Uint8Array>>,
  ): Promise<void> => {
    disk.write(files)
    tops.push((await build(ada, { handle: 'ada/wine', path: 'wine' })).topHash)
    await versionAdd(ada, { pkg: 'ada/wine', version, revision: 'latest' })
  }
  await release('1.0', {
    'wine/big.bin': big,
    'wine/a.txt': 'x\n1\n',
    'wine/sub/b.txt': 'b\n',
    'wine/same.txt': 'b\n',
  })
  await release('1.1', { 'wine/a.txt': 'x\n2\n' })
  const grown = new Uint8Array(big.length + 10)
  grown.set(big.subarray(0, 400_000))
  grown.set(big.subarray(400_000), 400_010)
  await release('2.0', { 'wine/big.bin': grown, 'wine/moved/a.txt': 'x\n2\n' })
  return { ada, tops }
}

function bytesOf(disk: Disk, path: string): Uint8Array {
  return new Uint8Array(disk.fs.readFileSync(`${disk.root}/${path}`))
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('a package goes from machine to machine in a file, and then what is new since', async () => {
    const disk = makeDisk()
    const { ada, tops } = await wine(disk)
    await tagAdd(ada, { pkg: 'ada/wine', tag: 'prod', revision: '1.0' })
    const made = await bundleCreate(ada, { handle: 'ada/wine@1.0', file: 'wine.bundle' })
    expect(made).toMatchObject({ package: 'ada/wine', topHash: tops[0], since: undefined })
    expect(made.bytes).toBe(bytesOf(disk, 'wine.bundle').length)
    const more = await bundleCreate(ada, { handle: 'ada/wine', file: 'more.bundle' }, { since: '1.0' })
    expect(more.bytes).toBeLessThan(made.bytes / 2) // a chunk or two of the large file
    expect(await bundleList(ada, ['wine.bundle', 'more.bundle'])).toMatchObject([
      { package: 'ada/wine', versions: ['1.0'], tags: ['prod'], topHash: tops[0], objects: made.objects },
      { versions: ['2.0'], since: made.commit },
    ])

    const ben = await disk.session('ben')
    expect(await bundleVerify(ben, ['wine.bundle', 'more.bundle'])).toMatchObject([
      { whole: true },
      { whole: false },
    ])
    await expect(bundleInstall(ben, ['more.bundle'])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(`builds on commit ${made.commit}`) as string,
    })
    // In whatever order they are named.
    expect(await bundleInstall(ben, ['more.bundle', 'wine.bundle'])).toMatchObject([
      { file: 'wine.bundle', topHash: tops[0], latest: true },
      { file: 'more.bundle', topHash: tops[2], latest: true },
    ])
    expect(await bundleVerify(ben, ['more.bundle'])).toMatchObject([{ whole: true }])
    expect((await verify(ben, [])).problems).toEqual([])
    await gc(ben, { patience: 0 })
    await exportPackage(ben, { handle: 'ada/wine', destination: 'out' })
    expect(disk.paths('out')).toEqual(disk.paths('wine'))
    expect(Buffer.compare(bytesOf(disk, 'out/big.bin'), bytesOf(disk, 'wine/big.bin'))).toBe(0)
    expect(await versionList(ben, 'ada/wine', { local: true })).toMatchObject([
      { version: '1.0' },
      { version: '1.1' },
      { version: '2.0' },
    ])
    expect(await tagList(ben, 'ada/wine', { local: true })).toMatchObject([{ tag: 'prod', topHash: tops[0] }])
    // Nothing is new in it, and an older one changes nothing.
    expect(await bundleInstall(ben, ['wine.bundle'])).toMatchObject([{ fetchedObjects: 0, latest: false }])
    expect((await inspect(ben, 'ada/wine')).topHash).toBe(tops[2])
  })

  test('the same revision gives the same bytes, wherever it lies', async () => {
    const disk = makeDisk()
    const { ada } = await wine(disk)
    await push(ada, 'ada/wine', { remote: './shared' })
    await bundleCreate(ada, { handle: 'ada/wine', file: 'one.bundle' })
    await expect(bundleCreate(ada, { handle: 'ada/wine', file: 'one.bundle' })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    await bundleCreate(ada, { handle: 'ada/wine@2.0', file: 'one.bundle' }, { force: true })
    // Another machine, whose packs are others; what it lacks comes from the origin.
    const ben = await disk.session('ben')
    await bundleInstall(ben, ['one.bundle'])
    const eve = await disk.session('eve')
    await install(eve, 'ada/wine/sub', { remote: './shared' })
    await bundleCreate(eve, { handle: 'ada/wine', file: 'two.bundle' })
    await bundleCreate(ada, { handle: 'ada/wine', file: 'three.bundle' })
    expect(Buffer.compare(bytesOf(disk, 'three.bundle'), bytesOf(disk, 'one.bundle'))).toBe(0)
    expect((await bundleVerify(eve, ['two.bundle']))[0]).toMatchObject({ whole: true })
    expect(disk.paths('.').filter((path) => path.endsWith('.tmp'))).toEqual([])
  })

  test('builds here are kept from a bundle that knows nothing of them', async () => {
    const disk = makeDisk()
    const { ada, tops } = await wine(disk)
    await bundleCreate(ada, { handle: 'ada/wine', file: 'wine.bundle' })
    const ben = await disk.session('ben')
    disk.write({ 'mine/x.txt': 'x\n' })
    const { topHash } = await build(ben, { handle: 'ada/wine', path: 'mine' })
    await versionAdd(ben, { pkg: 'ada/wine', version: '1.1', revision: 'latest' })
    await expect(bundleInstall(ben, ['wine.bundle'])).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await inspect(ben, 'ada/wine')).topHash).toBe(topHash)
    expect(await bundleInstall(ben, ['wine.bundle'], { as: 'ben/theirs' })).toMatchObject([
      { package: 'ben/theirs', topHash: tops[2] },
    ])
    await bundleInstall(ben, ['wine.bundle'], { force: true })
    expect((await inspect(ben, 'ada/wine')).topHash).toBe(tops[2])
    expect((await verify(ben, [])).problems).toEqual([])
  })

  test('what cannot be bundled is told', async () => {
    const disk = makeDisk()
    const { ada } = await wine(disk)
    const file = 'x.bundle'
    const create = (handle: string, since?: string): Promise<unknown> =>
      bundleCreate(ada, { handle, file }, { since })
    await expect(create('ada/none')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(create('ada/wine/sub')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(create('ada/wine@1.0', '1.0')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(create('ada/wine@1.0', '2.0')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(create('ada/wine', '3.0')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(disk.fs.existsSync(`${disk.root}/${file}`)).toBe(false)
    await expect(bundleInstall(ada, ['none.bundle'])).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(bundleInstall(ada, ['wine'])).rejects.toMatchObject({ code: 'INVALID' })
  })
})

describe('a bundle that was cut or changed', () => {
  const [, makeDisk] = disks[1] as (typeof disks)[number]

  async function refused(disk: Disk, ben: Session, bytes: Uint8Array, what: string): Promise<void> {
    disk.fs.writeFileSync(`${disk.root}/bad.bundle`, bytes)
    await expect(bundleInstall(ben, ['bad.bundle']), what).rejects.toMatchObject({
      code: expect.stringMatching(/^(CORRUPT|UNSUPPORTED)$/) as string,
      message: expect.stringContaining('bad.bundle') as string,
    })
    await expect(bundleVerify(ben, ['bad.bundle']), what).rejects.toMatchObject({
      code: expect.stringMatching(/^(CORRUPT|UNSUPPORTED)$/) as string,
    })
  }

  test('ends in an error at every bit of a sample, and at every length, and changes nothing', async () => {
    const disk = makeDisk()
    disk.write({ 'wine/a.txt': 'x\n1\n', 'wine/b.txt': 'b'.repeat(300) })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    await bundleCreate(ada, { handle: 'ada/wine', file: 'wine.bundle' })
    const bytes = bytesOf(disk, 'wine.bundle')
    const ben = await disk.session('ben')
    await build(ben, { handle: 'ben/own', path: 'wine' })
    const before = { packages: await all(ls(ben)), paths: disk.paths('ben') }
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = bytes.slice()
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8))
      await refused(disk, ben, flipped, `bit ${String(at)}`)
      await refused(disk, ben, bytes.subarray(0, at), `length ${String(at)}`)
    }
    await refused(disk, ben, new Uint8Array([...bytes, 0]), 'a byte more')
    expect({ packages: await all(ls(ben)), paths: disk.paths('ben') }).toEqual(before)
    await bundleInstall(ben, ['wine.bundle'])
    expect((await verify(ben, [])).problems).toEqual([])
  })
})
