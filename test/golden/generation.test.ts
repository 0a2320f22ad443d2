import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeGeneration, encodeGeneration } from '../../src/core/codec/generation.ts'
import { decodeSegment, encodeSegment } from '../../src/core/codec/segment.ts'
import { sampleGeneration, sampleMoves } from '../support/sample-generation.ts'

/** Lines of hex: whoever changes them changes the format, and owes it a new version. */
function golden(name: string): Uint8Array {
  const text = readFileSync(new URL(`${name}.hex`, import.meta.url), 'utf8')
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
}

test('a generation with every field is written as it always was, and read', () => {
  const bytes = golden('generation')
  expect(encodeGeneration(sampleGeneration)).toEqual(bytes)
  expect(decodeGeneration(bytes, 'it')).toEqual(sampleGeneration)
})

test('a segment with every field is written as it always was, and read', () => {
  const bytes = golden('segment')
  expect(encodeSegment('lab/ada/wine', sampleMoves)).toEqual(bytes)
  expect(decodeSegment(bytes, 'it').moves).toEqual(sampleMoves)
})
