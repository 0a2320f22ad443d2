// Tables for checks in tests: CSV files of vega-datasets as Parquet, and small ones from SQL.
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { SandboxHost } from '../../src/table/sandbox/child-process.ts'
import { parseChecks } from '../../src/table/checks/parse-checks.ts'
import { runChecks, type CheckReport, type CheckTools } from '../../src/table/checks/run-checks.ts'
import type { CheckedTable } from '../../src/table/checks/work.ts'
import { vegaFile, writeParquet } from './sandbox-host.ts'

/** A table of a query's rows, in as many files as `parts` says. */
export async function tableOf(
  host: SandboxHost,
  path: string,
  { sql, parts = 1 }: { readonly sql: string; readonly parts?: number },
): Promise<CheckedTable> {
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
export function vegaTable(host: SandboxHost, path: string, file: string): Promise<CheckedTable> {
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
