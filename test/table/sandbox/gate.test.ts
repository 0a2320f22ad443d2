// The gate, over trees of DuckDB's own parser: what passes, what does not, and why.
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, test } from 'vitest'
import {
  allowedAggregates,
  allowedFunctions,
  allowedWindows,
} from '../../../src/table/sandbox/allowed-functions.ts'
import { judge, type Verdict } from '../../../src/table/sandbox/gate.ts'
import { parsed } from '../../support/parsed-sql.ts'

const names = { tables: ['data', 'shop/wine', 'Other'], columns: ['a', 'b', 'c'] }
const verdict = async (sql: string): Promise<Verdict> => judge(await parsed(sql), names)
const reasons = async (sql: string): Promise<string> =>
  (await verdict(sql)).refusals.map(({ message }) => message).join('; ')

describe('lets through', () => {
  const texts = [
    'SELECT 1',
    'SELECT * FROM data',
    'FROM data',
    'TABLE data',
    'VALUES (1, 2)',
    'SELECT a FROM "shop/wine" WHERE b LIKE \'x%\' ORDER BY a DESC NULLS LAST LIMIT 3',
    'SELECT DISTINCT ON (a) a, count(*) FILTER (WHERE b > 1) FROM DATA GROUP BY CUBE (a, b) HAVING sum(a) > 1',
    'SELECT a, row_number() OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM data',
    'SELECT a FROM data d JOIN other USING (a) LEFT JOIN "shop/wine" w ON w.a = d.b, LATERAL (SELECT d.a) x',
    'SELECT a FROM data UNION ALL SELECT b FROM other EXCEPT SELECT 3 ORDER BY ALL',
    "SELECT a::DECIMAL(10, 2), CAST(a AS TIMESTAMP WITH TIME ZONE), TRY_CAST(b AS INT[]), DATE '2020-01-31', a::STRUCT(x INT) FROM data",
    "SELECT [x + 1 for x in [1, 2] if x > 1], {'k': 1}.k, map {'a': 1}, list_filter(c, lambda x: x > a) FROM data",
    "SELECT extract(year FROM a), a AT TIME ZONE 'UTC', INTERVAL 3 DAY, a BETWEEN 1 AND 2, a IN (1, 2), a ~ 'x', a SIMILAR TO 'y' FROM data",
    'SELECT CASE WHEN a THEN 1 ELSE 2 END, coalesce(a, b), nullif(a, b), a IS NULL, NOT a, c[1], c[1:2] FROM data',
    'SELECT EXISTS (SELECT 1 FROM other o WHERE o.a = data.a), a = ANY (SELECT b FROM other) FROM data',
    'SELECT COLUMNS(*) FROM data',
  ]
  test.each(texts)('%s', async (sql) => {
    expect(await reasons(sql)).toBe('')
  })

  test('and names the tables, as they were handed in', async () => {
    const { tables } = await verdict('SELECT * FROM DATA, "SHOP/wine" WHERE a IN (SELECT a FROM other)')
    expect([...tables].sort()).toEqual(['Other', 'data', 'shop/wine'])
  })
})

describe('names that WITH defines', () => {
  const fine = [
    'WITH x AS (SELECT a FROM data), y AS NOT MATERIALIZED (SELECT a FROM x) SELECT * FROM y, X',
    'SELECT (WITH x AS (SELECT 1) SELECT * FROM x)',
    'WITH x AS (SELECT 1) SELECT (SELECT count(*) FROM x)',
    'WITH data AS (SELECT 1) SELECT * FROM data',
    'WITH x AS (SELECT 1) SELECT * FROM x UNION ALL SELECT * FROM x',
  ]
  test.each(fine)('are known inside: %s', async (sql) => {
    expect(await reasons(sql)).toBe('')
  })

  test('hide the table of the same name', async () => {
    expect((await verdict('WITH data AS (SELECT 1) SELECT * FROM data')).tables).toEqual([])
  })

  const leaks: readonly (readonly [string, string])[] = [
    ['SELECT (WITH x AS (SELECT 1) SELECT 1), (SELECT 1 FROM x)', 'there is no table "x" here'],
    ['SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) q, x', 'there is no table "x" here'],
    ['(WITH x AS (SELECT 1) SELECT * FROM x) UNION ALL SELECT * FROM x', 'there is no table "x" here'],
    ['WITH x AS (SELECT * FROM x) SELECT * FROM x', 'there is no table "x" here'],
    ['WITH x AS (SELECT * FROM y), y AS (SELECT 1) SELECT * FROM x', 'there is no table "y" here'],
    ['WITH "/etc/passwd.csv" AS (SELECT 1) SELECT 1', '"/etc/passwd.csv" is no plain word'],
    ['WITH "x.csv" AS (SELECT 1) SELECT * FROM "x.csv"', '"x.csv" is no plain word'],
    ['WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT * FROM r', 'WITH RECURSIVE may not'],
    ["WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT 1", 'the table function read_text'],
  ]
  test.each(leaks)('are not known outside, nor to themselves: %s', async (sql, reason) => {
    expect(await reasons(sql)).toContain(reason)
  })
})

