import { expect, test } from 'vitest'
import { closest, distance } from '../../../src/core/base/closest.ts'
import { suggest } from '../../../src/cli/unknown-command.ts'

test('counts inserted, deleted, replaced and swapped letters', () => {
  expect(distance('', 'abc')).toBe(3)
  expect(distance('push', 'push')).toBe(0)
  expect(distance('psuh', 'push')).toBe(1)
  expect(distance('instal', 'install')).toBe(1)
  expect(distance('kitten', 'sitting')).toBe(3)
})

test('names a near word only', () => {
  expect(closest('biuld', ['build', 'push'])).toBe('build')
  expect(closest('xyzzy', ['build', 'push'])).toBeUndefined()
})

test('finds the command meant, over as many words as it has', () => {
  const ids = ['build', 'tag:add', 'tag:list', 'raw:ls-tree']
  expect(suggest(['tga', 'add', 'ada/wine'], ids)).toBe('tag add')
  expect(suggest(['biuld', 'ada/wine'], ids)).toBe('build')
  expect(suggest(['raw', 'lstree'], ids)).toBe('raw ls-tree')
  expect(suggest(['zzz'], ids)).toBeUndefined()
})

test('has something in common with what was typed', () => {
  expect(closest('', ['x', 'lab'])).toBeUndefined()
  expect(closest('a', ['x'])).toBeUndefined()
  expect(closest('sl', ['ls'])).toBe('ls')
})
