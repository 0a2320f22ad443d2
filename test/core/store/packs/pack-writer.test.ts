// What of a batch may be on disk before what: seen where writing fails, and where it takes its time.
import { expect, test, vi } from 'vitest'
import type { Backend } from '../../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import { QuiltError } from '../../../../src/core/base/error.ts'
import { indexPrefix, packPrefix } from '../../../../src/core/store/layout.ts'
import { packStore, readObject } from '../../../../src/core/store/pack-store.ts'
import { packBytes } from '../../../../src/core/store/packs/pack-builder.ts'
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

/** A backend that tells how many bytes of packs were on their way at once at most, until their indexes were there. */
function onTheWay(inner: Backend): { readonly backend: Backend; readonly most: () => number } {
  const going = new Map<string, number>()
  let most = 0
  const put: Backend['put'] = async (key, body, options, ctx) => {
    if (key.startsWith(packPrefix)) going.set(key.slice(packPrefix.length), (body as Uint8Array).length)
    most = Math.max(
      most,
      [...going.values()].reduce((sum, bytes) => sum + bytes, 0),
    )
    await settle()
    await inner.put(key, body, options, ctx)
    if (key.startsWith(indexPrefix)) going.delete(key.slice(indexPrefix.length))
  }
  return { backend: { ...inner, put }, most: () => most }
}

test.each([
  [true, 0, 1],
  [false, 1, 2],
])(
  'no more is on its way than one full pack where that is far away (%s), else two',
  async (far, above, atMost) => {
    const inner = memoryBackend()
    const { backend, most } = onTheWay(inner)
    const store = packStore(backend, fakeAmbient(), { far })
    await store.batch(async (out) => {
      for (let i = 0; i < 3; i++) {
        await out.writeBlob(noise(25_000_000, i))
        for (let tree = 0; tree < 400; tree++) await out.write('tree', noise(2000, 1000 * i + tree))
      }
    })
    expect(await keysOf(inner, packPrefix)).toHaveLength(4)
    expect(most()).toBeGreaterThan(above * packBytes)
    expect(most()).toBeLessThanOrEqual(atMost * packBytes)
  },
)

test('far away a small batch is one pack, whose trees lie together, behind its blobs', async () => {
  const backend = memoryBackend()
  const tree = await packStore(backend, fakeAmbient(), { far: true }).batch(async (out) => {
    const id = await out.write('tree', text('a tree'))
    await out.writeBlob(noise(600_000))
    await out.writeBlob(noise(1000, 2))
    return id
  })
  const [pack, ...others] = await keysOf(backend, packPrefix)
  expect([others, (await keysOf(backend, indexPrefix)).length]).toEqual([[], 1])
  const records = scanPack(await backend.get(pack as string))
  const isBlob = records.map(({ kind, encoding }) => kind === 'blob' && encoding !== 'recipe')
  expect(isBlob).toEqual(isBlob.toSorted().reverse())
  const other = packStore(backend, fakeAmbient(2), { far: true })
  expect((await readObject(other, tree)).kind).toBe('tree')
})
