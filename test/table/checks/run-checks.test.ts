// Checks over real tables in real sandboxes: what holds, what breaks, and what cannot be asked.
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseChecks } from '../../../src/table/checks/parse-checks.ts'
import { runChecks } from '../../../src/table/checks/run-checks.ts'
import type { CheckedTable } from '../../../src/table/checks/work.ts'
import { defaultLimits } from '../../../src/table/sandbox/limits.ts'
import { check, tableOf, vegaTable } from '../../support/checked-tables.ts'
import { testHost } from '../../support/sandbox-host.ts'

const host = testHost()
const weather = await vegaTable(host, 'weather', 'seattle-weather.csv')
const people = await vegaTable(host, 'lookup/people', 'lookup_people.csv')
const groups = await vegaTable(host, 'lookup/groups', 'lookup_groups.csv')
const stocks = await vegaTable(host, 'stocks', 'stocks.csv')

/** What became of each definition: `holds`, or what is told. */
async function told(
  definitions: Readonly<Record<string, unknown>>,
  tables: CheckedTable | readonly CheckedTable[],
): Promise<Readonly<Record<string, string>>> {
  const { failures, asked } = await check(definitions, tables, { host, rows: 0 })
  expect(asked).toBe(Object.keys(definitions).length)
  const messages = new Map(failures.map(({ check, message, reason }) => [check, `${reason}: ${message}`]))
  return Object.fromEntries(Object.keys(definitions).map((name) => [name, messages.get(name) ?? 'holds']))
}

/** Definitions with what must become of them. */
async function expectAll(
  cases: Readonly<Record<string, readonly [definition: unknown, outcome: string]>>,
  tables: CheckedTable | readonly CheckedTable[],
): Promise<void> {
  const entries = Object.entries(cases)
  const definitions = Object.fromEntries(entries.map(([name, [definition]]) => [name, definition]))
  expect(await told(definitions, tables)).toEqual(
    Object.fromEntries(entries.map(([name, [, outcome]]) => [name, outcome])),
  )
}

