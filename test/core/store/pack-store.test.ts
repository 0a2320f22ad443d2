import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { readOnly } from '../../../src/core/backend/read-only.ts'
import { recordHeaderBytes } from '../../../src/core/codec/pack.ts'
import { encodeIndex, readIndexEntry, searchIndex } from '../../../src/core/codec/pack-index.ts'
import { idToBytes, type Id } from '../../../src/core/model/id.ts'
import { indexKey, indexPrefix, packKey, packPrefix, writerPrefix } from '../../../src/core/store/layout.ts'
import { packStore, readObject, type PackStore } from '../../../src/core/store/pack-store.ts'
import { scanPack } from '../../../src/core/store/packs/rebuild-index.ts'
import { hashBytes } from '#hash'
import { fakeAmbient } from '../../support/ambient.ts'
import { counting, failing } from '../../support/gate.ts'
import { collect, crashing, keysOf } from '../../support/ref-bench.ts'
import { noise, text } from '../../support/store-bench.ts'

const open = (backend: Backend, seed = 1): PackStore => packStore(backend, fakeAmbient(seed))
const bodyOf = async (store: PackStore, id: Id): Promise<string> =>
  Buffer.from((await readObject(store, id)).body).toString()

async function writeTexts(store: PackStore, ...texts: string[]): Promise<Id[]> {
  return store.batch(async (out) => {
    const ids: Id[] = []
    for (const one of texts) ids.push((await out.writeBlob(text(one))).id)
    return ids
  })
}

