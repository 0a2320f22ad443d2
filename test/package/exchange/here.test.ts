// What a transfer relied on is removed by others before its refs move.
import { describe, expect, test } from 'vitest'
import { build } from '../../../src/package/build.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { exportPackage } from '../../../src/package/export.ts'
import { gc } from '../../../src/package/gc.ts'
import { tagAdd, tagRemove } from '../../../src/package/names/naming.ts'
import { rm } from '../../../src/package/remove.ts'
import type { LocalStore, Session } from '../../../src/package/session.ts'
import { verify } from '../../../src/package/verify.ts'
import { disks, type Disk } from '../../support/two-disks.ts'

const remote = './shared'

/** A session in whose store `meddle` happens once, right before refs would move. */
function meddledWith(session: Session, meddle: () => Promise<unknown>): Session {
  let left = 1
  const open = async (): Promise<LocalStore> => {
    const store = await session.local()
    const { refs } = store.repository
    const update: typeof refs.update = async (...all) => {
      if (left-- > 0) await meddle()
      return refs.update(...all)
    }
    return { ...store, repository: { ...store.repository, refs: { ...refs, update } } }
  }
  let opened: Promise<LocalStore> | undefined
  return { ...session, local: () => (opened ??= open()) }
}

async function shared(disk: Disk): Promise<readonly [string, string]> {
  disk.write({ 'wine/big.csv': 'row\n'.repeat(50_000), 'wine/README.md': 'v1\n' })
  const ada = await disk.session('ada')
  const one = await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine', { remote })
  disk.write({ 'wine/README.md': 'v2\n' })
  const two = await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine')
  return [String(one.commit), String(two.commit)]
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('an install beside an rm and a gc leaves no hole, and can be run again', async () => {
    const disk = makeDisk()
    const [first] = await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, `ada/wine@${first}`, { remote })
    const other = await disk.session('ben')
    const meddled = meddledWith(ben, () => rm(other, 'ada/wine'))
    await expect(install(meddled, 'ada/wine', { remote })).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: 'try again',
    })
    await gc(other, { patience: 0 })
    expect((await verify(other, [])).problems).toEqual([])
    await install(ben, 'ada/wine', { remote })
    expect((await verify(ben, [])).problems).toEqual([])
    await exportPackage(ben, { handle: 'ada/wine', destination: 'out' })
    expect(disk.read('out/README.md')).toBe('v2\n')
  })

  test('one beside another that moved the package without removing anything goes on', async () => {
    const disk = makeDisk()
    const [first] = await shared(disk)
    const ben = await disk.session('ben')
    await install(ben, `ada/wine@${first}`, { remote })
    const other = await disk.session('ben')
    const tag = { pkg: 'ada/wine', tag: 'kept', revision: 'latest' }
    await install(
      meddledWith(ben, () => tagAdd(other, tag, { local: true })),
      'ada/wine',
      { remote },
    )
    expect((await verify(ben, [])).problems).toEqual([])
    await exportPackage(ben, { handle: 'ada/wine', destination: 'out' })
    expect(disk.read('out/README.md')).toBe('v2\n')
  })

  test('a tag is not put on a commit that has just gone', async () => {
    const disk = makeDisk()
    disk.write({ 'wine/README.md': 'v1\n' })
    const ada = await disk.session('ada')
    const old = await build(ada, { handle: 'ada/old', path: 'wine' })
    const other = await disk.session('ada')
    const meddled = meddledWith(ada, async () => {
      await rm(other, 'ada/old')
      disk.write({ 'wine/README.md': 'v2\n' })
      await build(other, { handle: 'ada/old', path: 'wine' })
    })
    await expect(
      tagAdd(meddled, { pkg: 'ada/old', tag: 'prod', revision: String(old.commit) }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await gc(other, { patience: 0 })
    expect((await verify(ada, [])).problems).toEqual([])
  })

  test('a push completes what the remote has only in part', async () => {
    const disk = makeDisk()
    const [first, second] = await shared(disk)
    // Ben's store is itself a remote to Ada, and has a part of the first commit only.
    const ben = await disk.session('ben')
    await install(ben, `ada/wine/README.md@${first}`, { remote })
    const ada = await disk.session('ada')
    await push(ada, 'ada/wine', { remote: './ben' })
    const carl = await disk.session('carl')
    await install(carl, `ada/wine@${first}`, { remote: './ben' })
    await install(carl, `ada/wine@${second}`, { remote: './ben' })
    await gc(carl, { patience: 0 })
    expect((await verify(carl, [])).problems).toEqual([])
    await exportPackage(carl, { handle: `ada/wine@${first}`, destination: 'out' })
    expect(disk.read('out/big.csv')).toHaveLength(200_000)
    await tagAdd(carl, { pkg: 'ada/wine', tag: 'mine', revision: first }, { local: true })
    await tagRemove(carl, { pkg: 'ada/wine', tag: 'mine' }, { local: true })
    expect((await verify(ben, [])).problems).toEqual([])
  })
})
