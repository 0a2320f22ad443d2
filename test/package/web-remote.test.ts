// A folder that is pushed to, read through a web server: publishing a data set is copying a folder.
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { exportPackage } from '../../src/package/export.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { tagAdd, tagList } from '../../src/package/names/naming.ts'
import { remoteAdd } from '../../src/session/remotes.ts'
import { refuses } from '../../src/testing/backend-fixture.ts'
import { disks, noise, type Disk } from '../support/two-disks.ts'
import { serveFolder, type WebServer } from '../support/web-server.ts'

const [, makeDisk] = disks[0] as (typeof disks)[0]

async function serve(folder: string): Promise<WebServer> {
  const server = await serveFolder(folder)
  onTestFinished(() => server.stop())
  return server
}

/** Ada's package in the folder `shared`. */
async function shared(disk: Disk): Promise<{ readonly topHash: string; readonly big: Uint8Array }> {
  const big = noise(1_500_000)
  disk.write({ 'wine/a/one.csv': 'x,y\n1,2\n', 'wine/b/big.bin': big, 'wine/README.md': 'v1\n' })
  const ada = await disk.session('ada')
  const { topHash } = await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine', { remote: './shared' })
  return { topHash, big }
}

test('a folder that was pushed to, and copied, is installed from any web server', async () => {
  const disk = makeDisk()
  const { topHash, big } = await shared(disk)
  cpSync(`${disk.root}/shared`, `${disk.root}/site/data`, { recursive: true })
  const server = await serve(`${disk.root}/site`)
  const ben = await disk.session('ben')
  const remote = `${server.address}data`
  expect(await remoteAdd(ben, { name: 'site', address: remote })).toMatchObject({ writers: 'none' })
  expect(await install(ben, 'ada/wine', { remote: 'site' })).toMatchObject({ topHash, latest: true })
  await exportPackage(ben, { handle: 'ada/wine', destination: 'out' })
  expect(disk.fs.readFileSync(`${disk.root}/out/b/big.bin`).equals(big)).toBe(true)
  expect(server.requests.length).toBeLessThan(30)
  await refuses('DENIED', push(ben, 'ada/wine', { remote: 'site', force: true }))
  await refuses('DENIED', exportPackage(ben, { handle: 'ada/wine', destination: remote }))
})

test('a part is read by ranges, and a later push is seen', async () => {
  const disk = makeDisk()
  await shared(disk)
  const server = await serve(`${disk.root}/shared`)
  const ben = await disk.session('ben')
  await install(ben, 'ada/wine/a', { remote: server.address })
  expect(server.requests.some(({ headers }) => headers.range !== undefined)).toBe(true)

  const ada = await disk.session('ada')
  disk.write({ 'wine/README.md': 'v2\n' })
  const { topHash } = await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine')
  await tagAdd(ada, { pkg: 'ada/wine', tag: 'prod', revision: 'latest' })
  const eve = await disk.session('eve')
  expect(await install(eve, 'ada/wine', { remote: server.address })).toMatchObject({ topHash })
  expect(await tagList(eve, 'ada/wine', { local: true })).toMatchObject([{ tag: 'prod', topHash }])
})

test('two who push at once leave a listing of both', async () => {
  const disk = makeDisk()
  disk.write({ 'one/f': '1', 'two/f': '2' })
  const [ada, eve] = [await disk.session('ada'), await disk.session('eve')]
  await build(ada, { handle: 'ada/one', path: 'one' })
  await build(eve, { handle: 'eve/two', path: 'two' })
  const remote = './shared'
  await Promise.all([push(ada, 'ada/one', { remote }), push(eve, 'eve/two', { remote })])
  const server = await serve(`${disk.root}/shared`)
  const ben = await disk.session('ben')
  await install(ben, 'ada/one', { remote: server.address })
  await install(ben, 'eve/two', { remote: server.address })
})

test('without a listing, or with another file in its place, it says so; the next push writes it anew', async () => {
  const disk = makeDisk()
  await shared(disk)
  const server = await serve(`${disk.root}/shared`)
  const ben = await disk.session('ben')
  rmSync(`${disk.root}/shared/listing`)
  await expect(install(ben, 'ada/wine', { remote: server.address })).rejects.toThrow(/no listing/)
  writeFileSync(`${disk.root}/shared/listing`, '<html>')
  await refuses('CORRUPT', install(ben, 'ada/wine', { remote: server.address }))
  const ada = await disk.session('ada')
  await tagAdd(ada, { pkg: 'ada/wine', tag: 'prod', revision: 'latest' })
  await install(ben, 'ada/wine', { remote: server.address })
})

test('what a hostile listing says is not believed: bytes are checked, names stay keys', async () => {
  const disk = makeDisk()
  const { topHash } = await shared(disk)
  const path = `${disk.root}/shared/listing`
  const listing = disk.read('shared/listing')
  const server = await serve(`${disk.root}/shared`)
  const ben = await disk.session('ben')
  for (const [from, to] of [
    [/packs\/[0-9a-f]{32}/, 'packs/00000000000000000000000000000000'],
    [/(packs\/[0-9a-f]{32})\t\d+/, '$1\t9007199254740991'],
    [/(index\/[0-9a-f]{32})\t\d+/, '$1\t3'],
  ] as const) {
    writeFileSync(path, listing.replace(from, to).split('\n').toSorted(byKey).join('\n'))
    const outcome: unknown = await install(ben, 'ada/wine', { remote: server.address }).catch(
      (e: unknown) => e,
    )
    const fine =
      outcome instanceof Error
        ? /CORRUPT|NOT_FOUND|UNAVAILABLE/.test((outcome as { code?: string }).code ?? '')
        : true
    expect(fine, String((outcome as Error).stack)).toBe(true)
  }
  writeFileSync(path, listing)
  const eve = await disk.session('eve')
  expect(await install(eve, 'ada/wine', { remote: server.address })).toMatchObject({ topHash })
})

/** Keeps the first line first, the last ones last, and the keys between in order. */
function byKey(a: string, b: string): number {
  const rank = (line: string): number =>
    line.startsWith('quilt') ? 0 : line.startsWith('end') ? 2 : line === '' ? 3 : 1
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}
