// Where the columns of a Parquet file lie in it, as its foot says.
import { literal, type TableConnection } from '../engine.ts'

/** Bytes of a column in one row group. */
export interface ColumnRange {
  /** The column at the top, where it is a part of a nested one. */
  readonly column: string
  readonly start: number
  readonly end: number
}

/** The ranges of all columns of a file; nothing but its foot is read. */
export async function columnRanges(
  connection: TableConnection,
  path: string,
): Promise<readonly ColumnRange[]> {
  const names = await connection.rows(`SELECT name, num_children FROM parquet_schema(${literal(path)})`)
  const columns = topColumns(names)
  const rows = await connection.rows(
    `SELECT column_id AS id, total_compressed_size AS size,
      CASE WHEN coalesce(dictionary_page_offset, 0) > 0 THEN least(dictionary_page_offset, data_page_offset)
      ELSE data_page_offset END AS start FROM parquet_metadata(${literal(path)})`,
  )
  return rows.map(({ id, size, start }) => ({
    column: columns[Number(id)] as string,
    start: Number(start),
    end: Number(start) + Number(size),
  }))
}

/** For each leaf of the schema, in its order, the column at the top to which it belongs. */
function topColumns(schema: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  const leaves: string[] = []
  let at = 1 // the first is the root
  const take = (top: string | undefined): void => {
    const { name, num_children: children } = schema[at++] ?? {}
    const column = top ?? String(name)
    if (Number(children ?? 0) === 0) leaves.push(column)
    else for (let i = 0; i < Number(children); i++) take(column)
  }
  while (at < schema.length) take(undefined)
  return leaves
}