describe('an expression', () => {
  test('about columns holds for each row, one about the table for the table', async () => {
    await expectAll(
      {
        rows: ['temp_max >= temp_min', 'holds'],
        some: ['temp_max < 35', 'broken: 2 of 1461 rows break it'],
        one: ['wind < 9.5', 'broken: 1 of 1461 rows breaks it'],
        logic: ["weather IN ('sun', 'rain', 'fog', 'snow') OR temp_max > -5", 'holds'],
        named: ['data.wind > 0 AND Temp_Max > -10', 'holds'],
        comment: ['wind > 0 -- always', 'holds'],
        aggregate: ['avg(temp_max) BETWEEN 10 AND 20', 'holds'],
        false: ['max(wind) < 5', 'broken: it does not hold for the table'],
        null: [
          'max(wind) FILTER (wind > 100) < 5',
          'broken: it does not hold for the table: what it says is null',
        ],
        window: ['date > lag(date) OVER (ORDER BY date)', 'holds'],
        subquery: ['wind <= (SELECT avg(wind) * 2.9 FROM data)', 'broken: 1 of 1461 rows breaks it'],
        with: ['(WITH w AS (SELECT max(wind) AS most FROM data) SELECT most < 10 FROM w)', 'holds'],
        exists: ["EXISTS (SELECT 1 FROM data WHERE weather = 'snow')", 'holds'],
      },
      weather,
    )
  })

  test('may name `rows` and `columns`', async () => {
    await expectAll(
      {
        rows: ['rows = 1461', 'holds'],
        few: ['rows < 1000', 'broken: it does not hold for the table'],
        columns: ["len(columns) = 6 AND 'wind' IN columns AND columns[1] = 'date'", 'holds'],
        beside: ['temp_max < rows', 'holds'],
        mixed: ['count(DISTINCT date) = rows', 'holds'],
      },
      weather,
    )
    const own = await tableOf(host, 'own', { sql: "SELECT 7 AS rows, 'x' AS columns FROM range(2)" })
    await expectAll({ rows: ['rows = 7', 'holds'], columns: ["columns = 'x'", 'holds'] }, own)
  })

  test('that is null for a row does not break it there', async () => {
    const gaps = await tableOf(host, 'gaps', { sql: 'SELECT unnest([1, NULL, 3]) AS x' })
    await expectAll(
      { null: ['x > 0', 'holds'], is: ['x IS NOT NULL', 'broken: 1 of 3 rows breaks it'] },
      gaps,
    )
  })

  test('over no rows holds, and one about the table is asked all the same', async () => {
    const empty = await tableOf(host, 'empty', { sql: 'SELECT 1 AS x WHERE false' })
    await expectAll(
      {
        rows: ['x > 5', 'holds'],
        some: ['rows > 0', 'broken: it does not hold for the table'],
        count: ['count(*) = 0', 'holds'],
        unique: [{ unique: 'x' }, 'holds'],
        range: [
          { range: { column: 'x', of: 'mean', min: 0 } },
          'broken: it does not hold for the table: the mean is null',
        ],
      },
      empty,
    )
  })

  test('that cannot be asked says why', async () => {
    await expectAll(
      {
        typo: [
          'temp_mx > 3',
          'unanswered: Referenced column "temp_mx" not found in FROM clause! Candidate bindings: "temp_max", "temp_min", "date"',
        ],
        number: ['wind + 1', 'unanswered: it is neither true nor false, but of type DOUBLE'],
        text: ["'yes'", 'unanswered: it is neither true nor false, but of type VARCHAR'],
        two: ['wind > 1) AS x, (wind > 2', 'unanswered: it is more than one expression'],
        from: ['wind > 1) FROM data WHERE (wind > 2', 'unanswered: it is more than one expression'],
        star: ['COLUMNS(*) IS NOT NULL', 'unanswered: it is more than one expression'],
        statement: [
          'wind > 1); DROP TABLE data; --',
          'unanswered: it is no SQL: syntax error at or near ")" (line 1, column 31)',
        ],
        file: [
          "wind > (SELECT count(*) FROM read_csv('/etc/passwd'))",
          'unanswered: the table function read_csv may not be called (line 1, column 30)',
        ],
        path: [
          "wind > (SELECT count(*) FROM '/etc/passwd.csv')",
          'unanswered: there is no table "/etc/passwd.csv" here (line 1, column 30)',
        ],
        inside: [
          'wind > (SELECT count(*) FROM "#0")',
          'unanswered: there is no table "#0" here (line 1, column 30)',
        ],
        today: [
          'date < current_date',
          'unanswered: current_date differs from run to run or from machine to machine (line 1, column 8)',
        ],
        second: [
          'wind > 1 AND\n  random() > 0',
          'unanswered: the function random may not be called (line 2, column 3)',
        ],
        divided: [
          'weather::INT > 3',
          "unanswered: Could not convert string 'drizzle' to INT32 when casting from source column weather",
        ],
      },
      weather,
    )
  })

  test('may look at other tables of the package', async () => {
    const tables = [groups, people]
    await expectAll(
      {
        in: ['person IN (SELECT name FROM "lookup/people")', 'holds'],
        upper: ['person IN (SELECT name FROM "LOOKUP/People")', 'holds'],
        own: ['(SELECT count(*) FROM "lookup/groups") = rows', 'holds'],
        all: ['(SELECT max(age) FROM "lookup/people") < 50', 'broken: it does not hold for the table'],
        none: [
          'person IN (SELECT name FROM "lookup/peple")',
          'unanswered: there is no table "lookup/peple" here (line 1, column 29)',
        ],
      },
      tables,
    )
  })
})

