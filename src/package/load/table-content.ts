// Tables of a tree in memory: that of a file, of one in a file with several, or all below a group as one.
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
import { openTables, tablesOf, type OpenTable } from '../tables/open-table.ts'
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
  readonly files: () => Promise<readonly string[]>
}

/** The tables of a kept file, by their names; empty for a file that is no table. */
export async function tablesIn(opened: Opened, draft: Draft): Promise<ReadonlyMap<string, OpenTable>> {
  if (draft.kind !== 'kept' || draft.entry.type !== 'file') return new Map()
  const place = await opened.bring(draft.from)
  const tables = await tablesOf(place, draft.from, draft.entry, opened.ctx)
  return new Map(tables.map((one) => [one.path.slice(one.path.lastIndexOf('/') + 1), one]))
}

/**
 * The table that a node reads as: that of a file, or all below a group.
 * @throws NOT_FOUND for what is no table; AMBIGUOUS for a file with several
 */
export async function tableOf(opened: Opened, { path, draft, table }: FoundContent): Promise<TableContent> {
  if (draft.kind === 'group' && draft.base !== undefined) await opened.bring(draft.base.from)
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

function contentOf(opened: Opened, { view, files }: OpenTable): TableContent {
  return {
    columns: () => Promise.resolve(view.columns.map(({ name, type }) => ({ name, type }))),
    rowCount: () => Promise.resolve(view.rows),
    files: () => files(opened.ctx),
  }
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
  const files = async (): Promise<readonly string[]> => {
    const paths: string[] = []
    for (const one of all) paths.push(...(await one.files()))
    return paths
  }
  return {
    files,
    columns: async () => {
      const paths = await files()
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
  { session }: Opened,
  files: readonly string[],
  run: (connection: TableConnection) => Promise<T>,
): Promise<T> {
  const engine = session.tables.engineFor([...new Set(files)])
  try {
    return await run(await engine.connect())
  } finally {
    await engine.close()
  }
}

/** A table's rows in batches. */
export async function* batchesOf(opened: Opened, table: TableContent): AsyncGenerator<TableBatch> {
  for await (const { names, cells, rowCount } of readAll(opened, table))
    yield { rowCount, columns: namedCells(names, cells) }
}

/** A table's rows. */
export function rowsIn(opened: Opened, table: () => Promise<TableContent>): AsyncIterable<TableRow> {
  return eachRow(
    (async function* () {
      yield* readAll(opened, await table())
    })(),
  )
}

async function* readAll(opened: Opened, table: TableContent): ReturnType<typeof readBatches> {
  const files = await table.files()
  const columns = await table.columns()
  const prepare = async (connection: TableConnection): Promise<Asked> => ({
    sql: allRows(files),
    wide: await wideColumns(connection, files, columns),
  })
  const engine = opened.session.tables.engineFor([...new Set(files)])
  yield* readBatches(engine, { prepare, ctx: opened.ctx })
}

/** A table as an Arrow IPC stream. */
export async function arrowOf(opened: Opened, table: TableContent): Promise<Uint8Array> {
  const files = await table.files()
  const engine = opened.session.tables.engineFor([...new Set(files)])
  return toArrow(engine, { sql: allRows(files) }, opened.ctx)
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
  const engine = session.tables.engineFor([...new Set(tables.flatMap(({ files }) => files))])
  const prepare = async (connection: TableConnection): Promise<Asked> => {
    await nameTables(connection, tables)
    return { sql }
  }
  const rows: TableRow[] = []
  for await (const batch of readBatches(engine, { prepare, ctx })) rows.push(...rowsOf(batch))
  return rows
}
