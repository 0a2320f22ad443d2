// A table by its handle: what it is, and its Parquet files on disk.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import type { FileEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { joinPath } from '../../core/model/path.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import type { Handle } from '../../core/model/revision.ts'
import { lookupDerived } from '../../core/tree/lookup.ts'
import { nodeReader, type NodeReader } from '../../core/tree/node.ts'
import { walk } from '../../core/tree/walk.ts'
import { readView } from '../../table/view/store-view.ts'
import type { TableView, ViewPart } from '../../table/view/table-view.ts'
import { plainFiles, type PlainFiles } from '../../worktree/plain-files.ts'
import { withBytes } from '../exchange/bring.ts'
import { describeRevision, needRevision, type InstalledRevision } from '../names/installed.ts'
import { findNode, needNode } from '../names/nodes.ts'
import type { Session } from '../session.ts'
import { viewFor } from './find-views.ts'

/** A table of a package. */
export interface OpenTable {
  /** Its path in the package, by real names; of one table among several in a file, with its name behind. */
  readonly path: string
  /** Its own name, where its file has several: the last part of its path. */
  readonly name?: string
  readonly view: TableView
  /** The file that it was made of. */
  readonly file: FileEntry
  /** Paths of its Parquet files, in the order of their rows; made on disk when this is called. */
  files(ctx?: Context, options?: FileOptions): Promise<readonly string[]>
}

/** Which files of a table. */
export interface FileOptions {
  /** Those of some parts; of all unless told. */
  readonly only?: ((part: ViewPart) => boolean) | undefined
  /** Files in which these columns can be read, and perhaps no others. */
  readonly columns?: readonly string[] | undefined
}

/**
 * The tables at a handle: one for a table, all below it for a group. What is not here comes from the origin.
 * @throws NOT_FOUND for what is no table; INVALID, AMBIGUOUS; UNAVAILABLE
 */
export async function openTables(
  session: Session,
  handle: Handle,
  ctx?: Context,
): Promise<readonly OpenTable[]> {
  const asked = await needRevision(session, handle, ctx)
  const { path, table } = await placeOf(asked, ctx)
  const revision = await withBytes(session, asked, path, ctx)
  const run = tablePlace(session, revision)
  const found = await needNode(run.nodes, { tree: revision.commit.tree, handle: run.name }, path, ctx)
  if (found.entry?.type === 'file') {
    const tables = await tablesOf(run, found.path, found.entry, ctx)
    return [pick(tables, { path: `${run.name}/${found.path}`, table })]
  }
  if (found.entry?.type === 'link')
    throw new QuiltError('NOT_FOUND', `${run.name}/${found.path} is a link, and no table`, {
      hint: 'name what it points to: quilt inspect shows that',
    })
  const all: OpenTable[] = []
  const root = found.entry?.id ?? revision.commit.tree
  for await (const { path: below, entry } of walk(run.nodes, root, ctx))
    if (entry.type === 'file') all.push(...(await tablesOf(run, joinPath(found.path, below), entry, ctx)))
  if (all.length === 0) throw noTable(`${run.name}/${found.path}`)
  return all
}

/** The file's path; what follows behind it names one of its tables. */
async function placeOf(
  { handle, store, commit }: InstalledRevision,
  ctx?: Context,
): Promise<{ readonly path: string; readonly table: string | undefined }> {
  const whole = { path: handle.path, table: undefined }
  const cut = handle.path.lastIndexOf('/')
  if (cut < 0) return whole
  const { objects } = store.repository
  if ((await findNode(objects, commit.tree, handle.path, ctx)) !== undefined) return whole
  const file = await findNode(objects, commit.tree, handle.path.slice(0, cut), ctx)
  return file?.entry?.type === 'file' ? { path: file.path, table: handle.path.slice(cut + 1) } : whole
}

