// DuckDB's own parser in tests: the tree that the gate judges, of a text that is only parsed.
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'

let parser: Promise<DuckDBConnection> | undefined

/** What `json_serialize_sql` says of a text, as the sandbox asks it. */
export async function parsedText(sql: string): Promise<string> {
  parser ??= DuckDBInstance.create(':memory:', { threads: '1' }).then((instance) => instance.connect())
  const reader = await (
    await parser
  ).runAndReadAll(
    'SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR), skip_null := true, skip_empty := true, skip_default := true) AS VARCHAR)',
    [sql],
  )
  return String(reader.getRowsJson()[0]?.[0])
}

/** The same, read. */
export async function parsed(sql: string): Promise<unknown> {
  return JSON.parse(await parsedText(sql)) as unknown
}
