// Tables of a tree in memory: that of a file, of one in a file with several, or all below a group as one.
import { closest } from '../../core/base/closest.ts'
import { QuiltError } from '../../core/base/error.ts'
import { joinPath } from '../../core/model/path.ts'
import { parseHandle } from '../../core/model/revision.ts'
import type { TableConnection } from '../../table/engine.ts'
import { namesInQuery, nameTables, type TableFiles } from '../../table/query.ts'
import {
  allRows,
  columnsOf,
  eachRow,
  namedCells,
  readBatches,
  rowsOf,
  wideColumns,
  type Asked,
  type ReadColumn,
  type TableBatch,
  type TableRow,
} from '../../table/read/read-rows.ts'
import { toArrow } from '../../table/read/to-arrow.ts'
import { viewHead } from '../../table/view/store-view.ts'
import { viewFor } from '../tables/find-views.ts'
import { openTables, tablesOf, type OpenTable, type TablePlace } from '../tables/open-table.ts'
import { columnsAfar } from './columns-afar.ts'
import type { FoundContent } from './content.ts'
import { childrenOf, type Draft } from './draft.ts'
import type { Opened } from './opened.ts'

/** True for a file that holds a table or several; nothing is fetched to know it. */
export async function isTable(opened: Opened, draft: Draft): Promise<boolean> {
  if (draft.kind === 'new') return 'path' in draft.content && draft.content.isTable === true
  if (draft.kind === 'group' || draft.entry.type === 'link') return false
  const { nodes, session, revision } = opened
  const place = { objects: nodes, derived: revision.commit.derived, parsers: session.tables.parsers }
  const view = await viewFor(place, draft.entry, opened.ctx)
  return view !== undefined && viewHead(view)?.kind.startsWith('table') === true
}

/** Parquet files that are read as one table. */
export interface TableContent {
  readonly columns: () => Promise<readonly ReadColumn[]>
  readonly rowCount: () => Promise<number>
  /** The files on disk; with columns named, files in which these can be read, and perhaps no others. */
  readonly files: (columns?: readonly string[]) => Promise<readonly string[]>
}

/** How a table is read. */
export interface ReadOptions {
  /** Only these columns, in this order: of a table that is not on this machine no others are fetched. */
  readonly columns?: readonly string[]
}

/** The tables of a kept file, by their names; empty for a file that is no table. Their bytes need not be here. */
export async function tablesIn(opened: Opened, draft: Draft): Promise<ReadonlyMap<string, OpenTable>> {
  if (draft.kind !== 'kept' || draft.entry.type !== 'file') return new Map()
  const { from, entry } = draft
  const far = await opened.afar(from)
  const seen = far === undefined ? undefined : opened.seenAfar.get(from)
  if (seen !== undefined) return seen
  const tables = await tablesOf(far ?? (await opened.bring(from)), from, entry, opened.ctx)
  const found = new Map(
    tables.map((one) => [lastName(one), far === undefined ? one : afar(opened, { from, far, one })]),
  )
  if (far !== undefined) opened.seenAfar.set(from, found)
  return found
}

/** A table whose bytes are brought when all its columns are asked for. */
function afar(
  opened: Opened,
  { from, far, one }: { readonly from: string; readonly far: TablePlace; readonly one: OpenTable },
): OpenTable {
  return {
    ...one,
    files: async (ctx, { columns, only } = {}) => {
      if (columns !== undefined)
        return columnsAfar(opened, far, { files: one.view.parts ?? [one.file], columns })
      const here = await tablesOf(await opened.bring(from), from, one.file, ctx)
      return (here.find(({ path }) => path === one.path) ?? one).files(ctx, { only })
    },
  }
}

function lastName({ path }: OpenTable): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function contentOf(opened: Opened, { view, files }: OpenTable): TableContent {
  return {
    columns: () => Promise.resolve(view.columns.map(({ name, type }) => ({ name, type }))),
    rowCount: () => Promise.resolve(view.rows),
    files: (columns) => files(opened.ctx, { columns }),
  }
}

/**
 * The table that a node reads as: that of a file, or all below a group.
 * @throws NOT_FOUND for what is no table; AMBIGUOUS for a file with several
 */
export async function tableOf(opened: Opened, { path, draft, table }: FoundContent): Promise<TableContent> {
  const all: TableContent[] = []
  if (draft.kind === 'group') for await (const one of tablesBelow(opened, draft)) all.push(one)
  else if (table !== undefined) {
    const found = (await tablesIn(opened, draft)).get(table)
    if (found !== undefined) all.push(contentOf(opened, found))
  } else {
    const names: string[] = []
    for await (const [name, one] of contentsOf(opened, draft)) {
      names.push(name)
      all.push(one)
    }
    if (all.length > 1) {
      throw new QuiltError('AMBIGUOUS', `"${path}" holds several tables`, {
        hint: `name one: ${names.map((name) => joinPath(path, name)).join(', ')}`,
      })
    }
  }
  if (all.length === 0) {
    throw new QuiltError('NOT_FOUND', `"${path}" is no table`, {
      hint: 'was it built with --no-tables, or could it not be read? See: quilt inspect',
    })
  }
  return all.length === 1 ? (all[0] as TableContent) : joined(opened, all)
}

async function* tablesBelow(opened: Opened, draft: Draft): AsyncGenerator<TableContent> {
  if (draft.kind !== 'group') {
    for await (const [, one] of contentsOf(opened, draft)) yield one
    return
  }
  for await (const child of childrenOf(opened, draft)) yield* tablesBelow(opened, child.draft)
}

