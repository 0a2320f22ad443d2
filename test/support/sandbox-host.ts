// What the sandbox is handed in tests, and Parquet files for it, made by DuckDB.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { DuckDBInstance } from '@duckdb/node-api'
import { sandboxHost } from '../../src/session/sandbox-host.ts'
import type { SandboxHost } from '../../src/table/sandbox/child-process.ts'

/** The session's own, in a folder that is removed when the file's tests are done. */
export function testHost(): SandboxHost {
  const folder = mkdtempSync(join(tmpdir(), 'quilt-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return sandboxHost(folder)
}

/** Writes the rows of a query to a Parquet file. */
export async function writeParquet(path: string, sql: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  await connection.run(`COPY (${sql}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`)
  connection.closeSync()
  instance.closeSync()
  return path
}

/** A file of vega-datasets. */
export function vegaFile(name: string): string {
  return fileURLToPath(new URL(`../../node_modules/vega-datasets/data/${name}`, import.meta.url))
}
