// Tables in code: one function for each command of the same name.
import { sql as sqlIn, sqlTo, type SqlOutput, type SqlRow } from '../package/tables/sql.ts'
import { verifyViews as verifyViewsIn, type ViewsReport } from '../package/tables/verify-views.ts'
import { diffTableRows } from '../package/diff.ts'
import { collect, within, type CallOptions } from './call.ts'

/**
 * Asks tables of any packages and revisions, which the query names by their handles in quotes; all rows at once. Dates,
 * times and whole numbers beyond 2^53 come as texts.
 * @throws QuiltError INVALID for the query; NOT_FOUND for what is no table; UNAVAILABLE
 * @example const [{ n }] = await sql(`select count(*) as n from 'ada/wine/train@1.0'`)
 */
export function sql(query: string, options: CallOptions = {}): Promise<readonly SqlRow[]> {
  return within(options, async (session) => collect((await sqlIn(session, query, options)).rows()))
}

/**
 * Writes a query's result into a file, whole or not at all: `sql` with `--output`.
 * @throws QuiltError as `sql` does
 * @example await sqlToFile(`from 'ada/wine/train@1.0'`, { path: 'train.parquet', format: 'parquet' })
 */
export function sqlToFile(
  query: string,
  output: SqlOutput,
  options: CallOptions = {},
): Promise<{ readonly file: string }> {
  return within(options, (session) => sqlTo(session, query, output, options))
}

/** Which rows of two states are one. */
export interface RowsOptions extends CallOptions {
  /** The columns that tell one row from another. */
  readonly key?: readonly string[] | undefined
}

/**
 * The rows that two states of a table do not share: `diff` with `--rows`. With `key`, columns that tell one row from
 * another, those that changed come as `before` and `after`.
 * @throws QuiltError NOT_FOUND for what is no table; INVALID for a key that is no column of both
 * @example for (const { change, ...row } of await diffRows('ada/wine@1.0', '@2.0', 'train.csv')) console.log(change, row)
 */
export function diffRows(
  a: string,
  b: string | undefined,
  path: string,
  options: RowsOptions = {},
): Promise<readonly SqlRow[]> {
  return within(options, async (session) => {
    const result = await diffTableRows(session, { a, b, path, key: options.key }, options)
    return collect(result.rows())
  })
}

/**
 * Makes the views of packages again and compares their rows: `verify --views`.
 * @throws QuiltError NOT_FOUND for a package that is not here
 * @example const { problems } = await verifyViews(['ada/wine'])
 */
export function verifyViews(
  packages: readonly string[] = [],
  options: CallOptions = {},
): Promise<ViewsReport> {
  return within(options, (session) => verifyViewsIn(session, packages, options))
}
