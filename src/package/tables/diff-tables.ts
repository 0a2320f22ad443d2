// What differs between two states of a table: columns, and rows, of which only parts are read that the two do not share.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Handle } from '../../core/model/revision.ts'
import type { Column } from '../../plugins/api.ts'
import { countDiffering, differingRows, type ComparedFiles } from '../../table/compare.ts'
import type { ViewPart } from '../../table/view/table-view.ts'
import { closest } from '../../core/base/closest.ts'
import type { Session } from '../session.ts'
import { openTables, type OpenTable } from './open-table.ts'
import { streamed, type SqlResult } from './sql.ts'

/** How a table changed. */
export interface TableDifference {
  readonly path: string
  /** Columns by name: those that came, went, or have another type. */
  readonly columns: {
    readonly added: readonly Column[]
    readonly removed: readonly Column[]
    readonly changed: readonly { readonly name: string; readonly from: string; readonly to: string }[]
  }
  /** Rows as multisets, by the columns that both have. */
  readonly rows: { readonly added: number; readonly removed: number }
}

/** A table before and after. */
export interface TablePair {
  readonly path: string
  readonly from: Handle
  readonly to: Handle
}

/** The differences of those pairs that are one table on both sides. */
export async function diffTables(
  session: Session,
  pairs: readonly TablePair[],
  ctx?: Context,
): Promise<readonly TableDifference[]> {
  const found: TableDifference[] = []
  for (const { path, from, to } of pairs) {
    const [a, b] = [await tableAt(session, from, ctx), await tableAt(session, to, ctx)]
    if (a === undefined || b === undefined) continue
    const compared = await comparedFiles({ a, b, key: [] }, ctx)
    found.push({ path, columns: columnsOf(a, b), rows: await countRows(session, compared, ctx) })
  }
  return found
}

/**
 * The rows that two states of a table do not share, in an order of their own, the first column saying what became of
 * each: `removed`, `added`, and with a key `before` and `after`.
 * @throws NOT_FOUND for what is no table; INVALID for a key that is no column of both
 */
export async function diffRows(
  session: Session,
  { from, to, key = [] }: Omit<TablePair, 'path'> & { readonly key?: readonly string[] },
  ctx?: Context,
): Promise<SqlResult> {
  const [a, b] = [await needTable(session, from, ctx), await needTable(session, to, ctx)]
  const compared = await comparedFiles({ a, b, key }, ctx)
  const files = [...compared.a, ...compared.b]
  // Nothing that differs: the first file says what columns there are.
  const some = files.length > 0 ? compared : { ...compared, ...(await firstFile(a, ctx)) }
  const engine = session.tables.engineFor([...some.a, ...some.b])
  return streamed(engine, { query: differingRows(some) }, ctx)
}

async function firstFile(table: OpenTable, ctx?: Context): Promise<Pick<ComparedFiles, 'a' | 'b'>> {
  const files = (await table.files(ctx)).slice(0, 1)
  return { a: files, b: files }
}

async function needTable(session: Session, handle: Handle, ctx?: Context): Promise<OpenTable> {
  const tables = await openTables(session, handle, ctx)
  const [table] = tables
  if (tables.length === 1 && table !== undefined) return table
  throw new QuiltError('AMBIGUOUS', `"${handle.path}" holds ${String(tables.length)} tables`, {
    hint: `name one: ${tables
      .map(({ path }) => path)
      .slice(0, 5)
      .join(', ')}`,
  })
}

/** One table; `undefined` for what is none, or holds several. */
async function tableAt(session: Session, handle: Handle, ctx?: Context): Promise<OpenTable | undefined> {
  try {
    const tables = await openTables(session, handle, ctx)
    return tables.length === 1 ? tables[0] : undefined
  } catch (error) {
    if (error instanceof QuiltError && (error.code === 'NOT_FOUND' || error.code === 'AMBIGUOUS'))
      return undefined
    throw error
  }
}

function columnsOf({ view: a }: OpenTable, { view: b }: OpenTable): TableDifference['columns'] {
  const [before, after] = [a, b].map(({ columns }) => new Map(columns.map((one) => [one.name, one]))) as [
    Map<string, Column>,
    Map<string, Column>,
  ]
  return {
    added: b.columns.filter(({ name }) => !before.has(name)),
    removed: a.columns.filter(({ name }) => !after.has(name)),
    changed: a.columns.flatMap(({ name, type }) => {
      const to = after.get(name)?.type
      return to === undefined || to === type ? [] : [{ name, from: type, to }]
    }),
  }
}

interface Compared {
  readonly a: OpenTable
  readonly b: OpenTable
}

/** The files of those parts that are not on both sides, each as often as it is. */
async function comparedFiles(
  { a, b, key }: Compared & { readonly key: readonly string[] },
  ctx?: Context,
): Promise<ComparedFiles> {
  const after = new Set(b.view.columns.map(({ name }) => name))
  const columns = a.view.columns.map(({ name }) => name).filter((name) => after.has(name))
  if (columns.length === 0)
    throw new QuiltError('INVALID', `"${a.path}" and "${b.path}" have no column in common`, {
      hint: 'without their rows: quilt diff A B says which columns each has',
    })
  for (const name of key) {
    if (columns.includes(name)) continue
    const near = closest(name, columns)
    throw new QuiltError('INVALID', `${JSON.stringify(name)} is no column of both tables`, {
      hint: near === undefined ? `there are ${columns.slice(0, 20).join(', ')}` : `did you mean ${near}?`,
    })
  }
  const shared = sharedParts(a.view.parts ?? [], b.view.parts ?? [])
  return {
    a: await a.files(ctx, { only: unshared(shared) }),
    b: await b.files(ctx, { only: unshared(shared) }),
    columns,
    key,
  }
}

/** How often each part is on both sides. */
function sharedParts(a: readonly ViewPart[], b: readonly ViewPart[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { id } of b) counts.set(id, (counts.get(id) ?? 0) + 1)
  const shared = new Map<string, number>()
  for (const { id } of a) {
    const seen = shared.get(id) ?? 0
    if (seen < (counts.get(id) ?? 0)) shared.set(id, seen + 1)
  }
  return shared
}

function unshared(shared: ReadonlyMap<string, number>): (part: ViewPart) => boolean {
  const left = new Map(shared)
  return ({ id }) => {
    const count = left.get(id) ?? 0
    if (count > 0) left.set(id, count - 1)
    return count === 0
  }
}

async function countRows(
  session: Session,
  compared: ComparedFiles,
  ctx?: Context,
): Promise<TableDifference['rows']> {
  const files = new Set([...compared.a, ...compared.b])
  if (files.size === 0) return { added: 0, removed: 0 }
  const engine = session.tables.engineFor([...files])
  try {
    const [row] = await engine.with((connection) => connection.rows(countDiffering(compared)), ctx)
    return { added: Number(row?.['added']), removed: Number(row?.['removed']) }
  } finally {
    await engine.close()
  }
}
