// What is to be checked: tables, checks, and which table is held to which; as tasks, in batches. Runs nothing.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Verdict } from '../sandbox/gate.ts'
import type { Check } from './check.ts'
import { suggestion } from './fields.ts'
import type { NamedColumn } from './schema-check.ts'

/** A table as checks see it: its place in the package, its columns, and its rows as Parquet files. */
export interface CheckedTable {
  readonly path: string
  readonly columns: readonly NamedColumn[]
  /**
   * Files, in the order of their rows, or what brings them to disk when a check asks for them; they are read, and
   * never changed. No files: no check can read it.
   */
  readonly parts: readonly string[] | ((ctx?: Context) => Promise<readonly string[]>)
}

/** Which checks a table is held to. */
export interface CheckAssignment {
  readonly path: string
  readonly checks: readonly string[]
}

/** All that is to be checked. `tables` are those of the package: also the ones that only others refer to. */
export interface CheckWork {
  readonly tables: readonly CheckedTable[]
  readonly checks: ReadonlyMap<string, Check>
  readonly assignments: readonly CheckAssignment[]
}

/** One check of one table. */
export interface Task {
  readonly table: CheckedTable
  readonly check: Check
}

/** So many tables are brought into one sandbox. */
const batchTables = 64

/** Every check of every assignment, in their order. @throws NOT_FOUND naming what is not there */
export function tasksOf({ tables, checks, assignments }: CheckWork): readonly Task[] {
  const byPath = new Map(tables.map((table) => [table.path, table]))
  return assignments.flatMap(({ path, checks: names }) => {
    const table = byPath.get(path)
    if (table === undefined)
      throw new QuiltError('NOT_FOUND', `"${path}" is no table${suggestion(path, [...byPath.keys()])}`, {
        hint: 'checks look at tables: give the file a transform that makes one',
      })
    return [...new Set(names)].map((name) => {
      const check = checks.get(name)
      if (check !== undefined) return { table, check }
      throw new QuiltError('NOT_FOUND', `there is no check "${name}"${suggestion(name, [...checks.keys()])}`)
    })
  })
}

/** Tasks of at most so many tables each, in their order. */
export function batchesOf(tasks: readonly Task[]): readonly (readonly Task[])[] {
  const batches: Task[][] = []
  let tables = new Set<string>()
  for (const task of tasks) {
    if (batches.length === 0 || (tables.size >= batchTables && !tables.has(task.table.path))) {
      batches.push([])
      tables = new Set()
    }
    tables.add(task.table.path)
    batches.at(-1)?.push(task)
  }
  return batches
}

/** Paths that SQL can tell apart: it does not see the case of letters. `data` is the table that is checked. */
export function nameablePaths({ tables }: CheckWork): readonly string[] {
  const times = new Map<string, number>()
  for (const { path } of tables) times.set(path.toLowerCase(), (times.get(path.toLowerCase()) ?? 0) + 1)
  return tables
    .map(({ path }) => path)
    .filter((path) => times.get(path.toLowerCase()) === 1 && path.toLowerCase() !== 'data')
}

/** The tables that a batch's checks look at. */
export function neededTables(
  tasks: readonly Task[],
  verdicts: ReadonlyMap<Task, Verdict | QuiltError>,
  work: CheckWork,
): readonly CheckedTable[] {
  const paths = new Set<string>()
  for (const task of tasks) {
    paths.add(task.table.path)
    const verdict = verdicts.get(task)
    if (verdict !== undefined && !(verdict instanceof QuiltError))
      for (const path of verdict.tables) paths.add(path)
  }
  return work.tables.filter(
    ({ path, parts }) => paths.has(path) && (typeof parts === 'function' || parts.length > 0),
  )
}
