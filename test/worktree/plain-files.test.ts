// Plain files of the store: whole, read-only, and never other bytes than their id says.
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import type { FileEntry } from '../../src/core/model/entry.ts'
import { plainFiles, sweepPlainFiles, type PlainFiles } from '../../src/worktree/plain-files.ts'
import { systemError } from '../../src/testing/fault.ts'
import { mortalDisk, restoreDisk } from '../../src/testing/power-cut.ts'
import { noise } from '../support/store-bench.ts'
import { disks, type Disk } from '../support/two-disks.ts'
import { refusal, watchedFs, worktreeBench, type WorktreeBench } from '../support/worktree-bench.ts'
import { hashBytes } from '#hash'

const entryOf = (body: Uint8Array, executable?: true): FileEntry => ({
  type: 'file',
  name: 'x',
  id: hashBytes(body),
  size: body.length,
  ...(executable === undefined ? undefined : { executable }),
})

interface Plain {
  readonly disk: Disk
  readonly bench: WorktreeBench
  readonly body: Uint8Array
  readonly entry: FileEntry
  /** Plain files in `files`, on the disk or on a file system over it. */
  on(fs?: FileSystem): PlainFiles
}

describe.each(disks)('on %s', (_name, make) => {
  const begin = async (size = 5000): Promise<Plain> => {
    const [disk, bench, body] = [make(), await worktreeBench(), noise(size)]
    await bench.tree([], [body])
    let names = 0
    const randomName = (): string => String(++names).padStart(32, '0')
    const folder = `${disk.root}/files`
    const on = (fs: FileSystem = disk.fs): PlainFiles =>
      plainFiles({ fs, folder, objects: bench.repo.objects, randomName })
    return { disk, bench, body, entry: entryOf(body), on }
  }

  test.each([0, 1, 5000, 700_000])('gives a read-only file with the %d bytes of a blob', async (size) => {
    const { disk, body, entry, on } = await begin(size)
    const path = await on().path(entry)
    expect(path).toBe(`${disk.root}/files/${entry.id.slice(0, 2)}/${entry.id}`)
    expect(Buffer.compare(disk.fs.readFileSync(path), body)).toBe(0)
    expect(disk.fs.statSync(path).mode & 0o777).toBe(0o444)
  })

  test('an executable one is another file', async () => {
    const { disk, body, entry, on } = await begin()
    const [plain, executable] = [await on().path(entry), await on().path(entryOf(body, true))]
    expect(executable).not.toBe(plain)
    expect(disk.fs.statSync(executable).mode & 0o777).toBe(0o555)
    expect(disk.fs.statSync(plain).mode & 0o777).toBe(0o444)
  })

  test('has its bytes after a power cut, or is made anew', async () => {
    const { disk, body, entry, on } = await begin(700_000)
    const mortal = mortalDisk(disk.fs, disk.root)
    await on(mortal.fs).path(entry)
    for (const lost of [() => true, (at: number) => at === 0]) {
      let writes = 0
      disk.fs.rmSync(`${disk.root}/files`, { recursive: true })
      const left = mortal.survivors((count, what) => (what === 'bytes' && lost(writes++) ? 0 : count - 1))
      expect(left.some(({ path }) => path.endsWith(entry.id))).toBe(true)
      restoreDisk(disk.fs, disk.root, left)
      const path = await on().path(entry)
      expect(Buffer.compare(disk.fs.readFileSync(path), body)).toBe(0)
    }
  })

  test('through the recipe that the commit names', async () => {
    const { disk, bench, body, entry, on } = await begin(700_000)
    const recipe = await bench.repo.objects.batch(async (out) => (await out.writeBlob(body)).recipe)
    expect(recipe).toBeDefined()
    expect(Buffer.compare(disk.fs.readFileSync(await on().path(entry, recipe)), body)).toBe(0)
  })

  test('one that is there is given without being opened', async () => {
    const { disk, entry, on } = await begin()
    const path = await on().path(entry)
    const opened: unknown[] = []
    const fs = watchedFs(disk.fs, (call, [what]) => {
      if (call === 'openSync') opened.push(what)
    })
    expect(await on(fs).path(entry)).toBe(path)
    expect(opened).toEqual([])
  })

  const damages: readonly (readonly [string, (disk: Disk, path: string) => void])[] = [
    ['edited, its length the same', ({ fs }, path) => fs.writeFileSync(path, noise(5000, 9))],
    ['cut', ({ fs }, path) => fs.truncateSync(path, 100)],
    ['longer', ({ fs }, path) => fs.appendFileSync(path, 'more')],
    ['emptied', ({ fs }, path) => fs.truncateSync(path, 0)],
    [
      'another file put in its place',
      ({ fs }, path) => {
        fs.writeFileSync(`${path}.other`, noise(5000, 9))
        fs.renameSync(`${path}.other`, path)
      },
    ],
    [
      'a link put in its place',
      ({ fs, root }, path) => {
        fs.writeFileSync(`${root}/secret`, noise(5000, 9))
        fs.rmSync(path)
        fs.symlinkSync(`${root}/secret`, path)
      },
    ],
    [
      'a folder put in its place',
      ({ fs }, path) => {
        fs.rmSync(path)
        fs.mkdirSync(path)
        fs.writeFileSync(`${path}/x`, 'x')
      },
    ],
    ['removed', ({ fs }, path) => fs.rmSync(path)],
  ]
  test.each(damages)('H10: one that was damaged is made again: %s', async (_how, damage) => {
    const { disk, body, entry, on } = await begin()
    const path = await on().path(entry)
    disk.fs.chmodSync(path, 0o644)
    damage(disk, path)
    expect(await on().path(entry)).toBe(path)
    expect(Buffer.compare(disk.fs.readFileSync(path), body)).toBe(0)
    expect(disk.fs.lstatSync(path).isFile()).toBe(true)
    expect(disk.fs.statSync(path).mode & 0o777).toBe(0o444)
  })

  test('H10: one that was edited in the tick in which it was made is noticed', async () => {
    const { disk, body, entry, on } = await begin()
    const path = await on().path(entry)
    disk.fs.chmodSync(path, 0o644)
    const handle = disk.fs.openSync(path, 'r+')
    disk.fs.writeSync(handle, Buffer.of((body[0] as number) ^ 1), 0, 1, 0)
    disk.fs.closeSync(handle)
    await on().path(entry)
    expect(Buffer.compare(disk.fs.readFileSync(path), body)).toBe(0)
  })

  test('one that was touched is verified once, and stamped again', async () => {
    const { disk, entry, on } = await begin()
    const path = await on().path(entry)
    disk.fs.utimesSync(path, 5, 5)
    const opened: unknown[] = []
    const fs = watchedFs(disk.fs, (call, [what]) => {
      if (call === 'openSync') opened.push(what)
    })
    await on(fs).path(entry)
    await on(fs).path(entry)
    expect(opened).toEqual([path])
  })

  test('one that is good is given from a store that is read-only', async () => {
    const { disk, entry, on } = await begin()
    const path = await on().path(entry)
    disk.fs.utimesSync(path, 5, 5)
    const fs = watchedFs(disk.fs, (call) => {
      if (['mkdirSync', 'chmodSync', 'utimesSync', 'renameSync', 'unlinkSync'].includes(call))
        throw systemError('EROFS')
    })
    expect(await on(fs).path(entry)).toBe(path)
    disk.fs.rmSync(path)
    await refusal(on(fs).path(entry), 'DENIED', path, 'read-only')
  })

  test('one that cannot be read is made again', async () => {
    const { disk, entry, on } = await begin()
    const path = await on().path(entry)
    disk.fs.utimesSync(path, 5, 5)
    const fs = watchedFs(disk.fs, (call, [what]) => {
      if (call === 'openSync' && what === path) throw systemError('EIO')
    })
    expect(await on(fs).path(entry)).toBe(path)
  })

  test('a blob that is not here, or has another length, leaves nothing', async () => {
    const { disk, entry, on } = await begin()
    await refusal(on().path(entryOf(noise(10, 77))), 'NOT_FOUND')
    await refusal(on().path({ ...entry, size: 4999 }), 'CORRUPT', entry.id)
    expect(disk.paths('files').filter((path) => !path.endsWith('/'))).toEqual([])
  })

  test('H51, H52: a disk that fails at any call leaves the whole file or none', async () => {
    const { disk, body, entry, on } = await begin()
    const changing = new Set([
      'mkdirSync',
      'openSync',
      'writeSync',
      'closeSync',
      'chmodSync',
      'utimesSync',
      'renameSync',
    ])
    for (let at = 1, done = false; !done; at++) {
      let calls = 0
      const fs = watchedFs(disk.fs, (call) => {
        if (changing.has(call) && ++calls === at) throw systemError('ENOSPC', call)
      })
      try {
        await on(fs).path(entry)
        done = true
      } catch (error) {
        expect(error).toMatchObject({ code: 'UNAVAILABLE' })
        expect(String(error)).toContain('the disk is full')
        expect(disk.paths('').filter((path) => path.startsWith('files/') && !path.endsWith('/'))).toEqual([])
      }
    }
    expect(Buffer.compare(disk.fs.readFileSync(await on().path(entry)), body)).toBe(0)
  })

  test('two who make the same file at once both have it', async () => {
    const { disk, body, entry, on } = await begin(700_000)
    const paths = await Promise.all([on().path(entry), on().path(entry)])
    expect(new Set(paths).size).toBe(1)
    expect(Buffer.compare(disk.fs.readFileSync(paths[0]), body)).toBe(0)
    expect(disk.paths('files').filter((path) => path.endsWith('.tmp'))).toEqual([])
  })

  test('an abort leaves nothing', async () => {
    const { disk, entry, on } = await begin(700_000)
    const controller = new AbortController()
    const fs = watchedFs(disk.fs, (call) => {
      if (call === 'writeSync') controller.abort(new Error('enough'))
    })
    await expect(on(fs).path(entry, undefined, { signal: controller.signal })).rejects.toThrow('enough')
    expect(disk.paths('files').filter((path) => !path.endsWith('/'))).toEqual([])
  })

  describe('a sweep', () => {
    test('removes what is not kept and what is unfinished, and nothing else', async () => {
      const { disk, bench, body, entry, on } = await begin()
      const other = noise(3000, 5)
      await bench.tree([], [other])
      const kept = [await on().path(entry), await on().path(entryOf(body, true))]
      const gone = [await on().path(entryOf(other)), await on().path(entryOf(other, true))]
      disk.write({
        [`files/00/${'0'.repeat(64)}.${'1'.repeat(32)}.tmp`]: 'half',
        'files/readme': 'x',
        'files/00/y': 'x',
      })
      const swept = await sweepPlainFiles(disk.fs, `${disk.root}/files`, (id) =>
        Promise.resolve(id === entry.id),
      )
      expect(swept).toEqual({ files: 3, bytes: 6004 })
      expect(kept.every((path) => disk.fs.existsSync(path))).toBe(true)
      expect(gone.some((path) => disk.fs.existsSync(path))).toBe(false)
      expect(disk.paths('files')).toContain('readme')
      expect(disk.paths('files')).toContain('00/y')
    })

    test('of what is not there removes nothing', async () => {
      const { disk } = await begin()
      const swept = await sweepPlainFiles(disk.fs, `${disk.root}/files`, () => Promise.resolve(false))
      expect(swept).toEqual({ files: 0, bytes: 0 })
    })

    test('beside one who is making a file: it is made all the same', async () => {
      const { disk, body, entry, on } = await begin()
      let sweeps = 0
      const sweep = (): void => {
        for (const path of disk.paths('files'))
          if (path.endsWith('.tmp')) disk.fs.rmSync(`${disk.root}/files/${path}`)
      }
      const fs = watchedFs(disk.fs, (call) => {
        if (call === 'renameSync' && ++sweeps < 4) sweep()
      })
      expect(Buffer.compare(disk.fs.readFileSync(await on(fs).path(entry)), body)).toBe(0)
      expect(sweeps).toBe(4)
    })
  })
})
