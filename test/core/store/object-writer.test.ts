import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { chunkAverage, chunkMax, chunkMin, chunkThreshold } from '../../../src/core/chunk/fastcdc.ts'
import { encodeCondemned } from '../../../src/core/codec/condemned.ts'
import { objectBytes } from '../../../src/core/codec/pack.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { streamBlob } from '../../../src/core/store/blob-source.ts'
import { condemnedKey, packPrefix } from '../../../src/core/store/layout.ts'
import { packStore, readObject, type PackStore } from '../../../src/core/store/pack-store.ts'
import { hashBytes } from '#hash'
import { fakeAmbient } from '../../support/ambient.ts'
import { collect, keysOf } from '../../support/ref-bench.ts'
import { noise, text } from '../../support/store-bench.ts'

async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readBlob(store: PackStore, id: Id): Promise<Buffer> {
  return Buffer.concat(await collect(streamBlob(store, id)))
}

describe('a blob', () => {
  test('H33: of any size comes back, and one above the threshold is kept as chunks', async () => {
    const store = packStore(memoryBackend(), fakeAmbient())
    const sizes = [0, 1, chunkMin, chunkAverage, chunkMax, 2 * chunkMax].flatMap((bound) => [
      bound - 1,
      bound,
      bound + 1,
    ])
    for (const size of sizes.filter((one) => one >= 0)) {
      const bytes = noise(size, size + 1)
      const blob = await store.batch((out) => out.writeBlob(bytes))
      expect(blob).toMatchObject({ id: hashBytes(bytes), size })
      expect(blob.recipe !== undefined).toBe(size > chunkThreshold)
      expect((await readBlob(store, blob.id)).equals(bytes)).toBe(true)
    }
  })

  test('is the same whether it comes as an array or as a stream', async () => {
    for (const size of [0, 100, chunkThreshold, chunkThreshold + 1, 900_000]) {
      const bytes = noise(size, 3)
      const blobs = []
      for (const body of [bytes, inParts(bytes, 1 + size), inParts(bytes, 33_333)]) {
        blobs.push(await packStore(memoryBackend(), fakeAmbient()).batch((out) => out.writeBlob(body)))
      }
      expect(new Set(blobs.map((blob) => JSON.stringify(blob))).size).toBe(1)
    }
  })

  test('whose stream fails leaves nothing that can be found', async () => {
    const store = packStore(memoryBackend(), fakeAmbient())
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield noise(400_000)
      throw new Error('the disk is gone')
    }
    await expect(store.batch((out) => out.writeBlob(failing()))).rejects.toThrow('the disk is gone')
    expect(await collect(store.ids())).toEqual([])
  })
})

describe('what is here', () => {
  test('is not written again, in this batch or in a later one', async () => {
    const backend = memoryBackend()
    const store = packStore(backend, fakeAmbient())
    const first = await store.batch(async (out) => {
      for (let i = 0; i < 3; i++) await out.writeBlob(text('the same'))
      await out.writeBlob(noise(500_000))
      return { ...out.written }
    })
    const packs = await keysOf(backend, packPrefix)
    const second = await packStore(backend, fakeAmbient(2)).batch(async (out) => {
      await out.writeBlob(text('the same'))
      await out.writeBlob(noise(500_000))
      return { ...out.written }
    })
    expect(first.objects).toBeGreaterThan(3)
    expect(second).toEqual({ objects: 0, bytes: 0 })
    expect(await keysOf(backend, packPrefix)).toEqual(packs)
  })

  test('but lies in a condemned pack only, is written again', async () => {
    const backend = memoryBackend()
    const store = packStore(backend, fakeAmbient())
    const { id } = await store.batch((out) => out.writeBlob(text('doomed')))
    const [key] = await keysOf(backend, packPrefix)
    const packs = [(key as string).slice(packPrefix.length)]
    await backend.put(condemnedKey('ab'.repeat(16)), encodeCondemned({ packs, writers: [] }))
    await store.batch(async (out) => {
      expect(await out.missing([id])).toEqual([id])
      await out.writeBlob(text('doomed'))
      expect(await out.missing([id, id])).toEqual([])
    })
    await backend.delete(key as string)
    expect((await readBlob(await packStore(backend, fakeAmbient(3)), id)).toString()).toBe('doomed')
  })

  test('is what missing leaves out, each id once', async () => {
    const store = packStore(memoryBackend(), fakeAmbient())
    const { id } = await store.batch((out) => out.writeBlob(text('a')))
    const [x, y] = [hashBytes(text('x')), hashBytes(text('y'))] as const
    await store.batch(async (out) => expect(await out.missing([x, id, y, x])).toEqual([x, y]))
  })
})

describe('an object', () => {
  test('that is too large is refused', async () => {
    const store = packStore(memoryBackend(), fakeAmbient())
    const work = store.batch((out) =>
      Promise.resolve().then(() => out.write('tree', new Uint8Array(objectBytes + 1))),
    )
    await expect(work).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('is copied with the very bytes that lie in the other pack; a chunked blob by its recipe only', async () => {
    const [from, to] = [packStore(memoryBackend(), fakeAmbient()), packStore(memoryBackend(), fakeAmbient(2))]
    const csv = text('1,2,3\n'.repeat(5000))
    const [small, large] = await from.batch(
      async (out) => [await out.writeBlob(csv), await out.writeBlob(noise(400_000))] as const,
    )
    const object = await readObject(from, small.id)
    expect(object.packed).toMatchObject({ encoding: 'zstd', size: csv.length })
    await to.batch(async (out) => out.copy(object))
    expect((await readObject(to, small.id)).packed).toEqual(object.packed)
    const chunked = await readObject(from, large.id)
    await expect(to.batch(async (out) => out.copy(chunked))).rejects.toMatchObject({ code: 'INVALID' })
  })
})
