// Tables for checks in tests: CSV files of vega-datasets as Parquet, and small ones from SQL.
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect } from 'vitest'
import type { SandboxHost } from '../../src/table/sandbox/child-process.ts'
import { parseChecks } from '../../src/table/checks/parse-checks.ts'
import { runChecks, type CheckReport, type CheckTools } from '../../src/table/checks/run-checks.ts'
import type { CheckedTable } from '../../src/table/checks/work.ts'
import { vegaFile, writeParquet } from './sandbox-host.ts'

/** A table whose files lie there. */
export type TableOnDisk = CheckedTable & { readonly parts: readonly string[] }

/** A table of a query's rows, in as many files as `parts` says. */
export async function tableOf(
  host: SandboxHost,
  path: string,
  { sql, parts = 1 }: { readonly sql: string; readonly parts?: number },
): Promise<TableOnDisk> {
  const files: string[] = []
  for (let i = 0; i < parts; i++) {
    const file = join(host.folder, `${path.replaceAll(/[^a-z]/gi, '-')}-${String(i)}.parquet`)
    const part =
      parts === 1
        ? sql
        : `SELECT * EXCLUDE (n) FROM (SELECT row_number() OVER () - 1 AS n, * FROM (${sql})) WHERE n * ${String(parts)} // (SELECT count(*) FROM (${sql})) = ${String(i)}`
    files.push(await writeParquet(file, part))
  }
  return { path, columns: await columnsOf(files[0] as string), parts: files }
}

/** A CSV file of vega-datasets as a table. */
export function vegaTable(host: SandboxHost, path: string, file: string): Promise<TableOnDisk> {
  return tableOf(host, path, {
    sql: `SELECT * FROM read_csv('${vegaFile(file)}', sample_size = -1)`,
    parts: 3,
  })
}

/** Runs definitions as a build file has them over one or more tables; all checks on the first. */
export async function check(
  definitions: unknown,
  tables: CheckedTable | readonly CheckedTable[],
  tools: CheckTools,
): Promise<CheckReport> {
  const { checks, problems } = parseChecks(definitions)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  const all = Array.isArray(tables) ? (tables as readonly CheckedTable[]) : [tables as CheckedTable]
  const assignments = [{ path: all[0]?.path ?? '', checks: [...checks.keys()] }]
  return await runChecks({ tables: all, checks, assignments }, tools)
}

async function columnsOf(file: string): Promise<CheckedTable['columns']> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(`SELECT * FROM '${file}' LIMIT 0`)
  const types = reader.columnTypes()
  const columns = reader.columnNames().map((name, i) => ({ name, type: String(types[i]).toLowerCase() }))
  connection.closeSync()
  instance.closeSync()
  return columns
}

/** What became of each definition: `holds`, or what is told. */
async function told(
  definitions: Readonly<Record<string, unknown>>,
  tables: CheckedTable | readonly CheckedTable[],
  host: SandboxHost,
): Promise<Readonly<Record<string, string>>> {
  const { failures, asked } = await check(definitions, tables, { host, rows: 0 })
  expect(asked).toBe(Object.keys(definitions).length)
  const messages = new Map(failures.map(({ check, message, reason }) => [check, `${reason}: ${message}`]))
  return Object.fromEntries(Object.keys(definitions).map((name) => [name, messages.get(name) ?? 'holds']))
}

/** Definitions with what must become of them. */
export type Expected = Readonly<Record<string, readonly [definition: unknown, outcome: unknown]>>

/** Asks all of the first table, and compares what became of each. */
export async function expectAll(
  host: SandboxHost,
  cases: Expected,
  tables: CheckedTable | readonly CheckedTable[],
): Promise<void> {
  const entries = Object.entries(cases)
  const definitions = Object.fromEntries(entries.map(([name, [definition]]) => [name, definition]))
  expect(await told(definitions, tables, host)).toEqual(
    Object.fromEntries(entries.map(([name, [, outcome]]) => [name, outcome])),
  )
}
