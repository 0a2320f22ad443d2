// What an export writes where tables are to have another format: their new files in their places, and links to them.
import type { Context } from '../../core/base/context.ts'
import type { FileEntry, LinkEntry } from '../../core/model/entry.ts'
import type { ResultFormat } from '../../table/query.ts'
import type { CheckoutItem } from '../../worktree/checkout-target.ts'
import type { Exported } from '../names/exported.ts'
import type { Session } from '../session.ts'
import {
  convertedName,
  convertTables,
  type ConvertedFile,
  type ConvertedTable,
  type ConvertJob,
  type FileInFolder,
} from './convert.ts'

/** Tables that were converted, by their files' paths in the package. */
export interface Conversion {
  readonly format: ResultFormat
  readonly tables: ReadonlyMap<string, readonly ConvertedTable[]>
  /** True for a path of the package. */
  readonly isTaken: (path: string) => Promise<boolean>
}

/**
 * The items of an export with tables in another format: for each a file, or a folder of its parts; in a folder where a
 * file has several tables.
 */
export async function* convertedItems(
  items: AsyncIterable<Exported>,
  conversion: Conversion,
): AsyncGenerator<CheckoutItem> {
  for await (const { path, entry, at } of items) {
    const made = entry.type === 'file' ? conversion.tables.get(at) : undefined
    if (made !== undefined) yield* tablesAt(path, entry as FileEntry, made, conversion)
    else if (entry.type === 'link') yield { path, entry: await convertedLink(at, entry, conversion) }
    else yield { path, entry }
  }
}

async function* tablesAt(
  path: string,
  entry: FileEntry,
  made: readonly ConvertedTable[],
  conversion: Conversion,
): AsyncGenerator<CheckoutItem> {
  const { format } = conversion
  const as = await placeOf(path, conversion)
  const group = as.slice(0, -format.length - 1)
  const { executable: _, ...plain } = entry
  if (made[0]?.name !== undefined) yield { path: group, entry: { type: 'group', name: '', id: entry.id } }
  for (const { name, files } of made) {
    const path = name === undefined ? as : `${group}/${name}.${format}`
    if ('blob' in files) yield { ...itemOf(path, plain, files), alone: true }
    else yield* folderItems(path, plain, files)
  }
}

/** A table's folder, and all in it: folders before what lies in them, each once. */
function* folderItems(
  root: string,
  entry: FileEntry,
  files: readonly FileInFolder[],
): Generator<CheckoutItem> {
  const group = (path: string): CheckoutItem => ({ path, entry: { type: 'group', name: '', id: entry.id } })
  yield { ...group(root), alone: true }
  let open: readonly string[] = []
  for (const file of files) {
    const folders = file.path.split('/').slice(0, -1)
    const shared = folders.findIndex((name, i) => name !== open[i])
    if (shared >= 0)
      for (let depth = shared + 1; depth <= folders.length; depth++)
        yield group(`${root}/${folders.slice(0, depth).join('/')}`)
    open = folders
    yield itemOf(`${root}/${file.path}`, entry, file)
  }
}

function itemOf(path: string, entry: FileEntry, { blob: { id, size }, from }: ConvertedFile): CheckoutItem {
  return { path, entry: { ...entry, id, size }, ...(from === undefined ? undefined : { from }) }
}

/** The path of a converted file: the new ending for the old one, or behind it where that is something else's. */
async function placeOf(path: string, { format, isTaken }: Conversion): Promise<string> {
  const slash = path.lastIndexOf('/') + 1
  const better = path.slice(0, slash) + convertedName(path.slice(slash), format)
  return (await isTaken(better)) ? `${path}.${format}` : better
}

/** A link to a file that has another name now leads to that. */
async function convertedLink(at: string, entry: LinkEntry, conversion: Conversion): Promise<LinkEntry> {
  const to = targetOf(at, entry.target)
  const made = conversion.tables.get(to)
  if (made === undefined || made[0]?.name !== undefined) return entry
  const name = (await placeOf(to, conversion)).slice(to.lastIndexOf('/') + 1)
  return { ...entry, target: entry.target.slice(0, entry.target.lastIndexOf('/') + 1) + name }
}

/** The path in the package that a link leads to. */
function targetOf(at: string, target: string): string {
  const parts = at.split('/').slice(0, -1)
  for (const part of target.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/** Converts what is exported, hands the files on, and removes them. */
export async function withConverted<T>(
  session: Session,
  job: Omit<ConvertJob, 'folder'>,
  use: (tables: Conversion['tables']) => Promise<T>,
  ctx?: Context,
): Promise<T> {
  const { folder: store } = await session.local()
  const folder = `${store}/cache/scratch/export-${session.ambient.randomName()}`
  session.fs.mkdirSync(folder, { recursive: true })
  try {
    return await use(await convertTables(session, { ...job, folder }, ctx))
  } finally {
    session.fs.rmSync(folder, { recursive: true, force: true })
  }
}