describe('the declarative forms', () => {
  test('enum', async () => {
    const kinds = ['drizzle', 'rain', 'sun', 'snow', 'fog']
    await expectAll(
      {
        all: [{ enum: { column: 'weather', values: kinds } }, 'holds'],
        less: [{ enum: { column: 'weather', values: kinds.slice(1) } }, 'broken: 53 of 1461 rows break it'],
        numbers: [{ enum: { column: 'wind', values: [4.7, '4.5'] } }, 'broken: 1410 of 1461 rows break it'],
        words: [{ enum: { column: 'wind', values: ['a', true] } }, 'broken: 1461 of 1461 rows break it'],
        dates: [{ enum: { column: 'date', values: ['2012-01-01'] } }, 'broken: 1460 of 1461 rows break it'],
        quotes: [
          { enum: { column: 'weather', values: ["'); DROP TABLE data; --"] } },
          'broken: 1461 of 1461 rows break it',
        ],
        column: [
          { enum: { column: 'wether', values: kinds } },
          'unanswered: "weather" has no column "wether"; did you mean "weather"?',
        ],
      },
      weather,
    )
  })

  test('range', async () => {
    const range = (of: string, bounds: object): unknown => ({ range: { column: 'wind', of, ...bounds } })
    const beyond = 'broken: it does not hold for the table: the'
    await expectAll(
      {
        value: [{ range: { column: 'wind', min: 0.4, max: 9.5 } }, 'holds'],
        low: [{ range: { column: 'temp_min', min: 0 } }, 'broken: 72 of 1461 rows break it'],
        abs: [{ range: { column: 'temp_min', of: 'abs', max: 20 } }, 'holds'],
        length: [
          { range: { column: 'weather', of: 'length', min: 3, max: 4 } },
          'broken: 53 of 1461 rows break it',
        ],
        day: [
          { range: { column: 'date', min: '2012-01-02', max: '2015-12-30' } },
          'broken: 2 of 1461 rows break it',
        ],
        word: [{ range: { column: 'weather', min: 'e' } }, 'broken: 53 of 1461 rows break it'],
        text: [{ range: { column: 'weather', min: 0 } }, 'broken: 1461 of 1461 rows break it'],
        count: [range('count', { min: 1461, max: 1461 }), 'holds'],
        distinct: [range('distinct', { max: 10 }), `${beyond} distinct is 79`],
        sum: [range('sum', { max: 4736 }), 'holds'],
        mean: [range('mean', { min: 3.3 }), `${beyond} mean is 3.241136208076654`],
        median: [range('median', { min: 3, max: 3 }), 'holds'],
        mode: [range('mode', { min: 2.6, max: 2.6 }), 'holds'],
        stddev: [range('stddev', { min: 1.4, max: 1.5 }), 'holds'],
        variance: [range('variance', { max: 1 }), `${beyond} variance is 2.067340899927806`],
        wrong: [
          { range: { column: 'wind', min: 'x' } },
          'unanswered: the column "wind" holds numbers, and "x" is none',
        ],
        other: [
          { range: { column: 'date', min: 5 } },
          'unanswered: the column "date" holds no numbers but DATE',
        ],
      },
      weather,
    )
    const odd =
      "SELECT unnest(['nan', '1', NULL])::DOUBLE AS x, unnest(['5', 'five', NULL]) AS t, 9007199254740993 AS big"
    await expectAll(
      {
        nan: [{ range: { column: 'x', min: 0 } }, 'broken: 1 of 3 rows breaks it'],
        five: [{ range: { column: 't', max: 9 } }, 'broken: 1 of 3 rows breaks it'],
        exact: [{ range: { column: 'big', min: '9007199254740993', max: '9007199254740993' } }, 'holds'],
        below: [{ range: { column: 'big', max: '9007199254740992' } }, 'broken: 3 of 3 rows break it'],
      },
      await tableOf(host, 'odd', { sql: odd }),
    )
  })

  test('regexp and substr', async () => {
    const evil = `${'(a*)*'.repeat(10)}b`
    await expectAll(
      {
        part: [{ regexp: { column: 'weather', pattern: '^(s|r|f|d)' } }, 'holds'],
        whole: [
          { regexp: { column: 'weather', pattern: 'su?n', whole: true } },
          'broken: 821 of 1461 rows break it',
        ],
        number: [{ regexp: { column: 'wind', pattern: '^[0-9]+[.][0-9]$' } }, 'holds'],
        bad: [{ regexp: { column: 'weather', pattern: 'a(' } }, 'unanswered: missing ): a('],
        behind: [
          { regexp: { column: 'weather', pattern: '(?<=a)b' } },
          'unanswered: invalid perl operator: (?<',
        ],
        evil: [{ regexp: { column: 'weather', pattern: evil } }, 'broken: 1461 of 1461 rows break it'],
        substr: [{ substr: { column: 'weather', text: 'n' } }, 'broken: 154 of 1461 rows break it'],
        case: [
          { substr: { column: 'weather', text: 'N', any_case: true } },
          'broken: 154 of 1461 rows break it',
        ],
      },
      weather,
    )
  })

  test('a regular expression that would hang others takes no time (H105)', async () => {
    const long = await tableOf(host, 'long', {
      sql: "SELECT rpad('', 50000, 'a') || '!' AS s FROM range(20)",
    })
    const before = performance.now()
    await expectAll(
      { evil: [{ regexp: { column: 's', pattern: '^(a|aa)+$' } }, 'broken: 20 of 20 rows break it'] },
      long,
    )
    expect(performance.now() - before).toBeLessThan(10_000)
  })

  test('dates', async () => {
    await expectAll(
      {
        own: [{ dates: 'date' }, 'holds'],
        bounds: [
          { dates: { column: 'date', min: '2012-01-01', max: '2015-12-30' } },
          'broken: 1 of 1461 rows breaks it',
        ],
        other: [{ dates: 'wind' }, 'broken: 1461 of 1461 rows break it'],
      },
      weather,
    )
    const text = `SELECT unnest(['2020-01-31', '2020-01-31T23:59:59Z', '2020-02-30', '2020/01/01', 'infinity', '31.01.2020', NULL]) AS d`
    await expectAll(
      {
        iso: [{ dates: 'd' }, 'broken: 4 of 7 rows break it'],
        day: [{ dates: { column: 'd', max: '2020-01-31' } }, 'broken: 4 of 7 rows break it'],
        time: [{ dates: { column: 'd', max: '2020-01-31 12:00:00' } }, 'broken: 5 of 7 rows break it'],
        format: [{ dates: { column: 'd', format: '%d.%m.%Y' } }, 'broken: 5 of 7 rows break it'],
      },
      await tableOf(host, 'days', { sql: text }),
    )
    await expectAll({ months: [{ dates: { column: 'date', format: '%b %-d %Y' } }, 'holds'] }, stocks)
  })

  test('not_null and unique', async () => {
    const sql = 'SELECT unnest([1, 1, 2, NULL, NULL]) AS a, unnest([1, 2, 2, 3, 3]) AS b'
    await expectAll(
      {
        one: [{ not_null: 'a' }, 'broken: 2 of 5 rows break it'],
        both: [{ not_null: ['b', 'a'] }, 'broken: 2 of 5 rows break it'],
        twice: [{ unique: 'a' }, 'broken: 2 of 5 rows break it'],
        pair: [{ unique: ['a', 'b'] }, 'holds'],
        b: [{ unique: 'b' }, 'broken: 4 of 5 rows break it'],
      },
      await tableOf(host, 'keys', { sql }),
    )
    await expectAll(
      {
        key: [{ unique: ['symbol', 'date'] }, 'holds'],
        half: [{ unique: 'symbol' }, 'broken: 560 of 560 rows break it'],
      },
      stocks,
    )
  })

  test('foreign_key', async () => {
    const fewer = await tableOf(host, 'fewer', {
      sql: `SELECT * FROM read_parquet('${people.parts[0] as string}') WHERE age < 40`,
    })
    const key = (table: string, references = 'name'): unknown => ({
      foreign_key: { column: 'person', table, references },
    })
    await expectAll(
      {
        all: [key('lookup/people'), 'holds'],
        some: [key('fewer'), expect.stringMatching(/^broken: \d+ of \d+ rows break it$/) as string],
        self: [{ foreign_key: { column: 'person', table: 'lookup/groups' } }, 'holds'],
        pair: [{ foreign_key: { columns: ['person', 'group'], table: 'lookup/groups' } }, 'holds'],
        none: [
          key('people'),
          'unanswered: there is no table "people" in this package; there is lookup/groups, lookup/people, fewer',
        ],
        column: [
          key('lookup/people', 'nam'),
          'unanswered: "lookup/people" has no column "nam"; did you mean "name"?',
        ],
      },
      [groups, people, fewer],
    )
  })

  test('rows, schema and query', async () => {
    await expectAll(
      {
        rows: [{ rows: 1461 }, 'holds'],
        few: [{ rows: { min: 1462 } }, 'broken: it has 1461 rows, fewer than 1462'],
        many: [{ rows: { max: 1 } }, 'broken: it has 1461 rows, more than 1'],
        schema: [{ schema: { columns: { date: 'date', wind: 'number', weather: 'text' } } }, 'holds'],
        other: [{ schema: { columns: { date: 'text' } } }, 'broken: "date" is date, not text'],
        query: [
          { query: 'SELECT weather FROM data GROUP BY weather HAVING count(*) < 30 ORDER BY ALL' },
          'broken: it gives 1 row',
        ],
        none: [{ query: 'SELECT * FROM data WHERE wind > 100' }, 'holds'],
        with: [{ query: 'WITH w AS (SELECT wind FROM data) SELECT * FROM w WHERE wind < 0' }, 'holds'],
        refused: [
          { query: 'SELECT * FROM duckdb_settings()' },
          'unanswered: the table function duckdb_settings may not be called (line 1, column 15)',
        ],
      },
      weather,
    )
  })
})

