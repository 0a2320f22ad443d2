import { expect, test } from 'vitest'
import { checkKey, isKey, isKeyPart } from '../../../src/core/backend/key.ts'
import { isQuiltError } from '../../../src/core/base/error.ts'

test('takes relative paths of the allowed characters', () => {
  for (const key of ['a', 'a/b', 'A-Z_a.z/0', '...', '..a', 'a..', '-', 'a'.repeat(1024)]) {
    expect(isKey(key), key).toBe(true)
    checkKey(key)
  }
})

test('refuses all else with INVALID, quoting it', () => {
  const wrong = ['', '/', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/./b', 'a/../b', 'a/..', 'a\\b', 'a\0']
  for (const key of [...wrong, 'a b', 'a\n', 'ä', 'a:b', '~a', 'a'.repeat(1025)]) {
    expect(isKey(key), key).toBe(false)
    expect(() => checkKey(key)).toThrow(/^invalid key "/)
  }
  try {
    checkKey('x'.repeat(5000))
  } catch (error) {
    expect(isQuiltError(error, 'INVALID') && error.message.length < 200).toBe(true)
  }
})

test('tells a part from a path', () => {
  expect([isKeyPart('a'), isKeyPart('a/b'), isKeyPart('..'), isKeyPart('')]).toEqual([
    true,
    false,
    false,
    false,
  ])
})
