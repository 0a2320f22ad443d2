// What rows two tables do not share, as SQL over their Parquet files. Rows are compared as multisets: the same row twice
// on one side and once on the other is a difference of one.
import { identifier, list } from './engine.ts'

/** Two tables: the files of what they do not share, and the columns that both have. */
export interface ComparedFiles {
  readonly a: readonly string[]
  readonly b: readonly string[]
  readonly columns: readonly string[]
  /** Columns that tell one row from another; none where a row is what it holds. */
  readonly key: readonly string[]
}

/** The name of the column that says what happened to a row, one that no column of the tables has. */
function changeColumn(columns: readonly string[]): string {
  return freeName('change', columns)
}

function freeName(wanted: string, columns: readonly string[]): string {
  const taken = new Set(columns.map((name) => name.toLowerCase()))
  let name = wanted
  while (taken.has(name)) name = `_${name}`
  return name
}

/** One row: how many were `added` and `removed`, and with a key how many of these are `changed`. */
export function countDiffering(compared: ComparedFiles): string {
  const changed =
    compared.key.length === 0 ? '0' : `(SELECT count(*) FROM r WHERE ${matching(compared, 'r', 'n')})`
  return `${sides(compared)} SELECT (SELECT count(*) FROM n) AS added, (SELECT count(*) FROM r) AS removed, ${changed} AS changed`
}

/**
 * The rows themselves, in an order of their own: `removed`, `added`, and with a key `before` and `after` of those that
 * changed, one behind the other.
 */
export function differingRows(compared: ComparedFiles): string {
  const { columns, key } = compared
  const change = identifier(changeColumn(columns))
  const word = (only: string, both: string, one: 'r' | 'n'): string => {
    const other = one === 'r' ? 'n' : 'r'
    return key.length === 0
      ? `'${only}'`
      : `CASE WHEN ${matching(compared, one, other)} THEN '${both}' ELSE '${only}' END`
  }
  const order = [...key, ...columns.filter((name) => !key.includes(name))].map(identifier)
  const last = `${change} IN ('after', 'added')`
  const by =
    key.length === 0 ? [...order, last] : [...order.slice(0, key.length), last, ...order.slice(key.length)]
  return [
    sides(compared),
    `SELECT * FROM (SELECT ${word('removed', 'before', 'r')} AS ${change}, r.* FROM r`,
    `UNION ALL SELECT ${word('added', 'after', 'n')}, n.* FROM n)`,
    `ORDER BY ${by.join(', ')}`,
  ].join(' ')
}

/**
 * Those of `a` that `b` has not, `r`, and the other way round, `n`. Every row is counted once, up on one side and down on
 * the other, and what is left over is there as often: two EXCEPT ALL take five times as long (measured).
 */
function sides({ a, b, columns }: ComparedFiles): string {
  const names = columns.map(identifier).join(', ')
  const count = identifier(freeName('count', columns))
  const from = (files: readonly string[], other: readonly string[], by: string): string =>
    files.length > 0
      ? `SELECT ${names}, ${by} AS ${count} FROM read_parquet(${list(files)}, union_by_name = true)`
      : `(SELECT ${names}, ${by} AS ${count} FROM read_parquet(${list(other)}, union_by_name = true) LIMIT 0)`
  const rest = `SELECT ${names}, sum(${count})::BIGINT AS ${count} FROM (${from(a, b, '1')} UNION ALL ${from(b, a, '-1')}) GROUP BY ${names} HAVING sum(${count}) <> 0`
  const times = identifier(freeName('times', columns))
  const side = (many: string): string =>
    `SELECT ${names} FROM (SELECT ${names}, unnest(range(${many})) AS ${times} FROM rest WHERE ${many} > 0)`
  return `WITH rest AS MATERIALIZED (${rest}), r AS MATERIALIZED (${side(count)}), n AS MATERIALIZED (${side(`-${count}`)})`
}

function matching({ key }: ComparedFiles, one: string, other: string): string {
  const same = key.map(
    (name) => `${other}.${identifier(name)} IS NOT DISTINCT FROM ${one}.${identifier(name)}`,
  )
  return `EXISTS (SELECT 1 FROM ${other} WHERE ${same.join(' AND ')})`
}
