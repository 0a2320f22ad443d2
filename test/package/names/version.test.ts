// Versions: two that differ never have one normal form, and two spellings of one have.
import { expect, test } from 'vitest'
import { compareVersions, normalVersion, parseVersion } from '../../../src/package/names/version.ts'

test.each([
  ['1.0', '1.0'],
  [' v1.0-1 ', '1.0.post1'],
  ['1.0RC1', '1.0rc1'],
  ['1.0+Ubuntu-01_x', '1.0+ubuntu.1.x'],
  ['2!1.0.dev007', '2!1.0.dev7'],
  ['999999999999999', '999999999999999'],
])('%j is %j', (text, normal) => {
  expect(normalVersion(text)).toBe(normal)
  expect(parseVersion(normal)).toBe(normal)
})

test.each([
  ['1.0', '1.0.0'],
  ['1+1e2', '1+100'],
  ['1+0x64', '1+100'],
])('%j and %j are two', (a, b) => {
  expect(normalVersion(a)).not.toBe(normalVersion(b))
  expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)))
  expect(compareVersions(a, b)).not.toBe(0)
})

test.each([
  '9007199254740993',
  '1.9007199254740993',
  '1rc1111111111111111',
  '1+9999999999999999',
  '1.dev99999999999999999999999',
])('the number in %s is too long: a neighbour would be taken for it', (text) => {
  expect(() => parseVersion(text)).toThrow(expect.objectContaining({ code: 'INVALID' }))
})
