// A small part in one statement: where its cells are plain and what they are is known without the engine, they are
// written as they are read. Anything else, and whatever the engine finds fault with, is left to the long way.
import { readFileSync, rmSync } from 'node:fs'
import { isQuiltError } from '../../core/base/error.ts'
import type { TableConnection } from '../engine.ts'
import { knownLetter } from './known-bits.ts'
import { familiesOf, joinLetters, writeParquet, type LoadedPart } from './make-part.ts'
import type { PartFile } from './part-file.ts'
import { plainRows } from './plain-rows.ts'
import { readCells, type DelimitedPlan } from './plan.ts'

/** Longer parts are worth the engine's questions, in bytes. */
const mostBytes = 256 * 1024

/** A part that was written. */
export interface QuickPart extends LoadedPart {
  /** The types that it was written with. */
  readonly written: string
}

/**
 * Writes a part's Parquet file at `path`, with the types that its values have together with `types`: the very bytes
 * that the long way makes. `undefined`, and no file, where it is not surely so.
 */
export async function quickPart(
  connection: TableConnection,
  plan: DelimitedPlan,
  { file, path, types }: { readonly file: PartFile; readonly path: string; readonly types: string },
): Promise<QuickPart | undefined> {
  if (file.bytes > mostBytes || !isUsual(plan)) return undefined
  const { dialect, head } = plan
  const rows = plainRows(readFileSync(file.path), { dialect, style: head.style, width: head.names.length })
  if (rows === undefined || rows.length === 0) return undefined
  const found = knownTypes(plan, rows)
  if (found === undefined) return undefined
  const written = joinLetters(types, found)
  const from = readCells(plan, file.path, { longest: file.longest, rejects: false })
  try {
    const count = await writeParquet(connection, plan, { path, types: written, from })
    if (count === rows.length) return { rows: count, types: found, written, bad: 0 }
  } catch (error) {
    if (!isQuiltError(error, 'INVALID')) throw error
  }
  rmSync(path, { force: true })
  return undefined
}

/** Nothing is declared, limited, or written in a way of its own. */
function isUsual({ dialect, columns }: DelimitedPlan): boolean {
  const { mostRows, decimal, thousands } = dialect
  return (
    mostRows === undefined &&
    decimal === '.' &&
    thousands === undefined &&
    columns.every(({ declared, isDate }) => declared === undefined && !isDate)
  )
}

function knownTypes(plan: DelimitedPlan, rows: readonly (readonly string[])[]): string | undefined {
  const nulls = new Set(plan.dialect.nulls)
  let letters = ''
  for (const column of plan.columns) {
    const letter = knownLetter(cellsOf(rows, column.at, nulls), familiesOf(plan, column))
    if (letter === undefined) return undefined
    letters += letter
  }
  return letters
}

function* cellsOf(
  rows: readonly (readonly string[])[],
  at: number,
  nulls: ReadonlySet<string>,
): Generator<string> {
  for (const row of rows) {
    const cell = row[at] as string
    if (!nulls.has(cell)) yield cell
  }
}
