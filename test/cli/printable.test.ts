import { expect, test } from 'vitest'
import {
  formatBytes,
  formatCount,
  formatPlural,
  formatSeconds,
  printable,
  printableJson,
} from '../../src/cli/printable.ts'

test('escapes what moves the cursor, colours, reverses or hides', () => {
  expect(printable('a\nb\tc\rd')).toBe('a\\nb\\tc\\rd')
  expect(printable('\u001b[2J\u001b]52;c;eA==\u0007')).toBe('\\x1b[2J\\x1b]52;c;eA==\\x07')
  expect(printable('\u009b31m')).toBe('\\x9b31m')
  expect(printable('exe.\u202egnp')).toBe('exe.\\u202egnp')
  expect(printable('a\u200bb\u200dc\ufeff')).toBe('a\\u200bb\\u200dc\\ufeff')
  expect(printable('\u{e0041}')).toBe('\\u{e0041}')
  expect(printable('\ud800x')).toBe('\\ud800x')
})

test('leaves the letters of the world alone', () => {
  const names = 'é 日本語 العربية हिन्दी 😀 a\u0301 S06_shift_-1.nii.gz'
  expect(printable(names)).toBe(names)
})

test('keeps a JSON value exact while making it harmless', () => {
  const value = { 'a\u202e': ['\u001b[2J', '\u009b', '\u{e0041}', '\ud800', 'x\ny'] }
  const text = printableJson(JSON.stringify(value, undefined, 2))
  expect(JSON.parse(text)).toEqual(value)
  expect(printable(text.replaceAll('\n', ''))).toBe(text.replaceAll('\n', ''))
})

test('says sizes, counts and times', () => {
  expect([0, 999, 1000, 1234, 999_499, 999_500, 1_234_567, 12_345_678, 5e12].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.2 kB',
    '999 kB',
    '1.0 MB',
    '1.2 MB',
    '12 MB',
    '5.0 TB',
  ])
  expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567'])
  expect([formatPlural(1, 'file'), formatPlural(2, 'file'), formatPlural(0, 'entry', 'entries')]).toEqual([
    '1 file',
    '2 files',
    '0 entries',
  ])
  expect([0.4, 59, 75, 3700].map(formatSeconds)).toEqual(['0 s', '59 s', '1 min 15 s', '1 h 1 min'])
})
