// How a delimited text becomes a table: which columns are kept, what is known of their types, and the SQL for it.
import { QuiltError } from '../../core/base/error.ts'
import { closest } from '../../core/base/closest.ts'
import type { DelimitedText } from '../../plugins/api.ts'
import { duckType, parseType } from '../arrow-types.ts'
import { literal } from '../engine.ts'
import type { Head } from './head.ts'
import { arrowOfLetter, plainNumber, type TypeLetter } from './infer.ts'

/** A column that is kept. */
export interface PlannedColumn {
  readonly name: string
  /** Its number in the file. */
  readonly at: number
  /** Its name in SQL: `c` and that number. */
  readonly cell: string
  /** Arrow's, where it was declared; else it is found out. */
  readonly declared: string | undefined
  /** True when it must be dates. */
  readonly isDate: boolean
}

/** All that is known before the first row is read. */
export interface DelimitedPlan {
  readonly dialect: DelimitedText
  readonly head: Head
  readonly columns: readonly PlannedColumn[]
}

/**
 * The plan for a text with this beginning.
 * @throws INVALID for options that name columns that there are not, or types
 */
export function planColumns(head: Head, dialect: DelimitedText): DelimitedPlan {
  const { names } = head
  const kept = keptColumns(names, dialect)
  const typed = new Map<string, string>()
  for (const [column, type] of Object.entries(dialect.types)) {
    if (column !== '*') checkColumn(column, names, 'dtype')
    typed.set(
      column,
      withColumn(column, () => parseType(type)),
    )
  }
  const dates = Array.isArray(dialect.dates) ? (dialect.dates as readonly string[]) : []
  for (const column of dates) checkColumn(column, names, 'parse_dates')
  const columns = kept.map((i): PlannedColumn => {
    const name = names[i] as string
    const isDate = dates.includes(name)
    const byFormat = isDate && dialect.dateFormat !== undefined ? formatType(dialect.dateFormat) : undefined
    return {
      name,
      at: i,
      cell: `c${String(i)}`,
      declared: typed.get(name) ?? byFormat ?? typed.get('*'),
      isDate,
    }
  })
  return { dialect, head, columns }
}

function keptColumns(names: readonly string[], { useColumns }: DelimitedText): readonly number[] {
  if (useColumns === undefined) return names.map((_, i) => i)
  const kept = useColumns.map((one) => {
    if (typeof one === 'string') return checkColumn(one, names, 'usecols')
    if (one >= 0 && one < names.length) return one
    throw new QuiltError(
      'INVALID',
      `usecols: there is no column ${String(one)}, only ${String(names.length)}`,
    )
  })
  return [...new Set(kept)].sort((a, b) => a - b)
}

function checkColumn(column: string, names: readonly string[], key: string): number {
  const at = names.indexOf(column)
  if (at >= 0) return at
  const near = closest(column, names)
  throw new QuiltError('INVALID', `${key}: there is no column ${JSON.stringify(column.slice(0, 80))}`, {
    hint:
      near === undefined
        ? `there are ${names.slice(0, 20).join(', ')}`
        : `did you mean ${JSON.stringify(near)}?`,
  })
}

function withColumn<T>(column: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof QuiltError)) throw error
    throw new QuiltError('INVALID', `dtype of ${column}: ${error.message}`, { hint: error.hint })
  }
}

function formatType(format: string): string {
  return /%[HIMSfcTXp]/.test(format) ? 'timestamp[us]' : 'date32'
}

/** Text that the engine reads at once: its own 32 MB are more than parts have on average. */
const bufferBytes = 4 * 1024 * 1024

/** The engine wants a text for no value: where there is none, one that no cell is. */
const noCell = '\u0001 no cell is written like this \u0001'

/** The table function that reads a part's file, each cell a text; `rejects` notes bad rows, which else are an error. */
export function readCells(
  plan: DelimitedPlan,
  path: string,
  { longest, rejects }: { readonly longest: number; readonly rejects: boolean },
): string {
  const { dialect, head } = plan
  const columns = head.names.map((_, i) => `'c${String(i)}': 'VARCHAR'`).join(', ')
  const line = Math.max(1024 * 1024, longest + 1024)
  const options = [
    'auto_detect = false',
    'header = false',
    `delim = ${literal(dialect.separator)}`,
    `quote = ${literal(dialect.quote ?? '')}`,
    `escape = ${literal(dialect.escape ?? dialect.quote ?? '')}`,
    `comment = ${literal(dialect.comment ?? '')}`,
    `columns = {${columns}}`,
    `nullstr = [${(dialect.nulls.length === 0 ? [noCell] : dialect.nulls).map(literal).join(', ')}]`,
    ...(rejects ? ['store_rejects = true'] : []),
    'strict_mode = true',
    `max_line_size = ${String(line)}`,
    `buffer_size = ${String(Math.max(bufferBytes, 2 * line))}`,
    ...(head.style.newline === 13 ? [`new_line = '\\r'`] : []),
  ]
  return `read_csv(${literal(path)}, ${options.join(', ')})`
}

/** SQL for a column's cells as values of a type: NULL where a cell is not of it. */
export function cellAs(plan: DelimitedPlan, { cell, isDate }: PlannedColumn, arrow: string): string {
  const { dialect } = plan
  const type = duckType(arrow)
  if (arrow === 'utf8') return cell
  if (/^u?int/.test(arrow)) {
    const text = plainNumber(cell, dialect)
    return `CASE WHEN ltrim(trim(${text}), '+-0123456789') = '' THEN TRY_CAST(${text} AS ${type}) END`
  }
  if (/^(float|double|decimal)/.test(arrow)) return `TRY_CAST(${plainNumber(cell, dialect)} AS ${type})`
  if (dialect.dateFormat !== undefined && isDate && /^(date|timestamp)/.test(arrow))
    return `try_strptime(${cell}, ${literal(dialect.dateFormat)})::${type}`
  return `TRY_CAST(${cell} AS ${type})`
}

/** The Arrow type of a column, given the letter that its values have. */
export function typeOf(column: PlannedColumn, letter: string): string {
  if (letter === 's') return 'utf8' // a declared type that did not fit, with on_bad: text
  return column.declared ?? arrowOfLetter[letter as TypeLetter]
}
