// A person's SQL over tables: what it names, and its run in an engine that can read those tables' files and no others.
import { QuiltError } from '../core/base/error.ts'
import { identifier, list, literal, type TableConnection, type TableEngine } from './engine.ts'

/** Tables in the FROM and JOIN of a query, by the names that they have there, each once. */
export interface NamedInQuery {
  readonly tables: readonly string[]
}

/** Functions that make rows of nothing: the only ones that may stand for a table. */
const rowFunctions = new Set([
  'range',
  'generate_series',
  'unnest',
  'repeat',
  'repeat_row',
  'json_each',
  'json_tree',
])
/** Functions that read files or change what the engine does. */
const refused = /^(read_|parquet_|sniff_|glob$|getenv$|enable_|disable_|write_log|query|duckdb_|pragma_|pg_)/

/**
 * What a query names. It is parsed and nothing of it runs.
 * @throws INVALID for what is not one SELECT
 */
export async function namesInQuery(engine: TableEngine, sql: string): Promise<NamedInQuery> {
  const [row] = await engine.with((connection) =>
    connection.rows(`SELECT json_serialize_sql(${literal(sql)})::VARCHAR AS tree`),
  )
  const tree = JSON.parse(String(row?.['tree'])) as ParsedSql
  if (tree.error) {
    const said = tree.error_message ?? 'it cannot be parsed'
    const isOther = said.startsWith('Only SELECT')
    throw new QuiltError('INVALID', isOther ? 'only a SELECT can be asked' : `the query is no SQL: ${said}`, {
      hint: isOther ? 'tables are changed by building the package again' : undefined,
    })
  }
  if (tree.statements.length !== 1) {
    throw new QuiltError('INVALID', `one statement at a time, not ${String(tree.statements.length)}`)
  }
  const found: Found = { tables: new Set(), names: new Set() }
  collect(tree.statements[0], found, 0)
  return { tables: [...found.tables].filter((name) => !found.names.has(name)) }
}

interface ParsedSql {
  readonly error: boolean
  readonly error_message?: string
  readonly statements: readonly unknown[]
}

interface Found {
  readonly tables: Set<string>
  /** Of subqueries that WITH names. */
  readonly names: Set<string>
}

function collect(node: unknown, found: Found, depth: number): void {
  if (typeof node !== 'object' || node === null) return
  if (depth > 2000) throw new QuiltError('INVALID', 'the query is nested too deep')
  if (Array.isArray(node)) {
    for (const one of node) collect(one, found, depth + 1)
    return
  }
  const fields = node as Readonly<Record<string, unknown>>
  const { type, table_name: table, function_name: name, cte_map: named } = fields
  if (type === 'BASE_TABLE' && typeof table === 'string') found.tables.add(table)
  if (typeof name === 'string' && refused.test(name.toLowerCase())) throw refusedFunction(name)
  if (type === 'TABLE_FUNCTION') {
    const called =
      (fields['function'] as { readonly function_name?: string } | undefined)?.function_name ?? ''
    if (!rowFunctions.has(called.toLowerCase())) throw refusedFunction(called)
  }
  const entries = (named as { readonly map?: readonly { readonly key: string }[] } | undefined)?.map ?? []
  for (const { key } of entries) found.names.add(key)
  for (const value of Object.values(fields)) collect(value, found, depth + 1)
}

function refusedFunction(name: string): QuiltError {
  return new QuiltError('INVALID', `the function ${name} cannot be used here`, {
    hint: "name tables by their handles: FROM 'OWNER/NAME/PATH@REVISION'",
  })
}

/** A table as the engine finds it: Parquet files on disk, in the order of their rows. */
export interface TableFiles {
  /** As the query calls it. */
  readonly name: string
  readonly files: readonly string[]
}

/** Lets a connection know tables by their names. */
export async function nameTables(connection: TableConnection, tables: readonly TableFiles[]): Promise<void> {
  for (const { name, files } of tables) {
    const from = `read_parquet(${list(files)}, union_by_name = true)`
    await connection.run(`CREATE OR REPLACE TEMP VIEW ${identifier(name)} AS SELECT * FROM ${from}`)
  }
}

/** Formats that a result can be written in. */
export type ResultFormat = 'csv' | 'json' | 'parquet'

const formats: Readonly<Record<ResultFormat, string>> = {
  csv: 'FORMAT csv, HEADER true',
  json: 'FORMAT json, ARRAY true',
  parquet: 'FORMAT parquet, COMPRESSION zstd',
}

/** Writes a query's result to `path`, which the engine must be allowed to write. */
export async function writeResult(
  connection: TableConnection,
  sql: string,
  { path, format }: { readonly path: string; readonly format: ResultFormat },
): Promise<void> {
  const query = sql.trim().replace(/;\s*$/, '')
  await connection.run(`COPY (\n${query}\n) TO ${literal(path)} (${formats[format]}, USE_TMP_FILE false)`)
}

/** True when two lists of Parquet files hold the same rows, each as often. */
export async function sameRows(
  connection: TableConnection,
  a: readonly string[],
  b: readonly string[],
): Promise<boolean> {
  const from = (files: readonly string[]): string => `SELECT * FROM read_parquet(${list(files)})`
  const [row] = await connection.rows(
    `SELECT (SELECT count(*) FROM (${from(a)} EXCEPT ALL ${from(b)})) + (SELECT count(*) FROM (${from(b)} EXCEPT ALL ${from(a)})) AS n`,
  )
  return Number(row?.['n']) === 0
}
