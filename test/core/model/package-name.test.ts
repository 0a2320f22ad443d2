import { expect, test } from 'vitest'
import { formatPackageName, packageKey, parsePackageName } from '../../../src/core/model/package-name.ts'

test.each(['ada/wine', 'lab:ada/wine', `a/${'b'.repeat(64)}`, 'Ada_1/Wine-2'])('%s is a name', (text) => {
  expect(formatPackageName(parsePackageName(text))).toBe(text)
})

test('two that differ in case only have one key', () => {
  expect(packageKey(parsePackageName('Ada/WINE'))).toBe(packageKey(parsePackageName('ada/wine')))
})

test.each([
  ['ada', 'specify a package as [TEAM:]OWNER/NAME'],
  ['ada/', 'specify a package as [TEAM:]OWNER/NAME'],
  ['ada/wine/x', 'specify a package as [TEAM:]OWNER/NAME'],
  ['Lab:ada/wine', 'a team has lower-case letters only'],
  ['1da/wine', 'use a letter, then letters, digits, "_" and "-", 64 at most'],
  [`ada/${'b'.repeat(65)}`, 'use a letter, then letters, digits, "_" and "-", 64 at most'],
  ['ada/wine~', 'for an earlier revision write @latest~'],
  ['ada/wine~12', 'for an earlier revision write @latest~12'],
  ['ada~1/wine', 'use a letter, then letters, digits, "_" and "-", 64 at most'],
])('%s is none', (text, hint) => {
  expect(() => parsePackageName(text)).toThrow(expect.objectContaining({ code: 'INVALID', hint }))
})
