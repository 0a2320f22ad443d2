// Patterns match as Python's fnmatch and pathlib do; the expected values are those of Python 3.11.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nameMatcher, partsOf, partsProblem } from '../../../src/worktree/named/glob-pattern.ts'

const names = ['a', 'b', 'ab', 'a.csv', 'A.csv', '.a', 'a[1]', '-', ']', '!', 'é', '\u{1f600}', 'run', 'a\nb']

describe('one part of a pattern', () => {
  test.each<readonly [string, readonly string[]]>([
    ['*', names],
    ['?', ['a', 'b', '-', ']', '!', 'é', '\u{1f600}']],
    ['a*', ['a', 'ab', 'a.csv', 'a[1]', 'a\nb']],
    ['*.csv', ['a.csv', 'A.csv']],
    ['[ab]', ['a', 'b']],
    ['[!ab]', ['-', ']', '!', 'é', '\u{1f600}']],
    ['[a-c]*', ['a', 'b', 'ab', 'a.csv', 'a[1]', 'a\nb']],
    ['[]]', [']']],
    ['[!]]', ['a', 'b', '-', '!', 'é', '\u{1f600}']],
    ['[-a]', ['a', '-']],
    ['[a-]', ['a', '-']],
    ['a[[]1]', ['a[1]']],
    ['a[1', []],
    ['{a,b}', []],
    ['a|b', []],
    ['+(a)', []],
    ['.*', ['.a']],
  ])('%s', (pattern, matched) => {
    expect(names.filter(nameMatcher(pattern))).toEqual(matched)
  })

  test('takes no time that grows with more than pattern and name', () => {
    const matches = nameMatcher(`${'*a'.repeat(60)}b`)
    const started = performance.now()
    expect(matches('a'.repeat(255))).toBe(false)
    expect(performance.now() - started).toBeLessThan(200)
  })

  test('says what the plain definition says', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
    const plain = (pattern: string, name: string): boolean => {
      const [sign, char] = [pattern[0], name[0]]
      if (sign === undefined) return name === ''
      if (sign === '*') return plain(pattern.slice(1), name) || (name !== '' && plain(pattern, name.slice(1)))
      return char !== undefined && (sign === '?' || sign === char) && plain(pattern.slice(1), name.slice(1))
    }
    fc.assert(
      fc.property(text, text, (pattern, name) => nameMatcher(pattern)(name) === plain(pattern, name)),
      { numRuns: 2000 },
    )
  })
})

describe('a whole pattern', () => {
  test.each([
    ['/a/*', 'it is absolute: patterns are relative to the build file'],
    ['a/b**', '"**" stands alone between slashes'],
    ['a/../*', '".." stands only at its beginning'],
    ['a\0*', 'it holds a NUL'],
    [`${'*/'.repeat(300)}x`, 'it has more than 256 parts'],
  ])('%s is refused', (pattern, problem) => {
    expect(partsProblem(pattern)).toBe(problem)
  })

  test('is taken part by part, empty ones and doubled "**" left out', () => {
    expect(partsProblem('../../a//./**/**/*.csv')).toBeUndefined()
    expect(partsOf('a//./**/**/*.csv').map(({ kind }) => kind)).toEqual(['name', 'folders', 'match'])
  })
})
