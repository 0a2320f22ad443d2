// T2 to T4: tables that are read through the library, beside DuckDB on the same rows.
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, diffRows, load } from '../../src/index.ts'
import { insertRow, makeSmallTables, makeTable, tableFile } from '../data/table-file.ts'
import type { Step } from './measured-step.ts'

const pkg = 'bench/table'
const table = 'measurements.csv'
/** Asked so often after the first time, of which the middle one counts. */
const queries = 5

/** The steps by their names. */
export const tableSteps: Readonly<Record<string, Step>> = {
  't2-make': async (folder, count) => {
    makeTable(inputOf(folder), count, { whole: true })
    await buildInput(folder)
    await plainParquet(folder, 'a.parquet')
    return {}
  },
  't2-query': async (folder) => {
    await using loaded = await load(`${pkg}/${table}`, { store: storeOf(folder) })
    const ask = (): Promise<unknown> => loaded.query(twoColumns('this'))
    const first = await timed(ask)
    return { first, query: await middle(ask) }
  },
  't2-duckdb': (folder) =>
    withDuckdb(async (connection) => {
      const sql = twoColumns(`'${join(folder, 'a.parquet')}'`)
      const ask = async (): Promise<unknown> => (await connection.runAndReadAll(sql)).getRowsJS()
      await ask()
      return { query: await middle(ask) }
    }),
  't2-rows': async (folder) => {
    await using loaded = await load(`${pkg}/${table}`, { store: storeOf(folder) })
    const columns = await loaded.columns
    let rows = 0
    let seen = 0
    const took = await timed(async () => {
      for await (const row of loaded.rows()) {
        rows++
        if (row['temperature'] !== null) seen++
      }
    })
    if (seen === 0) throw new Error('no row has a temperature')
    return { cell: (took * 1e6) / (rows * columns.length) }
  },
  't3-make': async (folder, count) => {
    makeTable(inputOf(folder), count, { whole: true })
    await buildInput(folder)
    await plainParquet(folder, 'a.parquet')
    insertRow(inputOf(folder), 1, '-1')
    await buildInput(folder)
    await plainParquet(folder, 'b.parquet')
    return {}
  },
  // The Parquet that an earlier run has made of the parts.
  't3-forget': (folder) => {
    rmSync(join(storeOf(folder), 'files'), { recursive: true, force: true })
    return Promise.resolve({})
  },
  't3-diff': async (folder) => {
    let rows = 0
    const diff = await timed(async () => {
      rows = (await diffRows(`${pkg}@latest~1`, '@latest', table, { store: storeOf(folder) })).length
    })
    if (rows !== 1) throw new Error(`diff --rows tells of ${String(rows)} rows`)
    return { diff }
  },
  't3-duckdb': (folder) =>
    withDuckdb(async (connection) => {
      const [a, b] = ['a', 'b'].map((name) => `'${join(folder, `${name}.parquet`)}'`)
      const sql = `SELECT a, b FROM ${String(a)} a FULL OUTER JOIN ${String(b)} b ON a.id = b.id WHERE a IS DISTINCT FROM b`
      let rows = 0
      const join_ = await timed(async () => {
        rows = (await connection.runAndReadAll(sql)).currentRowCount
      })
      if (rows !== 1) throw new Error(`the join tells of ${String(rows)} rows`)
      return { join: join_ }
    }),
  't4-make': async (folder, count) => {
    writeFileSync(join(folder, 'last.txt'), makeSmallTables(inputOf(folder), count))
    await buildInput(folder)
    return {}
  },
  't4-load': async (folder) => {
    const path = readFileSync(join(folder, 'last.txt'), 'utf8')
    let rows = 0
    const took = await timed(async () => {
      await using loaded = await load(pkg, { store: storeOf(folder) })
      const one = await loaded.get(path)
      for await (const row of one.rows()) if (Object.keys(row).length > 0) rows++
    })
    if (rows === 0) throw new Error('the table has no rows')
    return { load: took }
  },
}

function storeOf(folder: string): string {
  return join(folder, 'store')
}

function inputOf(folder: string): string {
  const input = join(folder, 'input')
  mkdirSync(input, { recursive: true })
  return input
}

async function buildInput(folder: string): Promise<void> {
  const { tables } = await build(pkg, inputOf(folder), { store: storeOf(folder) })
  if (tables === 0) throw new Error('the input has become no table')
}

function twoColumns(from: string): string {
  return `SELECT station, avg(temperature) AS mean FROM ${from} GROUP BY station ORDER BY station`
}

function plainParquet(folder: string, name: string): Promise<void> {
  const from = `read_csv('${tableFile(inputOf(folder))}', sample_size=-1)`
  return withDuckdb(async (connection) => {
    await connection.run(`COPY (FROM ${from}) TO '${join(folder, name)}' (FORMAT parquet, COMPRESSION zstd)`)
  })
}

/** A DuckDB of its own, for as long as it is used. */
export async function withDuckdb<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    return await use(connection)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** Milliseconds. */
async function timed(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await run()
  return performance.now() - begin
}

async function middle(run: () => Promise<unknown>): Promise<number> {
  const all: number[] = []
  for (let i = 0; i < queries; i++) all.push(await timed(run))
  return all.toSorted((a, b) => a - b)[Math.floor(queries / 2)] as number
}
