// What a check asks of a table, as SQL, and the answer to it. Each question is one or two statements in the sandbox.
import type { Context } from '../../core/base/context.ts'
import type { SqlColumn, SqlValue } from '../sandbox/serve-jobs.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { quoted, textLiteral } from './sql-text.ts'

/** A table as the sandbox holds it. */
export interface LoadedTable {
  /** In the package; checks name it so. */
  readonly path: string
  /** In the sandbox. */
  readonly inside: string
  readonly columns: readonly SqlColumn[]
}

/** The table that is checked, and the others that the check names. */
export interface Subject {
  readonly table: LoadedTable
  readonly others: readonly LoadedTable[]
}

/** What to ask. */
export type Question =
  /** `broken` is true for the rows that break it; `columns` are those that it is about. */
  | {
      readonly kind: 'rows'
      readonly broken: string
      readonly columns: readonly string[]
      readonly from?: string
    }
  /** One number of the whole table, with a name for it; or a truth, which has none. */
  | { readonly kind: 'value'; readonly value: string; readonly broken: string; readonly name?: string }
  /** A SELECT, whose rows break it. */
  | { readonly kind: 'query'; readonly sql: string }

/** A row that breaks a check. */
export interface FailedRow {
  /** Its number in the table, from 1; absent where it is no row of the table. */
  readonly row?: number
  readonly values: Readonly<Record<string, SqlValue>>
}

/** How many rows break it, and the first of them. */
export interface Answer {
  readonly broken: number
  readonly rows: readonly FailedRow[]
  /** What was found of the whole table, where it was asked about that. */
  readonly value?: SqlValue
}

/** So many columns of a row are shown; those that the check is about come first where there are more. */
const mostColumns = 64

/** Asks. @throws INVALID when the SQL is wrong or needs more than it may; UNAVAILABLE */
export async function ask(
  sandbox: Sandbox,
  subject: Subject,
  { question, rows }: { readonly question: Question; readonly rows: number },
  ctx: Context | undefined,
): Promise<Answer> {
  const run = (sql: string, most: number): ReturnType<Sandbox['query']> =>
    sandbox.query(`${scopeOf(subject)}\n${sql}`, namesOf(subject), most, ctx)
  const countOf = async (from: string): Promise<number> => {
    const found = await run(`SELECT count(*) FROM ${from}`, 1)
    return Number(found.rows[0]?.[0] ?? 0)
  }
  switch (question.kind) {
    case 'rows': {
      const { broken, from = '' } = question
      const { columns } = subject.table
      const [row, flag] = [freeName('#row', columns), freeName('#broken', columns)]
      const verdicts = `(SELECT (\n${broken}\n) AS ${flag} FROM "data"${from}) AS "#verdicts" WHERE ${flag}`
      const count = await countOf(verdicts)
      if (count === 0 || rows === 0) return { broken: count, rows: [] }
      const picked = pickColumns(columns, question.columns)
      const shown = [row, ...picked.map(({ name }) => quoted(name))].join(', ')
      const numbered = `(SELECT row_number() OVER () AS ${row}, * FROM "data") AS "data"`
      const inner = `(SELECT "data".*, (\n${broken}\n) AS ${flag} FROM ${numbered}${from}) AS "#verdicts"`
      const sql = `SELECT ${shown} FROM ${inner} WHERE ${flag} ORDER BY ${row} LIMIT ${String(rows)}`
      const found = await run(sql, rows)
      return { broken: count, rows: found.rows.map((row) => numberedRow(picked, row)) }
    }
    case 'value': {
      const sql = `SELECT "#value", (${question.broken}) AS "#broken" FROM (SELECT (\n${question.value}\n) AS "#value") AS "#values"`
      const found = await run(sql, 1)
      const [value = null, broken] = found.rows[0] ?? []
      return broken === false ? { broken: 0, rows: [] } : { broken: 1, rows: [], value }
    }
    case 'query': {
      const count = await countOf(`(\n${question.sql}\n) AS "#rows"`)
      if (count === 0 || rows === 0) return { broken: count, rows: [] }
      const found = await run(`SELECT * FROM (\n${question.sql}\n) AS "#rows" LIMIT ${String(rows)}`, rows)
      return { broken: count, rows: found.rows.map((row) => ({ values: valuesOf(found.columns, row) })) }
    }
  }
}

/** The type of an expression over the table, as DuckDB writes it. */
export async function typeOf(
  sandbox: Sandbox,
  subject: Subject,
  select: string,
  ctx: Context | undefined,
): Promise<string> {
  const [column] = await sandbox.describe(`${scopeOf(subject)}\n${select}`, namesOf(subject), ctx)
  return column?.type ?? ''
}

/** How many rows a table has. */
export async function rowCount(
  sandbox: Sandbox,
  subject: Subject,
  ctx: Context | undefined,
): Promise<number> {
  const sql = `${scopeOf(subject)}\nSELECT count(*) FROM "data"`
  return Number((await sandbox.query(sql, namesOf(subject), 1, ctx)).rows[0]?.[0] ?? 0)
}

/** What `rows` and `columns` mean, as a row to select from; the table's own columns of these names come first. */
export function infoOf({ table }: Subject, names: readonly string[]): string {
  const own = new Set(table.columns.map(({ name }) => name.toLowerCase()))
  const all: readonly (readonly [string, string])[] = [
    ['rows', '(SELECT count(*) FROM "data")'],
    ['columns', `list_value(${table.columns.map(({ name }) => textLiteral(name)).join(', ')})`],
  ]
  const used = all.filter(([name]) => names.includes(name) && !own.has(name))
  if (used.length === 0) return ''
  return `(SELECT ${used.map(([name, sql]) => `${sql} AS ${quoted(name)}`).join(', ')}) AS "#info"`
}

/** The tables by the names that checks use: `data` is the one that is checked. */
function scopeOf({ table, others }: Subject): string {
  const named = others.filter(({ path }) => path.toLowerCase() !== 'data')
  const views = [{ path: 'data', inside: table.inside }, ...named].map(
    ({ path, inside }) => `${quoted(path)} AS NOT MATERIALIZED (SELECT * FROM ${quoted(inside)})`,
  )
  return `WITH ${views.join(', ')}`
}

function namesOf({ table, others }: Subject): {
  readonly tables: readonly string[]
  readonly aliases: readonly string[]
  readonly columns: readonly string[]
} {
  return {
    tables: [table, ...others].map(({ inside }) => inside),
    aliases: ['data', ...others.map(({ path }) => path)],
    columns: table.columns.map(({ name }) => name),
  }
}

/** A name, quoted, that no column of the table has. */
function freeName(base: string, columns: readonly SqlColumn[]): string {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()))
  let name = base
  while (taken.has(name)) name += '#'
  return quoted(name)
}

function pickColumns(columns: readonly SqlColumn[], about: readonly string[]): readonly SqlColumn[] {
  if (columns.length <= mostColumns) return columns
  const first = columns.filter(({ name }) => about.includes(name))
  return [...first, ...columns.filter(({ name }) => !about.includes(name))].slice(0, mostColumns)
}

function numberedRow(columns: readonly SqlColumn[], [row, ...values]: readonly SqlValue[]): FailedRow {
  return { row: Number(row), values: valuesOf(columns, values) }
}

/** Own properties whatever the columns are called. */
function valuesOf(columns: readonly SqlColumn[], values: readonly SqlValue[]): FailedRow['values'] {
  return Object.fromEntries(columns.map(({ name }, i) => [name, values[i] ?? null]))
}
