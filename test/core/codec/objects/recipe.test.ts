import { describe, expect, test } from 'vitest'
import { encodePackable, type Packable } from '../../../../src/core/codec/msgpack.ts'
import {
  chunkBytes,
  decodeRecipe,
  encodeRecipe,
  mostParts,
  type RecipeNode,
} from '../../../../src/core/codec/objects/recipe.ts'
import { idToBytes } from '../../../../src/core/model/id.ts'
import { goldens, idOf } from '../../../golden/values.ts'
import { codeOf, survivesMutations } from '../../../support/decoding.ts'

const id = idOf('x')
const bin = idToBytes(id)

test('the fullest recipe fits', () => {
  for (const [level, size] of [
    [0, chunkBytes],
    [3, 2 ** 42],
  ] as const) {
    const parts = Array.from({ length: mostParts }, (_, i) => ({ id: idOf(String(i)), size }))
    const recipe: RecipeNode = { level, size: size * mostParts, parts }
    expect(decodeRecipe(encodeRecipe(recipe))).toEqual(recipe)
  }
})

describe('H30: refuses', () => {
  const cases: readonly (readonly [string, Packable])[] = [
    ['no list', 1],
    ['three parts', [0, 1, bin]],
    ['no parts', [0, 0, new Uint8Array(0), []]],
    ['a size that is not the sum', [0, 2, bin, [1]]],
    ['an empty chunk', [0, 0, bin, [0]]],
    ['a chunk above 16 MiB', [0, chunkBytes + 1, bin, [chunkBytes + 1]]],
    ['more ids than sizes', [0, 1, new Uint8Array(64), [1]]],
    ['half an id', [0, 1, new Uint8Array(48), [1]]],
    ['ids as text', [0, 1, id, [1]]],
    ['a level above 8', [9, 1, bin, [1]]],
    ['a level below 0', [-1, 1, bin, [1]]],
    ['a size above 2^53', [1, 2 ** 53 - 1, new Uint8Array(64), [2 ** 53 - 1, 1]]],
    ['1,025 parts', [0, 1025, new Uint8Array(32 * 1025), new Array<number>(1025).fill(1)]],
  ]
  for (const [what, value] of cases) {
    test(what, () => {
      expect(codeOf(() => decodeRecipe(encodePackable('QR1\n', value)))).toBe('CORRUPT')
    })
  }
})

test('refuses to write what it would not read', () => {
  expect(codeOf(() => encodeRecipe({ level: 0, size: 0, parts: [] }))).toBe('INVALID')
  expect(codeOf(() => encodeRecipe({ level: 0, size: 2, parts: [{ id, size: 1 }] }))).toBe('INVALID')
  expect(codeOf(() => encodeRecipe({ level: 0.5, size: 1, parts: [{ id, size: 1 }] }))).toBe('INVALID')
  expect(codeOf(() => encodeRecipe({ level: 0, size: 0.5, parts: [{ id, size: 0.5 }] }))).toBe('INVALID')
})

test('H35: a recipe of a newer format asks for an upgrade', () => {
  expect(codeOf(() => decodeRecipe(encodePackable('QR2\n', [])))).toBe('UNSUPPORTED')
})

test('H30: mutated recipes end in a recipe of the same bytes, or an error of ours', () => {
  const originals = goldens.filter(({ name }) => name.startsWith('recipe')).map(({ encode }) => encode())
  survivesMutations(originals, { decode: decodeRecipe, encode: encodeRecipe })
})
