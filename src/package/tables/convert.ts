// Tables as files of another format, for an export that asks for them. The files lie in a folder of ours meanwhile.
import { checkSignal, type Context } from '../../core/base/context.ts'
import { isQuiltError } from '../../core/base/error.ts'
import type { Handle } from '../../core/model/revision.ts'
import { nameTables, writeResult, type ResultFormat } from '../../table/query.ts'
import type { Session } from '../session.ts'
import { openTables, type OpenTable } from './open-table.ts'

/** A table in its new form. */
export interface ConvertedTable {
  /** Its name within its file; absent where the file is one table. */
  readonly name?: string
  /** Where it lies, and its length in bytes. */
  readonly file: string
  readonly size: number
}

/** What to convert, to what, and where the files are to lie. */
export interface ConvertJob {
  readonly handle: Handle
  readonly format: ResultFormat
  /** An empty folder. */
  readonly folder: string
}

/** What text of tables ends in: an export that converts puts the new ending in its place. */
const endings = /\.(?:csv|tsv|ssv|tab|txt|json|jsonl|ndjson|xlsx|parquet)(?:\.gz|\.zst)?$/i

/**
 * Writes every table at and below a handle; those whose file has the format already are left out.
 * @returns them by their files' paths in the package
 */
export async function convertTables(
  session: Session,
  { handle, format, folder }: ConvertJob,
  ctx?: Context,
): Promise<ReadonlyMap<string, readonly ConvertedTable[]>> {
  const converted = new Map<string, ConvertedTable[]>()
  let number = 0
  for (const table of await tablesAt(session, handle, ctx)) {
    checkSignal(ctx)
    const { path, name } = placeOf(table)
    if (path.toLowerCase().endsWith(`.${format}`)) continue
    const file = `${folder}/${String(number++)}`
    await convert(session, table, { file, format }, ctx)
    const { size } = session.fs.statSync(file)
    const all = converted.get(path) ?? []
    all.push({ file, size, ...(name === undefined ? undefined : { name }) })
    converted.set(path, all)
    ctx?.onProgress?.({ task: 'parse', unit: 'objects', done: number })
  }
  return converted
}

/** The name of a file whose table has another format now. */
export function convertedName(name: string, format: ResultFormat): string {
  return `${name.replace(endings, '')}.${format}`
}

/** A part without tables has none to convert. */
async function tablesAt(session: Session, handle: Handle, ctx?: Context): Promise<readonly OpenTable[]> {
  try {
    return await openTables(session, handle, ctx)
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return []
    throw error
  }
}

/** A table's file, and the table's own name behind that where the file has several. */
function placeOf({ path, name }: OpenTable): { readonly path: string; readonly name: string | undefined } {
  return name === undefined ? { path, name } : { path: path.slice(0, -name.length - 1), name }
}

async function convert(
  session: Session,
  table: OpenTable,
  { file, format }: { readonly file: string; readonly format: ResultFormat },
  ctx?: Context,
): Promise<void> {
  const files = await table.files(ctx)
  const engine = session.tables.engineFor([...files, file])
  try {
    await engine.with(async (connection) => {
      await nameTables(connection, [{ name: 'data', files }])
      await writeResult(connection, 'SELECT * FROM data', { path: file, format })
    }, ctx)
  } finally {
    await engine.close()
  }
}
