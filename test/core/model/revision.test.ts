// Revisions as people type them.
import { describe, expect, test } from 'vitest'
import { formatRevision, parseHandle, parseRevision } from '../../../src/core/model/revision.ts'

describe('a revision', () => {
  test.each([
    ['latest', 'latest', 0],
    ['@latest', 'latest', 0],
    ['1.0~2', '1.0', 2],
    ['@prod~~', 'prod', 2],
    ['a1b2c3~1~1', 'a1b2c3', 2],
  ])('%s is read', (text, name, back) => {
    expect(parseRevision(text)).toEqual({ name, back })
    expect(parseRevision(formatRevision({ name, back }))).toEqual({ name, back })
  })

  test.each(['', '@', '~1', '@@1.0', '@~'])('%j is refused', (text) => {
    expect(() => parseRevision(text)).toThrow(/invalid revision/)
  })

  test('of a handle begins at its last @', () => {
    expect(parseHandle('ada/wine/a%40b@1.0')).toMatchObject({ path: 'a@b', revision: { name: '1.0' } })
    expect(() => parseHandle('ada/wine@@1.0')).toThrow()
  })
})
