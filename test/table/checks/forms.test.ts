// The declarative forms over real tables.
import { describe, expect, test } from 'vitest'
import { expectAll, tableOf, vegaTable } from '../../support/checked-tables.ts'
import { testHost } from '../../support/sandbox-host.ts'

const host = testHost()
const weather = await vegaTable(host, 'weather', 'seattle-weather.csv')
const people = await vegaTable(host, 'lookup/people', 'lookup_people.csv')
const groups = await vegaTable(host, 'lookup/groups', 'lookup_groups.csv')
const stocks = await vegaTable(host, 'stocks', 'stocks.csv')

describe('the declarative forms', () => {
  test('enum', async () => {
    const kinds = ['drizzle', 'rain', 'sun', 'snow', 'fog']
    await expectAll(
      host,
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
      host,
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
      host,
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
      host,
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

  test('a regular expression that would hang others takes no time', async () => {
    const long = await tableOf(host, 'long', {
      sql: "SELECT rpad('', 50000, 'a') || '!' AS s FROM range(20)",
    })
    const before = performance.now()
    await expectAll(
      host,
      { evil: [{ regexp: { column: 's', pattern: '^(a|aa)+$' } }, 'broken: 20 of 20 rows break it'] },
      long,
    )
    expect(performance.now() - before).toBeLessThan(10_000)
  })

  test('dates', async () => {
    await expectAll(
      host,
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
      host,
      {
        iso: [{ dates: 'd' }, 'broken: 4 of 7 rows break it'],
        day: [{ dates: { column: 'd', max: '2020-01-31' } }, 'broken: 4 of 7 rows break it'],
        time: [{ dates: { column: 'd', max: '2020-01-31 12:00:00' } }, 'broken: 5 of 7 rows break it'],
        format: [{ dates: { column: 'd', format: '%d.%m.%Y' } }, 'broken: 5 of 7 rows break it'],
      },
      await tableOf(host, 'days', { sql: text }),
    )
    await expectAll(host, { months: [{ dates: { column: 'date', format: '%b %-d %Y' } }, 'holds'] }, stocks)
  })

  test('not_null and unique', async () => {
    const sql = 'SELECT unnest([1, 1, 2, NULL, NULL]) AS a, unnest([1, 2, 2, 3, 3]) AS b'
    await expectAll(
      host,
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
      host,
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
      host,
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

  test('foreign_key to a table whose path is "data", or differs in case only', async () => {
    const data = { ...people, path: 'data' }
    const upper = { ...groups, path: 'LOOKUP/GROUPS' }
    await expectAll(
      host,
      {
        data: [{ foreign_key: { column: 'person', table: 'data', references: 'name' } }, 'holds'],
        upper: [{ foreign_key: { column: 'person', table: 'LOOKUP/GROUPS' } }, 'holds'],
        sql: [
          'person IN (SELECT person FROM "lookup/groups")',
          'unanswered: there is no table "lookup/groups" here (line 1, column 31)',
        ],
      },
      [groups, data, upper],
    )
  })

  test('rows, schema and query', async () => {
    await expectAll(
      host,
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
