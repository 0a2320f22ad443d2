// A disk that says that it failed though it did something, and then loses its power: a move of refs that was seen is
// not for that reason a move that lasts.
import { expect, test } from 'vitest'
import { faultyFileSystem } from '../../src/testing/faulty-fs.ts'
import { mortalDisk, restoreDisk } from '../../src/testing/power-cut.ts'
import { diskOf, root } from '../support/crash-world.ts'
import { fileStore } from '../support/file-store.ts'
import { idOf, moveTo, openRefs, record, refsOf, wine } from '../support/ref-bench.ts'

const isFolder = (path: string): boolean => path.endsWith('/refs/_/ada/wine')

for (const lasting of [false, true]) {
  test(`a folder that ${lasting ? 'never' : 'once not'} syncs: the move is reported as it will be found`, async () => {
    const disk = mortalDisk(diskOf([]), root)
    const whole = openRefs(fileStore(`${root}/s`, { fs: disk.fs }))
    await whole.update(wine, moveTo(idOf(1)), record('one'))
    const { fs, record: seen } = faultyFileSystem(disk.fs, {
      fault: { kind: 'fail', code: 'EIO', lasting },
      at: 1,
      where: (path) => isFolder(path),
    })
    const failing = {
      ...fs,
      // Only opening the folder to sync it fails, not reading it.
      promises: new Proxy(fs.promises, {
        get: (target, name) => Reflect.get(name === 'open' ? target : disk.fs.promises, name) as unknown,
      }),
    }
    const refs = openRefs(fileStore(`${root}/s`, { fs: failing as typeof fs }))
    const done = await refs.update(wine, moveTo(idOf(2)), record('two')).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'UNAVAILABLE' })
        return false
      },
    )
    expect([seen.hit, done]).toEqual([`open ${root}/s/refs/_/ada/wine`, !lasting])
    const after = diskOf([])
    restoreDisk(
      after,
      root,
      disk.survivors(() => 0),
    )
    const found = refsOf(await openRefs(fileStore(`${root}/s`, { fs: after })).get(wine))
    expect(found).toEqual({ latest: idOf(done ? 2 : 1) })
  })
}
