// Dry runs of push, rm and delete: they tell what the real ones then do, and leave every file as it was.
import { describe, expect, test } from 'vitest'
import { build } from '../../../src/package/build.ts'
import { push, type PushOptions } from '../../../src/package/exchange/push.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { tagAdd } from '../../../src/package/names/naming.ts'
import { deletePackage } from '../../../src/package/remote/delete.ts'
import { rm } from '../../../src/package/remove.ts'
import type { Session } from '../../../src/package/session.ts'
import { disks, noise, type Disk } from '../../support/two-disks.ts'

const remote = './shared'

/** Every file of the stores and the remote, with its bytes. What is kept of remotes nearby is left out. */
function everything(disk: Disk): ReadonlyMap<string, string> {
  const paths = disk.paths('').filter((path) => !path.endsWith('/') && !path.includes('/cache/'))
  return new Map(paths.map((path) => [path, disk.fs.readFileSync(`${disk.root}/${path}`, 'base64')]))
}

/** Pushes dry, then for real: both say the same, and the first has changed nothing. */
async function pushBoth(disk: Disk, session: Session, handle: string, options: PushOptions = {}) {
  const before = everything(disk)
  const dry = await push(session, handle, { ...options, dryRun: true })
  expect(everything(disk)).toEqual(before)
  const real = await push(session, handle, options)
  return { dry, real }
}

/** ada/wine: text, and a file that is kept as chunks. */
async function wine(disk: Disk): Promise<Session> {
  disk.write({ 'wine/a.txt': 'x\n1\n'.repeat(500), 'wine/sub/b.bin': noise(900_000) })
  const ada = await disk.session('ada')
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  return ada
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('a first push is told to the byte, and the remote is not made', async () => {
    const disk = makeDisk()
    const ada = await wine(disk)
    await tagAdd(ada, { pkg: 'ada/wine', tag: 'best', revision: 'latest' })
    const { dry, real } = await pushBoth(disk, ada, 'ada/wine', { remote })
    expect(dry.sentObjects).toBeGreaterThan(5)
    expect(dry.sentBytes).toBeGreaterThan(900_000)
    expect(dry).toEqual(real)
  })

  test('of a later one only what is new is told; of one that has nothing new, nothing', async () => {
    const disk = makeDisk()
    const ada = await wine(disk)
    await push(ada, 'ada/wine', { remote })
    disk.write({ 'wine/c.txt': 'c' })
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    const { dry, real } = await pushBoth(disk, ada, 'ada/wine')
    expect(dry).toEqual(real)
    expect(dry.sentBytes).toBeLessThan(10_000)
    const again = await pushBoth(disk, ada, 'ada/wine')
    expect(again.dry).toEqual(again.real)
    expect(again.dry.sentObjects).toBe(0)
  })

  test('so is a push of a node, whose commit is not made', async () => {
    const disk = makeDisk()
    const ada = await wine(disk)
    await push(ada, 'ada/wine', { remote })
    disk.write({ 'wine/sub/d.bin': noise(700_000) })
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    const { dry, real } = await pushBoth(disk, ada, 'ada/wine/sub')
    expect(dry).toEqual({ ...real, commit: dry.commit }) // a commit has its time
    expect(dry.sentBytes).toBeGreaterThan(700_000)
  })

  test('what a push would be refused for, its dry run is refused for', async () => {
    const disk = makeDisk()
    const ada = await wine(disk)
    await push(ada, 'ada/wine', { remote })
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine', { remote })
    disk.write({ 'wine/e.txt': 'e' })
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    const { commit } = await push(ada, 'ada/wine')
    await build(ben, { handle: 'ada/wine/f', path: 'wine/e.txt' })
    await expect(push(ben, 'ada/wine', { dryRun: true })).rejects.toMatchObject({ code: 'CONFLICT' })
    const { dry, real } = await pushBoth(disk, ben, 'ada/wine', { force: true })
    expect(dry.replaced).toBe(commit)
    expect(dry).toEqual(real)
    await expect(push(ben, 'ada/none', { dryRun: true })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    disk.fs.renameSync(`${disk.root}/shared`, `${disk.root}/moved`)
    const cal = await disk.session('ben')
    await expect(push(cal, 'ada/wine', { dryRun: true })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('rm and delete tell what they would take away, and take nothing', async () => {
    const disk = makeDisk()
    const ada = await wine(disk)
    await push(ada, 'ada/wine', { remote })
    const before = everything(disk)
    const deleted = await deletePackage(ada, 'ada/wine', { dryRun: true })
    expect(await rm(ada, 'ada/wine', { dryRun: true })).toEqual({ removed: 'ada/wine' })
    await expect(rm(ada, 'ada/none', { dryRun: true })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(deletePackage(ada, 'ada/none', { remote, dryRun: true })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(everything(disk)).toEqual(before)
    expect(await deletePackage(ada, 'ada/wine')).toEqual(deleted)
    // Refs that are damaged do not keep a package, and a dry run repairs none.
    const refs = disk.paths('ada/refs').find((path) => path.endsWith('1')) ?? 'none'
    disk.fs.writeFileSync(`${disk.root}/ada/refs/${refs}`, 'garbage')
    const cut = everything(disk)
    const again = await disk.session('ada')
    expect(await rm(again, 'ada/wine', { dryRun: true })).toEqual({ removed: 'ada/wine' })
    expect(everything(disk)).toEqual(cut)
    expect(await rm(ada, 'ada/wine')).toEqual({ removed: 'ada/wine' })
  })
})
