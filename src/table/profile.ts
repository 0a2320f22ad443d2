// What the values of a table's columns are like: how many are missing, how many differ, from where to where, how spread.
import type { Column } from '../plugins/api.ts'
import { identifier, list, type TableConnection } from './engine.ts'

/** What one column's values are like. */
export interface ColumnProfile {
  readonly name: string
  readonly type: string
  readonly nulls: number
  /** How many different values there are, nulls left out. */
  readonly distinct: number
  /** The least and the greatest value, as text; absent where there is none. */
  readonly min?: string
  readonly max?: string
  /** Counts in ten ranges of equal width from `min` to `max`, of numbers, dates and times that differ. */
  readonly histogram?: readonly number[]
}

const bins = 10
/** The longest value that is told in full. */
const longestText = 60

/** Profiles of all columns of a table that lies in these Parquet files. */
export async function profileColumns(
  connection: TableConnection,
  { files, columns }: { readonly files: readonly string[]; readonly columns: readonly Column[] },
): Promise<readonly ColumnProfile[]> {
  const from = `read_parquet(${list(files)}, union_by_name = true)`
  const profiles: ColumnProfile[] = []
  // One after the other: counting what differs spills where it must, but not in all columns at once.
  for (const column of columns) {
    const [row = {}] = await connection.rows(`SELECT ${summary(column)} FROM ${from}`)
    profiles.push(await withHistogram(connection, { from, column, profile: profileOf(column, row) }))
  }
  return profiles
}

function summary({ name }: Column): string {
  const column = identifier(name)
  return [
    `count(*) - count(${column}) AS nulls`,
    `count(DISTINCT ${column}) AS different`,
    `min(${column})::VARCHAR AS least`,
    `max(${column})::VARCHAR AS greatest`,
  ].join(', ')
}

function profileOf({ name, type }: Column, row: Readonly<Record<string, unknown>>): ColumnProfile {
  const { nulls, different, least: min, greatest: max } = row
  return {
    name,
    type,
    nulls: Number(nulls),
    distinct: Number(different),
    ...(typeof min === 'string' ? { min: cut(min) } : undefined),
    ...(typeof max === 'string' ? { max: cut(max) } : undefined),
  }
}

function cut(text: string): string {
  const points = [...text]
  return points.length <= longestText ? text : `${points.slice(0, longestText - 1).join('')}…`
}

/** A column's value as a number, where its type has an order of distances; `undefined` for other types. */
function asNumber({ name, type }: Column): string | undefined {
  const column = identifier(name)
  if (/^(u?int\d+|float|double|decimal)/.test(type)) return `${column}::DOUBLE`
  return /^(date|timestamp|time)/.test(type) ? `epoch(${column})::DOUBLE` : undefined
}

async function withHistogram(
  connection: TableConnection,
  {
    from,
    column,
    profile,
  }: { readonly from: string; readonly column: Column; readonly profile: ColumnProfile },
): Promise<ColumnProfile> {
  const value = asNumber(column)
  if (value === undefined || profile.distinct < 2) return profile
  const rows = await connection.rows(
    [
      `WITH v AS (SELECT ${value} AS v FROM ${from} WHERE isfinite(${value})),`,
      `b AS (SELECT min(v) AS lo, max(v) AS hi FROM v)`,
      `SELECT least(${String(bins - 1)}, floor((v / 2 - lo / 2) / (hi / 2 - lo / 2) * ${String(bins)}))::INTEGER AS bin, count(*) AS n`,
      `FROM v, b WHERE hi > lo GROUP BY bin`,
    ].join(' '),
  )
  if (rows.length === 0) return profile
  const histogram = new Array<number>(bins).fill(0)
  for (const { bin, n } of rows) histogram[Number(bin)] = Number(n)
  return { ...profile, histogram }
}
