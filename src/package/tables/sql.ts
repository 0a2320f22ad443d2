// sql: a person's SELECT over tables of any packages and revisions, which it names by their handles.
import { checkSignal, type Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { parseHandle } from '../../core/model/revision.ts'
import { arrowType } from '../../table/arrow-types.ts'
import type { TableConnection, TableEngine } from '../../table/engine.ts'
import {
  namesInQuery,
  nameTables,
  writeResult,
  type ResultFormat,
  type TableFiles,
} from '../../table/query.ts'
import { replaceFile, replaceFileBy } from '../../worktree/replace-file.ts'
import { toArrow } from '../../table/read/to-arrow.ts'
import type { Session } from '../session.ts'
import { openTables } from './open-table.ts'

/** A row of a result, by the names of its columns. */
export type SqlRow = Readonly<Record<string, unknown>>

/** A result: its columns, and its rows as they come. Close it when it is not read to its end. */
export interface SqlResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  rows(): AsyncIterable<SqlRow>
  close(): Promise<void>
}

/** Where a result is written. An Arrow IPC stream is made in memory; the other formats are not. */
export interface SqlOutput {
  readonly path: string
  readonly format: ResultFormat | 'arrow'
}

/**
 * Asks tables. The query is one SELECT; `FROM 'ada/wine/train@1.0'` names a table, or all tables of a group as one.
 * It reads no file but those tables'. Dates, times and what a JavaScript number cannot hold come as texts.
 * @throws INVALID for the query; NOT_FOUND for what is no table; UNAVAILABLE
 * @example const { rows } = await sql(session, `select count(*) as n from 'ada/wine/train@1.0'`)
 */
export async function sql(session: Session, query: string, ctx?: Context): Promise<SqlResult> {
  const { engine, tables } = await prepare(session, { query }, ctx)
  return streamed(engine, { query, tables }, ctx)
}

/** What a query gives, row by row; the engine is closed with the result, or when it cannot be asked. */
export async function streamed(
  engine: TableEngine,
  { query, tables = [] }: { readonly query: string; readonly tables?: readonly TableFiles[] },
  ctx?: Context,
): Promise<SqlResult> {
  try {
    const connection = await engine.connect(ctx)
    await nameTables(connection, tables)
    const result = await connection.stream(query)
    const columns = result.columns.map(({ name, type }) => ({ name, type: arrowType(String(type)) }))
    const close = (): Promise<void> => engine.close()
    return { columns, close, rows: () => rowsOf(result.batches(), { columns, close }, ctx) }
  } catch (error) {
    await engine.close()
    throw error
  }
}

async function* rowsOf(
  batches: AsyncIterable<readonly (readonly unknown[])[]>,
  { columns, close }: Pick<SqlResult, 'columns' | 'close'>,
  ctx?: Context,
): AsyncGenerator<SqlRow> {
  try {
    for await (const batch of batches) {
      checkSignal(ctx)
      const count = batch[0]?.length ?? 0
      for (let row = 0; row < count; row++)
        yield Object.fromEntries(columns.map(({ name }, i) => [name, batch[i]?.[row]]))
    }
  } finally {
    await close()
  }
}

/**
 * Writes a query's result into a file, whole or not at all.
 * @throws as `sql` does; DENIED, UNAVAILABLE when the file cannot be written
 */
export async function sqlTo(
  session: Session,
  query: string,
  { path, format }: SqlOutput,
  ctx?: Context,
): Promise<{ readonly file: string }> {
  const file = session.resolvePath(path)
  const place = { fs: session.fs, path: file, randomName: session.ambient.randomName() }
  if (format === 'arrow') {
    const { engine, tables } = await prepare(session, { query }, ctx)
    await replaceFile(place, await toArrow(engine, { sql: query, tables }, ctx), ctx)
  } else {
    await replaceFileBy(place, async (temporary) => {
      const { engine, tables } = await prepare(session, { query, to: temporary }, ctx)
      try {
        await engine.with(async (connection: TableConnection) => {
          await nameTables(connection, tables)
          await writeResult(connection, query, { path: temporary, format })
        }, ctx)
      } finally {
        await engine.close()
      }
    })
  }
  return { file }
}

/** The tables that a query names, on disk, and an engine that may read them. */
async function prepare(
  session: Session,
  { query, to }: { readonly query: string; readonly to?: string },
  ctx?: Context,
): Promise<{ readonly engine: TableEngine; readonly tables: readonly TableFiles[] }> {
  const named = await namesInQuery(session.tables.engine(), query)
  const tables: TableFiles[] = []
  for (const name of named.tables) {
    checkSignal(ctx)
    tables.push({ name, files: await filesOf(session, name, ctx) })
  }
  const files = tables.flatMap((table) => table.files)
  return { engine: session.tables.engineFor(files, to === undefined ? undefined : { file: to }), tables }
}

async function filesOf(session: Session, name: string, ctx?: Context): Promise<readonly string[]> {
  if (!name.includes('/')) {
    throw new QuiltError('NOT_FOUND', `there is no table ${JSON.stringify(name.slice(0, 200))}`, {
      hint: "name a table by its handle, in quotes: FROM 'OWNER/NAME/PATH@REVISION'",
    })
  }
  const files: string[] = []
  for (const table of await openTables(session, parseHandle(name), ctx))
    files.push(...(await table.files(ctx)))
  return files
}
