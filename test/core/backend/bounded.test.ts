import { expect, test } from 'vitest'
import { bounded } from '../../../src/core/backend/bounded.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { QuiltError } from '../../../src/core/base/error.ts'
import { keysOf, someBytes } from '../../../src/testing/backend-fixture.ts'

const kibibyte = 1024

test('keeps what is newest, never much more than the bound; small files count as a block of a disk', async () => {
  let now = 0
  const inner = memoryBackend({ now: () => new Date(now) })
  const backend = bounded(inner, { bytes: 64 * kibibyte, age: Infinity })
  for (let i = 0; i < 100; i++) {
    now += 1000
    await backend.put(`k${String(i).padStart(2, '0')}`, someBytes(10))
    expect((await keysOf(inner, '')).length).toBeLessThanOrEqual(16 + 3)
  }
  await backend.close()
  const kept = await keysOf(inner, '')
  expect(kept).toHaveLength(16)
  expect(kept[0]).toBe('k84')
})

test('drops what is old when it is closed', async () => {
  let now = 0
  const inner = memoryBackend({ now: () => new Date(now) })
  await inner.put('old', someBytes(10))
  now = 1001
  const backend = bounded(inner, { bytes: 64 * kibibyte, age: 1000 })
  await backend.put('new', someBytes(10))
  await backend.close()
  expect(await keysOf(inner, '')).toEqual(['new'])
})

test('what cannot be listed or deleted keeps nobody from putting', async () => {
  const fail = (): never => {
    throw new QuiltError('DENIED', 'no')
  }
  for (const broken of [{ list: fail }, { delete: async () => fail() }]) {
    const backend = bounded({ ...memoryBackend(), ...broken }, { bytes: 8 * kibibyte, age: 1000 })
    for (let i = 0; i < 9; i++) await backend.put(`k${String(i)}`, someBytes(4 * kibibyte))
    await backend.close()
  }
})
