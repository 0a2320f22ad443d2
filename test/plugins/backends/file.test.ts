import nodeFs, { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { isQuiltError, type ErrorCode } from '../../../src/core/base/error.ts'
import plugin from '../../../src/plugins/backends/file.ts'
import { fileStore, randomName } from '../../support/file-store.ts'
import { keysOf, refuses, someBytes } from '../../../src/testing/backend-fixture.ts'
import { replaceCalls, type FileHandle as Handle } from '../../../src/testing/faulty-fs.ts'
import { tempDir } from '../../support/temp-dir.ts'

const absent = { absent: true }
const ambient = { now: () => new Date(), randomName, sleep: async () => undefined }
const body = someBytes(100_000)

/** What a failed call says. */
async function failureOf(
  work: Promise<unknown>,
): Promise<{ code: ErrorCode; message: string; cause: unknown }> {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  if (!isQuiltError(error)) throw new Error('expected a QuiltError', { cause: error })
  return { code: error.code, message: error.message, cause: error.cause }
}

/** All files below a folder, unfinished ones too. */
function filesIn(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  return entries.filter((e) => e.isFile()).map((e) => relative(root, `${e.parentPath}/${e.name}`))
}

test('keeps a key as a file of exactly its bytes', async () => {
  const root = tempDir()
  await fileStore(root).put('packs/p', body)
  expect(readFileSync(`${root}/packs/p`).equals(body)).toBe(true)
  expect(filesIn(root)).toEqual(['packs/p'])
  if (process.platform !== 'win32') {
    expect(nodeFs.statSync(`${root}/packs/p`).mode & 0o777).toBe(0o666 & ~process.umask())
  }
})

test('hands out arrays that hold nothing else', async () => {
  const backend = fileStore(tempDir())
  await backend.put('packs/p', body)
  for (const range of [undefined, { start: 10, end: 20 }]) {
    const bytes = await backend.get('packs/p', range)
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, bytes.length])
  }
})

/** Makes one method of each opened file that `matches` do otherwise. */
const eachFile = (matches: (path: string) => boolean, change: (handle: Handle) => Partial<Handle>) =>
  replaceCalls({ handle: (handle, path) => (matches(path) ? change(handle) : {}) })

test('says that its root is gone, whatever is asked, and does not make it anew', async () => {
  const root = `${tempDir()}/store`
  const backend = fileStore(root)
  await backend.put('packs/p', body)
  rmSync(root, { recursive: true })
  for (const work of [
    () => backend.get('packs/p'),
    () => backend.head('packs/p'),
    () => backend.put('packs/q', body),
    () => backend.put('packs/q', body, absent),
    () => backend.delete('packs/p'),
    () => keysOf(backend, ''),
    () => keysOf(backend, 'packs/'),
  ]) {
    const failure = await failureOf(work())
    expect([failure.code, failure.message]).toEqual(['UNAVAILABLE', `the folder ${root} is gone`])
  }
  expect(existsSync(root)).toBe(false)
})

test('notices that its root went away in the middle of a put', async () => {
  const root = `${tempDir()}/store`
  const backend = fileStore(root)
  async function* removing(): AsyncGenerator<Uint8Array> {
    yield body
    renameSync(root, `${root}-moved`)
    yield body
  }
  expect((await failureOf(backend.put('packs/p', removing()))).message).toBe(`the folder ${root} is gone`)
})

test('takes a root that is not there yet for an empty one, and makes it by the first put only', async () => {
  const root = `${tempDir()}/a/store`
  const backend = fileStore(root)
  await refuses('NOT_FOUND', backend.get('packs/p'))
  expect(await backend.head('packs/p')).toBeUndefined()
  expect(await keysOf(backend, '')).toEqual([])
  await backend.delete('packs/p')
  expect(existsSync(dirname(root))).toBe(false)
  await backend.put('packs/p', body)
  expect(await keysOf(backend, '')).toEqual(['packs/p'])
})

test('refuses a root that is a file', async () => {
  const root = `${tempDir()}/file`
  nodeFs.writeFileSync(root, 'x')
  await refuses('INVALID', fileStore(root).put('packs/p', body))
  expect(readFileSync(root, 'utf8')).toBe('x')
})

test('refuses a key that is a folder of others or lies behind one, and damages neither', async () => {
  const backend = fileStore(tempDir())
  await backend.put('a/b', body)
  await refuses('INVALID', backend.put('a', body))
  await refuses('INVALID', backend.put('a/b/c', body))
  await refuses('INVALID', backend.put('tmp', body))
  expect(await keysOf(backend, '')).toEqual(['a/b'])
})