describe('a failure', () => {
  test('shows the first rows that break it, with their numbers, and its description', async () => {
    const definitions = { hot: { sql: 'temp_max < 34.9', description: 'Seattle is cool' } }
    const { failures } = await check(definitions, weather, { host, rows: 2 })
    expect(failures).toEqual([
      {
        check: 'hot',
        path: 'weather',
        description: 'Seattle is cool',
        reason: 'broken',
        message: '2 of 1461 rows break it',
        count: 2,
        rows: [
          {
            row: 954,
            values: {
              date: '2014-08-11',
              precipitation: 0.5,
              temp_max: 35.6,
              temp_min: 17.8,
              wind: 2.6,
              weather: 'rain',
            },
          },
          { row: 1296, values: expect.objectContaining({ temp_max: 35 }) as object },
        ],
      },
    ])
    expect(await check(definitions, weather, { host, rows: 2 })).toEqual({ asked: 1, failures }) // each time the same
  })

  test('counts rows over all parts of the table', async () => {
    const many = await tableOf(host, 'many', { sql: 'SELECT range AS i FROM range(10000)', parts: 4 })
    const { failures } = await check({ end: 'i < 9998' }, many, { host })
    expect(failures[0]?.rows).toEqual([
      { row: 9999, values: { i: 9998 } },
      { row: 10_000, values: { i: 9999 } },
    ])
  })

  test('shows the rows of a query, and the columns that it is about where there are too many', async () => {
    const wide = `SELECT ${Array.from({ length: 100 }, (_, i) => `${String(i)} AS c${String(i)}`).join(', ')}`
    const { failures } = await check(
      { last: 'c99 < 0', query: { query: "SELECT 'x' AS a, c1 FROM data" } },
      await tableOf(host, 'wide', { sql: wide }),
      { host },
    )
    expect(Object.keys(failures[0]?.rows[0]?.values ?? {})).toHaveLength(64)
    expect(failures[0]?.rows[0]?.values['c99']).toBe(99)
    expect(failures[1]?.rows).toEqual([{ values: { a: 'x', c1: 1 } }])
  })

  test('keeps columns of any name (H18)', async () => {
    const sql = `SELECT 1 AS "__proto__", 2 AS "wi""rd'; --", 3 AS "#row", 4 AS "#broken"`
    const { failures } = await check(
      { no: '"#row" > 9', un: { not_null: `wi"rd'; --` } },
      await tableOf(host, 'names', { sql }),
      { host },
    )
    expect(failures.map(({ check, reason }) => [check, reason])).toEqual([['no', 'broken']])
    const values = failures[0]?.rows[0]?.values ?? {}
    expect(Object.entries(values)).toEqual([
      ['__proto__', 1],
      [`wi"rd'; --`, 2],
      ['#row', 3],
      ['#broken', 4],
    ])
  })
})

