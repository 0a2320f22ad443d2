// The disk that loses its power keeps what was synced, and may lose all else.
import nodeFs from 'node:fs'
import { expect, test } from 'vitest'
import { mortalDisk, restoreDisk, type MortalDisk } from '../../src/testing/power-cut.ts'
import { tempDir } from '../support/temp-dir.ts'

const drop = (): number => 0
const keep = (count: number): number => count - 1

/** Paths that survive, with the bytes of files as text. */
function left(disk: MortalDisk, choose: (count: number) => number): Record<string, string> {
  return Object.fromEntries(
    disk
      .survivors(choose)
      .map(({ path, kind, bytes, target }) => [
        path,
        kind === 'file' ? Buffer.from(bytes).toString() : kind + target,
      ]),
  )
}

function onDisk(): { disk: MortalDisk; root: string } {
  const root = tempDir()
  nodeFs.mkdirSync(`${root}/old`)
  nodeFs.writeFileSync(`${root}/old/file`, 'old')
  nodeFs.symlinkSync('old/file', `${root}/link`)
  return { disk: mortalDisk(nodeFs, root), root }
}

const before = { '/old': 'folder', '/old/file': 'old', '/link': 'linkold/file' }

async function write(disk: MortalDisk, path: string, text: string, sync: boolean): Promise<void> {
  const handle = await disk.fs.promises.open(path, 'wx')
  await handle.write(Buffer.from(text), 0, text.length, 0)
  if (sync) await handle.sync()
  await handle.close()
}

async function syncFolder(disk: MortalDisk, path: string): Promise<void> {
  const handle = await disk.fs.promises.open(path, 'r')
  await handle.sync()
  await handle.close()
}

test('what was there before stays, and what nobody synced goes', async () => {
  const { disk, root } = onDisk()
  await write(disk, `${root}/new`, 'new', true)
  disk.fs.mkdirSync(`${root}/a/b`, { recursive: true })
  disk.fs.unlinkSync(`${root}/old/file`)
  expect(left(disk, drop)).toEqual(before)
  expect(left(disk, keep)).toEqual({
    '/old': 'folder',
    '/link': 'linkold/file',
    '/new': 'new',
    '/a': 'folder',
    '/a/b': 'folder',
  })
})

test('a name without its bytes, where only the folder was synced; the bytes, where the file was too', async () => {
  const { disk, root } = onDisk()
  await write(disk, `${root}/torn`, 'torn', false)
  await write(disk, `${root}/safe`, 'safe', true)
  await syncFolder(disk, root)
  expect(left(disk, drop)).toEqual({ ...before, '/torn': '', '/safe': 'safe' })
  disk.fs.unlinkSync(`${root}/safe`)
  expect(left(disk, drop)).toMatchObject({ '/safe': 'safe' })
  expect(left(disk, keep)).not.toHaveProperty('/safe')
})

test('a rename comes back under both names, one of them, or neither', async () => {
  const { disk, root } = onDisk()
  await write(disk, `${root}/old/temporary`, 'x', true)
  await syncFolder(disk, `${root}/old`)
  await disk.fs.promises.rename(`${root}/old/temporary`, `${root}/final`)
  const seen = new Set<string>()
  for (let bits = 0; bits < 4; bits++) {
    let at = 0
    const names = Object.keys(left(disk, (count) => ((bits >> at++) & 1) * (count - 1)))
    seen.add(names.filter((name) => !(name in before)).join(' '))
  }
  expect([...seen].sort()).toEqual(['', '/final', '/old/temporary', '/old/temporary /final'])
  await syncFolder(disk, root)
  await syncFolder(disk, `${root}/old`)
  expect(left(disk, drop)).toEqual({ ...before, '/final': 'x' })
})

test('a link is a second name of the same bytes', async () => {
  const { disk, root } = onDisk()
  await write(disk, `${root}/a`, 'one', true)
  await disk.fs.promises.link(`${root}/a`, `${root}/b`)
  await disk.fs.promises.unlink(`${root}/a`)
  await syncFolder(disk, root)
  expect(left(disk, drop)).toEqual({ ...before, '/b': 'one' })
})

test('each write by itself may be lost; the rest then lies where it lay', () => {
  const { disk, root } = onDisk()
  const handle = disk.fs.openSync(`${root}/f`, 'wx')
  disk.fs.writeSync(handle, Buffer.from('ab'))
  disk.fs.writeSync(handle, Buffer.from('cd'))
  disk.fs.closeSync(handle)
  const folder = disk.fs.openSync(root, 'r')
  disk.fs.fsyncSync(folder)
  disk.fs.closeSync(folder)
  let at = 0
  expect(left(disk, () => at++)['/f']).toBe('\0\0cd')
  expect(left(disk, keep)['/f']).toBe('abcd')
})

test('what survived is written to another disk as it was', () => {
  const { disk } = onDisk()
  const root = tempDir()
  restoreDisk(nodeFs, root, disk.survivors(drop))
  expect(left(mortalDisk(nodeFs, root), drop)).toEqual(before)
})

test('refuses to guess at what it does not book', async () => {
  const { disk, root } = onDisk()
  expect(() => disk.fs.openSync(`${root}/old/file`, 'w')).toThrow('does not book')
  const handle = await disk.fs.promises.open(`${root}/old/file`, 'r+')
  await expect(handle.truncate(1)).rejects.toThrow('does not book')
  await handle.close()
})
