// Exports that would reach the store: refused, whichever way leads there. (H19)
import { describe, expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { exportPackage } from '../../src/package/export.ts'
import { disks } from '../support/two-disks.ts'

describe.each(disks)('on %s', (_name, makeDisk) => {
  test.each([
    ['into it', 'ada', 'x'],
    ['into a new folder in it', 'ada/new/er', 'x'],
    ['into it by a link', 'way', 'x'],
    ['into it by a link above it', 'up/ada/refs', 'x'],
    ['beside it, with files of a package that lie in it', '.', 'ada/refs/x'],
  ])('H19: %s, --force or not', async (_how, destination, file) => {
    const disk = makeDisk()
    disk.write({ [`in/${file}`]: 'x' })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine', path: 'in' }, {})
    disk.fs.symlinkSync('ada', `${disk.root}/way`)
    disk.fs.symlinkSync('.', `${disk.root}/up`)
    const before = disk.paths('')
    for (const force of [false, true]) {
      const work = exportPackage(ada, { handle: 'ada/wine', destination }, { force })
      await expect(work).rejects.toMatchObject({
        code: 'INVALID',
        message: expect.stringContaining(`the store "${disk.root}/ada"`) as string,
      })
    }
    expect(disk.paths('')).toEqual(before)
    await exportPackage(ada, { handle: 'ada/wine', destination: 'out' })
    expect(disk.read(`out/${file}`)).toBe('x')
  })
})
