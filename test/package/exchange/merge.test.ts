// install --merge: builds here that were never pushed, joined with what others pushed.
import { describe, expect, test } from 'vitest'
import { build } from '../../../src/package/build.ts'
import { exportPackage } from '../../../src/package/export.ts'
import { gc } from '../../../src/package/gc.ts'
import { inspect } from '../../../src/package/inspect.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { verify } from '../../../src/package/verify.ts'
import { disks, noise, type Disk } from '../../support/two-disks.ts'

const remote = './shared'
const [, makeDisk] = disks[0] as (typeof disks)[number]
const big = noise(700_000)

/** Ada pushed twice; Ben has the first, and built on it what `mine` says. */
async function parted(mine: Readonly<Record<string, string | Uint8Array>>, theirs = mine) {
  const disk = makeDisk()
  disk.write({
    'wine/README.md': 'one\n',
    'wine/a/x.csv': 'n\n1\n',
    'wine/a/y.csv': 'n\n1\n',
    'wine/b/z.bin': big,
  })
  const ada = await disk.session('ada')
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine', { remote })
  const ben = await disk.session('ben')
  await install(ben, 'ada/wine', { remote })
  await exportPackage(ben, { handle: 'ada/wine', destination: 'ben-files' })
  disk.write(Object.fromEntries(Object.entries(theirs).map(([path, body]) => [`wine/${path}`, body])))
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine')
  disk.write(Object.fromEntries(Object.entries(mine).map(([path, body]) => [`ben-files/${path}`, body])))
  await build(ben, { handle: 'ada/wine', path: 'ben-files' })
  return { disk, ada, ben }
}

async function filesOf(disk: Disk, who: string): Promise<readonly string[]> {
  const session = await disk.session(who)
  await exportPackage(session, { handle: 'ada/wine', destination: `out-${who}` })
  return disk.paths(`out-${who}`)
}

describe('install --merge', () => {
  test('joins what each side changed, and its result can be pushed and installed', async () => {
    const { disk, ada, ben } = await parted(
      { 'a/x.csv': 'n\n2\n', 'mine/new.csv': 'n\n5\n' },
      { 'README.md': 'two\n', 'b/more.bin': noise(600_000), 'b/t.csv': 'n\n7\n' },
    )
    await expect(push(ben, 'ada/wine')).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: expect.stringContaining('--merge'),
    })
    await expect(install(ben, 'ada/wine')).rejects.toMatchObject({
      code: 'CONFLICT',
      hint: expect.stringContaining('--merge'),
    })
    const merged = await install(ben, 'ada/wine', { merge: true })
    expect(merged).toMatchObject({ merged: true, latest: true })
    await gc(ben, { patience: 0 })
    expect((await verify(ben, [])).problems).toEqual([])
    await push(ben, 'ada/wine')
    await install(ada, 'ada/wine')
    expect((await inspect(ada, 'ada/wine')).topHash).toBe(merged.topHash)
    const files = ['README.md', 'a/', 'a/x.csv', 'a/y.csv', 'b/', 'b/more.bin', 'b/t.csv', 'b/z.bin']
    expect(await filesOf(disk, 'ada')).toEqual([...files, 'mine/', 'mine/new.csv'])
    expect([disk.read('out-ada/README.md'), disk.read('out-ada/a/x.csv')]).toEqual(['two\n', 'n\n2\n'])
    expect((await verify(ada, [])).problems).toEqual([])
  })

  test('lists what both changed, and moves nothing until it is settled', async () => {
    const { disk, ben } = await parted(
      { 'a/x.csv': 'n\n2\n', 'README.md': 'ben\n', 'a/y.csv': 'n\n9\n' },
      { 'a/x.csv': 'n\n3\n', 'README.md': 'ada\n', 'a/y.csv': 'n\n9\n' },
    )
    const before = (await inspect(ben, 'ada/wine')).commit
    await expect(install(ben, 'ada/wine', { merge: true })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/README\.md \(changed here, changed there\)[^]*a\/x\.csv/),
    })
    await expect(install(ben, 'ada/wine', { merge: true, ours: ['a'] })).rejects.toThrow(/README/)
    expect((await inspect(ben, 'ada/wine')).commit).toBe(before)
    await install(ben, 'ada/wine', { merge: true, ours: ['a'], theirs: ['.'] })
    await filesOf(disk, 'ben')
    expect([disk.read('out-ben/README.md'), disk.read('out-ben/a/x.csv')]).toEqual(['ada\n', 'n\n2\n'])
  })

  test('where one side is ahead there is nothing to join', async () => {
    const { ada, ben } = await parted({ 'a/x.csv': 'n\n2\n' })
    await install(ben, 'ada/wine', { merge: true })
    const mine = await inspect(ben, 'ada/wine')
    const again = await install(ben, 'ada/wine', { merge: true })
    expect(again.commit).toBe(mine.commit)
    expect(again.merged).toBeUndefined()
    await push(ben, 'ada/wine')
    expect((await install(ada, 'ada/wine', { merge: true })).merged).toBeUndefined()
    expect((await inspect(ada, 'ada/wine')).topHash).toBe(mine.topHash)
  })

  test('a part that was installed is merged as a part', async () => {
    const disk = makeDisk()
    disk.write({ 'wine/a/x.csv': 'n\n1\n', 'wine/b/big.bin': big, 'wine/c.txt': '1' })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    await push(ada, 'ada/wine', { remote })
    const ben = await disk.session('ben')
    await install(ben, 'ada/wine/a', { remote })
    disk.write({ 'wine/b/small.txt': 'there', 'mine.csv': 'n\n8\n' })
    await build(ada, { handle: 'ada/wine', path: 'wine' })
    await push(ada, 'ada/wine')
    await build(ben, { handle: 'ada/wine/a/x.csv', path: 'mine.csv' })
    await install(ben, 'ada/wine', { merge: true })
    expect((await verify(ben, [])).problems).toEqual([])
    await push(ben, 'ada/wine')
    await install(ada, 'ada/wine')
    expect(await filesOf(disk, 'ada')).toEqual(['a/', 'a/x.csv', 'b/', 'b/big.bin', 'b/small.txt', 'c.txt'])
    expect(disk.read('out-ada/a/x.csv')).toBe('n\n8\n')
  })
})
