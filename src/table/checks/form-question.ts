// The declarative forms as questions: which rows break them, in SQL that is written here around quoted values.
import { QuiltError } from '../../core/base/error.ts'
import type { Bound, CheckForm, DatesForm, EnumValue, ForeignKeyForm, RangeForm } from './check.ts'
import { suggestion } from './fields.ts'
import type { LoadedTable, Question, Subject } from './question.ts'
import { isMoment, isNumeric, numberLiteral, quoted, textLiteral } from './sql-text.ts'

/** The forms that need no look at a text of the user's. */
export type DeclaredForm = Exclude<CheckForm, { readonly kind: 'expression' | 'query' | 'rows' | 'schema' }>

/** What a form asks. @throws INVALID for a column or a table that is not there, or of another type */
export function formQuestion(form: DeclaredForm, subject: Subject): Question {
  switch (form.kind) {
    case 'enum':
      return rowsQuestion([form.column], enumBroken(columnOf(subject.table, form.column), form.values))
    case 'range':
      return rangeQuestion(form, columnOf(subject.table, form.column))
    case 'regexp': {
      const { text } = columnOf(subject.table, form.column)
      const matches = form.whole ? 'regexp_full_match' : 'regexp_matches'
      return rowsQuestion([form.column], `NOT ${matches}(${text}, ${textLiteral(form.pattern)})`)
    }
    case 'substr': {
      const { text } = columnOf(subject.table, form.column)
      const fold = (sql: string): string => (form.anyCase ? `lower(${sql})` : sql)
      return rowsQuestion([form.column], `NOT contains(${fold(text)}, ${fold(textLiteral(form.text))})`)
    }
    case 'dates':
      return rowsQuestion([form.column], datesBroken(form, columnOf(subject.table, form.column)))
    case 'not_null': {
      const columns = form.columns.map((name) => columnOf(subject.table, name))
      return rowsQuestion(form.columns, columns.map(({ sql }) => `${sql} IS NULL`).join(' OR '))
    }
    case 'unique':
      return uniqueQuestion(form.columns, subject)
    case 'foreign_key':
      return foreignKeyQuestion(form, subject)
  }
}

/** A column as SQL names it, with its type, and what its value is as a text. */
interface ColumnSql {
  readonly name: string
  readonly type: string
  readonly sql: string
  readonly text: string
}

function columnOf(table: LoadedTable, name: string, alias = 'data'): ColumnSql {
  const found = table.columns.find((column) => column.name === name)
  if (found === undefined) {
    const names = table.columns.map((column) => column.name)
    throw new QuiltError('INVALID', `"${table.path}" has no column "${name}"${suggestion(name, names)}`)
  }
  const sql = `${quoted(alias)}.${quoted(name)}`
  return { name, type: found.type, sql, text: found.type === 'VARCHAR' ? sql : `CAST(${sql} AS VARCHAR)` }
}

function rowsQuestion(columns: readonly string[], broken: string): Question {
  return { kind: 'rows', broken, columns }
}

/** Numbers are compared as numbers, all else as the text that it is written as. */
function enumBroken({ type, sql, text }: ColumnSql, values: readonly EnumValue[]): string {
  const given = values.filter((value) => value !== null)
  const numeric = isNumeric(type)
  const literals = numeric
    ? given.flatMap((value) => (typeof value === 'boolean' ? [] : (numberLiteral(value) ?? [])))
    : given.map((value) => textLiteral(String(value)))
  if (literals.length === 0) return `${sql} IS NOT NULL`
  return `${numeric ? sql : text} NOT IN (${literals.join(', ')})`
}

/** Aggregates by their names in a build file. */
const aggregates: Readonly<Record<string, string>> = {
  count: 'count',
  distinct: 'count',
  sum: 'sum',
  mean: 'avg',
  median: 'median',
  mode: 'mode',
  stddev: 'stddev_samp',
  variance: 'var_samp',
}

function rangeQuestion(form: RangeForm, column: ColumnSql): Question {
  const { of } = form
  if (of === 'value' || of === 'abs' || of === 'length') {
    const looked = lookedAt(form, column)
    const outside = outsideOf(looked, form)
    const unread = looked.sql === column.sql ? '' : `${looked.sql} IS NULL OR `
    return rowsQuestion([form.column], `${column.sql} IS NOT NULL AND (${unread}${outside})`)
  }
  const whole = of === 'count' || of === 'distinct' || of === 'mode'
  const value = whole ? column.sql : numberOf(column)
  const sql = `(SELECT ${aggregates[of] as string}(${of === 'distinct' ? 'DISTINCT ' : ''}${value}) FROM "data")`
  const type = of === 'mode' ? column.type : 'DOUBLE'
  const broken = `"#value" IS NULL OR ${outsideOf({ sql: '"#value"', type }, { ...form, column: column.name })}`
  return { kind: 'value', value: sql, broken, name: of }
}

