// Files of others, as tables: rows are what DuckDB says by itself, and what it cannot read ends nothing.
import { DuckDBInstance } from '@duckdb/node-api'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadZstd } from '#zstd'
import { isQuiltError } from '../../src/core/base/error.ts'
import { vegaFile } from '../support/sandbox-host.ts'
import { tableDesk, type TableDesk } from '../support/table-session.ts'
import { tempDir } from '../support/temp-dir.ts'

const fixtures = fileURLToPath(new URL('../fixtures/parquet-testing', import.meta.url))

let instance: DuckDBInstance
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:')
})
afterAll(() => {
  instance.closeSync()
})

async function duck(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const connection = await instance.connect()
  try {
    await connection.run("SET TimeZone = 'UTC'")
    return (await connection.runAndReadAll(sql)).getRowObjectsJson()
  } finally {
    connection.closeSync()
  }
}

/** Numbers are numbers here and texts there where a JavaScript number holds them. */
function asTexts(rows: readonly Readonly<Record<string, unknown>>[]): unknown {
  return JSON.parse(
    JSON.stringify(rows, (_, value: unknown) =>
      typeof value === 'number' || typeof value === 'bigint' ? String(value) : value,
    ),
  )
}

describe('apache/parquet-testing', () => {
  test('good files have the rows that DuckDB gives; bad ones are tables or warnings, and never more', async () => {
    const desk = await tableDesk()
    for (const kind of ['data', 'bad_data']) {
      mkdirSync(join(desk.root, 'data', kind), { recursive: true })
      for (const name of readdirSync(join(fixtures, kind)))
        copyFileSync(join(fixtures, kind, name), join(desk.root, 'data', kind, name))
    }
    await desk.build()
    let read = 0
    for (const name of readdirSync(join(fixtures, 'data'))) {
      const theirs = await duck(`FROM '${join(fixtures, 'data', name)}'`).catch(() => undefined)
      if (theirs === undefined) await expectRefusal(desk, `ada/data/data/${name}`)
      else {
        read++
        expect([name, asTexts(await desk.rows(`FROM 'ada/data/data/${name}'`))]).toEqual([
          name,
          asTexts(theirs),
        ])
      }
    }
    expect(read).toBeGreaterThan(20)
    for (const name of readdirSync(join(fixtures, 'bad_data')))
      await desk.rows(`FROM 'ada/data/bad_data/${name}'`).catch((error: unknown) => {
        expect([name, isQuiltError(error)]).toEqual([name, true])
      })
  }, 60_000)
})

async function expectRefusal(desk: TableDesk, handle: string): Promise<void> {
  const error: unknown = await desk.rows(`FROM '${handle}'`).catch((reason: unknown) => reason)
  expect([handle, isQuiltError(error)]).toEqual([handle, true])
}

describe('vega-datasets', () => {
  test('CSV and TSV files have the rows that DuckDB finds, plain and packed', async () => {
    const desk = await tableDesk()
    const names = [
      'seattle-weather.csv',
      'unemployment.tsv',
      'stocks.csv',
      'sp500.csv',
      'airports.csv',
      'species.csv',
    ]
    for (const name of names) copyFileSync(vegaFile(name), join(desk.root, 'data', name))
    const stocks = readFileSync(vegaFile('stocks.csv'))
    writeFileSync(join(desk.root, 'data', 'packed.csv.gz'), gzipSync(stocks))
    writeFileSync(join(desk.root, 'data', 'small.csv.zst'), (await loadZstd()).compress(stocks))
    const { tables } = await desk.build()
    expect(tables).toBe(names.length + 2)
    for (const name of names) {
      const types = await duck(`DESCRIBE FROM read_csv('${vegaFile(name)}', sample_size = -1)`)
      const theirs = await duck(
        `FROM read_csv('${vegaFile(name)}', sample_size = -1, all_varchar = true, nullstr = '')`,
      )
      const ours = await desk.rows(`SELECT columns(*)::VARCHAR FROM 'ada/data/${name}'`)
      expect([name, ours.length, Object.keys(ours[0]!)]).toEqual([
        name,
        theirs.length,
        types.map((row) => row['column_name']),
      ])
    }
    const plain = await desk.rows(`FROM 'ada/data/stocks.csv'`)
    expect(plain).toHaveLength(560)
    for (const name of ['packed.csv.gz', 'small.csv.zst'])
      expect(await desk.rows(`FROM 'ada/data/${name}'`)).toEqual(plain)
    expect(gunzipSync(readFileSync(join(desk.root, 'data', 'packed.csv.gz')))).toEqual(stocks)
  }, 30_000)

  test('JSON files have the rows that DuckDB finds', async () => {
    const desk = await tableDesk(tempDir())
    const names = ['cars.json', 'movies.json', 'barley.json', 'penguins.json', 'wheat.json', 'zipcodes.csv']
    for (const name of names) copyFileSync(vegaFile(name), join(desk.root, 'data', name))
    await desk.build()
    for (const name of names.slice(0, 5)) {
      const theirs = await duck(`FROM read_json('${vegaFile(name)}', sample_size = -1, format = 'array')`)
      expect([name, asTexts(await desk.rows(`FROM 'ada/data/${name}'`))]).toEqual([name, asTexts(theirs)])
    }
    // A ZIP code is no number: its zeros would be lost.
    const [first] = await desk.rows(`SELECT min(zip_code) AS zip FROM 'ada/data/zipcodes.csv'`)
    expect(first).toEqual({ zip: '00501' })
  }, 30_000)
})
