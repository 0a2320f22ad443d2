// Expressions in SQL over real tables: about rows, about the table, and what cannot be asked.
import { describe, expect, test } from 'vitest'
import { expectAll, tableOf, vegaTable } from '../../support/checked-tables.ts'
import { testHost } from '../../support/sandbox-host.ts'

const host = testHost()
const weather = await vegaTable(host, 'weather', 'seattle-weather.csv')
const people = await vegaTable(host, 'lookup/people', 'lookup_people.csv')
const groups = await vegaTable(host, 'lookup/groups', 'lookup_groups.csv')

describe('an expression', () => {
  test('about columns holds for each row, one about the table for the table', async () => {
    await expectAll(
      host,
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
      host,
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
    await expectAll(host, { rows: ['rows = 7', 'holds'], columns: ["columns = 'x'", 'holds'] }, own)
  })

  test('that is null for a row does not break it there', async () => {
    const gaps = await tableOf(host, 'gaps', { sql: 'SELECT unnest([1, NULL, 3]) AS x' })
    await expectAll(
      host,
      { null: ['x > 0', 'holds'], is: ['x IS NOT NULL', 'broken: 1 of 3 rows breaks it'] },
      gaps,
    )
  })

  test('over no rows holds, and one about the table is asked all the same', async () => {
    const empty = await tableOf(host, 'empty', { sql: 'SELECT 1 AS x WHERE false' })
    await expectAll(
      host,
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
      host,
      {
        typo: [
          'temp_mx > 3',
          'unanswered: Referenced column "temp_mx" not found in FROM clause! Candidate bindings: "temp_max", "temp_min", "date"',
        ],
        number: ['wind + 1', 'unanswered: it is neither true nor false, but of type DOUBLE'],
        text: ["'yes'", 'unanswered: it is neither true nor false, but of type VARCHAR'],
        two: ['wind > 1) AS x, (wind > 2', 'unanswered: it is more than one expression'],
        from: ['wind > 1) FROM data WHERE (wind > 2', 'unanswered: it is more than one expression'],
        beside: [
          'avg(wind) > wind',
          expect.stringContaining('column "wind" must appear in the GROUP BY clause') as string,
        ],
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
      host,
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
