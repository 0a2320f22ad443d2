// Runs of checks over real tables: what a failure shows, and how a run goes on.
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseChecks } from '../../../src/table/checks/parse-checks.ts'
import { runChecks } from '../../../src/table/checks/run-checks.ts'
import { defaultLimits } from '../../../src/table/sandbox/limits.ts'
import { check, expectAll, tableOf, vegaTable } from '../../support/checked-tables.ts'
import { testHost, vegaFile } from '../../support/sandbox-host.ts'

const host = testHost()
const weather = await vegaTable(host, 'weather', 'seattle-weather.csv')

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

  test('over three million rows stays within its memory', async () => {
    const parts = [vegaFile('flights-3m.parquet')]
    await expectAll(
      host,
      {
        rows: [{ rows: 3_000_000 }, 'holds'],
        late: ['delay < 600', 'broken: 274 of 3000000 rows break it'],
        code: [{ regexp: { column: 'origin', pattern: '[A-Z]{3}', whole: true } }, 'holds'],
        back: [
          { foreign_key: { column: 'origin', table: 'flights', references: 'destination' } },
          'broken: 1 of 3000000 rows breaks it',
        ],
      },
      { path: 'flights', columns: [], parts },
    )
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
