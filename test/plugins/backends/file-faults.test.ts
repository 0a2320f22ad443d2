// The disk fails, falls short, or is slow: nothing half is ever seen, and nothing is claimed that is not so.
import nodeFs, { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { expect, test } from 'vitest'
import { isQuiltError, type ErrorCode } from '../../../src/core/base/error.ts'
import { fileStore } from '../../support/file-store.ts'
import { inParts, keysOf, refuses, someBytes } from '../../../src/testing/backend-fixture.ts'
import { systemError } from '../../../src/testing/fault.ts'
import { replaceCalls, type FileHandle as Handle } from '../../../src/testing/faulty-fs.ts'
import { tempDir } from '../../support/temp-dir.ts'

const absent = { absent: true }
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

const isUnfinished = (path: string): boolean => basename(path).startsWith('~')

/** Makes one method of each opened file that `matches` do otherwise. */
const eachFile = (matches: (path: string) => boolean, change: (handle: Handle) => Partial<Handle>) =>
  replaceCalls({ handle: (handle, path) => (matches(path) ? change(handle) : {}) })

test('goes on after short writes and short reads', async () => {
  const root = tempDir()
  let writes = 0
  const fs = eachFile(
    () => true,
    (handle) => ({
      write: ((bytes: Uint8Array, at: number, length: number, position: number) => {
        writes++
        return handle.write(bytes, at, Math.min(length, 7777), position)
      }) as unknown as Handle['write'],
      read: ((bytes: Uint8Array, at: number, length: number, position: number) =>
        handle.read(bytes, at, Math.min(length, 3333), position)) as unknown as Handle['read'],
    }),
  )
  const backend = fileStore(root, { fs })
  await backend.put('packs/p', body)
  await backend.put('packs/q', inParts(body, 40_000))
  expect(writes).toBe(26)
  for (const key of ['packs/p', 'packs/q']) {
    expect(Buffer.from(await backend.get(key)).equals(body)).toBe(true)
    expect(await backend.get(key, { start: 3000, end: 9000 })).toEqual(body.slice(3000, 9000))
  }
})

test('writes an array in one call, and small parts joined', async () => {
  const lengths: number[] = []
  const fs = eachFile(
    () => true,
    (handle) => ({
      write: ((bytes: Uint8Array, at: number, length: number, position: number) => {
        lengths.push(length)
        return handle.write(bytes, at, length, position)
      }) as unknown as Handle['write'],
    }),
  )
  const backend = fileStore(tempDir(), { fs })
  await backend.put('packs/p', someBytes(5_000_000))
  await backend.put('packs/q', inParts(someBytes(2_500_000), 1000))
  expect(lengths).toEqual([5_000_000, 1_048_000, 1_048_000, 404_000])
})

test('does not loop when the disk takes nothing and says nothing', async () => {
  const root = tempDir()
  const fs = eachFile(isUnfinished, () => ({
    write: (async () => ({ bytesWritten: 0 })) as unknown as Handle['write'],
  }))
  await refuses('UNAVAILABLE', fileStore(root, { fs }).put('packs/p', body))
  expect(filesIn(root)).toEqual([])
})

test('does not take a file of another size for whole', async () => {
  const root = tempDir()
  const fs = eachFile(isUnfinished, (handle) => ({
    write: (async (bytes: Uint8Array) => {
      await handle.write(bytes, 0, bytes.length - 1, 0)
      return { bytesWritten: bytes.length }
    }) as unknown as Handle['write'],
  }))
  const failure = await failureOf(fileStore(root, { fs }).put('packs/p', body))
  expect([failure.code, failure.message]).toEqual([
    'UNAVAILABLE',
    expect.stringContaining('wrote 100000 bytes, but the file has 99999'),
  ])
  expect(filesIn(root)).toEqual([])
})

for (const options of [{ absent: false }, { absent: true }]) {
  const how = options.absent ? 'put if absent' : 'put'

  test(`${how}: a failed sync or close of the file is never a success, and leaves nothing`, async () => {
    for (const method of ['sync', 'close', 'stat'] as const) {
      const root = tempDir()
      let failing = false
      const fs = eachFile(isUnfinished, (handle) => ({
        [method]: async () => {
          if (!failing) return handle[method]()
          await handle.close()
          throw systemError('EIO', method)
        },
      }))
      const backend = fileStore(root, { fs })
      await backend.put('packs/old', body)
      failing = true
      const failure = await failureOf(backend.put('packs/p', body, options))
      expect([method, failure.code]).toEqual([method, 'UNAVAILABLE'])
      expect(failure.message).toMatch(/tmp\/~.*: the disk failed/)
      expect(failure.cause).toMatchObject({ code: 'EIO' })
      expect(filesIn(root)).toEqual(['packs/old'])
    }
  })

  test(`${how}: a failed sync of the folder is never a success, also not for the next who comes`, async () => {
    const root = tempDir()
    let failing = false
    const fs = eachFile(
      (path) => path === `${root}/packs`,
      (handle) => ({
        sync: () => (failing ? Promise.reject(systemError('EIO', 'fsync')) : handle.sync()),
      }),
    )
    const backend = fileStore(root, { fs })
    await backend.put('packs/old', body)
    failing = true
    for (let i = 0; i < 2; i++) {
      expect((await failureOf(backend.put('packs/p', body, options))).code).toBe('UNAVAILABLE')
    }
    expect(filesIn(root).filter(isUnfinished)).toEqual([])
    failing = false
    if (options.absent) await refuses('CONFLICT', backend.put('packs/p', body, options))
    else await backend.put('packs/p', body, options)
  })

  test(`${how}: takes it when a folder cannot be synced, and nothing else`, async () => {
    for (const code of ['EINVAL', 'EISDIR', 'EPERM', 'ENOTSUP']) {
      const fs = replaceCalls({
        handle: (handle, path) => ({
          sync: () => (isUnfinished(path) ? handle.sync() : Promise.reject(systemError(code, 'fsync'))),
        }),
      })
      await fileStore(tempDir(), { fs }).put('a/b/c', body, options)
    }
  })

  test(`${how}: syncs the file before its name, and every folder after what is new in it`, async () => {
    const parent = tempDir()
    const root = `${parent}/store`
    const events: string[] = []
    const note = (event: string, path: string): void => {
      const name = relative(parent, path) || '.'
      events.push(`${event} ${isUnfinished(name) ? dirname(name) + '/~' : name}`)
    }
    const { promises } = nodeFs
    const fs = replaceCalls({
      promises: {
        mkdir: (async (path: string) => (note('mkdir', path), promises.mkdir(path))) as typeof promises.mkdir,
        rename: async (from, to) => (note('name', String(to)), promises.rename(from, to)),
        link: async (from, to) => (note('name', String(to)), promises.link(from, to)),
      },
      handle: (handle, path) => ({
        write: ((...args: Parameters<Handle['write']>) => (
          note('write', path),
          handle.write(...args)
        )) as Handle['write'],
        sync: async () => (note('sync', path), handle.sync()),
      }),
    })
    const backend = fileStore(root, { fs })
    await backend.put('a/b', body, options)
    expect(events).toEqual([
      'mkdir store',
      'sync .',
      'mkdir store/tmp',
      'sync store',
      'write store/tmp/~',
      'sync store/tmp/~',
      'mkdir store/a',
      'sync store',
      'name store/a/b',
      'sync store/a',
    ])
    events.length = 0
    await backend.put('a/c', body, options)
    expect(events).toEqual(['write store/tmp/~', 'sync store/tmp/~', 'name store/a/c', 'sync store/a'])
  })
}

test('syncs nothing where that was not asked for', async () => {
  const fs = eachFile(
    () => true,
    () => ({ sync: () => Promise.reject(systemError('EIO', 'fsync')) }),
  )
  await fileStore(tempDir(), { fs, durable: false }).put('packs/p', body)
})

test('says in words what the disk lacks, and of which path', async () => {
  for (const [code, expected, words] of [
    ['ENOSPC', 'UNAVAILABLE', 'the disk is full'],
    ['EDQUOT', 'UNAVAILABLE', 'quota'],
    ['EIO', 'UNAVAILABLE', 'the disk failed'],
    ['EMFILE', 'UNAVAILABLE', 'too many open files'],
    ['ENFILE', 'UNAVAILABLE', 'too many open files'],
    ['ELOOP', 'UNAVAILABLE', 'told to fail'],
    ['EACCES', 'DENIED', 'permission denied'],
    ['EPERM', 'DENIED', 'not permitted'],
    ['EROFS', 'DENIED', 'read-only'],
  ] as const) {
    const root = tempDir()
    writeFileSync(`${root}/old`, 'old')
    const write = eachFile(isUnfinished, () => ({ write: () => Promise.reject(systemError(code)) }))
    const open = replaceCalls({ promises: { open: () => Promise.reject(systemError(code)) } })
    for (const work of [
      () => fileStore(root, { fs: write }).put('packs/p', body),
      () => fileStore(root, { fs: open }).put('packs/p', body),
      () => fileStore(root, { fs: open }).get('old'),
    ]) {
      const failure = await failureOf(work())
      expect([code, failure.code]).toEqual([code, expected])
      expect(failure.message).toContain(root)
      expect(failure.message).toContain(words)
      expect(failure.cause).toMatchObject({ code })
    }
    expect(filesIn(root)).toEqual(['old'])
  }
})

test('leaves the old bytes or the new ones wherever the disk fills up', async () => {
  for (let budget = 0; budget <= 250_000; budget += 50_000) {
    const root = tempDir()
    await fileStore(root).put('config', someBytes(10))
    let left = budget
    const fs = eachFile(isUnfinished, (handle) => ({
      write: ((bytes: Uint8Array, at: number, length: number, position: number) => {
        if (left <= 0) return Promise.reject(systemError('ENOSPC', 'write'))
        const some = Math.min(left, length)
        left -= some
        return handle.write(bytes, at, some, position)
      }) as unknown as Handle['write'],
    }))
    const put = fileStore(root, { fs }).put('config', inParts(someBytes(200_000, 2), 60_000))
    const done = await put.then(
      () => true,
      () => false,
    )
    expect(done).toBe(budget >= 200_000)
    expect(statSync(`${root}/config`).size).toBe(done ? 200_000 : 10)
    expect(filesIn(root)).toEqual(['config'])
  }
})

test('H61: waits a moment for a file that a scanner holds, then gives up', async () => {
  for (const call of ['rename', 'link', 'unlink'] as const) {
    const root = tempDir()
    let failures = 0
    const fail = (left: number): object => ({
      [call]: (...args: [string, string]) =>
        failures++ < left ? Promise.reject(systemError('EBUSY', call)) : nodeFs.promises[call](...args),
    })
    const work = (fs: ReturnType<typeof replaceCalls>): Promise<void> =>
      call === 'unlink'
        ? fileStore(root, { fs }).delete('packs/p')
        : fileStore(root, { fs }).put('packs/p', body, call === 'link' ? absent : {})
    if (call === 'unlink') await fileStore(root).put('packs/p', body)
    await work(replaceCalls({ promises: fail(3) }))
    expect([call, existsSync(`${root}/packs/p`)]).toEqual([call, call !== 'unlink'])
    failures = 0
    const failure = await failureOf(work(replaceCalls({ promises: fail(1000) })))
    expect([call, failure.code, failures < 20]).toEqual([call, 'UNAVAILABLE', true])
  }
})

test('puts if absent without hard links, whole, but says that it is not atomic', async () => {
  for (const code of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'ENOSYS', 'EISDIR']) {
    const root = tempDir()
    const fs = replaceCalls({ promises: { link: () => Promise.reject(systemError(code, 'link')) } })
    const backend = fileStore(root, { fs })
    expect(backend.features.putIfAbsent).toBe(true)
    await backend.put('refs/g1', body, absent)
    expect(backend.features.putIfAbsent).toBe(false)
    await refuses('CONFLICT', backend.put('refs/g1', someBytes(5), absent))
    expect(Buffer.from(await backend.get('refs/g1')).equals(body)).toBe(true)
    expect(filesIn(root)).toEqual(['refs/g1'])
  }
})

