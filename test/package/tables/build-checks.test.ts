// Checks where they act: a build, a dry run and `check` ask them of real tables, and nothing moves where one fails.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { QuiltError } from '../../../src/core/base/error.ts'
import { build, type BuildOptions } from '../../../src/package/build.ts'
import { check } from '../../../src/package/check.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { inspect } from '../../../src/package/inspect.ts'
import { openSession } from '../../../src/session/open-session.ts'
import { vegaFile, writeParquet } from '../../support/sandbox-host.ts'
import { tableDesk, type TableDesk } from '../../support/table-session.ts'
import { workbook } from '../../support/workbook.ts'

const weather = readFileSync(vegaFile('seattle-weather.csv'), 'utf8')

/** A desk with real files, and this build file. */
async function desk(buildFile: string): Promise<TableDesk> {
  const ada = await tableDesk()
  ada.write({
    'data/seattle-weather.csv': weather,
    'data/stocks.csv': readFileSync(vegaFile('stocks.csv')),
    'data/notes.txt': 'nothing of note\n',
    'data/build.yml': buildFile,
  })
  return ada
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The error of a build, which must fail. */
async function failure(ada: TableDesk, options?: BuildOptions): Promise<QuiltError> {
  return ada.build(options).then(
    () => {
      throw new Error('it was built')
    },
    (error: unknown) => error as QuiltError,
  )
}

const cool = `checks:
  cool: temp_max < 40
  kinds:
    description: what the station reports
    enum: { column: weather, values: [fog, rain, snow, sun] }
`
const passing = `${cool}contents:\n  weather: { file: seattle-weather.csv, checks: cool }\n`
const failing = `${cool}contents:\n  weather: { file: seattle-weather.csv, checks: [cool, kinds] }\n`

describe('a check that fails', () => {
  test('shows itself, the table, the count and the first rows; no ref moves, no reader sees a thing', async () => {
    const ada = await desk(passing)
    const first = await ada.build()
    expect(first).toMatchObject({ checks: 1, tables: 1 })
    ada.write({ 'data/build.yml': failing, 'data/seattle-weather.csv': `${weather}2016-01-01,0,1,0,1,sun\n` })
    const error = await failure(ada)
    expect(error.code).toBe('INVALID')
    expect(error.message.split('\n')).toEqual([
      'data/build.yml:7:56: weather: kinds (what the station reports): 53 of 1462 rows break it',
      expect.stringMatching(/^ {2}row 1: .*weather drizzle$/),
      ...[1, 2, 3, 4].map(() => expect.stringMatching(/^ {2}row \d+: /) as unknown),
      '  … and 48 more',
    ])
    expect(error.hint).toBe('mend the data, or the check')
    expect(error.problems).toMatchObject([{ file: 'data/build.yml', line: 7, column: 56 }])
    expect(await inspect(ada.session, 'ada/data')).toMatchObject({ topHash: first.topHash })
    expect(await ada.rows(`select count(*) as n from 'ada/data/weather'`)).toEqual([{ n: 1461 }])
  })

  test('is the same problem in a dry run and in check, which keep nothing', async () => {
    const ada = await desk(failing)
    const built = await failure(ada)
    const rehearsed = await failure(ada, { dryRun: true })
    expect(rehearsed.message).toBe(built.message)
    const report = await check(ada.session, 'data')
    expect(report).toMatchObject({ ok: false, problems: built.problems })
    await expect(inspect(ada.session, 'ada/data')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    ada.write({ 'data/build.yml': passing })
    expect(await check(ada.session, 'data')).toMatchObject({ ok: true, checks: 1 })
    expect(await ada.build({ dryRun: true })).toMatchObject({ checks: 1, commit: undefined })
    const scratch = join(ada.root, 'ada-store', 'cache', 'scratch')
    const left = readdirSync(scratch, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    expect(left.map(({ name }) => name)).toEqual([])
  })

  test('fails a build that changes nothing else, and one without tables', async () => {
    const ada = await desk(passing)
    await ada.build()
    ada.write({ 'data/build.yml': failing })
    expect((await failure(ada)).message).toContain('53 of 1461 rows break it')
    expect((await failure(ada, { tables: false })).message).toContain('53 of 1461 rows break it')
    expect((await failure(ada, { force: true })).message).toContain('53 of 1461 rows break it')
  })
})

describe('--no-tables', () => {
  test('keeps no view, and checks all the same', async () => {
    const ada = await desk(failing)
    expect((await failure(ada, { tables: false })).message).toContain('53 of 1461 rows break it')
    ada.write({ 'data/build.yml': passing })
    expect(await ada.build({ tables: false })).toMatchObject({ checks: 1, tables: 0 })
    await expect(ada.rows(`select 1 from 'ada/data/weather'`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await ada.build()).toMatchObject({ checks: 1, unchanged: true })
  })
})

describe('which tables', () => {
  test('a pattern holds every match to its checks; a workbook has all its sheets held', async () => {
    const ada = await desk(`checks:
  some: rows > 600
  two: rows = 2
contents:
  "*.csv": { checks: some }
  book: { file: book.xlsx, checks: two }
`)
    ada.write({ 'data/book.xlsx': await workbook({ one: [['a'], [1], [2]], other: [['b'], [3]] }) })
    const { problems } = await failure(ada)
    expect(problems.map(({ line, message }) => [line, message])).toEqual([
      [5, 'stocks.csv: some: it does not hold for the table'],
      [6, 'book/other: two: it does not hold for the table'],
    ])
  })

  test('what is no table is told where its checks are named, beside all checks that fail', async () => {
    const ada = await desk(`${cool}contents:
  bytes: { file: stocks.csv, transform: id, checks: cool }
  notes: { file: notes.txt, checks: [cool, kinds] }
  ragged: { file: ragged.csv, checks: cool }
  said: { file: ragged.csv, transform: csv, checks: cool }
  weather: { file: seattle-weather.csv, checks: kinds }
`)
    ada.write({ 'data/ragged.csv': 'temp_max\n1\n2,3\n' })
    const { problems } = await failure(ada, { dryRun: true })
    expect((await failure(ada)).problems).toEqual(problems)
    expect(ada.warnings).toEqual([])
    expect(problems.map(({ line, message }) => [line, message.split('\n')[0]])).toEqual([
      [7, '"bytes" is no table, and checks look at tables only: give it a transform that makes one'],
      [8, '"notes" is no table, and checks look at tables only: give it a transform that makes one'],
      [9, expect.stringMatching(/^"ragged" cannot be read as a table: .*line 3/) as unknown],
      [10, expect.stringMatching(/^"said" cannot be read as a table: .*line 3/) as unknown],
      [11, 'weather: kinds (what the station reports): 53 of 1461 rows break it'],
    ])
  })

  test('foreign keys and SQL reach other tables, whatever an earlier build kept of them', async () => {
    const ada = await desk(`checks:
  known: { foreign_key: { column: symbol, table: lookup/companies } }
  listed: symbol IN (SELECT symbol FROM "lookup/companies")
  misspelt: { foreign_key: { column: symbol, table: lookup/company } }
contents:
  stocks: { file: stocks.csv, checks: "known, listed" }
  lookup:
    companies: { file: companies.csv }
    other: { file: seattle-weather.csv }
`)
    const companies = 'symbol\nMSFT\nAMZN\nIBM\nGOOG\nAAPL\n'
    ada.write({ 'data/companies.csv': companies })
    expect(await ada.build({ tables: false })).toMatchObject({ checks: 2 })
    ada.write({ 'data/stocks.csv': 'symbol\nIBM\n' })
    expect(await ada.build({ tables: false })).toMatchObject({ checks: 2, tables: 0 })
    ada.write({ 'data/stocks.csv': 'symbol\nIBM\nMSFT\n' })
    expect(await ada.build()).toMatchObject({ checks: 2, tables: 2 })
    ada.write({ 'data/companies.csv': companies.replace('IBM\n', '') })
    expect((await failure(ada)).message.split('\n')).toEqual([
      'data/build.yml has 2 problems',
      'data/build.yml:6:39: stocks: known: 1 of 2 rows breaks it',
      '  row 1: symbol IBM',
      'data/build.yml:6:39: stocks: listed: 1 of 2 rows breaks it',
      '  row 1: symbol IBM',
    ])
    const text = readFileSync(join(ada.root, 'data/build.yml'), 'utf8')
    ada.write({ 'data/build.yml': text.replace('"known, listed"', 'misspelt') })
    expect((await failure(ada)).message).toContain(
      'there is no table "lookup/company" in this package; did you mean "lookup/companies"?',
    )
  })

  test('a build file for a node calls its tables as it does, and the rest by their paths', async () => {
    const ada = await desk(passing)
    await ada.build()
    ada.write({
      'node/people.csv': 'name\nada\n',
      'node/days.csv': 'day\n2012-01-01\n1999-01-01\n',
      'node/build.yml': `checks:
  own: (SELECT count(*) FROM people) = 1
  outer: { foreign_key: { columns: day, table: weather, references: date } }
contents:
  people: { file: people.csv, checks: own }
  days: { file: days.csv, checks: "own, outer" }
`,
    })
    const made = build(ada.session, { handle: 'ada/data/more/here', path: 'node' })
    await expect(made).rejects.toMatchObject({
      message: 'node/build.yml:6:35: days: outer: 1 of 2 rows breaks it\n  row 2: day 1999-01-01',
    })
    ada.write({ 'node/days.csv': 'day\n2012-01-01\n' })
    expect(await build(ada.session, { handle: 'ada/data/more/here', path: 'node' })).toMatchObject({
      checks: 3,
    })
  })

  test('large tables and Parquet files are checked where they are built, rehearsed, and unchanged', async () => {
    const ada = await desk(`checks:
  ids: { unique: id }
  same: { foreign_key: { columns: [id, noise], table: big.csv } }
contents:
  big.csv: { file: big.csv, checks: ids }
  own: { file: own.parquet, checks: "ids, same" }
`)
    const lines = Array.from({ length: 60_000 }, (_, i) => `${String(i)},${hash(String(i))}`)
    const big = `id,noise\n${lines.join('\n')}\n`
    ada.write({ 'rows.csv': big })
    await writeParquet(join(ada.root, 'data/own.parquet'), `SELECT * FROM read_csv('${ada.root}/rows.csv')`)
    ada.write({ 'data/big.csv': big })
    expect(await ada.build({ dryRun: true })).toMatchObject({ checks: 3 })
    expect(await ada.build()).toMatchObject({ checks: 3, tables: 2 })
    expect(await ada.build()).toMatchObject({ checks: 3, unchanged: true })
    ada.write({ 'data/big.csv': big.replace('\n59998,', '\n59997,') })
    const { problems } = await failure(ada)
    expect(problems.map(({ message }) => message.split('\n').slice(0, 2))).toEqual([
      ['big.csv: ids: 2 of 60000 rows break it', expect.stringMatching(/^ {2}row 59998: id 59997, /)],
      ['own: same: 1 of 60000 rows breaks it', expect.stringMatching(/^ {2}row 59999: id 59998, /)],
    ])
    expect((await failure(ada, { dryRun: true })).problems).toEqual(problems)
  })

  test('a table that another package brings can be referred to', async () => {
    const ada = await desk('contents: {}\n')
    ada.write({ 'lookup/days.csv': 'date\n2012-01-01\n2012-01-02\n', 'data/few.csv': 'date\n2012-01-02\n' })
    await build(ada.session, { handle: 'ada/lookup', path: 'lookup' }, { tables: false })
    ada.write({
      'data/build.yml': `checks: { known: { foreign_key: { column: date, table: brought/days.csv } } }
contents:
  few: { file: few.csv, checks: known }
  brought: { package: ada/lookup }
`,
    })
    expect(await check(ada.session, 'data')).toMatchObject({ ok: true, checks: 1 })
    const ben = await openSession({
      store: join(ada.root, 'ben-store'),
      folder: ada.root,
      env: { HOME: ada.root, QUILT_PACKAGE_DIRS: join(ada.root, 'ada-store') },
    })
    onTestFinished(() => ben.close())
    expect(await check(ben, 'data')).toMatchObject({ ok: true, checks: 1 })
    expect(await ada.build()).toMatchObject({ checks: 1 })
    ada.write({ 'data/few.csv': 'date\n2012-01-03\n' })
    expect((await failure(ada)).message).toContain('few: known: 1 of 1 row breaks it')
  })

  test('a table that is not here is needed, and said to be', async () => {
    const ada = await desk('contents:\n  "*.csv": {}\n  more: { here: {} }\n')
    await ada.build()
    await push(ada.session, 'ada/data', { remote: `${ada.root}/shared` })
    const ben = await tableDesk(ada.root, 'ben')
    await install(ben.session, 'ada/data/stocks.csv', { remote: `${ada.root}/shared` })
    ben.write({
      'node/days.csv': 'date\n2012-01-01\n',
      'node/build.yml': `checks: { known: { foreign_key: { column: date, table: seattle-weather.csv } } }
contents:
  days: { file: days.csv, checks: known }
`,
    })
    const target = { handle: 'ada/data/more/here', path: 'node' }
    for (const dryRun of [true, false])
      await expect(build(ben.session, target, { dryRun })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining('seattle-weather.csv') as unknown,
        hint: 'bring all of the package here first: quilt install OWNER/NAME',
      })
    await install(ben.session, 'ada/data', { remote: `${ada.root}/shared` })
    expect(await build(ben.session, target)).toMatchObject({ checks: 1 })
  })

  test('a table without rows is one', async () => {
    const ada = await desk(
      'checks: { none: rows = 0, some: rows > 0, schema: { schema: { columns: [a, b] } } }\ncontents:\n  a: { file: empty.csv, checks: [none, some, schema] }\n',
    )
    ada.write({ 'data/empty.csv': 'a,b\n' })
    const { problems } = await failure(ada)
    expect(problems.map(({ message }) => message)).toEqual(['a: some: it does not hold for the table'])
  })
})

describe('checks.yml', () => {
  test("defines what the build file does not; the build file's own come first", async () => {
    const ada = await desk(
      'checks: { a: rows > 2000 }\ncontents:\n  w: { file: seattle-weather.csv, checks: "a b" }\n',
    )
    ada.write({ 'data/checks.yml': 'a: rows > 0\nb: { not_null: date }\n' })
    expect((await failure(ada)).problems.map(({ message }) => message)).toEqual([
      'w: a: it does not hold for the table',
    ])
    ada.write({ 'data/checks.yml': 'b: { not_nul: date }\n' })
    expect((await failure(ada)).problems).toMatchObject([{ file: 'data/checks.yml', line: 1, column: 6 }])
  })
})

describe('hostile SQL in a build file', () => {
  const hostile = {
    reads: `(SELECT count(*) FROM read_text('/etc/passwd')) > 0`,
    ends: "1 = 1); COPY data TO '/tmp/stolen.csv'; --",
    logs: `CALL enable_logging()`,
    writes: `query: COPY data TO 'stolen.csv'`,
    loops: 'query: WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t',
    grows: `repeat('x', 1000000000) = ''`,
  }

  test('ends typed, each check told of, nothing read or written', async () => {
    const lines = Object.entries(hostile).map(([name, text]) =>
      text.startsWith('query: ')
        ? `  ${name}: { query: ${JSON.stringify(text.slice(7))} }`
        : `  ${name}: ${JSON.stringify(text)}`,
    )
    const names = Object.keys(hostile).join(', ')
    const ada = await desk(
      `checks:\n${lines.join('\n')}\ncontents:\n  w: { file: stocks.csv, checks: "${names}" }\n`,
    )
    const error = await failure(ada)
    expect(error.code).toBe('INVALID')
    expect(error.problems).toHaveLength(Object.keys(hostile).length)
    expect(error.message).not.toContain('root:')
    for (const path of ['/tmp/stolen.csv', 'stolen.csv', join(ada.root, 'data', 'stolen.csv')])
      expect(existsSync(path)).toBe(false)
    await expect(inspect(ada.session, 'ada/data')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    rmSync(join(ada.root, 'data'), { recursive: true })
  })
})
