// Columns as TypeScript says them.
import { expect, test } from 'vitest'
import { cellType } from '../../../src/package/declare/column-types.ts'

test.each([
  ['int32', 'number | null'],
  ['int64', 'number | bigint | null'],
  ['date32', 'Date | null'],
  ['timestamp[us, UTC]', 'Date | null'],
  ['decimal(12,2)', 'number | null'],
  ['decimal(38,0)', 'bigint | null'],
  ['decimal(38,4)', 'string | null'],
  ['time64[us]', 'string | null'],
  ['list<int64>', 'readonly (number | bigint | null)[] | null'],
  [
    'struct<a: int32, b c: list<utf8>>',
    '{ readonly "a": number | null; readonly "b c": readonly (string | null)[] | null } | null',
  ],
  [
    'map<utf8, struct<x: double, y: double>>',
    'ReadonlyMap<string, { readonly "x": number | null; readonly "y": number | null } | null> | null',
  ],
])('%s is %s', (arrow, typescript) => {
  expect(cellType(arrow)).toBe(typescript)
})

test('what is known of the values makes a type narrower', () => {
  expect(cellType('int64', { isWide: false, hasNulls: false })).toBe('number')
  expect(cellType('int64', { isWide: true, hasNulls: true })).toBe('bigint | null')
  expect(cellType('utf8', { isWide: false, hasNulls: false })).toBe('string')
})
