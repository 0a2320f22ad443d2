// Reads tables on disk in code: their columns, their cells in batches and as objects, what a SELECT says of them.
import { checkSignal, type Context } from '../../core/base/context.ts'
import { arrowType } from '../arrow-types.ts'
import { identifier, list, type TableConnection, type TableEngine } from '../engine.ts'
import { cellsOf, columnReader } from './cells.ts'

/** A row, by the names of its columns. */
export type TableRow = Readonly<Record<string, unknown>>

/** Some thousand rows, column by column. */
export interface TableBatch {
  readonly rowCount: number
  readonly columns: Readonly<Record<string, readonly unknown[]>>
}

/** A column's name and its Arrow type. */
export interface ReadColumn {
  readonly name: string
  readonly type: string
}

/** What is asked: SQL, and which columns hold whole numbers that need to be bigints, where that is known. */
export interface Asked {
  readonly sql: string
  readonly wide?: ReadonlySet<string>
}

/** All rows of Parquet files, one after the other, columns matched by name: all columns, or these. */
export function allRows(files: readonly string[], columns?: readonly string[]): string {
  const what = columns?.map(identifier).join(', ') ?? '*'
  return `SELECT ${what} FROM read_parquet(${list(files)}, union_by_name = true)`
}

/** The columns that a SELECT gives; nothing is read but the heads of files. */
export async function columnsOf(connection: TableConnection, sql: string): Promise<readonly ReadColumn[]> {
  const rows = await connection.rows(`DESCRIBE ${sql}`)
  return rows.map((row) => ({
    name: String(row['column_name']),
    type: arrowType(String(row['column_type'])),
  }))
}

/** What is known of a column's values. */
export interface ColumnFacts {
  /** A whole number in it is beyond 2^53. */
  readonly isWide: boolean
  readonly hasNulls: boolean
}

/**
 * Which columns of 64-bit whole numbers hold one that a number cannot: by the statistics in the files where these say
 * it, else by the values.
 */
export async function wideColumns(
  connection: TableConnection,
  files: readonly string[],
  columns: readonly ReadColumn[],
): Promise<ReadonlySet<string>> {
  const whole = columns.filter(isWhole)
  if (whole.length === 0) return new Set()
  const facts = await columnFacts(connection, files, whole)
  return new Set(whole.filter(({ name }) => facts.get(name)?.isWide === true).map(({ name }) => name))
}

/** What the statistics in Parquet files say of columns, and where they say nothing, the values. */
export async function columnFacts(
  connection: TableConnection,
  files: readonly string[],
  columns: readonly ReadColumn[],
): Promise<ReadonlyMap<string, ColumnFacts>> {
  const known = await connection.rows(
    `SELECT path_in_schema AS name, min(TRY_CAST(stats_min_value AS HUGEINT)) AS low,
      max(TRY_CAST(stats_max_value AS HUGEINT)) AS high, sum(stats_null_count) AS nulls,
      bool_and(stats_null_count IS NOT NULL AND (stats_max_value IS NOT NULL OR stats_null_count = num_values)) AS known,
      count(DISTINCT file_name) AS files
      FROM parquet_metadata(${list(files)}) GROUP BY 1`,
  )
  const facts = new Map<string, ColumnFacts>()
  const unknown: ReadColumn[] = []
  for (const column of columns) {
    const said = known.find((row) => row['name'] === column.name)
    if (said?.['known'] !== true || Number(said['files']) !== new Set(files).size) unknown.push(column)
    else
      facts.set(column.name, {
        isWide: isWhole(column) && (isBeyond(said['low']) || isBeyond(said['high'])),
        hasNulls: Number(said['nulls']) > 0,
      })
  }
  if (unknown.length === 0) return facts
  const asked = unknown.flatMap((column, i) => {
    const name = identifier(column.name)
    const ends = isWhole(column)
      ? [`min(${name}) AS low${String(i)}`, `max(${name}) AS high${String(i)}`]
      : []
    return [`count(*) - count(${name}) AS nulls${String(i)}`, ...ends]
  })
  const [row] = await connection.rows(`SELECT ${asked.join(', ')} FROM (${allRows(files)})`)
  unknown.forEach(({ name }, i) => {
    facts.set(name, {
      isWide: isBeyond(row?.[`low${String(i)}`]) || isBeyond(row?.[`high${String(i)}`]),
      hasNulls: Number(row?.[`nulls${String(i)}`]) > 0,
    })
  })
  return facts
}

function isWhole({ type }: ReadColumn): boolean {
  return type === 'int64' || type === 'uint64'
}

function isBeyond(value: unknown): boolean {
  return value !== null && value !== undefined && !Number.isSafeInteger(Number(value))
}

/** A batch as it is read. */
export interface ReadBatch {
  readonly names: readonly string[]
  readonly cells: readonly (readonly unknown[])[]
  readonly rowCount: number
}

/** What a SELECT gives, batch by batch; the engine is closed when it ends, or is left. */
export async function* readBatches(
  engine: TableEngine,
  {
    prepare,
    ctx,
  }: {
    readonly prepare: (connection: TableConnection) => Promise<Asked>
    readonly ctx?: Context | undefined
  },
): AsyncGenerator<ReadBatch> {
  try {
    const api = await import('@duckdb/node-api')
    const connection = await engine.connect(ctx)
    const { sql, wide } = await prepare(connection)
    const { columns, chunks } = await connection.chunks(sql)
    const names = columns.map(({ name }) => name)
    const readers = columns.map(({ name, type }) => columnReader(api, type, wide?.has(name)))
    for await (const chunk of chunks()) {
      checkSignal(ctx)
      yield { names, cells: cellsOf(chunk, readers), rowCount: chunk.rowCount }
    }
  } finally {
    await engine.close()
  }
}

/** A batch's cells by the names of their columns. */
export function namedCells(
  names: readonly string[],
  cells: readonly (readonly unknown[])[],
): TableBatch['columns'] {
  return Object.fromEntries(names.map((name, i) => [name, cells[i] as readonly unknown[]]))
}

/** A batch's rows. */
export function rowsOf({ names, cells, rowCount }: ReadBatch): readonly TableRow[] {
  const rows: TableRow[] = []
  const isPlain = !names.includes('__proto__')
  for (let at = 0; at < rowCount; at++) {
    if (!isPlain) {
      rows.push(Object.fromEntries(names.map((name, i) => [name, cells[i]?.[at]])))
      continue
    }
    const row: Record<string, unknown> = {}
    for (let i = 0; i < names.length; i++) row[names[i] as string] = (cells[i] as readonly unknown[])[at]
    rows.push(row)
  }
  return rows
}

/**
 * The rows of batches, one after the other. Written out, since generators within generators would take more time for
 * each row than reading it does.
 */
export function eachRow(batches: AsyncGenerator<ReadBatch>): AsyncIterableIterator<TableRow> {
  let rows: readonly TableRow[] = []
  let at = 0
  let filling: Promise<boolean> | undefined
  const fill = async (): Promise<boolean> => {
    const { done, value } = await batches.next()
    if (done === true) return false
    rows = rowsOf(value)
    at = 0
    return true
  }
  const refill = async (): Promise<IteratorResult<TableRow>> => {
    filling ??= fill().finally(() => (filling = undefined))
    return (await filling) ? take() : { done: true, value: undefined }
  }
  const take = (): Promise<IteratorResult<TableRow>> => {
    if (filling !== undefined || at >= rows.length) return refill()
    return Promise.resolve({ done: false, value: rows[at++] as TableRow })
  }
  return {
    next: take,
    return: async () => {
      rows = []
      await batches.return(undefined)
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
