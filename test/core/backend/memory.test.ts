import { expect, test } from 'vitest'
import { memoryBackend } from '../../../src/core/backend/memory.ts'

test('takes the time it is told as the time of a key', async () => {
  const backend = memoryBackend({ now: () => new Date('2020-02-02') })
  await backend.put('a', new Uint8Array(1))
  expect((await backend.head('a'))?.modified).toEqual(new Date('2020-02-02'))
})

test('ticks by itself when it is told no time', async () => {
  const backend = memoryBackend()
  await backend.put('a', new Uint8Array(1))
  await backend.put('b', new Uint8Array(1))
  const times = [await backend.head('a'), await backend.head('b')].map((head) => head?.modified.getTime())
  expect(times).toEqual([1, 2])
})
