// Folders on network drives, as far as single calls of the file system show it.
import nodeFs from 'node:fs'
import { expect, test } from 'vitest'
import { fileStore } from '../../support/file-store.ts'
import { keysOf, refuses, someBytes } from '../../../src/testing/backend-fixture.ts'
import { systemError } from '../../../src/testing/fault.ts'
import { replaceCalls } from '../../../src/testing/faulty-fs.ts'
import { tempDir } from '../../support/temp-dir.ts'

test('has replaced a file when the rename was made but its answer was lost', async () => {
  const root = tempDir()
  await fileStore(root).put('config', someBytes(10))
  let lost = 0
  const fs = replaceCalls({
    promises: {
      rename: (async (from: string, to: string) => {
        if (lost++ === 0) nodeFs.renameSync(from, to)
        throw systemError('ENOENT', 'rename')
      }) as typeof nodeFs.promises.rename,
    },
  })
  await fileStore(root, { fs }).put('config', someBytes(20, 2))
  expect(await fileStore(root).get('config')).toEqual(someBytes(20, 2))
  // Where it was not made, what is there is another file.
  await refuses('UNAVAILABLE', fileStore(root, { fs }).put('config', someBytes(30, 3)))
  expect(await fileStore(root).get('config')).toEqual(someBytes(20, 2))
})

test('reads anew what another machine has replaced on the server, a few times', async () => {
  const root = tempDir()
  await fileStore(root).put('config', someBytes(10))
  let stale = 0
  let reads = 0
  const fs = replaceCalls({
    handle: (handle) => ({
      read: (async (...args: Parameters<typeof handle.read>) => {
        reads++
        if (stale-- > 0) throw systemError('ESTALE', 'read')
        return handle.read(...args)
      }) as unknown as typeof handle.read,
    }),
  })
  stale = 2
  expect(await fileStore(root, { fs }).get('config')).toEqual(someBytes(10))
  expect(reads).toBe(3)
  stale = Infinity
  await refuses('UNAVAILABLE', fileStore(root, { fs }).get('config'))
  expect(reads).toBe(7)
})

test('does not list what a network file system keeps of files that were deleted while they were open', async () => {
  const root = tempDir()
  for (const key of ['index/.hidden', 'index/1']) await fileStore(root).put(key, someBytes(3))
  for (const name of ['.nfs000000000012ab3400000001', '.fuse_hidden0000001200000001']) {
    nodeFs.writeFileSync(`${root}/index/${name}`, 'x')
  }
  expect(await keysOf(fileStore(root), 'index/')).toEqual(['index/.hidden', 'index/1'])
})
