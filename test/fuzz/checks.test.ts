// SQL and definitions of checks, of any sort: the gate lets through only what another reading of the same tree finds
// harmless, and nothing that people write makes it, or the parser of checks, throw.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  allowedAggregates,
  allowedFunctions,
  allowedWindows,
} from '../../src/table/sandbox/allowed-functions.ts'
import { judge } from '../../src/table/sandbox/gate.ts'
import { parseChecks } from '../../src/table/checks/parse-checks.ts'
import { parsedText } from '../support/parsed-sql.ts'
import { fuzzing, fuzzTimeout } from '../support/fuzz-runs.ts'

const names = { tables: ['data', 'shop/wine'], columns: ['a', 'b'] }
const allowed = new Set([...allowedFunctions, ...allowedAggregates, ...allowedWindows])

/** Expressions and queries of SQL's own grammar, harmless and harmful ones side by side. */
const { query, expression } = fc.letrec<{ query: string; expression: string; source: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(
      'a',
      'b',
      '1',
      "'x'",
      'rows',
      'data.a',
      'current_date',
      'today',
      '*',
      '$1',
      '#1',
      'NULL',
      'DEFAULT',
    ),
    fc
      .tuple(
        fc.constantFrom(
          'abs',
          'sum',
          'count',
          'lower',
          'read_text',
          'random',
          'current_setting',
          'getvariable',
          'nextval',
          'list_value',
          'COLUMNS',
          'ROW',
          'write_log',
          'json_serialize_sql',
        ),
        tie('expression'),
      )
      .map(([name, inner]) => `${name}(${inner})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '=', 'AND', 'LIKE', '->>', '||', '<<', 'IN', '::'),
        tie('expression'),
      )
      .map((all) => all.join(' ')),
    tie('query').map((inner) => `(${inner})`),
    tie('query').map((inner) => `EXISTS (${inner})`),
    fc.tuple(tie('expression'), tie('query')).map(([one, inner]) => `${one} = ANY (${inner})`),
    tie('expression').map((inner) => `(${inner})`),
    tie('expression').map((inner) => `[${inner}]`),
    tie('expression').map((inner) => `sum(a) OVER (ORDER BY ${inner})`),
    tie('expression').map((inner) => `list_filter([1], lambda x: ${inner})`),
    tie('expression').map((inner) => `CASE WHEN ${inner} THEN 1 END`),
    tie('expression').map((inner) => `{'k': ${inner}}`),
    fc
      .tuple(tie('expression'), fc.constantFrom('INT', 'mytype', 'STRUCT(x mytype)', 'DECIMAL(3, 1)[]'))
      .map(([one, type]) => `CAST(${one} AS ${type})`),
  ),
  source: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom(
      'data',
      '"shop/wine"',
      'x',
      'y',
      "'/etc/passwd.csv'",
      '"/etc/passwd.csv"',
      'main.data',
      'duckdb_settings()',
      "read_csv('/etc/passwd')",
      'range(3)',
      "enable_logging('x')",
      '(VALUES (1)) v',
      'data TABLESAMPLE 10%',
      '(DESCRIBE data)',
    ),
    fc
      .tuple(tie('source'), fc.constantFrom(',', ' CROSS JOIN ', ' POSITIONAL JOIN '), tie('source'))
      .map((all) => all.join('')),
    fc.tuple(tie('source'), tie('source'), tie('expression')).map(([a, b, on]) => `${a} JOIN ${b} ON ${on}`),
    tie('query').map((inner) => `(${inner}) q`),
    tie('query').map((inner) => `LATERAL (${inner}) l`),
    tie('source').map((inner) => `(FROM ${inner}) f PIVOT (sum(a) FOR b IN (1))`),
  ),
  query: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    tie('expression').map((one) => `SELECT ${one}`),
    tie('source').map((from) => `FROM ${from}`),
    fc
      .tuple(tie('expression'), tie('source'), tie('expression'))
      .map(([one, from, where]) => `SELECT ${one} FROM ${from} WHERE ${where}`),
    fc
      .tuple(
        tie('source'),
        fc.constantFrom('GROUP BY', 'ORDER BY', 'LIMIT', 'QUALIFY', 'HAVING', 'WINDOW w AS', 'USING SAMPLE'),
        tie('expression'),
      )
      .map(([from, clause, one]) => `SELECT 1 FROM ${from} ${clause} ${one}`),
    fc
      .tuple(
        fc.constantFrom('x', 'y', 'data', '"/etc/passwd.csv"', 'RECURSIVE x'),
        tie('query'),
        tie('query'),
      )
      .map(([name, inner, outer]) => `WITH ${name} AS (${inner}) ${outer}`),
    fc
      .tuple(tie('query'), fc.constantFrom('UNION ALL', 'EXCEPT'), tie('query'))
      .map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc
      .tuple(tie('query'), fc.constantFrom(';', '; COPY data TO 1;', ' --', ' /*', ')'))
      .map((all) => all.join('')),
  ),
}))

/** Every function and every table that a tree names anywhere, found by looking at its text alone. */
function namedIn(tree: string): {
  readonly functions: readonly string[]
  readonly tables: readonly string[]
} {
  const all = (key: string): readonly string[] =>
    [...tree.matchAll(new RegExp(`"${key}":"((?:[^"\\\\]|\\\\.)*)"`, 'g'))].map(([, name = '']) =>
      name.toLowerCase(),
    )
  return { functions: all('function_name'), tables: all('table_name') }
}

