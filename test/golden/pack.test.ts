// The bytes of packs, indexes and gc's lists. A change here is a new format version.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { decodeCondemned, encodeCondemned } from '../../src/core/codec/condemned.ts'
import { checkIndex, entryBytes, readIndexEntry } from '../../src/core/codec/pack-index.ts'
import { encodeRecipePayload, type PackRecord } from '../../src/core/codec/pack.ts'
import type { Id } from '../../src/core/model/id.ts'
import { indexKey, indexPrefix, packKey, packPrefix } from '../../src/core/store/layout.ts'
import { packStore } from '../../src/core/store/pack-store.ts'
import { openIndexFile } from '../../src/core/store/packs/index-file.ts'
import { replaceIndexes } from '../../src/core/store/packs/merge-indexes.ts'
import { packBuilder } from '../../src/core/store/packs/pack-builder.ts'
import { scanPack } from '../../src/core/store/packs/rebuild-index.ts'
import { hashBytes } from '#hash'
import { fakeAmbient } from '../support/ambient.ts'
import { keysOf } from '../support/ref-bench.ts'
import { noise, text } from '../support/store-bench.ts'

const name = '00112233445566778899aabbccddeeff'

function golden(file: string): Uint8Array {
  const hex = readFileSync(new URL(`packs/${file}.hex`, import.meta.url), 'utf8')
  return new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'))
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The zstd frame of "aaaaaaaaaaaaaaaaaaaa": one RLE block. What a compressor makes may change, its reading not. */
const frame = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x14, 0xa3, 0x00, 0x00, 0x61])

type Added = readonly [Pick<PackRecord, 'id' | 'kind' | 'encoding' | 'size'>, Uint8Array]

function raw(kind: PackRecord['kind'], payload: Uint8Array): Added {
  return [{ id: hashBytes(payload), kind, encoding: 'raw', size: payload.length }, payload]
}

const chunked: Added = [
  { id: hashBytes(text('a large blob')), kind: 'blob', encoding: 'recipe', size: 40 },
  encodeRecipePayload(hashBytes(text('a recipe')), 2 ** 40 + 5),
]

const objects: readonly Added[] = [
  raw('blob', text('')),
  raw('blob', text('hello, world\n')),
  raw('tree', text('a tree')),
  raw('commit', text('a commit')),
  raw('recipe', text('a recipe')),
  [{ id: hashBytes(text('a'.repeat(20))), kind: 'blob', encoding: 'zstd', size: 20 }, frame],
  chunked,
]

function sample(): { bytes: Uint8Array; index: Uint8Array; records: readonly PackRecord[] } {
  const builder = packBuilder(name)
  const records = objects.map(([record, payload]) => builder.add(record, payload))
  return { ...builder.finish(), records }
}

test('a pack of every kind and encoding has the bytes of pack.hex, and is read', async () => {
  const { bytes, records } = sample()
  expect(hexOf(bytes)).toBe(hexOf(golden('pack')))
  expect(scanPack(golden('pack'))).toEqual(records)
  const backend = memoryBackend()
  await backend.put(packKey(name), golden('pack'))
  await backend.put(indexKey(name), golden('index'))
  const store = packStore(backend, fakeAmbient())
  const bodies = new Map<Id, string>()
  for await (const { id, body } of store.readMany(records.map(({ id }) => id)))
    bodies.set(id, Buffer.from(body).toString())
  expect(records.map(({ id }) => bodies.get(id))).toEqual([
    '',
    'hello, world\n',
    'a tree',
    'a commit',
    'a recipe',
    'a'.repeat(20),
    '',
  ])
})

test('its index has the bytes of index.hex, and is read', () => {
  const { index, records } = sample()
  expect(hexOf(index)).toBe(hexOf(golden('index')))
  const header = checkIndex(golden('index'))
  const entries = records.map((_, i) => readIndexEntry(golden('index'), header.length + i * entryBytes))
  expect(entries).toEqual(
    [...records].sort((a, b) => (a.id < b.id ? -1 : 1)).map((record) => ({ ...record, pack: 0 })),
  )
})

test('an index of two packs has the bytes of index-merged.hex', async () => {
  const backend = memoryBackend()
  const second = packBuilder('ff'.repeat(16))
  second.add(...(objects[1] as Added))
  const other = second.finish()
  for (const made of [{ name, ...sample() }, other]) {
    await backend.put(packKey(made.name), made.bytes)
    await backend.put(indexKey(made.name), made.index)
  }
  const keys = await keysOf(backend, indexPrefix)
  const indexes = await Promise.all(keys.map((key) => openIndexFile(backend, key)))
  await replaceIndexes({ backend, ambient: fakeAmbient() }, indexes, new Set())
  const [merged] = await keysOf(backend, indexPrefix)
  expect(hexOf(await backend.get(merged as string))).toBe(hexOf(golden('index-merged')))
})

test('a list of gc has the bytes of condemned.hex, and is read', () => {
  const list = { packs: [name, 'ff'.repeat(16)], writers: ['0123456789abcdef'.repeat(2)] }
  expect(hexOf(encodeCondemned(list))).toBe(hexOf(golden('condemned')))
  expect(decodeCondemned(golden('condemned'))).toEqual(list)
})

test('what a batch writes is the same on every machine', async () => {
  const backend = memoryBackend()
  await packStore(backend, fakeAmbient()).batch(async (out) => {
    await out.writeBlob(noise(600_000, 5))
    await out.write('tree', text('no tree, but bytes'))
  })
  const sums: string[] = []
  for (const key of [...(await keysOf(backend, packPrefix)), ...(await keysOf(backend, indexPrefix))]) {
    sums.push(`${key} ${hashBytes(await backend.get(key))}`)
  }
  expect(sums).toEqual([
    'packs/00000001000000000000000000000002 bbcdaf4378db0ae2138891ffd97715f9be0c8a3879ffdb3666e743562199c92f',
    'packs/00000001000000000000000000000003 2832fe26a8845d8deb3f587a2031192576d7b3a676464070989180bb6a1d00f1',
    'index/00000001000000000000000000000004 ad6f4087b52d83c47ae82e8f2a8998ae991651647cc7daec0d0b18244649385c',
  ])
})