test('lists neither unfinished files nor what has no name of a key', async () => {
  const root = tempDir()
  const backend = fileStore(root)
  await backend.put('tmp/really', body)
  nodeFs.writeFileSync(`${root}/tmp/~123-0-abc`, 'unfinished')
  nodeFs.writeFileSync(`${root}/a b`, 'stray')
  mkdirSync(`${root}/ä`)
  nodeFs.writeFileSync(`${root}/ä/x`, 'stray')
  nodeFs.symlinkSync('tmp/really', `${root}/link`)
  nodeFs.symlinkSync('.', `${root}/loop`)
  expect(await keysOf(backend, '')).toEqual(['tmp/really'])
  expect(await keysOf(backend, 'tmp/')).toEqual(['tmp/really'])
})

test('reads only the folders that a prefix can be in', async () => {
  const root = tempDir()
  const read: string[] = []
  const fs = replaceCalls({
    promises: {
      readdir: ((path: string, options: { withFileTypes: true }) => {
        read.push(relative(root, path))
        return nodeFs.promises.readdir(path, options)
      }) as unknown as typeof nodeFs.promises.readdir,
    },
  })
  const backend = fileStore(root)
  for (const key of ['packs/a', 'refs/_/ada/wine/g1', 'refs/_/ada/whisky/g1', 'refs/_/bob/beer/g1']) {
    await backend.put(key, body)
  }
  const listing = fileStore(root, { fs })
  expect(await keysOf(listing, 'refs/_/ada/wi')).toEqual(['refs/_/ada/wine/g1'])
  expect(read).toEqual(['refs/_/ada', 'refs/_/ada/wine'])
})

test('skips what vanishes while it lists', async () => {
  const root = tempDir()
  for (const key of ['a/x', 'b/x', 'c', 'd']) await fileStore(root).put(key, body)
  const fs = replaceCalls({
    promises: {
      stat: ((path: string) => {
        if (path.endsWith('/c')) rmSync(path)
        rmSync(`${root}/b`, { recursive: true, force: true })
        return nodeFs.promises.stat(path)
      }) as unknown as typeof nodeFs.promises.stat,
    },
  })
  expect(await keysOf(fileStore(root, { fs }), '')).toEqual(['a/x', 'd'])
})

test('sweeps what dead writers left a day ago, and nothing younger', async () => {
  const root = tempDir()
  mkdirSync(`${root}/tmp`)
  for (const name of ['~1-0-old', '~1-1-young', 'key']) nodeFs.writeFileSync(`${root}/tmp/${name}`, 'x')
  const yesterday = Date.now() / 1000 - 25 * 3600
  for (const name of ['~1-0-old', 'key']) nodeFs.utimesSync(`${root}/tmp/${name}`, yesterday, yesterday)
  await fileStore(root).put('packs/p', body)
  expect(filesIn(root).sort()).toEqual(['packs/p', 'tmp/key', 'tmp/~1-1-young'])
})

test('does not wait for a pipe that lies where a key should', async () => {
  if (process.platform === 'win32') return
  const root = tempDir()
  const { execFileSync } = await import('node:child_process')
  execFileSync('mkfifo', [`${root}/pipe`])
  await refuses('NOT_FOUND', fileStore(root).get('pipe'))
  expect(await fileStore(root).head('pipe')).toBeUndefined()
  expect(await keysOf(fileStore(root), '')).toEqual([])
})

test('says so when a file is cut short while it is read', async () => {
  const root = tempDir()
  await fileStore(root).put('packs/p', body)
  const fs = eachFile(
    () => true,
    () => ({ read: (async () => ({ bytesRead: 0 })) as unknown as Handle['read'] }),
  )
  await refuses('UNAVAILABLE', fileStore(root, { fs }).get('packs/p'))
})

test('opens by address, and asks the disk what it can', async () => {
  const root = tempDir()
  const backend = await plugin.open(pathToFileURL(root), {}, ambient)
  expect([plugin.kind, plugin.api, plugin.scheme]).toEqual(['backend', 1, 'file'])
  expect({ ...backend.features }).toEqual({ putIfAbsent: true, writable: true })
  expect(filesIn(root)).toEqual([])
  await backend.put('packs/p', body)
  expect(existsSync(`${root}/packs/p`)).toBe(true)
  await plugin.open(pathToFileURL(`${root}/not/there`), {}, ambient)
  expect(existsSync(`${root}/not`)).toBe(false)
  await refuses('INVALID', plugin.open(new URL('file://elsewhere/share'), {}, ambient))
})