let passed = 0
let refused = 0

async function holds(sql: string): Promise<void> {
  const tree = await parsedText(sql)
  const { refusals, tables } = judge(JSON.parse(tree), names)
  if (refusals.length > 0) {
    refused++
    return
  }
  passed++
  const found = namedIn(tree)
  for (const name of found.functions) expect(allowed, sql).toContain(name)
  for (const name of found.tables) expect(name, sql).toMatch(/^(data|shop\/wine|x|y)$/)
  for (const name of tables) expect(names.tables, sql).toContain(name)
  for (const word of [
    '"TABLE_FUNCTION"',
    '"SHOW_REF"',
    '"PIVOT"',
    '"PARAMETER"',
    '"sample"',
    'RECURSIVE',
    'mytype',
    'schema_name',
  ])
    expect(tree, sql).not.toContain(word)
  if (/"key":"(?!x"|y"|data")/.test(tree)) throw new Error(`a name in WITH that is no plain word: ${sql}`)
}

describe('the gate', () => {
  test(
    'lets through queries that name only what is allowed',
    async () => {
      await fc.assert(fc.asyncProperty(query, holds), fuzzing(10))
      await fc.assert(
        fc.asyncProperty(
          expression.map((one) => `SELECT (\n${one}\n)`),
          holds,
        ),
        fuzzing(5),
      )
      expect(passed).toBeGreaterThan(20)
      expect(refused).toBeGreaterThan(100)
    },
    fuzzTimeout,
  )

  test(
    'takes any text',
    async () => {
      const text = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc
          .array(
            fc.constantFrom(
              "'",
              '"',
              '(',
              ')',
              'SELECT',
              'FROM',
              '--',
              '/*',
              ';',
              '$$',
              'data',
              '1',
              '\0',
              'é',
              '\\',
              ',',
              'WITH',
              'AS',
            ),
          )
          .map((all) => all.join(' ')),
      )
      await fc.assert(fc.asyncProperty(text, holds), fuzzing(5))
    },
    fuzzTimeout,
  )

  test('takes any value for a tree, and lets none of them through that is no tree', () => {
    const key = fc.constantFrom(
      'error',
      'statements',
      'node',
      'type',
      'class',
      'cte_map',
      'map',
      'key',
      'value',
      'table_name',
      'function_name',
      'cast_type',
      'column_names',
      'select_list',
    )
    const word = fc.constantFrom('SELECT_NODE', 'BASE_TABLE', 'FUNCTION', 'COLUMN_REF', 'CAST', 'EMPTY', 'x')
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        word,
        fc.constantFrom(null, true, false, 3),
        fc.array(tie('tree')),
        fc.dictionary(key, tie('tree')),
      ),
    }))
    fc.assert(
      fc.property(fc.oneof(tree, fc.anything()), (value) => {
        expect(judge(value, names).refusals.length).toBeGreaterThan(0)
        judge({ error: false, statements: [{ node: value }] }, names)
        judge({ error: false, statements: [value] }, names)
      }),
      fuzzing(10),
    )
  })

  test('takes a tree of any depth', () => {
    let node: unknown = { class: 'COLUMN_REF', type: 'COLUMN_REF', column_names: ['a'] }
    for (let i = 0; i < 200_000; i++) node = { class: 'OPERATOR', type: 'OPERATOR_NOT', children: [node] }
    const select = { type: 'SELECT_NODE', select_list: [node], from_table: { type: 'EMPTY' } }
    expect(judge({ error: false, statements: [{ node: select }] }, names).refusals).toEqual([])
  })
})

describe('the parser of checks', () => {
  const form = fc.constantFrom(
    'sql',
    'query',
    'enum',
    'range',
    'regexp',
    'substr',
    'dates',
    'not_null',
    'unique',
    'foreign_key',
    'rows',
    'schema',
    'description',
    '__proto__',
  )
  const field = fc.constantFrom(
    'column',
    'columns',
    'values',
    'min',
    'max',
    'of',
    'pattern',
    'text',
    'format',
    'table',
    'references',
    'only',
    '__proto__',
    'constructor',
  )
  const leaf = fc.oneof(
    fc.anything({ maxDepth: 1 }),
    fc.constantFrom('a', 'mean', '2020-01-31', 1, -1, NaN, null, true, []),
    fc.array(fc.constantFrom('a', 'b', 1)),
  )
  const definition = fc.oneof(
    fc.string(),
    fc.dictionary(form, fc.oneof(leaf, fc.dictionary(field, leaf))),
    fc.anything({ maxDepth: 2 }),
  )

  test(
    'gives checks or problems with a place in what it was given',
    () => {
      let good = 0
      fc.assert(
        fc.property(fc.oneof(fc.dictionary(fc.string(), definition), fc.anything()), (value) => {
          const { checks, problems } = parseChecks(value)
          good += checks.size
          for (const { path, message } of problems) {
            expect(message).not.toMatch(/undefined|\[object|NaN is/)
            expect(message.length).toBeLessThan(2000)
            if (path.length > 0) expect(typeof path[0]).toBe('string')
          }
          for (const [name, { name: own }] of checks) expect(own).toBe(name)
        }),
        fuzzing(10),
      )
      expect(good).toBeGreaterThan(50)
    },
    fuzzTimeout,
  )
})
