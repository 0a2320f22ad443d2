// One part of a delimited text into one Parquet file: its cells as texts, what they are, and what they become.
import { QuiltError } from '../../core/base/error.ts'
import { duckType } from '../arrow-types.ts'
import { identifier, literal, type TableConnection } from '../engine.ts'
import { badRows } from './bad-rows.ts'
import {
  allFamilies,
  familyBits,
  joinTypes,
  letterOfBits,
  plainNumber,
  type Family,
  type TypeLetter,
} from './infer.ts'
import { rowAt, unifyRowEnds, type PartFile } from './part-file.ts'
import { cellAs, readCells, typeOf, type DelimitedPlan, type PlannedColumn } from './plan.ts'

/** A part's rows in the engine, under the name `part`. */
export interface LoadedPart {
  readonly rows: number
  /** The narrowest types, a letter for each column that is kept; `-` where one was declared. */
  readonly types: string
  /** Rows that could not be read, and were left out or kept as text. */
  readonly bad: number
}

/** Rows of a part that say which types its columns cannot have: few at first, since most are ruled out by those. */
const sampleRows = [64, 2048]
/** Expressions in one statement. */
const columnsAtOnce = 200

/**
 * Reads a part's file into the connection's table `part`, and finds out its types.
 * @throws INVALID with line and column, where the options do not say otherwise
 */
export async function loadPart(
  connection: TableConnection,
  plan: DelimitedPlan,
  file: PartFile,
  linesBefore: () => Promise<number>,
): Promise<LoadedPart> {
  await readPart(connection, plan, file)
  const bad = await badRows(connection, {
    plan,
    file,
    linesBefore,
    again: () => readPart(connection, plan, file),
  })
  const limit = plan.dialect.mostRows
  if (limit !== undefined) await connection.run(`DELETE FROM part WHERE rowid >= ${String(limit)}`)
  const wrong = await checkDeclared(connection, plan, { file, linesBefore })
  const [count] = await connection.rows('SELECT count(*) AS n FROM part')
  const rows = Number(count?.['n'])
  const types = await findTypes(connection, plan, rows)
  const letters = [...types].map((letter, i) => (wrong.asText.has(i) ? 's' : letter)).join('')
  checkDates(plan, letters)
  return { rows, types: letters, bad: bad + wrong.bad }
}

async function readPart(connection: TableConnection, plan: DelimitedPlan, file: PartFile): Promise<void> {
  const sql = `CREATE OR REPLACE TEMP TABLE part AS SELECT * FROM ${readCells(plan, file.path, { longest: file.longest, rejects: true })}`
  const drop = async (): Promise<void> => {
    await connection.run('DROP TABLE IF EXISTS reject_errors')
    await connection.run('DROP TABLE IF EXISTS reject_scans')
  }
  await drop()
  try {
    await connection.run(sql)
  } catch (error) {
    if (!(error instanceof QuiltError) || !/invalid state|new ?line/i.test(error.message)) throw error
    unifyRowEnds(file, plan.head.style.quote)
    await drop()
    await connection.run(sql)
  }
}

/** The narrowest type of each column whose type was not declared. */
async function findTypes(connection: TableConnection, plan: DelimitedPlan, rows: number): Promise<string> {
  const open = plan.columns.filter(({ declared }) => declared === undefined)
  const letters = new Map<string, TypeLetter>()
  for (let at = 0; at < open.length; at += columnsAtOnce) {
    const some = open.slice(at, at + columnsAtOnce)
    let left = some.map((column): Question => ({ column, families: familiesOf(plan, column) }))
    for (const sample of sampleRows) {
      if (sample >= rows) break
      const likely = await ask(connection, plan, left, `(SELECT * FROM part LIMIT ${String(sample)})`)
      left = left.map(({ column, families }): Question => {
        const fitting = families.filter((family) => likely.get(column)?.get(family) !== 's')
        return { column, families: fitting }
      })
    }
    const sure = await ask(connection, plan, left, 'part')
    for (const { column, families } of left) letters.set(column.cell, letterOf(families, sure.get(column)))
  }
  return plan.columns.map(({ cell, declared }) => (declared === undefined ? letters.get(cell) : '-')).join('')
}

/** The families that a column's values may belong to, in the order in which they are tried. */
export function familiesOf({ dialect }: DelimitedPlan, { isDate }: PlannedColumn): readonly Family[] {
  if (isDate) return ['moment']
  return dialect.dates === false ? ['number', 'bool'] : allFamilies
}

function letterOf(
  families: readonly Family[],
  found: ReadonlyMap<Family, TypeLetter> | undefined,
): TypeLetter {
  for (const family of families) {
    const letter = found?.get(family)
    if (letter !== undefined && letter !== 's') return letter
  }
  return 's'
}

interface Question {
  readonly column: PlannedColumn
  readonly families: readonly Family[]
}

