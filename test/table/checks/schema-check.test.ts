// Which columns a table has, against what a check wants.
import { expect, test } from 'vitest'
import type { SchemaForm } from '../../../src/table/checks/check.ts'
import { schemaProblems } from '../../../src/table/checks/schema-check.ts'

const columns = [
  { name: 'id', type: 'int64' },
  { name: 'price', type: 'decimal(10,2)' },
  { name: 'kind', type: 'utf8' },
  { name: 'day', type: 'date32' },
]
const problems = (
  wanted: Readonly<Record<string, string | undefined>>,
  more: Partial<SchemaForm> = {},
): readonly string[] =>
  schemaProblems(
    { kind: 'schema', columns: new Map(Object.entries(wanted)), only: false, ordered: false, ...more },
    columns,
  )

test('columns may be wanted by name, by type and by family', () => {
  expect(problems({ id: undefined, price: 'number', kind: 'text', day: 'date' })).toEqual([])
  expect(problems({ id: 'int64', price: 'Decimal(10, 2)' })).toEqual([])
  expect(problems({ id: 'int32', kind: 'number', prise: undefined })).toEqual([
    '"id" is int64, not int32',
    '"kind" is utf8, not number',
    'there is no column "prise"; did you mean "price"?',
  ])
})

test('others and another order are told of where they are not wanted', () => {
  const all = { id: undefined, price: undefined, kind: undefined, day: undefined }
  expect(problems(all, { only: true, ordered: true })).toEqual([])
  expect(problems({ id: undefined, price: undefined, kind: undefined }, { only: true })).toEqual([
    'the column "day" is not wanted',
  ])
  expect(problems({ price: undefined, id: undefined })).toEqual([])
  expect(problems({ price: undefined, id: undefined }, { ordered: true })).toEqual([
    'the columns come as id, price',
  ])
})

const families: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    'integer',
    ['int8', 'uint64', 'BIGINT', 'utinyint', 'INTEGER'],
    ['interval', 'float64', 'int64[]', 'decimal(3,0)'],
  ],
  [
    'number',
    ['int8', 'float16', 'double', 'decimal(38,2)', 'half_float'],
    ['utf8', 'interval', 'list<int8>'],
  ],
  ['text', ['utf8', 'large_utf8', 'string', 'VARCHAR'], ['binary', 'list<utf8>', 'VARCHAR[]']],
  ['boolean', ['bool', 'BOOLEAN'], ['utf8']],
  ['date', ['date32', 'date64', 'DATE'], ['timestamp(us)']],
  ['time', ['time64(us)', 'time32(s)', 'TIME'], ['timestamp(us)', 'timestamp']],
  ['timestamp', ['timestamp(us)', 'TIMESTAMP WITH TIME ZONE'], ['time64(us)']],
  ['binary', ['binary', 'large_binary', 'BLOB', 'fixed_size_binary(16)'], ['utf8']],
  ['list', ['list<int64>', 'INTEGER[]', 'large_list<utf8>'], ['struct<a: int64>']],
  ['struct', ['struct<a: int64>', 'STRUCT(a INTEGER)'], ['list<struct<a: int64>>', 'STRUCT(a INTEGER)[]']],
]
test.each(families)('the family %s', (family, inside, outside) => {
  const fits = (type: string): boolean =>
    schemaProblems({ kind: 'schema', columns: new Map([['a', family]]), only: false, ordered: false }, [
      { name: 'a', type },
    ]).length === 0
  expect(inside.filter((type) => !fits(type))).toEqual([])
  expect(outside.filter(fits)).toEqual([])
})