/** A revision whose tables are opened, file after file. */
export interface TablePlace {
  readonly session: Session
  readonly revision: InstalledRevision
  readonly nodes: NodeReader
  /** What of its blobs is read without being made a file. */
  readonly objects: ObjectReader
  readonly name: string
  readonly plain: () => Promise<PlainFiles>
}

/** Where the tables of a revision lie, which must be here. */
export function tablePlace(session: Session, revision: InstalledRevision): TablePlace {
  const { objects } = revision.store.repository
  let making: Promise<PlainFiles> | undefined
  const make = async (): Promise<PlainFiles> => {
    const local = await session.local()
    const { fs, ambient } = session
    return plainFiles({
      fs,
      folder: `${local.folder}/files`,
      objects,
      randomName: () => ambient.randomName(),
    })
  }
  return {
    session,
    revision,
    nodes: nodeReader(objects),
    objects,
    name: describeRevision(revision.state.pkg, revision.handle.revision),
    plain: () => (making ??= make()),
  }
}

/** The tables of one file; none where it has no view, or is no table. */
export async function tablesOf(
  run: TablePlace,
  path: string,
  file: FileEntry,
  ctx?: Context,
): Promise<readonly OpenTable[]> {
  const { revision, nodes, objects, session } = run
  const place = { objects: nodes, derived: revision.commit.derived, parsers: session.tables.parsers }
  const entry = await viewFor(place, file, ctx)
  if (entry === undefined) return []
  const view = await readView({ objects, nodes }, entry, ctx)
  if (view.kind === 'media') return []
  return Array.from(view.tables, ([name, one]) => ({
    ...(view.kind === 'table' ? { path } : { path: joinPath(path, name), name }),
    view: one,
    file,
    files: (context, { only = all } = {}) => filesOf(run, { file, parts: one.parts?.filter(only) }, context),
  }))
}

const all = (): boolean => true

async function filesOf(
  place: TablePlace,
  { file, parts }: { readonly file: FileEntry; readonly parts: readonly ViewPart[] | undefined },
  ctx?: Context,
): Promise<readonly string[]> {
  const files = await place.plain()
  const paths: string[] = []
  for (const part of parts ?? [file]) {
    const { id, size } = part
    const entry: FileEntry = { type: 'file', name: id, id, size }
    paths.push(await files.path(entry, await recipeOfPart(place, part, ctx), ctx))
  }
  return paths
}

/** The recipe that the commit names for a table's Parquet file, where it is kept in chunks. */
export async function recipeOfPart(
  { revision, nodes }: TablePlace,
  { id, size }: Pick<ViewPart, 'id' | 'size'>,
  ctx?: Context,
): Promise<Id | undefined> {
  const { derived } = revision.commit
  if (derived === undefined || size <= chunkThreshold) return undefined
  const found = await lookupDerived(nodes, derived, id, ctx)
  return found?.type === 'recipe' ? found.id : undefined
}

function pick(
  tables: readonly OpenTable[],
  { path, table }: { readonly path: string; readonly table: string | undefined },
): OpenTable {
  if (tables.length === 0) throw noTable(path)
  const names = tables.map((one) => one.path.slice(one.path.lastIndexOf('/') + 1))
  const found = table === undefined ? tables : tables.filter((_, i) => names[i] === table)
  if (found.length === 1) return found[0] as OpenTable
  if (table === undefined)
    throw new QuiltError('AMBIGUOUS', `${path} holds several tables`, {
      hint: `name one: ${names.map((name) => `${path}/${name}`).join(', ')}`,
    })
  throw new QuiltError('NOT_FOUND', `${path} holds no table ${JSON.stringify(table)}`, {
    hint: `there are ${names.join(', ')}`,
  })
}

function noTable(path: string): QuiltError {
  return new QuiltError('NOT_FOUND', `${path} is no table`, {
    hint: 'was it built with --no-tables, or could it not be read? See: quilt inspect; build it again with --force',
  })
}