/** What each family says of each column's values in some rows. */
async function ask(
  connection: TableConnection,
  { dialect }: DelimitedPlan,
  questions: readonly Question[],
  from: string,
): Promise<ReadonlyMap<PlannedColumn, ReadonlyMap<Family, TypeLetter>>> {
  const all = questions.flatMap(({ column, families }) => families.map((family) => ({ column, family })))
  const found = new Map<PlannedColumn, Map<Family, TypeLetter>>()
  if (all.length === 0) return found
  const bits = all.map(
    ({ column, family }, i) => `${familyBits(column.cell, family, dialect)} AS b${String(i)}`,
  )
  const [row] = await connection.rows(`SELECT ${bits.join(', ')} FROM ${from}`)
  all.forEach(({ column, family }, i) => {
    const value = row?.[`b${String(i)}`]
    const letter = value === null || value === undefined ? '-' : letterOfBits(family, Number(value))
    const letters = found.get(column) ?? new Map<Family, TypeLetter>()
    found.set(column, letters.set(family, letter ?? 's'))
  })
  return found
}

interface Place {
  readonly file: PartFile
  readonly linesBefore: () => Promise<number>
}

/** Cells that are not of the type that was declared. */
async function checkDeclared(
  connection: TableConnection,
  plan: DelimitedPlan,
  place: Place,
): Promise<{ readonly asText: ReadonlySet<number>; readonly bad: number }> {
  const asText = new Set<number>()
  let bad = 0
  for (const [i, column] of plan.columns.entries()) {
    if (column.declared === undefined || column.declared === 'utf8') continue
    const isWrong = `${column.cell} IS NOT NULL AND ${cellAs(plan, column, column.declared)} IS NULL`
    const [row] = await connection.rows(
      `SELECT count(*) AS n, min(rowid) AS first, arg_min(${column.cell}, rowid) AS cell FROM part WHERE ${isWrong}`,
    )
    const count = Number(row?.['n'] ?? 0)
    if (count === 0) continue
    if (plan.dialect.onBad === 'error') {
      throw await wrongCell(plan, place, { column, row: Number(row?.['first']), cell: String(row?.['cell']) })
    }
    bad += count
    if (plan.dialect.onBad === 'text') asText.add(i)
    else await connection.run(`DELETE FROM part WHERE ${isWrong}`)
  }
  return { asText, bad }
}

async function wrongCell(
  plan: DelimitedPlan,
  { file, linesBefore }: Place,
  { column, row, cell }: { readonly column: PlannedColumn; readonly row: number; readonly cell: string },
): Promise<QuiltError> {
  const { rowSplitter } = await import('./row-splitter.ts')
  const { readFileSync } = await import('node:fs')
  const splitter = rowSplitter(plan.head.style, { least: 1, more: 1, most: 1 })
  const bytes = readFileSync(file.path)
  let at = 0
  for (let n = 0; n < row;) {
    const length = splitter.find(bytes.subarray(at))
    splitter.restart()
    if (length < 0) break
    if (length > 2 || !/^[\r\n]*$/.test(String.fromCharCode(...bytes.subarray(at, at + length)))) n++
    at += length
  }
  const line = (await linesBefore()) + rowAt(file, at).line + 1
  const what = `${JSON.stringify(cell.slice(0, 80))} is no ${column.declared ?? 'date'}`
  return new QuiltError('INVALID', `line ${String(line)}, column ${JSON.stringify(column.name)}: ${what}`, {
    hint: 'declare another dtype, or say on_bad: skip or text',
  })
}

function checkDates(plan: DelimitedPlan, letters: string): void {
  plan.columns.forEach(({ isDate, declared, name }, i) => {
    if (!isDate || declared !== undefined || '-DTZ'.includes(letters[i] as string)) return
    if (plan.dialect.onBad === 'text') return
    throw new QuiltError('INVALID', `parse_dates: the column ${JSON.stringify(name)} holds what is no date`, {
      hint: 'ISO 8601 is understood; say another form with date_format, such as "%d.%m.%Y"',
    })
  })
}

/**
 * Writes cells, those of the table `part` unless told, as one row group of Parquet, its columns of the types that the
 * letters say; gives the number of rows.
 */
export async function writeParquet(
  connection: TableConnection,
  plan: DelimitedPlan,
  { path, types, from = 'part' }: { readonly path: string; readonly types: string; readonly from?: string },
): Promise<number> {
  const columns = plan.columns.map((column, i) => {
    const type = typeOf(column, types[i] as string)
    const isSure = column.declared === undefined && !column.isDate
    const cell = isSure ? plainCell(plan, column, type) : cellAs(plan, column, type)
    return `${cell}::${duckType(type)} AS ${identifier(column.name)}`
  })
  const [written] = await connection.rows(
    `COPY (SELECT ${columns.join(', ')} FROM ${from}) TO ${literal(path)} (${parquetOptions})`,
  )
  return Number(written?.['Count'])
}

/** A cell whose type was found out: every one is of it. */
function plainCell({ dialect }: DelimitedPlan, { cell }: PlannedColumn, type: string): string {
  return /^(int|double|decimal)/.test(type) ? plainNumber(cell, dialect) : cell
}

/** One row group, compressed by zstd. */
export const parquetOptions = 'FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 1000000000'

/** The types of several parts together. */
export function joinLetters(a: string, b: string): string {
  return [...a].map((letter, i) => joinTypes(letter as TypeLetter, b[i] as TypeLetter)).join('')
}
