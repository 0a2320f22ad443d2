import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import type { Backend } from '../../../../src/core/backend/backend.ts'
import {
  encodeIndex,
  entryBytes,
  readIndexEntry,
  type IndexedPack,
} from '../../../../src/core/codec/pack-index.ts'
import type { PackRecord } from '../../../../src/core/codec/pack.ts'
import type { Id } from '../../../../src/core/model/id.ts'
import { openIndexFile } from '../../../../src/core/store/packs/index-file.ts'
import { indexKey, indexPrefix, packKey } from '../../../../src/core/store/layout.ts'
import { mergeIndexes, replaceIndexes } from '../../../../src/core/store/packs/merge-indexes.ts'
import { packSet } from '../../../../src/core/store/packs/pack-set.ts'
import { sortedEntries } from '../../../../src/core/store/packs/sorted-entries.ts'
import { hashBytes } from '#hash'
import { fakeAmbient } from '../../../support/ambient.ts'
import { crashing, keysOf } from '../../../support/ref-bench.ts'
import { text } from '../../../support/store-bench.ts'

const ambient = fakeAmbient(9)
const none: ReadonlySet<string> = new Set()

function recordsOf(from: number, count: number): PackRecord[] {
  return Array.from({ length: count }, (_, i): PackRecord => {
    const id = hashBytes(text(`object ${String(from + i)}`))
    return { id, kind: 'blob', encoding: 'raw', offset: 20 + i * 100, stored: 58, size: 58 }
  })
}

/** A pack of which only its name counts, and its index. */
async function addPack(backend: Backend, records: readonly PackRecord[]): Promise<IndexedPack> {
  const name = ambient.randomName()
  const pack = { name, size: 20 + records.length * 100 + 44 }
  await backend.put(packKey(name), text(name))
  await backend.put(indexKey(name), encodeIndex(pack, records))
  return pack
}

async function merge(backend: Backend, condemned = none, far = false): Promise<void> {
  await mergeIndexes({ backend, ambient, packs: packSet(backend), condemned, far })
}

/** Every entry as text, whichever index it lies in. */
async function entriesIn(backend: Backend): Promise<string[]> {
  const all: string[] = []
  for (const key of await keysOf(backend, indexPrefix)) {
    const index = await openIndexFile(backend, key)
    for await (const table of index.tables()) {
      for (let at = 0; at < table.length; at += entryBytes) {
        const { pack, ...entry } = readIndexEntry(table, at)
        all.push(JSON.stringify({ ...entry, pack: index.header.packs[pack]?.name }))
      }
    }
  }
  return all.sort()
}