test('takes a refusal to write for what it is, not for a lack of hard links', async () => {
  const refuse = (): Promise<never> => Promise.reject(systemError('EPERM'))
  const backend = fileStore(tempDir(), { fs: replaceCalls({ promises: { link: refuse, rename: refuse } }) })
  await refuses('DENIED', backend.put('refs/g1', body, absent))
  expect(backend.features.putIfAbsent).toBe(true)
})

test('has won when the link was made but its answer was lost', async () => {
  const root = tempDir()
  const fs = replaceCalls({
    promises: {
      link: async (from, to) => {
        await nodeFs.promises.link(from, to)
        throw systemError('EEXIST', 'link')
      },
    },
  })
  const backend = fileStore(root, { fs })
  await backend.put('refs/g1', body, absent)
  await refuses('CONFLICT', fileStore(root).put('refs/g1', body, absent))
  expect(filesIn(root)).toEqual(['refs/g1'])
})

test('makes its folder anew when someone removed it between two steps', async () => {
  for (const options of [{}, absent]) {
    const root = tempDir()
    let removals = 0
    const removing = (call: 'rename' | 'link') => async (from: unknown, to: unknown) => {
      if (removals++ === 0) rmSync(dirname(String(to)), { recursive: true })
      await nodeFs.promises[call](String(from), String(to))
    }
    const fs = replaceCalls({ promises: { rename: removing('rename'), link: removing('link') } })
    await fileStore(root, { fs }).put('a/b/c', body, options)
    expect([removals, existsSync(`${root}/a/b/c`)]).toEqual([2, true])
  }
})

test('finds its way again after its folders were removed between two puts', async () => {
  const root = tempDir()
  const backend = fileStore(root)
  await backend.put('a/b/c', body)
  rmSync(`${root}/a`, { recursive: true })
  rmSync(`${root}/tmp`, { recursive: true })
  await backend.put('a/b/c', body)
  await backend.put('a/b/d', body, absent)
  expect(await keysOf(backend, '')).toEqual(['a/b/c', 'a/b/d'])
})

test('takes another name when an unfinished file has this one', async () => {
  const root = tempDir()
  mkdirSync(`${root}/tmp`)
  writeFileSync(`${root}/tmp/~n1`, 'of another')
  let names = 0
  const backend = fileStore(root, { randomName: () => `n${++names}` })
  await backend.put('packs/p', body)
  expect([names, filesIn(root).sort()]).toEqual([2, ['packs/p', 'tmp/~n1']])
  await refuses('INVALID', fileStore(root, { randomName: () => 'n1' }).put('packs/q', body))
})
