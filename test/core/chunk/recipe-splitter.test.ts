import { expect, test } from 'vitest'
import { endsRecipeNode } from '../../../src/core/chunk/recipe-splitter.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { idOf } from '../../golden/values.ts'

const low = `00ffffff${'f'.repeat(56)}` as Id
const high = `01000000${'0'.repeat(56)}` as Id

test('ends after an id whose first four bytes are below 2^24, from 16 parts on', () => {
  expect(endsRecipeNode(low, 15)).toBe(false)
  expect(endsRecipeNode(low, 16)).toBe(true)
  expect(endsRecipeNode(high, 16)).toBe(false)
})

test('ends at 1,024 parts whatever the id', () => {
  expect(endsRecipeNode(high, 1023)).toBe(false)
  expect(endsRecipeNode(high, 1024)).toBe(true)
})

test('ends about once in 256 parts', () => {
  let ends = 0
  for (let i = 0; i < 50_000; i++) if (endsRecipeNode(idOf(String(i)), 16)) ends++
  expect(ends).toBeGreaterThan(120)
  expect(ends).toBeLessThan(280)
})
