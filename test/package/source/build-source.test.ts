// What a build takes: never the store that it writes to, whichever way leads there.
import { describe, expect, test } from 'vitest'
import { build } from '../../../src/package/build.ts'
import { exportPackage } from '../../../src/package/export.ts'
import { disks } from '../../support/two-disks.ts'

describe.each(disks)('H19: the store, on %s', (_name, makeDisk) => {
  test('is left out of the folder that it lies in, also where a link leads to that folder', async () => {
    const disk = makeDisk()
    disk.write({ 'src/a.txt': 'a', 'src/deep/b.txt': 'b' })
    disk.fs.symlinkSync('src', `${disk.root}/way`)
    const ada = await disk.session('src/deep/store')
    const first = await build(ada, { handle: 'ada/wine', path: 'src' })
    expect(first).toMatchObject({ files: 2, ignored: 1 })
    for (const path of ['way', 'src']) {
      const again = await build(ada, { handle: 'ada/wine', path })
      expect(again).toMatchObject({ topHash: first.topHash, unchanged: true })
    }
    await exportPackage(ada, { handle: 'ada/wine', destination: 'out' })
    expect(disk.paths('out')).toEqual(['a.txt', 'deep/', 'deep/b.txt'])
  })

  test('is not built, nor what lies in it', async () => {
    const disk = makeDisk()
    disk.write({ 'src/a.txt': 'a' })
    const ada = await disk.session('ada')
    const { topHash } = await build(ada, { handle: 'ada/wine', path: 'src' })
    for (const path of ['ada', 'ada/packs', './src/../ada/refs'])
      await expect(build(ada, { handle: 'ada/wine', path })).rejects.toMatchObject({
        code: 'INVALID',
        message: expect.stringContaining('is inside the store') as string,
      })
    expect((await build(ada, { handle: 'ada/wine', path: 'src' })).topHash).toBe(topHash)
  })

  test('is of another person: then it is data', async () => {
    const disk = makeDisk()
    disk.write({ 'src/a.txt': 'a' })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'src' })
    const ben = await disk.session('ben')
    expect((await build(ben, { handle: 'ben/copy', path: 'ada' })).files).toBeGreaterThan(3)
  })
})
