import { expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { readOnly } from '../../../src/core/backend/read-only.ts'
import { keysOf, refuses } from '../../../src/testing/backend-fixture.ts'

test('denies all that would change something, and says so in its features', async () => {
  const whole = memoryBackend()
  await whole.put('a', new Uint8Array(1))
  const backend = readOnly(whole)
  expect(backend.features).toEqual({ putIfAbsent: false, writable: false })
  await refuses('DENIED', backend.put('b', new Uint8Array(1)))
  await refuses('DENIED', backend.delete('a'))
  expect(await keysOf(backend, '')).toEqual(['a'])
})

test('gives addresses to read from, none to write to', async () => {
  const signing: Backend = {
    ...memoryBackend(),
    presign: (key, method) => Promise.resolve(new URL(`https://example.org/${key}?${method}`)),
  }
  const { presign } = readOnly(signing)
  expect((await presign?.('a', 'GET', 60))?.search).toBe('?GET')
  await refuses('DENIED', presign?.('a', 'PUT', 60) ?? Promise.resolve())
})
