// Reading a file that does not stand still, or is not what it was.
import { execFileSync } from 'node:child_process'
import nodeFs from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import { chunkAverage, chunkMax, chunkMin } from '../../src/core/chunk/fastcdc.ts'
import type { ObjectWriter } from '../../src/core/store/object-store.ts'
import { writeFileBlob, writeScannedBlob } from '../../src/worktree/read-file.ts'
import { systemError } from '../../src/testing/fault.ts'
import { noise } from '../support/store-bench.ts'
import { tempDir } from '../support/temp-dir.ts'
import { disks } from '../support/two-disks.ts'
import { refusal, worktreeBench } from '../support/worktree-bench.ts'
import { hashBytes } from '#hash'

/** Runs with a writer of a fresh repository. */
async function writing<T>(fn: (out: ObjectWriter) => Promise<T>): Promise<T> {
  return (await worktreeBench()).repo.objects.batch(fn)
}

describe.each(disks)('on %s', (_name, make) => {
  const around = [chunkMin, chunkAverage, chunkMax].flatMap((size) => [size - 1, size, size + 1])
  const sizes = [0, 1, 2, 4095, 4096, 4097, ...around, 1024 * 1024, 1024 * 1024 + 1, 3_000_000]
  test.each(sizes)('H33: a file of %d bytes has the id of its bytes', async (size) => {
    const disk = make()
    const body = noise(size)
    disk.write({ f: body })
    const { blob, stamp } = await writing((out) => writeFileBlob(disk.fs, `${disk.root}/f`, out))
    expect(blob).toMatchObject({ id: hashBytes(body), size })
    expect(blob.recipe === undefined).toBe(size <= chunkMax)
    expect(stamp.size).toBe(size)
  })

  test('reads that give less than was asked for are gone on with', async () => {
    const disk = make()
    const body = noise(300_000)
    disk.write({ small: body.subarray(0, 5000), large: body })
    const short = ((handle: number, bytes: Uint8Array, at: number, length: number) =>
      disk.fs.readSync(handle, bytes, at, Math.min(length, 777), null)) as FileSystem['readSync']
    const fs: FileSystem = { ...disk.fs, readSync: short }
    await writing(async (out) => {
      expect((await writeFileBlob(fs, `${disk.root}/small`, out)).blob.id).toBe(
        hashBytes(body.subarray(0, 5000)),
      )
      expect((await writeFileBlob(fs, `${disk.root}/large`, out)).blob.id).toBe(hashBytes(body))
    })
  })

  /** A file system on which something happens after each of the first `times` reads. */
  const changing = (
    fs: FileSystem & typeof nodeFs,
    times: number,
    change: (n: number) => void,
  ): FileSystem => {
    let n = 0
    const readSync = ((...args: Parameters<FileSystem['readSync']>) => {
      const count = fs.readSync(...args)
      if (n < times) change(++n)
      return count
    }) as FileSystem['readSync']
    return { ...fs, readSync }
  }

  test.each([
    ['grows', (n: number) => `now it is longer by ${'x'.repeat(n)}`],
    ['shrinks', (n: number) => 'short'.slice(n)],
  ])('a file that %s while it is read is read again', async (_how, next) => {
    const disk = make()
    const path = `${disk.root}/f`
    disk.write({ f: 'as it was at first' })
    const fs = changing(disk.fs, 1, (n) => disk.fs.writeFileSync(path, next(n)))
    const { blob } = await writing((out) => writeFileBlob(fs, path, out))
    expect(blob.id).toBe(hashBytes(Buffer.from(next(1))))
  })

  test('one that changes each time is refused, and named', async () => {
    const disk = make()
    const path = `${disk.root}/f`
    disk.write({ f: 'x' })
    const fs = changing(disk.fs, Infinity, (n) => disk.fs.writeFileSync(path, 'y'.repeat(n + 1)))
    const error = await refusal(
      writing((out) => writeFileBlob(fs, path, out)),
      'UNAVAILABLE',
      path,
      'keeps changing',
    )
    expect(error.hint).toMatch(/build again/)
  })

  test('a large one that grows as fast as it is read is not read for ever', async () => {
    const disk = make()
    const path = `${disk.root}/f`
    disk.write({ f: noise(300_000) })
    const fs = changing(disk.fs, 100, () => disk.fs.appendFileSync(path, noise(50_000)))
    await refusal(
      writing((out) => writeFileBlob(fs, path, out)),
      'UNAVAILABLE',
      path,
      'keeps changing',
    )
  })

  test('another file put in its place is read, its own bytes and no mixture', async () => {
    const disk = make()
    disk.write({ f: 'one', g: 'two' })
    const path = `${disk.root}/f`
    const seen = disk.fs.lstatSync(path)
    disk.fs.renameSync(`${disk.root}/g`, path)
    const read = await writing((out) => writeScannedBlob({ fs: disk.fs, path, seen }, out))
    expect(read?.blob.id).toBe(hashBytes(Buffer.from('two')))
  })

  test('a link put in its place is not followed', async () => {
    const disk = make()
    disk.write({ f: 'mine', secret: 'not mine' })
    const path = `${disk.root}/f`
    const seen = disk.fs.lstatSync(path)
    disk.fs.unlinkSync(path)
    disk.fs.symlinkSync('secret', path)
    await refusal(
      writing((out) => writeScannedBlob({ fs: disk.fs, path, seen }, out)),
      'INVALID',
      path,
    )
  })

  test('one that has been removed since the scan is not there', async () => {
    const disk = make()
    disk.write({ f: 'x' })
    const path = `${disk.root}/f`
    const seen = disk.fs.lstatSync(path)
    disk.fs.unlinkSync(path)
    expect(await writing((out) => writeScannedBlob({ fs: disk.fs, path, seen }, out))).toBeUndefined()
    await refusal(
      writing((out) => writeFileBlob(disk.fs, path, out)),
      'NOT_FOUND',
      path,
    )
  })

  test.each([
    ['EACCES', 'DENIED'],
    ['EIO', 'UNAVAILABLE'],
    ['EMFILE', 'UNAVAILABLE'],
  ] as const)('H52, H58: %s names the file', async (code, ours) => {
    const disk = make()
    disk.write({ f: 'x' })
    const fail = (): never => {
      throw systemError(code)
    }
    for (const fs of [
      { ...disk.fs, openSync: fail },
      { ...disk.fs, readSync: fail },
    ]) {
      await refusal(
        writing((out) => writeFileBlob(fs, `${disk.root}/f`, out)),
        ours,
        `${disk.root}/f`,
      )
    }
  })

  test('H59: every file that was opened is closed, whatever happened', async () => {
    const disk = make()
    disk.write({ f: 'x', large: noise(400_000) })
    let open = 0
    const openSync: FileSystem['openSync'] = (...args) => (open++, disk.fs.openSync(...args))
    const closeSync: FileSystem['closeSync'] = (handle) => (open--, disk.fs.closeSync(handle))
    const fail = (): never => {
      throw systemError('EIO')
    }
    await writing(async (out) => {
      const fs = { ...disk.fs, openSync, closeSync }
      await writeFileBlob(fs, `${disk.root}/f`, out)
      await writeFileBlob(fs, `${disk.root}/large`, out)
      await writeFileBlob({ ...fs, readSync: fail }, `${disk.root}/large`, out).catch(() => undefined)
      await writeFileBlob({ ...fs, fstatSync: fail }, `${disk.root}/f`, out).catch(() => undefined)
    })
    expect(open).toBe(0)
  })

  test('what the store refuses is not said of the file', async () => {
    const disk = make()
    disk.write({ f: 'x' })
    await writing(async (out) => {
      const full = Object.assign(new Error('no'), { code: 20, name: 'AbortError' })
      const failing: ObjectWriter = { ...out, writeBlob: () => Promise.reject(full) }
      await expect(writeFileBlob(disk.fs, `${disk.root}/f`, failing)).rejects.toBe(full)
    })
  })

  test('stops in the middle of a large file', async () => {
    const disk = make()
    disk.write({ large: noise(8_000_000) })
    const controller = new AbortController()
    setImmediate(() => controller.abort(new Error('enough')))
    await expect(
      writing((out) => writeFileBlob(disk.fs, `${disk.root}/large`, out, { signal: controller.signal })),
    ).rejects.toThrow('enough')
  })
})

test.runIf(process.platform === 'linux')('H20: a pipe put in its place is not waited for', async () => {
  const root = tempDir()
  nodeFs.writeFileSync(`${root}/f`, 'x')
  const seen = nodeFs.lstatSync(`${root}/f`)
  nodeFs.unlinkSync(`${root}/f`)
  execFileSync('mkfifo', [`${root}/f`])
  await refusal(
    writing((out) => writeScannedBlob({ fs: nodeFs, path: `${root}/f`, seen }, out)),
    'INVALID',
    `${root}/f`,
  )
  await refusal(
    writing((out) => writeFileBlob(nodeFs, `${root}/f`, out)),
    'INVALID',
    `${root}/f`,
  )
})

test.runIf(nodeFs.existsSync('/proc/version'))(
  'a file that does not tell its size is never taken for empty',
  async () => {
    await refusal(
      writing((out) => writeFileBlob(nodeFs, '/proc/version', out)),
      'UNAVAILABLE',
      '/proc/version',
    )
  },
)
