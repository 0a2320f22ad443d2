// What of a batch may be on disk before what: seen where writing fails, and where it takes its time.
import { expect, test, vi } from 'vitest'
import type { Backend } from '../../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import { QuiltError } from '../../../../src/core/base/error.ts'
import { packPrefix } from '../../../../src/core/store/layout.ts'
import { packStore } from '../../../../src/core/store/pack-store.ts'
import { scanPack } from '../../../../src/core/store/packs/rebuild-index.ts'
import { fakeAmbient, settle } from '../../../support/ambient.ts'
import { keysOf } from '../../../support/ref-bench.ts'
import { noise, text } from '../../../support/store-bench.ts'

/** True for a pack of chunks. */
const hasBlobs = (bytes: Uint8Array): boolean =>
  scanPack(bytes).some(({ kind, encoding }) => kind === 'blob' && encoding !== 'recipe')

/** A backend that does something else with packs of chunks. */
function onChunks(inner: Backend, put: (go: () => Promise<void>) => Promise<void>): Backend {
  return {
    ...inner,
    put: (key, body, options, ctx) => {
      const go = (): Promise<void> => inner.put(key, body, options, ctx)
      const isChunks = key.startsWith(packPrefix) && body instanceof Uint8Array && hasBlobs(body)
      return isChunks ? put(go) : go()
    },
  }
}

test('a blob that is kept as chunks is not here before its chunks are', async () => {
  const inner = memoryBackend()
  const backend = onChunks(inner, () => Promise.reject(new QuiltError('UNAVAILABLE', 'the disk is full')))
  const store = packStore(backend, fakeAmbient())
  await expect(store.batch((out) => out.writeBlob(noise(600_000)))).rejects.toThrow('the disk is full')
  expect(await keysOf(inner, '')).toEqual([])
  const { id } = await packStore(inner, fakeAmbient(2)).batch((out) => out.writeBlob(noise(600_000)))
  expect((await packStore(inner, fakeAmbient(3)).open(id)).size).toBe(600_000)
})

test('a pack of trees alone waits for nothing', async () => {
  const inner = memoryBackend()
  let release = (): void => undefined
  const backend = onChunks(inner, async (go) => {
    await new Promise<void>((resolve) => (release = resolve))
    await go()
  })
  const work = packStore(backend, fakeAmbient()).batch(async (out) => {
    await out.writeBlob(noise(1000))
    await out.write('tree', text('a tree'))
  })
  await vi.waitFor(async () => expect(await keysOf(inner, packPrefix)).toHaveLength(1))
  release()
  await work
  expect(await keysOf(inner, packPrefix)).toHaveLength(2)
})

test('a batch that failed writes nothing any more once it has said so', async () => {
  const inner = memoryBackend()
  let writing = 0
  const backend: Backend = {
    ...inner,
    put: async (key, body, options, ctx) => {
      if (!key.startsWith(packPrefix)) return inner.put(key, body, options, ctx)
      if (!(body instanceof Uint8Array) || hasBlobs(body)) throw new QuiltError('UNAVAILABLE', 'full')
      writing++
      await settle()
      writing--
    },
  }
  const work = packStore(backend, fakeAmbient()).batch(async (out) => {
    await out.writeBlob(noise(1000))
    await out.write('tree', text('a tree'))
  })
  await expect(work).rejects.toThrow('full')
  expect(writing).toBe(0)
})