describe('a run', () => {
  test('goes on in another sandbox after a check that had to be stopped', async () => {
    const endless = '(SELECT sum(a.wind * b.wind * c.wind * d.wind) FROM data a, data b, data c, data d) > 0'
    const limits = { ...defaultLimits, milliseconds: 3000 }
    const { failures } = await check({ a: 'wind > 9', endless, b: 'wind > 8' }, weather, {
      host,
      limits,
      rows: 0,
    })
    expect(failures.map(({ check, reason, message }) => [check, reason, message])).toEqual([
      ['a', 'broken', '1460 of 1461 rows break it'],
      ['endless', 'unanswered', 'it was stopped after 3 s'],
      ['b', 'broken', '1454 of 1461 rows break it'],
    ])
    expect(readdirSync(host.folder).filter((name) => name.startsWith('quilt-checks-'))).toEqual([])
  })

  test('asks a check that needs too much memory after others again, alone, before it is blamed', async () => {
    let sandboxes = 0
    const counting = { ...host, killGroup: (pid: number) => host.killGroup((sandboxes++, pid)) }
    const definitions = { a: 'wind > 9', heavy: "length(lpad(weather, 2000000000, 'y')) > 0", b: 'wind > 8' }
    const limits = { ...defaultLimits, residentBytes: 300 * 1024 * 1024 }
    const { failures } = await check(definitions, weather, { host: counting, limits, rows: 0 })
    expect(failures.map(({ check, message }) => [check, message])).toEqual([
      ['a', '1460 of 1461 rows break it'],
      ['heavy', 'it needs more memory than 300 MiB'],
      ['b', '1454 of 1461 rows break it'],
    ])
    expect(sandboxes).toBe(3)
  })

  test('over more tables than one sandbox takes tells of each, in order, and how far it is', async () => {
    const file = (await tableOf(host, 'one', { sql: 'SELECT 1 AS x' })).parts
    const tables = Array.from({ length: 130 }, (_, i) => ({
      path: `t/${String(i)}`,
      columns: [{ name: 'x', type: 'int32' }],
      parts: file,
    }))
    const { checks } = parseChecks({ x: 'x > 1', y: 'x > 0' })
    const assignments = tables.map(({ path }) => ({ path, checks: ['x', 'y', 'x'] }))
    const done: number[] = []
    const report = await runChecks(
      { tables, checks, assignments },
      { host },
      { onProgress: (event) => done.push(event.done) },
    )
    expect(report.asked).toBe(260)
    expect(report.failures.map(({ path }) => path)).toEqual(tables.map(({ path }) => path))
    expect(done).toEqual([128, 256, 260])
  })

  test('refuses names that are not there, with the nearest', async () => {
    const { checks } = parseChecks({ positive: 'wind > 0' })
    const run = (path: string, name: string): Promise<unknown> =>
      runChecks({ tables: [weather], checks, assignments: [{ path, checks: [name] }] }, { host })
    await expect(run('wether', 'positive')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: '"wether" is no table; did you mean "weather"?',
    })
    await expect(run('weather', 'positiv')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'there is no check "positiv"; did you mean "positive"?',
    })
  })

  test('over files that are no Parquet names the tables', async () => {
    const bad = join(mkdtempSync(join(host.folder, 'bad-')), 'x.parquet')
    writeFileSync(bad, 'no Parquet')
    const table = { path: 'bad', columns: [], parts: [bad] }
    await expect(check({ a: 'rows > 0' }, table, { host })).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/^"bad" cannot be read: /) as string,
    })
  })

  test('stops when it is asked to', async () => {
    const { checks } = parseChecks({
      slow: '(SELECT count(*) FROM data a, data b, data c, data d WHERE a.wind + b.wind > c.wind * d.wind) > 0',
    })
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 700)
    const work = { tables: [weather], checks, assignments: [{ path: 'weather', checks: ['slow'] }] }
    await expect(runChecks(work, { host }, { signal: controller.signal })).rejects.toThrow('enough')
  })

  test('of nothing starts nothing', async () => {
    const none = { ...host, execPath: '/nowhere' }
    expect(
      await runChecks({ tables: [weather], checks: new Map(), assignments: [] }, { host: none }),
    ).toEqual({ asked: 0, failures: [] })
  })
})
