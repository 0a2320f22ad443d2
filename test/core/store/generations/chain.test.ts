import { expect, test } from 'vitest'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import { generationBytes } from '../../../../src/core/codec/generation.ts'
import { segmentBytes } from '../../../../src/core/codec/segment.ts'
import { generationKey, segmentKey } from '../../../../src/core/store/layout.ts'
import { collect, moves, openRefs, stepping, wine } from '../../../support/ref-bench.ts'

test('a file of refs that is larger than any can be is refused unread', async () => {
  const inner = memoryBackend()
  await moves(openRefs(inner), 3)
  await inner.put(generationKey(wine, 4), new Uint8Array(generationBytes + 1))
  const steps: string[] = []
  const refs = openRefs(stepping(inner, async (what) => void steps.push(what)))
  await expect(refs.get(wine)).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringContaining(`has ${String(generationBytes + 1)} bytes`),
  })
  expect(steps.filter((what) => what.startsWith('get'))).toEqual([])
})

test('and so is a segment', async () => {
  const backend = memoryBackend()
  await moves(openRefs(backend), 4)
  await backend.put(segmentKey(wine, 1, 3), new Uint8Array(segmentBytes + 1))
  await expect(collect(openRefs(backend).log(wine))).rejects.toMatchObject({ code: 'CORRUPT' })
})
