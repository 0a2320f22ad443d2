import { expect, test } from 'vitest'
import { hasFiles, hasTree, hasTrees, namesOnWay, type Extent } from '../../../src/core/model/extent.ts'
import { covers, joined } from '../../../src/package/exchange/here.ts'

const alone: Extent = { only: ['a/b', 'c'] }

test('paths alone have the groups on the way, and all that lies below', () => {
  expect(['', 'a', 'a/b', 'a/b/x', 'c'].map((path) => hasTree(alone, path))).toEqual(Array(5).fill(true))
  expect(['a/c', 'b', 'ab', 'a/bc'].map((path) => hasTree(alone, path))).toEqual(Array(4).fill(false))
  expect(['a/b', 'a/b/x', 'c/y'].map((path) => hasFiles(alone, path))).toEqual([true, true, true])
  expect(['', 'a', 'a/bc'].map((path) => hasTrees(alone, path))).toEqual([false, false, false])
  expect(namesOnWay(alone, '')).toEqual(['a', 'c'])
  expect(namesOnWay(alone, 'a')).toEqual(['b'])
  expect(namesOnWay(alone, 'a/b')).toBeUndefined()
  expect(namesOnWay(['a/b'], '')).toBeUndefined()
  expect(hasFiles(['deep'], 'deepness/d.csv')).toBe(false)
})

test('what is here joined with what is asked for is at least both, and no more than it must be', () => {
  const all: readonly (Extent | undefined)[] = [
    'commit',
    'meta',
    ['a'],
    { only: ['a'] },
    { only: ['a/b', 'z'] },
    [''],
    undefined,
  ]
  for (const here of all) {
    for (const asked of all) {
      const both = joined(true, here, asked)
      expect(covers(both, here), JSON.stringify({ here, asked, both })).toBe(true)
      expect(covers(both, asked), JSON.stringify({ here, asked, both })).toBe(true)
    }
    expect(covers(here, here)).toBe(true)
    expect(joined(false, undefined, here)).toEqual(here)
  }
  expect(joined(true, { only: ['a'] }, { only: ['b'] })).toEqual({ only: ['a', 'b'] })
  expect(joined(true, { only: ['a'] }, 'meta')).toEqual(['a'])
  expect(covers({ only: ['a'] }, { only: ['a/x'] })).toBe(true)
  expect(covers({ only: ['a'] }, ['a/x'])).toBe(false)
  expect(covers({ only: ['a'] }, 'meta')).toBe(false)
  expect(covers('meta', { only: ['a'] })).toBe(false)
})
