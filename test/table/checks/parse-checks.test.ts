// Definitions of checks as values that nobody vouches for.
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parseChecks, unknownChecks } from '../../../src/table/checks/parse-checks.ts'

const form = (definition: unknown): unknown => {
  const { checks, problems } = parseChecks({ it: definition })
  return problems.length > 0 ? problems : checks.get('it')?.form
}
/** Each problem as `path: message`. */
const problems = (definition: unknown): readonly string[] =>
  parseChecks({ it: definition }).problems.map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('reads', () => {
  const good: readonly (readonly [unknown, unknown])[] = [
    ['price > 0', { kind: 'expression', sql: 'price > 0' }],
    ['  price > 0\n  AND rows > 3;\n', { kind: 'expression', sql: 'price > 0\n  AND rows > 3' }],
    [{ sql: 'price > 0' }, { kind: 'expression', sql: 'price > 0' }],
    [{ query: 'SELECT * FROM data;' }, { kind: 'query', sql: 'SELECT * FROM data' }],
    [
      { enum: { column: 'a', values: ['x', 1, true, null, 2n] } },
      { kind: 'enum', column: 'a', values: ['x', 1, true, null, '2'] },
    ],
    [{ range: { column: 'a', min: 0 } }, { kind: 'range', column: 'a', of: 'value', min: 0, max: undefined }],
    [
      { range: { column: 'a', of: 'mean', min: -1.5, max: 3 } },
      { kind: 'range', column: 'a', of: 'mean', min: -1.5, max: 3 },
    ],
    [
      { range: { column: 'a', max: '2020-01-31' } },
      { kind: 'range', column: 'a', of: 'value', min: undefined, max: '2020-01-31' },
    ],
    [
      { regexp: { column: 'a', pattern: '^x' } },
      { kind: 'regexp', column: 'a', pattern: '^x', whole: false },
    ],
    [
      { substr: { column: 'a', text: 'x', any_case: true } },
      { kind: 'substr', column: 'a', text: 'x', anyCase: true },
    ],
    [{ dates: 'a' }, { kind: 'dates', column: 'a', format: undefined, min: undefined, max: undefined }],
    [
      { dates: { column: 'a', format: '%d.%m.%Y', min: '2020-01-01' } },
      { kind: 'dates', column: 'a', format: '%d.%m.%Y', min: '2020-01-01', max: undefined },
    ],
    [
      { dates: { column: 'a', max: new Date(0) } },
      { kind: 'dates', column: 'a', format: undefined, min: undefined, max: '1970-01-01T00:00:00.000Z' },
    ],
    [{ not_null: 'a' }, { kind: 'not_null', columns: ['a'] }],
    [{ unique: ['a', 'b'] }, { kind: 'unique', columns: ['a', 'b'] }],
    [{ unique: { columns: 'a' } }, { kind: 'unique', columns: ['a'] }],
    [
      { foreign_key: { column: 'a', table: 'shop/wine', references: 'id' } },
      { kind: 'foreign_key', columns: ['a'], table: 'shop/wine', references: ['id'] },
    ],
    [
      { foreign_key: { columns: ['a', 'b'], table: 't' } },
      { kind: 'foreign_key', columns: ['a', 'b'], table: 't', references: ['a', 'b'] },
    ],
    [{ rows: 150 }, { kind: 'rows', min: 150, max: 150 }],
    [{ rows: { min: 1 } }, { kind: 'rows', min: 1, max: undefined }],
    [
      { schema: { columns: ['a', 'b'], ordered: true } },
      {
        kind: 'schema',
        columns: new Map([
          ['a', undefined],
          ['b', undefined],
        ]),
        only: false,
        ordered: true,
      },
    ],
    [
      { schema: { columns: { a: 'int64', b: null }, only: true } },
      {
        kind: 'schema',
        columns: new Map([
          ['a', 'int64'],
          ['b', undefined],
        ]),
        only: true,
        ordered: false,
      },
    ],
    [new Map([['unique', 'a']]), { kind: 'unique', columns: ['a'] }],
  ]
  test.each(good.map(([definition, expected]) => [inspect(definition), definition, expected] as const))(
    '%s',
    (_, definition, expected) => {
      expect(form(definition)).toEqual(expected)
    },
  )

  test('nothing as no checks, and a description beside a form', () => {
    expect(parseChecks(undefined)).toEqual({ checks: new Map(), problems: [] })
    expect(parseChecks(null).problems).toEqual([])
    const { checks } = parseChecks(new Map([['it', { unique: 'a', description: 'ids are ids' }]]))
    expect(checks.get('it')).toEqual({
      name: 'it',
      form: { kind: 'unique', columns: ['a'] },
      description: 'ids are ids',
    })
  })

  test('names that are properties of every object (H18)', () => {
    const value = JSON.parse('{"__proto__": "a > 1", "constructor": {"unique": "__proto__"}}') as unknown
    const { checks, problems } = parseChecks(value)
    expect([...checks.keys()]).toEqual(['__proto__', 'constructor'])
    expect(problems).toEqual([])
    expect(parseChecks({ it: JSON.parse('{"constructor": 1}') as unknown }).problems).toHaveLength(1)
  })
})