/** What got past DuckDB's settings, or must never come to them. */
const refused: readonly (readonly [string, string])[] = [
  ["SELECT * FROM enable_logging('QueryLog', storage = 'file')", 'the table function enable_logging'],
  ["CALL enable_logging('QueryLog')", 'only a SELECT'],
  ['SELECT * FROM duckdb_settings()', 'the table function duckdb_settings'],
  ['SELECT * FROM duckdb_secrets()', 'the table function duckdb_secrets'],
  ["SELECT * FROM read_csv('/etc/passwd')", 'the table function read_csv'],
  ["SELECT * FROM glob('/*')", 'the table function glob'],
  ["SELECT * FROM parquet_metadata('x')", 'the table function parquet_metadata'],
  ["SELECT * FROM query('SELECT 1')", 'the table function query'],
  ["SELECT * FROM query_table('data')", 'the table function query_table'],
  ['SELECT * FROM range(1000000000)', 'the table function range'],
  ['SELECT * FROM unnest([1])', 'the table function unnest'],
  ["SELECT * FROM json_execute_serialized_sql('{}')", 'the table function json_execute_serialized_sql'],
  [
    "SELECT a FROM data WHERE b = (SELECT content FROM read_text('/etc/passwd'))",
    'the table function read_text',
  ],
  ["SELECT * FROM '/etc/passwd.csv'", 'there is no table "/etc/passwd.csv"'],
  ['SELECT * FROM "https://example.org/x.parquet"', 'there is no table'],
  ['SELECT * FROM information_schema.tables', 'with a schema or a catalog'],
  ['SELECT * FROM memory.main.data', 'with a schema or a catalog'],
  ['SELECT * FROM main.data', 'with a schema or a catalog'],
  ['SELECT * FROM duckdb_tables', 'there is no table'],
  ['SELECT * FROM sqlite_master', 'there is no table'],
  ["SELECT current_setting('secret_directory')", 'the function current_setting'],
  ["SELECT getvariable('x')", 'the function getvariable'],
  ["SELECT getenv('HOME')", 'the function getenv'],
  ["SELECT write_log('x')", 'the function write_log'],
  ["SELECT nextval('x')", 'the function nextval'],
  ["SELECT currval('x')", 'the function currval'],
  ['SELECT sleep_ms(100000)', 'the function sleep_ms'],
  ['SELECT pg_sleep(100000)', 'the function pg_sleep'],
  ["SELECT error('x')", 'the function error'],
  ['SELECT stats(a) FROM data', 'the function stats'],
  ["SELECT json_serialize_sql('SELECT 1')", 'the function json_serialize_sql'],
  ["SELECT json_deserialize_sql('{}')", 'the function json_deserialize_sql'],
  ["SELECT json_serialize_plan('SELECT 1')", 'the function json_serialize_plan'],
  ["SELECT repeat('x', 2000000000)", 'the function repeat'],
  ['SELECT range(1000000000)', 'the function range'],
  ['SELECT unnest([1, 2])', 'the function unnest'],
  ['SELECT random()', 'the function random'],
  ['SELECT uuid()', 'the function uuid'],
  ['SELECT now()', 'the function now'],
  ['SELECT version()', 'the function version'],
  ['SELECT system.main.abs(1)', 'the function abs'],
  ['SELECT pg_catalog.abs(1)', 'the function abs'],
  ['SELECT current_date', 'current_date differs from run to run'],
  ['SELECT CURRENT_USER', 'current_user'],
  ['SELECT a FROM data ORDER BY random()', 'the function random'],
  ['SELECT a FROM data LIMIT (SELECT random()::INT)', 'the function random'],
  ['SELECT sum(a) OVER (PARTITION BY random()) FROM data', 'the function random'],
  ['SELECT a FROM data QUALIFY random() > 1', 'the function random'],
  ['SELECT a FROM data GROUP BY random() HAVING uuid() IS NULL', 'the function random'],
  ['SELECT * REPLACE (random() AS a) FROM data', 'the function random'],
  ['SELECT COLUMNS(x -> write_log(x)) FROM data', 'the function write_log'],
  ['SELECT list_transform([1], lambda x: random())', 'the function random'],
  ['VALUES (random())', 'the function random'],
  ['SELECT 1 IN (SELECT random())', 'the function random'],
  ['SELECT CASE WHEN random() > 0 THEN 1 END', 'the function random'],
  ['SELECT a FROM data, LATERAL (SELECT random()) x', 'the function random'],
  ['SELECT a FROM data JOIN other ON random() > a', 'the function random'],
  ['SELECT a FROM data USING SAMPLE 3', 'a sample differs'],
  ['SELECT a FROM data TABLESAMPLE 10%', 'a sample differs'],
  ['SELECT a FROM data AT (VERSION => 3)', 'with a schema or a catalog'],
  ['SELECT $1', 'parameters have no values'],
  ['SELECT ?', 'parameters have no values'],
  ['SELECT #1 FROM data', 'POSITIONAL_REFERENCE may not'],
  ['SELECT a COLLATE nocase FROM data', 'COLLATE may not'],
  ['SELECT DEFAULT', 'DEFAULT may not'],
  ['SELECT a LIMIT 10%', 'limit percent modifier may not'],
  ['DESCRIBE data', 'DESCRIBE, SHOW and SUMMARIZE'],
  ['SUMMARIZE data', 'DESCRIBE, SHOW and SUMMARIZE'],
  ['SHOW TABLES', 'DESCRIBE, SHOW and SUMMARIZE'],
  ['SELECT * FROM (DESCRIBE data)', 'DESCRIBE, SHOW and SUMMARIZE'],
  ['PIVOT data ON a USING sum(b)', 'only a SELECT'],
  ['SELECT * FROM data PIVOT (sum(a) FOR b IN (1, 2))', 'pivot may not'],
  ['SELECT a::mytype FROM data', 'there is no type "mytype"'],
  ['SELECT a::other.mytype FROM data', 'schema or a catalog'],
  ['SELECT a::GEOMETRY FROM data', 'there is no type "geometry"'],
  ['SELECT a::VARIANT FROM data', 'there is no type "variant"'],
  ["SELECT a::ENUM('x') FROM data", 'there is no type "enum"'],
  ['SELECT a::INT[]::STRUCT(x mytype) FROM data', 'there is no type "mytype"'],
  ['SELECT 1; SELECT 2', 'exactly one statement'],
  ['', 'exactly one statement'],
  ['SELECT', 'it is no SQL'],
  ['SELECT (a', 'it is no SQL'],
  [`SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`, 'it is no SQL'],
  ["COPY data TO 'x.csv'", 'only a SELECT'],
  ["ATTACH 'x.db'", 'only a SELECT'],
  ['INSTALL httpfs', 'only a SELECT'],
  ['LOAD httpfs', 'only a SELECT'],
  ['PRAGMA version', 'only a SELECT'],
  ["SET memory_limit = '1TB'", 'only a SELECT'],
  ['SET VARIABLE x = 1', 'only a SELECT'],
  ['RESET threads', 'only a SELECT'],
  ['CREATE TABLE x (a INT)', 'only a SELECT'],
  ['CREATE MACRO m() AS 1', 'only a SELECT'],
  ['CREATE SECRET s (TYPE s3)', 'only a SELECT'],
  ['DROP VIEW data', 'only a SELECT'],
  ['CHECKPOINT', 'only a SELECT'],
  ['PREPARE p AS SELECT 1', 'only a SELECT'],
  ['EXECUTE p', 'only a SELECT'],
  ['EXPLAIN ANALYZE SELECT 1', 'only a SELECT'],
  ["EXPORT DATABASE 'x'", 'only a SELECT'],
  ['INSERT INTO data VALUES (1)', 'only a SELECT'],
  ['WITH x AS (INSERT INTO data VALUES (1) RETURNING a) SELECT * FROM x', 'it is no SQL'],
]

