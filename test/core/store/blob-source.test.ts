import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { sendBlob, streamBlob } from '../../../src/core/store/blob-source.ts'
import { packKey } from '../../../src/core/store/layout.ts'
import { packStore, type PackStore } from '../../../src/core/store/pack-store.ts'
import { recipeChunks } from '../../../src/core/store/recipe-tree.ts'
import { hashBytes } from '#hash'
import { fakeAmbient } from '../../support/ambient.ts'
import { collect } from '../../support/ref-bench.ts'
import { noise, text } from '../../support/store-bench.ts'
import type { Id } from '../../../src/core/model/id.ts'

const bytes = noise(900_000, 12)

async function sample(): Promise<{ backend: Backend; store: PackStore; id: Id; recipe: Id }> {
  const backend = memoryBackend()
  const store = packStore(backend, fakeAmbient())
  const { id, recipe } = await store.batch((out) => out.writeBlob(bytes))
  return { backend, store, id, recipe: recipe as Id }
}

/** Turns one bit of a chunk's bytes. */
async function damage(backend: Backend, store: PackStore, chunk: Id): Promise<void> {
  const place = (await store.locate([chunk])).get(chunk)
  const key = packKey(place?.pack ?? '')
  const pack = await backend.get(key)
  const at = (place?.offset ?? 0) + 42 + 5
  pack[at] = (pack[at] as number) ^ 1
  await backend.put(key, pack)
}

describe('a range', () => {
  test('of a chunked blob is what a slice of its bytes is', async () => {
    const { store, id, recipe } = await sample()
    const cuts = (await collect(recipeChunks(store, recipe))).map(({ start }) => start)
    const edges = [0, 1, ...cuts, ...cuts.map((at) => at + 1), bytes.length - 1, bytes.length]
    for (const source of [await store.open(id), await store.open(id, recipe)]) {
      expect(source.size).toBe(bytes.length)
      for (const start of edges) {
        for (const end of edges.filter((edge) => edge >= start).slice(0, 4)) {
          expect(Buffer.from(await source.slice(start, end)).equals(bytes.subarray(start, end))).toBe(true)
        }
      }
      expect(Buffer.from(await source.slice(0, bytes.length)).equals(bytes)).toBe(true)
      for (const [i, start] of cuts.entries()) {
        const [next = bytes.length, one] = [cuts[i + 1], await source.around?.(start + 7, start + 9)]
        expect(one?.start).toBe(start)
        expect(Buffer.from(one?.bytes ?? '').equals(bytes.subarray(start, next))).toBe(true)
      }
    }
  })

  test('that is none of the blob’s is INVALID', async () => {
    const { store, id } = await sample()
    const source = await store.open(id)
    for (const [start, end] of [
      [-1, 2],
      [5, 4],
      [0, bytes.length + 1],
    ] as const) {
      await expect(source.slice(start, end)).rejects.toMatchObject({ code: 'INVALID' })
    }
  })

  test('of a small blob is one of its bytes', async () => {
    const { store } = await sample()
    const { id } = await store.batch((out) => out.writeBlob(text('hello')))
    const source = await store.open(id)
    expect(source.size).toBe(5)
    expect(Buffer.from(await source.slice(1, 3)).toString()).toBe('el')
  })

  test('H22: that holds a damaged chunk is CORRUPT, beside it all is well', async () => {
    const { backend, store, id, recipe } = await sample()
    const chunks = await collect(recipeChunks(store, recipe))
    const [, second] = chunks as [
      { id: Id; start: number; size: number },
      { id: Id; start: number; size: number },
    ]
    await damage(backend, store, second.id)
    const source = await packStore(backend, fakeAmbient(2)).open(id, recipe)
    await expect(source.slice(second.start + 9, second.start + 10)).rejects.toMatchObject({ code: 'CORRUPT' })
    const before = await source.slice(0, second.start)
    expect(Buffer.from(before).equals(bytes.subarray(0, second.start))).toBe(true)
  })
})

describe('what is lent', () => {
  test('is right while it is lent: chunks that come again, in packs in another order, compressed and not', async () => {
    const part = noise(400_000, 3)
    const words = Buffer.from('one, two, three, four, five and so on: '.repeat(20_000))
    const whole = Buffer.concat([part, words, noise(3_000_000, 4), part, words, part, noise(2_500_000, 5)])
    const store = packStore(memoryBackend(), fakeAmbient())
    // The last parts lie in packs before the others.
    await store.batch((out) => out.writeBlob(whole.subarray(4_000_000)))
    const { id, recipe } = await store.batch((out) => out.writeBlob(whole))
    const taken: Buffer[] = []
    await sendBlob(store, { blob: id, recipe }, (bytes) => void taken.push(Buffer.from(bytes)))
    expect(Buffer.concat(taken).equals(whole)).toBe(true)
    const source = await store.open(id, recipe)
    expect(Buffer.from(await source.slice(1, whole.length - 1)).equals(whole.subarray(1, -1))).toBe(true)
  })
})

describe('a stream', () => {
  test('gives the whole blob', async () => {
    const { store, id, recipe } = await sample()
    expect(Buffer.concat(await collect(streamBlob(store, id))).equals(bytes)).toBe(true)
    expect(Buffer.concat(await collect(streamBlob(store, id, recipe))).equals(bytes)).toBe(true)
  })

  test('H22: of a blob with a damaged chunk ends in CORRUPT', async () => {
    const { backend, store, id, recipe } = await sample()
    const [first] = await collect(recipeChunks(store, recipe))
    await damage(backend, store, first?.id as Id)
    const other = packStore(backend, fakeAmbient(2))
    await expect(collect(streamBlob(other, id))).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('by a recipe of another blob ends in CORRUPT, naming both', async () => {
    const { store, recipe } = await sample()
    const other = hashBytes(text('other'))
    const work = collect(streamBlob(store, other, recipe))
    await expect(work).rejects.toThrow(`blob ${other} is damaged: its recipe ${recipe} gives other bytes`)
  })

  test('H27: with a missing chunk ends in NOT_FOUND, naming it', async () => {
    const { store, recipe } = await sample()
    const chunks = await collect(recipeChunks(store, recipe))
    const far = packStore(memoryBackend(), fakeAmbient(5))
    await far.batch(async (out) => {
      for await (const object of store.readMany([recipe, ...chunks.slice(1).map(({ id }) => id)]))
        await out.copy(object)
    })
    const missing = chunks[0]?.id as Id
    await expect(collect(streamBlob(far, hashBytes(bytes), recipe))).rejects.toThrow(missing)
    await expect(far.open(hashBytes(bytes))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