async function* contentsOf(opened: Opened, draft: Draft): AsyncGenerator<readonly [string, TableContent]> {
  if (draft.kind === 'new') {
    const { content } = draft
    if ('path' in content && content.isTable === true) yield ['table', newTable(opened, content.path)]
    return
  }
  for (const [name, one] of await tablesIn(opened, draft)) yield [name, contentOf(opened, one)]
}

function newTable(opened: Opened, path: string): TableContent {
  const files = [path]
  const ask = <T>(run: (connection: TableConnection) => Promise<T>): Promise<T> => asking(opened, files, run)
  return {
    columns: () => ask((connection) => columnsOf(connection, allRows(files))),
    rowCount: () =>
      ask(async (connection) => {
        const [row] = await connection.rows(`SELECT count(*) AS n FROM (${allRows(files)})`)
        return Number(row?.['n'])
      }),
    files: () => Promise.resolve(files),
  }
}

function joined(opened: Opened, all: readonly TableContent[]): TableContent {
  const files = async (columns?: readonly string[]): Promise<readonly string[]> => {
    const paths: string[] = []
    for (const one of all) paths.push(...(await one.files(columns)))
    return paths
  }
  return {
    files,
    columns: async () => {
      const paths = await files([]) // their feet are enough
      return asking(opened, paths, (connection) => columnsOf(connection, allRows(paths)))
    },
    rowCount: async () => {
      let sum = 0
      for (const one of all) sum += await one.rowCount()
      return sum
    },
  }
}

/** Asks an engine that may read these files, and closes it. */
async function asking<T>(
  { session, ctx }: Opened,
  files: readonly string[],
  run: (connection: TableConnection) => Promise<T>,
): Promise<T> {
  const engine = session.tables.engineFor(files)
  try {
    return await run(await engine.connect(ctx))
  } finally {
    await engine.close()
  }
}

/** A table's rows in batches. */
export async function* batchesOf(
  opened: Opened,
  table: TableContent,
  options: ReadOptions,
): AsyncGenerator<TableBatch> {
  for await (const { names, cells, rowCount } of readAll(opened, table, options))
    yield { rowCount, columns: namedCells(names, cells) }
}

/** A table's rows. */
export function rowsIn(
  opened: Opened,
  table: () => Promise<TableContent>,
  options: ReadOptions,
): AsyncIterable<TableRow> {
  return eachRow(
    (async function* () {
      yield* readAll(opened, await table(), options)
    })(),
  )
}

/**
 * The columns to be read.
 * @throws NOT_FOUND for one that there is not; INVALID for none
 */
async function columnsAsked(table: TableContent, { columns }: ReadOptions): Promise<readonly ReadColumn[]> {
  const all = await table.columns()
  if (columns === undefined) return all
  if (columns.length === 0)
    throw new QuiltError('INVALID', 'no column is named', { hint: 'leave columns out for all' })
  const known = new Map(all.map((column) => [column.name, column]))
  return columns.map((name) => {
    const column = known.get(name)
    if (column !== undefined) return column
    const near = closest(name, [...known.keys()])
    throw new QuiltError('NOT_FOUND', `the table has no column ${JSON.stringify(name.slice(0, 200))}`, {
      hint:
        near === undefined ? `it has ${[...known.keys()].slice(0, 20).join(', ')}` : `did you mean ${near}?`,
    })
  })
}

async function* readAll(
  opened: Opened,
  table: TableContent,
  options: ReadOptions,
): ReturnType<typeof readBatches> {
  const columns = await columnsAsked(table, options)
  const files = await table.files(options.columns)
  const prepare = async (connection: TableConnection): Promise<Asked> => ({
    sql: allRows(files, options.columns),
    wide: await wideColumns(connection, files, columns),
  })
  const engine = opened.session.tables.engineFor(files)
  yield* readBatches(engine, { prepare, ctx: opened.ctx })
}

/** A table as an Arrow IPC stream. */
export async function arrowOf(
  opened: Opened,
  table: TableContent,
  options: ReadOptions,
): Promise<Uint8Array> {
  await columnsAsked(table, options)
  const files = await table.files(options.columns)
  const engine = opened.session.tables.engineFor(files)
  return toArrow(engine, { sql: allRows(files, options.columns) }, opened.ctx)
}

/** The names that a query has for the table it is asked of. */
const ownNames: ReadonlySet<string> = new Set(['this', 't'])

/**
 * The rows of a SELECT over a table, which it calls `this` or `t`, and over others by their handles.
 * @throws INVALID for the query; NOT_FOUND for a table that there is not
 */
export async function queryOf(
  opened: Opened,
  table: TableContent,
  sql: string,
): Promise<readonly TableRow[]> {
  const { session, ctx } = opened
  const named = await namesInQuery(session.tables.engine(), sql)
  const tables: TableFiles[] = []
  for (const name of named.tables) {
    if (ownNames.has(name)) tables.push({ name, files: await table.files() })
    else if (name.includes('/')) {
      const files: string[] = []
      for (const one of await openTables(session, parseHandle(name), ctx))
        files.push(...(await one.files(ctx)))
      tables.push({ name, files })
    } else {
      throw new QuiltError('NOT_FOUND', `there is no table ${JSON.stringify(name.slice(0, 200))}`, {
        hint: 'the table itself is called this, or t; others by their handles, in quotes',
      })
    }
  }
  const engine = session.tables.engineFor(tables.flatMap(({ files }) => files))
  const prepare = async (connection: TableConnection): Promise<Asked> => {
    await nameTables(connection, tables)
    return { sql }
  }
  const rows: TableRow[] = []
  for await (const batch of readBatches(engine, { prepare, ctx })) rows.push(...rowsOf(batch))
  return rows
}