describe('refuses', () => {
  test.each(refused.map(([sql, reason]) => [sql.slice(0, 100), sql, reason] as const))(
    '%s',
    async (_, sql, reason) => {
      expect(await reasons(sql)).toContain(reason)
    },
  )

  test('and says where, in bytes from the start', async () => {
    expect((await verdict("SELECT 'é', random()")).refusals).toEqual([
      { message: 'the function random may not be called', at: 13 },
    ])
  })

  test('columns of hidden names only where there are none', async () => {
    const tree = await parsed('SELECT today, "current_date" FROM data')
    expect(judge(tree, { tables: ['data'], columns: ['Today', 'current_date'] }).refusals).toEqual([])
    expect(judge(tree, { tables: ['data'], columns: ['today'] }).refusals).toHaveLength(1)
  })

  test('names in WITH that only the program may use, when it does not', async () => {
    const tree = await parsed('WITH "shop/wine" AS (SELECT 1) SELECT * FROM "shop/wine"')
    expect(judge(tree, { tables: [], aliases: ['shop/wine'] }).refusals).toEqual([])
    expect(judge(tree, { tables: [] }).refusals).toHaveLength(1)
  })
})

describe('an expression', () => {
  const facts = async (sql: string): Promise<unknown> => {
    const { expression } = await verdict(`SELECT (\n${sql}\n)`)
    return expression === undefined ? undefined : { ...expression, columns: [...expression.columns].sort() }
  }
  const cases: readonly (readonly [string, unknown])[] = [
    ['a > 0', { aggregate: false, columns: ['a'] }],
    ['sum(A) > data.b', { aggregate: true, columns: ['a', 'data'] }],
    ['count(*) > 0', { aggregate: true, columns: [] }],
    ['rows > 3', { aggregate: false, columns: ['rows'] }],
    ['a > (SELECT max(b) FROM data)', { aggregate: false, columns: ['a'] }],
    ['EXISTS (SELECT sum(a) FROM data)', { aggregate: false, columns: [] }],
    ['sum(a) OVER () > 1', { aggregate: false, columns: ['a'] }],
    ['a > 0 -- and so on', { aggregate: false, columns: ['a'] }],
  ]
  test.each(cases)('%s: its facts', async (sql, expected) => {
    expect(await facts(sql)).toEqual(expected)
  })

  const others = [
    'a) AS x, (b',
    'a) FROM data WHERE (b',
    'a) UNION SELECT (1',
    'a) ORDER BY (1',
    'a) GROUP BY (b',
    'a) LIMIT (1',
    'COLUMNS(*) > 0',
    '*',
    'coalesce(*)',
    'a) WHERE true --',
    'a) /*',
    'a; SELECT 1',
    'a)); SELECT ((1',
  ]
  test.each(others)('is not: %s', async (sql) => {
    expect(await facts(sql)).toBeUndefined()
  })
})

describe('the functions that are allowed', () => {
  test('are in DuckDB, of the kind that they are listed as, and never differ from run to run', async () => {
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    const reader = await connection.runAndReadAll(
      `SELECT lower(function_name), string_agg(DISTINCT function_type, ' '), string_agg(DISTINCT coalesce(stability, 'CONSISTENT'), ' ')
      FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'macro') GROUP BY 1`,
    )
    const known = new Map(reader.getRowsJson().map(([name, ...rest]) => [String(name), rest.map(String)]))
    const written = new Set(['coalesce', '->']) // the parser's own
    expect(allowedFunctions.size).toBeGreaterThan(300)
    for (const name of [...allowedFunctions, ...allowedAggregates, ...allowedWindows]) {
      if (written.has(name)) continue
      expect(known.get(name)?.[1], name).toBe('CONSISTENT')
    }
    for (const name of allowedFunctions)
      if (!written.has(name)) expect(known.get(name)?.[0], name).not.toBe('aggregate')
    for (const name of allowedAggregates)
      if (!written.has(name)) expect(known.get(name)?.[0], name).toMatch(/aggregate|macro/)
    connection.closeSync()
  })
})