describe('a batch', () => {
  test('makes all visible to others, and ends its announcement', async () => {
    const backend = memoryBackend()
    const ids = await writeTexts(open(backend), 'a', 'b', 'c')
    const other = open(backend, 2)
    for (const [i, id] of ids.entries()) expect(await bodyOf(other, id)).toBe('abc'[i])
    expect(await keysOf(backend, writerPrefix)).toEqual([])
  })

  test('keeps trees, commits and recipes apart from blobs', async () => {
    const backend = memoryBackend()
    await open(backend).batch(async (out) => {
      await out.writeBlob(noise(500_000))
      await out.write('tree', text('a tree'))
      await out.write('commit', text('a commit'))
    })
    const kinds = await Promise.all(
      (await keysOf(backend, packPrefix)).map(async (key) => {
        const records = scanPack(await backend.get(key))
        return [
          ...new Set(records.map(({ kind, encoding }) => (encoding === 'recipe' ? 'chunked' : kind))),
        ].sort()
      }),
    )
    expect(kinds).toEqual([['blob'], ['chunked', 'commit', 'recipe', 'tree']])
  })

  test('reads back what it has not put on disk yet', async () => {
    const store = open(memoryBackend())
    await store.batch(async (out) => {
      const id = await out.write('tree', text('pending'))
      expect(await bodyOf(store, id)).toBe('pending')
      const blob = await out.writeBlob(noise(400_000))
      const source = await store.open(blob.id, blob.recipe)
      expect(Buffer.from(await source.slice(0, 400_000)).equals(noise(400_000))).toBe(true)
      expect(await store.missing([id, blob.id])).toEqual([])
    })
  })

  test('moves refs after all is durable, and before it ends its announcement', async () => {
    const backend = memoryBackend()
    let seen = 0
    await open(backend).batch(
      async (out) => (await out.writeBlob(text('x'))).id,
      async (id) => {
        seen++
        expect(await bodyOf(open(backend, 2), id)).toBe('x')
        expect(await keysOf(backend, writerPrefix)).toHaveLength(1)
      },
    )
    expect(seen).toBe(1)
  })

  test('that fails throws what failed, and moves nothing', async () => {
    const backend = memoryBackend()
    const store = open(backend)
    const never = (): Promise<void> => Promise.reject(new Error('must not be called'))
    await expect(store.batch(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no')
    const full = failing(backend, 'put', 'UNAVAILABLE')
    await expect(open(full).batch((out) => out.writeBlob(text('x')), never)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect(await keysOf(backend, '')).toEqual([])
  })

  test('that is cut off anywhere leaves the old state or the new one', async () => {
    const probe = counting(memoryBackend())
    await writeTexts(open(probe.backend), 'a', 'b')
    for (let alive = 0; alive < probe.count(); alive++) {
      const backend = memoryBackend()
      const [old] = await writeTexts(open(backend), 'old')
      await writeTexts(open(crashing(backend, alive), 2), 'a', 'b').catch(() => undefined)
      const store = open(backend, 3)
      expect(await bodyOf(store, old as Id)).toBe('old')
      await store.packs.recover()
      for (const id of await collect(store.ids())) expect((await readObject(store, id)).id).toBe(id)
      expect(await writeTexts(store, 'a', 'b')).toHaveLength(2)
    }
  })

  test('H31: the same content by two writers at once is one object', async () => {
    const backend = memoryBackend()
    const [a, b] = await Promise.all([
      writeTexts(open(backend), 'same', 'x'),
      writeTexts(open(backend, 2), 'same', 'y'),
    ])
    expect(a[0]).toBe(b[0])
    const store = open(backend, 3)
    expect(await collect(store.ids())).toHaveLength(3)
    expect(await bodyOf(store, a[0] as Id)).toBe('same')
  })

  test('leaves few indexes, however many there were before it', async () => {
    const backend = memoryBackend()
    const store = open(backend)
    const ids: Id[] = []
    for (let i = 0; i < 60; i++) ids.push(...(await writeTexts(store, `text ${String(i)}`)))
    expect((await keysOf(backend, packPrefix)).length).toBe(60)
    expect((await keysOf(backend, indexPrefix)).length).toBeLessThan(24)
    for (const id of ids) expect((await readObject(open(backend, 2), id)).id).toBe(id)
  })
})

describe('a read', () => {
  test('of many gives each once, in whatever order', async () => {
    const store = open(memoryBackend())
    const ids = await writeTexts(store, ...Array.from({ length: 500 }, (_, i) => `text ${String(i)}`))
    const found = await collect(store.readMany([...ids, ...ids]))
    expect(found.map(({ id }) => id).sort()).toEqual([...ids].sort())
  })

  test('of what is not here is NOT_FOUND, by id', async () => {
    const store = open(memoryBackend())
    const id = hashBytes(text('none'))
    await expect(readObject(store, id)).rejects.toThrow(id)
    await expect(store.open(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await store.missing([id, id])).toEqual([id])
  })

  test('sees what another process wrote since', async () => {
    const backend = memoryBackend()
    const reader = open(backend)
    await writeTexts(reader, 'first')
    const [id] = await writeTexts(open(backend, 2), 'second')
    expect(await bodyOf(reader, id as Id)).toBe('second')
  })

  test('H41: finds objects of a pack without an index, also where nothing can be written', async () => {
    for (const wrap of [(backend: Backend) => backend, readOnly]) {
      const backend = memoryBackend()
      const [id] = await writeTexts(open(backend), 'x')
      for (const key of await keysOf(backend, indexPrefix)) await backend.delete(key)
      expect(await bodyOf(open(wrap(backend), 2), id as Id)).toBe('x')
    }
  })

  test('goes on elsewhere when the pack goes away under it', async () => {
    const backend = memoryBackend()
    const [id] = await writeTexts(open(backend), 'x')
    const reader = open(backend, 2)
    expect(await reader.missing([id as Id])).toEqual([])
    const [pack] = await keysOf(backend, packPrefix)
    const [index] = await keysOf(backend, indexPrefix)
    await backend.delete(index as string)
    await backend.delete(pack as string)
    await writeTexts(open(backend, 3), 'x')
    expect(await bodyOf(reader, id as Id)).toBe('x')
  })

  test('H40: of a place where another object lies is CORRUPT', async () => {
    const backend = memoryBackend()
    const [a, b] = (await writeTexts(open(backend), 'aaaa', 'bbbb')) as [Id, Id]
    const [key] = (await keysOf(backend, packPrefix)) as [string]
    const name = key.slice(packPrefix.length)
    const bytes = await backend.get(key)
    const [first, second] = scanPack(bytes) as [
      ReturnType<typeof scanPack>[0],
      ReturnType<typeof scanPack>[0],
    ]
    const swapped = [
      { ...first, id: second.id },
      { ...second, id: first.id },
    ]
    const index = encodeIndex({ name, size: bytes.length }, swapped)
    await backend.put(indexKey(name), index)
    expect(searchIndex(index.subarray(44), 0, 2, idToBytes(a))).toBeGreaterThanOrEqual(0)
    expect(readIndexEntry(index, 44).size).toBe(4)
    for (const id of [a, b]) {
      await expect(readObject(open(backend, 2), id)).rejects.toMatchObject({ code: 'CORRUPT' })
    }
  })

  test('a damaged object takes none of those before it along', async () => {
    const backend = memoryBackend()
    const ids = (await writeTexts(open(backend), 'one', 'two', 'three', 'four')) as Id[]
    const [key] = (await keysOf(backend, packPrefix)) as [string]
    const bytes = await backend.get(key)
    const third = scanPack(bytes)[2] as ReturnType<typeof scanPack>[0]
    bytes[third.offset + recordHeaderBytes]! ^= 1
    await backend.put(key, bytes)
    const read: Id[] = []
    const reading = (async () => {
      for await (const { id } of open(backend, 2).readMany(ids)) read.push(id)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(read).toEqual(
      scanPack(await backend.get(key))
        .slice(0, 2)
        .map(({ id }) => id),
    )
  })

  test('H22: of bytes that have another id is CORRUPT, and of a pack that is cut short too', async () => {
    const backend = memoryBackend()
    const [id] = (await writeTexts(open(backend), 'some text')) as [Id]
    const [key] = (await keysOf(backend, packPrefix)) as [string]
    const whole = await backend.get(key)
    const flipped = whole.slice()
    flipped[64] = (flipped[64] as number) ^ 1
    for (const bytes of [flipped, whole.subarray(0, 66), whole.subarray(0, 30)]) {
      await backend.put(key, bytes)
      await expect(readObject(open(backend, 2), id)).rejects.toMatchObject({ code: 'CORRUPT' })
    }
    await backend.put(packKey(key.slice(packPrefix.length)), whole)
    expect(await bodyOf(open(backend, 2), id)).toBe('some text')
  })
})
