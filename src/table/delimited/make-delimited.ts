// Delimited text into a table's view.
import type { Context } from '../../core/base/context.ts'
import type { Column, DelimitedText } from '../../plugins/api.ts'
import type { TableEngine } from '../engine.ts'
import { makeParts, type PartMaker, type PartsJob } from '../parts.ts'
import type { TextSource } from '../text-source.ts'
import type { TableView } from '../view/table-view.ts'
import { readHead } from './head.ts'
import { joinLetters, loadPart, writeParquet } from './make-part.ts'
import { quickPart } from './quick-part.ts'
import { planColumns, typeOf, type DelimitedPlan } from './plan.ts'

/** What making a table of text needs. */
export type TextJob = Pick<PartsJob, 'old' | 'newPath' | 'keep'> & {
  readonly engine: TableEngine
  /** One that may take more memory, for tables of very many columns. */
  readonly wideEngine: () => TableEngine
  readonly text: TextSource
}

/** A view that was made, and what is to be said of it. */
export interface MadeTable {
  readonly view: TableView
  /** Rows that could not be read, and were left out or kept as text. */
  readonly bad: number
  /** Parts that were made, and not taken over. */
  readonly made: number
}

/** More columns than this need more memory than the engine usually has. */
const manyColumns = 400
/** Parts made at once. */
const partsAtOnce = 2

/**
 * The table that a delimited text holds.
 * @throws INVALID with line and column
 */
export async function makeDelimited(job: TextJob, dialect: DelimitedText, ctx?: Context): Promise<MadeTable> {
  const head = await readHead(job.text, dialect)
  const plan = planColumns(head, dialect)
  const isWide = head.names.length > manyColumns
  const maker = partMaker(isWide ? job.wideEngine() : job.engine, plan, ctx)
  const { parts, bad, made } = await makeParts(
    {
      ...job,
      start: head.start,
      lines: head.lines,
      style: head.style,
      maker,
      width: dialect.mostRows === undefined && !isWide ? partsAtOnce : 1,
    },
    ctx,
  )
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  return { view: { columns: maker.columns(), rows, parts, head: head.start }, bad, made }
}

function partMaker(
  engine: TableEngine,
  plan: DelimitedPlan,
  ctx?: Context,
): PartMaker & { columns(): readonly Column[] } {
  const { dialect, columns } = plan
  let types = '-'.repeat(columns.length)
  let left = dialect.mostRows ?? Infinity
  const arrowTypes = (letters: string): readonly string[] =>
    columns.map((column, i) => typeOf(column, letters[i] as string))
  const now = (): readonly Column[] =>
    arrowTypes(types).map((type, i) => ({ name: columns[i]?.name as string, type, nullable: true }))
  return {
    columns: now,
    get isDone() {
      return left <= 0
    },
    note: (letters) => {
      types = joinLetters(types, letters)
    },
    fits: (letters) => String(arrowTypes(letters)) === String(arrowTypes(types)),
    fitsOld: (old) => {
      const wanted = now()
      return (
        old.columns.length === wanted.length &&
        old.columns.every(({ name, type }, i) => name === wanted[i]?.name && type === wanted[i].type)
      )
    },
    make: (file, to, linesBefore) =>
      engine.with(async (connection) => {
        const quick = await quickPart(connection, plan, { file, path: to, types })
        if (quick !== undefined) {
          types = joinLetters(types, quick.types)
          return quick
        }
        const limited = left === Infinity ? plan : { ...plan, dialect: { ...dialect, mostRows: left } }
        const part = await loadPart(connection, limited, file, linesBefore)
        types = joinLetters(types, part.types)
        left -= part.rows
        const written = types
        await writeParquet(connection, plan, { path: to, types: written })
        await connection.run('DROP TABLE part')
        return { rows: part.rows, types: part.types, written, bad: part.bad }
      }, ctx),
  }
}