function lookedAt(
  { of, min, max }: RangeForm,
  column: ColumnSql,
): { readonly sql: string; readonly type: string } {
  if (of === 'length') {
    const lists = column.type.endsWith(']')
    return { sql: lists ? `len(${column.sql})` : `length(${column.text})`, type: 'BIGINT' }
  }
  const asNumber = of === 'abs' || [min, max].some((bound) => typeof bound === 'number')
  const sql = column.type === 'VARCHAR' && asNumber ? numberOf(column) : column.sql
  const type = sql === column.sql ? column.type : 'DOUBLE'
  return of === 'abs' ? { sql: `abs(${sql})`, type } : { sql, type }
}

function numberOf({ type, sql }: ColumnSql): string {
  return type === 'VARCHAR' ? `TRY_CAST(${sql} AS DOUBLE)` : sql
}

function outsideOf({ sql, type }: { readonly sql: string; readonly type: string }, form: RangeForm): string {
  const { min, max, column } = form
  const bounds = [
    min === undefined ? [] : [`${sql} < ${boundLiteral(min, type, column)}`],
    max === undefined ? [] : [`${sql} > ${boundLiteral(max, type, column)}`],
    type === 'DOUBLE' || type === 'FLOAT' ? [`isnan(${sql})`] : [],
  ]
  return `(${bounds.flat().join(' OR ')})`
}

function boundLiteral(bound: Bound, type: string, column: string): string {
  const number = numberLiteral(bound)
  if (isNumeric(type)) {
    if (number !== undefined) return number
    throw new QuiltError('INVALID', `the column "${column}" holds numbers, and "${String(bound)}" is none`)
  }
  if (typeof bound === 'number') {
    const hint = 'write the bound as a text, in quotes'
    throw new QuiltError('INVALID', `the column "${column}" holds no numbers but ${type}`, { hint })
  }
  return type === 'VARCHAR' ? textLiteral(bound) : `CAST(${textLiteral(bound)} AS ${type})`
}

/** ISO 8601, which DuckDB's own reading goes beyond (`2020/1/1`, `infinity`). */
const isoPattern =
  '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?'

function datesBroken({ format, min, max }: DatesForm, { type, sql, text }: ColumnSql): string {
  const iso = `CASE WHEN regexp_full_match(${text}, ${textLiteral(isoPattern)}) THEN TRY_CAST(${text} AS TIMESTAMPTZ) END`
  const parsed = format === undefined ? iso : formatted(text, format)
  const moment = isMoment(type) ? `CAST(${sql} AS TIMESTAMPTZ)` : parsed
  const beyond = (bound: string, sign: '<' | '>'): string =>
    bound.length === 10 // a date is the whole day
      ? `CAST(${moment} AS DATE) ${sign} CAST(${textLiteral(bound)} AS DATE)`
      : `${moment} ${sign} CAST(${textLiteral(bound)} AS TIMESTAMPTZ)`
  const outside = [
    `(${moment}) IS NULL`,
    ...(min === undefined ? [] : [beyond(min, '<')]),
    ...(max === undefined ? [] : [beyond(max, '>')]),
  ]
  return `${sql} IS NOT NULL AND (${outside.join(' OR ')})`
}

/** DuckDB reads these words as 1 January 1900, whatever the format (1.5.6). */
const wordPattern = '(?i)\\s*[-+]?(infinity|epoch)\\s*'

function formatted(text: string, format: string): string {
  const parsed = `CAST(try_strptime(${text}, ${textLiteral(format)}) AS TIMESTAMPTZ)`
  return `CASE WHEN NOT regexp_full_match(${text}, ${textLiteral(wordPattern)}) THEN ${parsed} END`
}

/** Rows without a null in the columns, whose values another row has as well. */
function uniqueQuestion(names: readonly string[], { table }: Subject): Question {
  const outer = names.map((name) => columnOf(table, name).sql)
  const inner = names.map((name) => columnOf(table, name, '#each').sql)
  const key = (columns: readonly string[]): string =>
    columns.length === 1 ? (columns[0] as string) : `row(${columns.join(', ')})`
  const twice = `(SELECT ${key(inner)} FROM "data" AS "#each" GROUP BY ${inner.join(', ')} HAVING count(*) > 1)`
  const filled = outer.map((sql) => `${sql} IS NOT NULL AND `).join('')
  return rowsQuestion(names, `${filled}${key(outer)} IN ${twice}`)
}

function foreignKeyQuestion(form: ForeignKeyForm, { table, others }: Subject): Question {
  const own = form.table === table.path
  const other = own ? table : others.find(({ path }) => path === form.table)
  if (other === undefined) throw new QuiltError('INVALID', `"${form.table}" has no rows that could be read`)
  const columns = form.columns.map((name) => columnOf(table, name).sql)
  const references = form.references.map((name) => columnOf(other, name, '#each').sql)
  // Distinct first: the keys of a table are few beside its rows (140 MB instead of 570 on 3 million, measured).
  const keys = references.map((sql, i) => `${sql} AS k${String(i)}`).join(', ')
  const distinct = `(SELECT DISTINCT ${keys} FROM ${quoted(other.inside)} AS "#each") AS "#other"`
  const same = columns.map((sql, i) => `"#other".k${String(i)} = ${sql}`).join(' AND ')
  const filled = columns.map((sql) => `${sql} IS NOT NULL AND `).join('')
  return rowsQuestion(form.columns, `${filled}NOT EXISTS (SELECT 1 FROM ${distinct} WHERE ${same})`)
}
