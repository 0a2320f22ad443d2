// Tables as files of another format, for an export that asks for them. What the store has in that format goes as it
// is; what is made lies in a folder of ours meanwhile.
import { checkSignal, type Context } from '../../core/base/context.ts'
import { isQuiltError } from '../../core/base/error.ts'
import type { FileEntry } from '../../core/model/entry.ts'
import type { Handle } from '../../core/model/revision.ts'
import { checkPartition, partName, writePartitions } from '../../table/partition.ts'
import { nameTables, writeResult, type ResultFormat } from '../../table/query.ts'
import type { Session } from '../session.ts'
import { openTables, type OpenTable } from './open-table.ts'

/** A table in its new form. */
export interface ConvertedTable {
  /** Its name within its file; absent where the file is one table. */
  readonly name?: string
  /** One file, or those that lie in the table's folder. */
  readonly files: ConvertedFile | readonly FileInFolder[]
}

/** A file of a table: a blob of the store, or bytes that lie in `from`. */
export interface ConvertedFile {
  readonly blob: Pick<FileEntry, 'id' | 'size'>
  readonly from?: string
}

/** A file in a table's folder, by its path there. */
export interface FileInFolder extends ConvertedFile {
  readonly path: string
}

/** What to convert, to what, and where the files are to lie. */
export interface ConvertJob {
  readonly handle: Handle
  readonly format: ResultFormat
  /** Columns by which each table is partitioned; Parquet alone. */
  readonly by?: readonly string[] | undefined
  /** An empty folder. */
  readonly folder: string
}

/** What text of tables ends in: an export that converts puts the new ending in its place. */
const endings = /\.(?:csv|tsv|ssv|tab|txt|json|jsonl|ndjson|xlsx|parquet|pq)(?:\.gz|\.zst)?$/i

/**
 * Every table at and below a handle in a format; those whose file has it already are left out, unless they are to be
 * partitioned.
 * @returns them by their files' paths in the package
 * @throws INVALID for columns that they cannot be partitioned by, before anything is written
 */
export async function convertTables(
  session: Session,
  { handle, format, by, folder }: ConvertJob,
  ctx?: Context,
): Promise<ReadonlyMap<string, readonly ConvertedTable[]>> {
  const tables = await tablesAt(session, handle, ctx)
  if (by !== undefined) for (const { path, view } of tables) checkPartition({ path, ...view }, by)
  const converted = new Map<string, ConvertedTable[]>()
  let number = 0
  for (const table of tables) {
    checkSignal(ctx)
    const { path, name } = placeOf(table)
    if (by === undefined && path.toLowerCase().endsWith(`.${format}`)) continue
    const place = `${folder}/${String(number++)}`
    const files =
      (by === undefined && format === 'parquet' ? parquetOf(table) : undefined) ??
      (await convert(session, table, { place, format, by }, ctx))
    const all = converted.get(path) ?? []
    all.push({ files, ...(name === undefined ? undefined : { name }) })
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

/** A table as the store has it: one Parquet file, or the parts of its view; `undefined` where there are none. */
function parquetOf({ view: { parts }, file }: OpenTable): ConvertedTable['files'] | undefined {
  const [first] = parts ?? [file]
  if (first === undefined) return undefined
  if (parts === undefined || parts.length === 1) return { blob: first }
  return parts.map((blob, i) => ({ blob, path: partName(i, parts.length) }))
}

interface Conversion {
  /** Where the file, or the folder, is to be made. */
  readonly place: string
  readonly format: ResultFormat
  readonly by: readonly string[] | undefined
}

async function convert(
  session: Session,
  table: OpenTable,
  { place, format, by }: Conversion,
  ctx?: Context,
): Promise<ConvertedTable['files']> {
  const files = await table.files(ctx)
  const made = (from: string): ConvertedFile => ({
    blob: { id: table.file.id, size: session.fs.statSync(from).size },
    from,
  })
  if (by !== undefined) session.fs.mkdirSync(place)
  const engine = session.tables.engineFor(files, by === undefined ? { file: place } : { folder: place })
  try {
    return await engine.with(async (connection) => {
      await nameTables(connection, [{ name: 'data', files }])
      if (by === undefined) {
        await writeResult(connection, 'SELECT * FROM data', { path: place, format })
        return made(place)
      }
      const { columns } = table.view
      const job = { by, from: 'data', folder: `${place}/parts` }
      const parts = await writePartitions(connection, { path: table.path, columns }, job)
      return parts.map(({ path, file }) => ({ path, ...made(file) }))
    }, ctx)
  } finally {
    await engine.close()
  }
}
