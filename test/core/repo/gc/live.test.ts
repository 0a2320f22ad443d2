// What is reached against what an index says, where one of the two is far larger than the other.
import { expect, test } from 'vitest'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import { encodeIndex, entryBytes, readIndexEntry } from '../../../../src/core/codec/pack-index.ts'
import type { PackRecord } from '../../../../src/core/codec/pack.ts'
import { idBytes } from '../../../../src/core/model/id.ts'
import { joinEntries, type IdRanges } from '../../../../src/core/repo/gc/live.ts'
import { spillingIds } from '../../../../src/core/repo/sets/spilling-set.ts'
import { indexKey } from '../../../../src/core/store/layout.ts'
import { openIndexFile } from '../../../../src/core/store/packs/index-file.ts'
import { hashBytes } from '#hash'
import { text } from '../../../support/store-bench.ts'

test('few entries are held against many ids a little at a time', async () => {
  const backend = memoryBackend({ now: () => new Date() })
  const ids = spillingIds()
  for (let i = 0; i < 100_000; i++) await ids.put(hashBytes(text(`live ${String(i)}`)))
  const name = 'ab'.repeat(16)
  const records = Array.from({ length: 100 }, (_, i): PackRecord => {
    const id = hashBytes(text(`${i < 60 ? 'live' : 'dead'} ${String(i)}`))
    return { id, kind: 'blob', encoding: 'raw', offset: 20 + i * 100, stored: 58, size: 58 }
  })
  await backend.put(indexKey(name), encodeIndex({ name, size: 100_000 }, records))
  const index = await openIndexFile(backend, indexKey(name))

  let largest = 0
  const watched: IdRanges = {
    added: ids.added,
    within: async (from, to) => {
      const some = await ids.within(from, to)
      largest = Math.max(largest, some.length / idBytes)
      return some
    },
  }
  const reached: string[] = []
  for await (const { table, asked } of joinEntries([index], new Map([[name, 0]]), watched)) {
    for (const [i, one] of asked.entries()) {
      if (one === 1) reached.push(readIndexEntry(table, i * entryBytes).id)
    }
  }
  expect(reached).toEqual(
    records
      .slice(0, 60)
      .map(({ id }) => id)
      .sort(),
  )
  expect(largest).toBeLessThan(20_000)
})