describe('merging', () => {
  test('leaves seven of a size alone, and makes one of eight', async () => {
    const backend = memoryBackend()
    for (let i = 0; i < 7; i++) await addPack(backend, recordsOf(i * 3, 2 + (i % 2)))
    await merge(backend)
    expect(await keysOf(backend, indexPrefix)).toHaveLength(7)
    await addPack(backend, recordsOf(100, 2))
    const before = await entriesIn(backend)
    await merge(backend)
    expect(await keysOf(backend, indexPrefix)).toHaveLength(1)
    expect(await entriesIn(backend)).toEqual(before)
  })

  test('far away takes all smaller ones along', async () => {
    for (const [far, left] of [
      [false, 4],
      [true, 1],
    ] as const) {
      const backend = memoryBackend()
      for (let i = 0; i < 3; i++) await addPack(backend, recordsOf(1000 + i * 3, 2))
      for (let i = 0; i < 8; i++) await addPack(backend, recordsOf(i * 20, 20))
      const before = await entriesIn(backend)
      await merge(backend, none, far)
      expect(await keysOf(backend, indexPrefix)).toHaveLength(left)
      expect(await entriesIn(backend)).toEqual(before)
    }
  })

  test('keeps about eight for each size, whatever the number of packs', async () => {
    const backend = memoryBackend()
    for (let i = 0; i < 300; i++) {
      await addPack(backend, recordsOf(i * 10, 1 + (i % 9)))
      await merge(backend)
    }
    const keys = await keysOf(backend, indexPrefix)
    expect(keys.length).toBeLessThan(8 * (Math.log(1500) / Math.log(4)))
    const packs = packSet(backend)
    for (let i = 0; i < 300; i++) {
      const [{ id }] = recordsOf(i * 10, 1) as [PackRecord]
      expect((await packs.find(id))?.id).toBe(id)
    }
  })

  test('tells an object that lies in two packs twice, and what two indexes say of one pack once', async () => {
    const backend = memoryBackend()
    const records = recordsOf(0, 5)
    const pack = await addPack(backend, records)
    await addPack(backend, records)
    for (let i = 0; i < 7; i++) await backend.put(indexKey(ambient.randomName()), encodeIndex(pack, records))
    await merge(backend)
    expect(await entriesIn(backend)).toHaveLength(10)
  })

  test('leaves indexes of condemned packs alone, and drops packs that are gone', async () => {
    const backend = memoryBackend()
    const packs: IndexedPack[] = []
    for (let i = 0; i < 10; i++) packs.push(await addPack(backend, recordsOf(i * 3, 3)))
    const [condemned, gone] = packs as [IndexedPack, IndexedPack]
    await backend.delete(packKey(gone.name))
    await merge(backend, new Set([condemned.name]))
    const keys = await keysOf(backend, indexPrefix)
    expect(keys).toHaveLength(2)
    expect(keys).toContain(indexKey(condemned.name))
    expect(await entriesIn(backend)).toHaveLength(27)
  })

  test('of large indexes reads slices, and finds every entry afterwards', async () => {
    const backend = memoryBackend()
    for (let i = 0; i < 3; i++) await addPack(backend, recordsOf(i * 90_000, 90_000))
    const packs = packSet(backend)
    const indexes = await packs.indexes()
    expect(indexes.every(({ proved }) => !proved)).toBe(true)
    await replaceIndexes({ backend, ambient }, indexes, none)
    const merged = packSet(backend)
    expect((await merged.indexes()).map(({ header }) => header.count)).toEqual([270_000])
    for (let i = 0; i < 270_000; i += 7919) {
      const [{ id }] = recordsOf(i, 1) as [PackRecord]
      expect((await merged.find(id))?.id).toBe(id)
    }
    let last = ''
    let most = 0
    for await (const table of sortedEntries(
      await merged.indexes(),
      new Map((await merged.indexes())[0]?.header.packs.map(({ name }, i) => [name, i])),
    )) {
      most = Math.max(most, table.length / entryBytes)
      const first = readIndexEntry(table, 0).id
      expect(first > last).toBe(true)
      last = readIndexEntry(table, table.length - entryBytes).id
    }
    expect(most).toBeLessThan(40_000)
  })

  test('H38: refuses to merge a large index with a bit flipped, and deletes nothing', async () => {
    const backend = memoryBackend()
    for (let i = 0; i < 2; i++) await addPack(backend, recordsOf(i * 90_000, 90_000))
    const [key] = (await keysOf(backend, indexPrefix)) as [string]
    const bytes = await backend.get(key)
    bytes[2_000_000] = (bytes[2_000_000] as number) ^ 4
    await backend.put(key, bytes)
    const indexes = await packSet(backend).indexes()
    await expect(replaceIndexes({ backend, ambient }, indexes, none)).rejects.toMatchObject({
      code: 'CORRUPT',
    })
    expect(await keysOf(backend, indexPrefix)).toHaveLength(2)
  })

  test('a crash at any operation loses no entry', async () => {
    for (let alive = 0; alive < 40; alive++) {
      const backend = memoryBackend()
      for (let i = 0; i < 9; i++) await addPack(backend, recordsOf(i * 3, 3))
      const before = new Set(await entriesIn(backend))
      const dying = crashing(backend, alive)
      await mergeIndexes({ backend: dying, ambient, packs: packSet(dying), condemned: none }).catch(
        () => undefined,
      )
      expect(new Set(await entriesIn(backend))).toEqual(before)
    }
  })

  test('by two at once loses no entry', async () => {
    const backend = memoryBackend()
    for (let i = 0; i < 12; i++) await addPack(backend, recordsOf(i * 3, 3))
    const before = new Set(await entriesIn(backend))
    await Promise.allSettled([merge(backend), merge(backend), merge(backend)])
    expect(new Set(await entriesIn(backend))).toEqual(before)
  })
})

test('entries of many small indexes come in one order', async () => {
  const backend = memoryBackend()
  const packs: IndexedPack[] = []
  for (let i = 0; i < 40; i++) packs.push(await addPack(backend, recordsOf(i * 2000, 2000)))
  const numbers = new Map(packs.map(({ name }, i) => [name, i]))
  const ids: Id[] = []
  for await (const table of sortedEntries(await packSet(backend).indexes(), numbers)) {
    for (let at = 0; at < table.length; at += entryBytes) ids.push(readIndexEntry(table, at).id)
  }
  expect(ids).toHaveLength(80_000)
  expect(ids).toEqual([...ids].sort())
})