describe('tells what is wrong, and where', () => {
  const bad: readonly (readonly [unknown, ...string[]])[] = [
    ['', 'it: expected an expression in SQL of at most 16384 characters, not ""'],
    [
      3,
      'it: expected an expression, or a mapping with sql, query, enum, range, regexp, substr, dates, not_null, unique, foreign_key, rows, schema, not 3',
    ],
    [
      ['a'],
      'it: expected an expression, or a mapping with sql, query, enum, range, regexp, substr, dates, not_null, unique, foreign_key, rows, schema, not a list',
    ],
    [
      {},
      'it: it says nothing of sql, query, enum, range, regexp, substr, dates, not_null, unique, foreign_key, rows, schema',
    ],
    [{ uniqe: 'a' }, 'it.uniqe: "uniqe" is not known here; did you mean "unique"?'],
    [
      { unique: 'a', rows: 3 },
      'it.rows: one form is enough: "rows" stands beside "unique"; make two checks of it',
    ],
    [
      { enum: { colum: 'a', values: [] } },
      'it.enum.colum: "colum" is not known here; did you mean "column"?',
      'it.enum: "column" is missing',
      'it.enum.values: expected a list of 1 to 10000 values, not an empty list',
    ],
    [
      { enum: { column: 'a', values: ['x', [1], NaN] } },
      'it.enum.values.1: expected a text, a number, true, false or null, not a list',
      'it.enum.values.2: expected a text, a number, true, false or null, not NaN',
    ],
    [{ range: { column: 'a' } }, 'it.range: "min" or "max" is missing'],
    [{ range: { column: 'a', min: 3, max: 1 } }, 'it.range: "min" (3) is above "max" (1)'],
    [
      { range: { column: 'a', of: 'mena', min: 1 } },
      'it.range.of: expected value, abs, length, count, distinct, sum, mean, median, mode, stddev or variance, not "mena"; did you mean "mean"?',
    ],
    [{ range: { column: 'a', of: 'mean', min: 'x' } }, 'it.range.min: the mean of a column is a number'],
    [
      { range: { column: '', min: Infinity } },
      'it.range.column: expected a text that is not empty, not ""',
      'it.range.min: expected a number or a text, not Infinity',
    ],
    [{ regexp: 'x' }, 'it.regexp: expected a mapping with column, pattern or whole, not "x"'],
    [
      { regexp: { column: 'a', pattern: 3, whole: 'yes' } },
      'it.regexp.pattern: expected a text of at most 16384 characters, not 3',
      'it.regexp.whole: expected true or false, not "yes"',
    ],
    [
      { dates: { column: 'a', min: '1.2.2020', max: 5 } },
      'it.dates.min: expected a date or a time as in ISO 8601 (2020-01-31), not "1.2.2020"',
      'it.dates.max: expected a date or a time as in ISO 8601 (2020-01-31), not 5',
    ],
    [{ unique: [] }, 'it.unique: expected the name of a column, or a list of such names, not an empty list'],
    [{ unique: ['a', 'a'] }, 'it.unique: the column "a" is named twice'],
    [
      { foreign_key: { column: 'a', columns: 'a' } },
      'it.foreign_key.column: one of "column" and "columns" is enough',
      'it.foreign_key: "table" is missing',
    ],
    [
      { foreign_key: { columns: ['a', 'b'], table: 't', references: 'c' } },
      'it.foreign_key: 2 columns cannot refer to 1',
    ],
    [{ rows: { min: -1 } }, 'it.rows.min: expected a whole number from 0 up, not -1'],
    [{ rows: 1.5 }, 'it.rows: expected a mapping with min or max, not 1.5'],
    [{ schema: { columns: { a: 3 } } }, 'it.schema.columns.a: expected the name of a type, not 3'],
    [{ unique: 'a', description: '' }, 'it.description: expected a text that is not empty, not ""'],
    [
      'x'.repeat(20_000),
      `it: expected an expression in SQL of at most 16384 characters, not "${'x'.repeat(80)}…"`,
    ],
  ]
  test.each(
    bad.map(([definition, ...told]) => [inspect(definition).slice(0, 80), definition, told] as const),
  )('%s', (_, definition, told) => {
    expect(problems(definition)).toEqual(told)
    expect(parseChecks({ it: definition }).checks.size).toBe(0)
  })

  test('all of a file at once, and keeps what is right', () => {
    const { checks, problems } = parseChecks({ a: 1, b: 'x > 1', 'c d': 'x > 1', e: { rows: {} } })
    expect([...checks.keys()]).toEqual(['b', 'c d'])
    expect(problems.map(({ path }) => path)).toEqual([['a'], ['c d'], ['e', 'rows']])
    expect(parseChecks(['a']).problems).toEqual([
      { path: [], message: 'expected a mapping of names to checks, not a list' },
    ])
  })

  test('names of checks that nobody has defined', () => {
    const { checks } = parseChecks({ positive: 'a > 0', short: 'a < 9' })
    expect(unknownChecks(['short', 'positiv', 'zzz'], checks)).toEqual([
      { path: [1], message: 'there is no check "positiv"; did you mean "positive"?' },
      { path: [2], message: 'there is no check "zzz"; there is positive, short' },
    ])
  })
})
