// A dry run beside what is here: its reader sees both, and has nothing that neither has.
import { expect, test } from 'vitest'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { dryRun } from '../../../src/core/store/dry-writer.ts'
import { packStore } from '../../../src/core/store/pack-store.ts'
import { hashBytes } from '#hash'
import { fakeAmbient } from '../../support/ambient.ts'
import { text } from '../../support/store-bench.ts'

test('a blob that is here opens with its bytes, and one that is nowhere does not', async () => {
  const store = packStore(memoryBackend(), fakeAmbient())
  const bytes = text('what is here')
  const { id } = await store.batch((out) => out.writeBlob(bytes))
  const { objects } = dryRun(store)
  const source = await objects.open(id)
  expect(Buffer.from(await source.slice(0, source.size)).equals(bytes)).toBe(true)
  await expect(objects.open(hashBytes(text('what is nowhere')))).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
