// The verbs that act on a remote itself: ls, delete, diff, verify, gc.
import { describe, expect, test } from 'vitest'
import { build } from '../../../src/package/build.ts'
import { diff, diffTableRows } from '../../../src/package/diff.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { gc } from '../../../src/package/gc.ts'
import { ls } from '../../../src/package/list.ts'
import { deletePackage } from '../../../src/package/remote/delete.ts'
import { openWhole } from '../../../src/package/remote/open-whole.ts'
import { versionAdd } from '../../../src/package/names/naming.ts'
import { verify } from '../../../src/package/verify.ts'
import { decodeListing } from '../../../src/core/codec/remotes/listing.ts'
import { listingKey } from '../../../src/core/store/layout.ts'
import { announceWriter } from '../../../src/core/store/writers.ts'
import type { Session } from '../../../src/package/session.ts'
import { disks, noise, type Disk } from '../../support/two-disks.ts'

const remote = './shared'

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Two packages on the remote: ada/wine in two revisions, and ada/tea of 300 kB. */
async function shared(disk: Disk): Promise<Session> {
  disk.write({ 'wine/a.txt': 'x\n1\n', 'wine/sub/b.txt': 'b\n', 'tea/leaves.bin': noise(300_000) })
  const ada = await disk.session('ada')
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  await versionAdd(ada, { pkg: 'ada/wine', version: '1.0', revision: 'latest' })
  await push(ada, 'ada/wine', { remote })
  disk.write({ 'wine/sub/c.txt': 'c\n' })
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine')
  await build(ada, { handle: 'ada/tea', path: 'tea' })
  await push(ada, 'ada/tea', { remote })
  return ada
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('ls --remote tells what lies there', async () => {
    const disk = makeDisk()
    await shared(disk)
    const ben = await disk.session('ben')
    const rows = await all(ls(ben, { remote }))
    expect(rows).toMatchObject([
      { package: 'ada/tea', versions: [], store: `file://${disk.root}/shared` },
      { package: 'ada/wine', versions: ['1.0'] },
    ])
    expect(await all(ls(ben))).toEqual([])
    await expect(all(ls(ben, { remote: './nowhere' }))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('diff compares with what lies on a remote', async () => {
    const disk = makeDisk()
    await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine@1.0', { remote })
    const found = await diff(ben, { a: 'ada/wine', remote })
    expect(found.added.map(({ path }) => path)).toEqual(['sub/c.txt'])
    expect((await diff(ben, { a: 'ada/wine', b: '@1.0', remote })).added).toEqual([])
    expect((await diff(ben, { a: 'ada/wine/sub', b: 'ada/wine/sub', remote })).added).toMatchObject([
      { path: 'c.txt' },
    ])
    await expect(diff(ben, { a: 'ada/wine', b: 'ada/none', remote })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await expect(diffTableRows(ben, { a: 'ada/wine', remote, path: 'a.txt' })).rejects.toMatchObject({
      code: 'INVALID',
    })
  })

  test('delete takes a package off its remote, and gc --remote its bytes; what is here stays', async () => {
    const disk = makeDisk()
    const ada = await shared(disk)
    expect(await deletePackage(ada, 'ada/tea')).toEqual({
      deleted: 'ada/tea',
      remote: `file://${disk.root}/shared`,
    })
    await expect(deletePackage(ada, 'ada/tea')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await all(ls(ada, { remote }))).map((one) => one.package)).toEqual(['ada/wine'])
    expect((await all(ls(ada))).map((one) => one.package)).toContain('ada/tea')
    const would = await gc(ada, { remote, dryRun: true })
    expect(would.freedBytes).toBeGreaterThan(300_000)
    const done = await gc(ada, { remote, patience: 0 })
    expect(done.freedBytes).toBe(would.freedBytes)
    expect((await verify(ada, [], { remote })).problems).toEqual([])
    // Web servers, which cannot list, are told what is left.
    const listing = decodeListing(new Uint8Array(disk.fs.readFileSync(`${disk.root}/shared/${listingKey}`)))
    const named = [...listing].map(({ key }) => key).filter((key) => key.startsWith('packs/'))
    expect(named).toEqual(packsOf(disk))
    // The name may be used again.
    await push(ada, 'ada/tea', { remote })
    expect((await verify(ada, ['ada/tea'], { remote })).problems).toEqual([])
  })

  test('gc --remote waits for a push that is under way, and frees later', async () => {
    const disk = makeDisk()
    const ada = await shared(disk)
    await deletePackage(ada, 'ada/tea')
    const { repository } = await openWhole(ada, remote)
    const writer = await announceWriter(repository.backend, ada.ambient)
    expect(await gc(ada, { remote, patience: 0 })).toMatchObject({ waiting: 1, packsDeleted: 0 })
    await writer.release()
    expect((await gc(ada, { remote, patience: 0 })).freedBytes).toBeGreaterThan(300_000)
  })

  test('verify --remote finds what is damaged there, and a repair here is another thing', async () => {
    const disk = makeDisk()
    const ada = await shared(disk)
    const [pack = ''] = disk.paths('shared/packs').toSorted((a, b) => sizeOf(disk, b) - sizeOf(disk, a))
    const path = `${disk.root}/shared/packs/${pack}`
    const bytes = disk.fs.readFileSync(path)
    bytes[1000] = (bytes[1000] as number) ^ 1
    disk.fs.chmodSync(path, 0o644)
    disk.fs.writeFileSync(path, bytes)
    const report = await verify(ada, [], { remote })
    expect(report.problems.flatMap(({ packages }) => packages)).toContain('ada/tea')
    expect((await verify(ada, ['ada/wine'], { remote })).problems).toEqual([])
    expect((await verify(ada, [])).problems).toEqual([])
    await expect(verify(ada, ['ada/none'], { remote })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

function packsOf(disk: Disk): readonly string[] {
  return disk.paths('shared/packs').map((path) => `packs/${path.split('/').at(-1) ?? ''}`)
}

function sizeOf(disk: Disk, pack: string): number {
  return disk.fs.statSync(`${disk.root}/shared/packs/${pack}`).size
}
