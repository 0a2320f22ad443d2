import { expect, test } from 'vitest'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import type { Id } from '../../../../src/core/model/id.ts'
import { packStore } from '../../../../src/core/store/pack-store.ts'
import { fakeAmbient } from '../../../support/ambient.ts'
import { collect } from '../../../support/ref-bench.ts'
import { text } from '../../../support/store-bench.ts'

test('every id comes once and in order, whatever its prefix and the number of packs', async () => {
  const store = packStore(memoryBackend(), fakeAmbient())
  const written: Id[] = []
  for (let batch = 0; batch < 5; batch++) {
    await store.batch(async (out) => {
      for (let i = 0; i < 150 * batch + 1; i++) {
        written.push((await out.writeBlob(text(`${String(batch % 3)} ${String(i)}`))).id)
      }
    })
  }
  const all = [...new Set(written)].sort()
  expect(await collect(store.ids())).toEqual(all)
  for (const prefix of [
    '0',
    'f',
    'ab',
    'abc',
    '00000',
    (all[3] as Id).slice(0, 6),
    all[3] as Id,
    'ffffffff',
  ]) {
    expect(await collect(store.ids(prefix))).toEqual(all.filter((id) => id.startsWith(prefix)))
  }
})
