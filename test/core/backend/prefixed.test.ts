import { expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { prefixed } from '../../../src/core/backend/prefixed.ts'
import { keysOf, refuses } from '../../../src/testing/backend-fixture.ts'

test('puts all keys behind the prefix, and shows none of the others', async () => {
  const whole = memoryBackend()
  await whole.put('p/other', new Uint8Array(1))
  const part = prefixed(whole, 'p/q/')
  await part.put('a', new Uint8Array(1))
  expect(await keysOf(whole, '')).toEqual(['p/other', 'p/q/a'])
  expect(await keysOf(part, '')).toEqual(['a'])
  await refuses('INVALID', part.get('../other'))
  await refuses('INVALID', part.delete(''))
})

test('refuses a prefix that is no folder of keys', () => {
  for (const prefix of ['p', '/', '/p/', '../', 'p//', 'p/../']) {
    expect(() => prefixed(memoryBackend(), prefix)).toThrow(/^invalid prefix/)
  }
})

test('hands on addresses only where the backend gives them', async () => {
  const signing: Backend = {
    ...memoryBackend(),
    presign: (key, method) => Promise.resolve(new URL(`https://example.org/${key}?${method}`)),
  }
  expect((await prefixed(signing, 'p/').presign?.('a', 'GET', 60))?.href).toBe('https://example.org/p/a?GET')
  expect('presign' in prefixed(memoryBackend(), 'p/')).toBe(false)
})
