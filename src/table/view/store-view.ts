// Views as trees (docs/format.md, "The derived tree"): written from what was made, read back strictly.
import { compareText, fromUtf8, utf8 } from '../../core/base/bytes.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Context } from '../../core/base/context.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import type { ViewReading } from '../../core/codec/objects/reading-id.ts'
import type { Entry, FileEntry, GroupEntry } from '../../core/model/entry.ts'
import { isId, type Id } from '../../core/model/id.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import type { ObjectReader, ObjectWriter } from '../../core/store/object-store.ts'
import { build } from '../../core/tree/build.ts'
import { entries } from '../../core/tree/entries.ts'
import type { NodeReader, TreeSource } from '../../core/tree/node.ts'
import type { Column } from '../../plugins/api.ts'
import type { PartText, TableView, ViewPart } from './table-view.ts'

/** What a file was found to hold. */
export type ViewKind = 'table' | 'tables' | 'media'

/** A view as its entry in the derived tree says it. */
export interface ViewHead extends ViewReading {
  readonly kind: ViewKind
}

/** A view, with what it holds. */
export type FileView =
  | { readonly kind: 'table' | 'tables'; readonly tables: ReadonlyMap<string, TableView> }
  | { readonly kind: 'media'; readonly mime: string; readonly info: JsonObject }

/** The name of a table that is the only one in its file. */
export const onlyTable = 'table'
const columnsName = 'columns.json'
const infoName = 'info.json'
const partEnd = '.parquet'

/** Writes what a view holds; `name` is its name in the derived tree. */
export async function writeView(
  out: ObjectWriter,
  { name, reading, view }: { readonly name: string; readonly reading: ViewReading; readonly view: FileView },
): Promise<GroupEntry> {
  const list: Entry[] = []
  if (view.kind === 'media') {
    list.push(await jsonFile(out, infoName, { mime: view.mime, info: view.info }))
  } else {
    for (const [table, made] of [...view.tables].sort(([a], [b]) => compareText(a, b)))
      list.push(await writeTable(out, table, made))
  }
  const { parser, version, options } = reading
  return {
    type: 'group',
    name,
    id: await build(out, list),
    meta: { kind: view.kind, parser, version, options },
  }
}

async function writeTable(out: ObjectWriter, name: string, table: TableView): Promise<GroupEntry> {
  const list: Entry[] = (table.parts ?? []).map((part, i): FileEntry => {
    const { id, size, rows, text } = part
    const origin: JsonObject =
      text === undefined ? {} : { bytes: text.bytes, text: text.id, types: text.types }
    return {
      type: 'file',
      name: `${String(i).padStart(8, '0')}${partEnd}`,
      id,
      size,
      meta: { rows, ...origin },
    }
  })
  list.push(await jsonFile(out, columnsName, table.columns as unknown as JsonObject))
  const meta: JsonObject = {
    rows: table.rows,
    ...(table.head === undefined ? {} : { head: table.head }),
    ...(table.parts === undefined ? { source: true } : {}),
  }
  return { type: 'group', name, id: await build(out, list), meta }
}

async function jsonFile(out: ObjectWriter, name: string, value: JsonObject): Promise<FileEntry> {
  const { id, size } = await out.writeBlob(utf8(`${JSON.stringify(value)}\n`))
  return { type: 'file', name, id, size }
}

/** What the entry of a view says; `undefined` for one of a kind that this release does not know: it is kept, not served. */
export function viewHead(entry: GroupEntry): ViewHead | undefined {
  const { kind, parser, version, options } = entry.meta ?? {}
  if (kind !== 'table' && kind !== 'tables' && kind !== 'media') return undefined
  if (typeof parser !== 'string' || typeof version !== 'string') return undefined
  return { kind, parser, version, options: (options ?? {}) as JsonObject }
}

/** Where views are read from. */
export interface ViewSource {
  readonly objects: ObjectReader
  readonly nodes: NodeReader
}

/**
 * Reads a view. The Parquet files of its parts are not read.
 * @throws CORRUPT, NOT_FOUND
 */
export async function readView(source: ViewSource, entry: GroupEntry, ctx?: Context): Promise<FileView> {
  const kind = viewHead(entry)?.kind
  if (kind === undefined) throw damaged(entry.name)
  const tables = new Map<string, TableView>()
  for await (const one of entries(source.nodes, entry.id, undefined, ctx)) {
    if (kind === 'media' && one.type === 'file' && one.name === infoName) {
      const { mime, info } = (await readJson(source, one, ctx)) as JsonObject
      return { kind, mime: String(mime), info: info as JsonObject }
    }
    if (one.type === 'group') tables.set(one.name, await readTable(source, one, ctx))
  }
  if (kind === 'media' || tables.size === 0) throw damaged(entry.name)
  return { kind, tables }
}

async function readTable(source: ViewSource, group: GroupEntry, ctx?: Context): Promise<TableView> {
  const parts: ViewPart[] = []
  let columns: readonly Column[] | undefined
  for await (const entry of entries(source.nodes, group.id, undefined, ctx)) {
    if (entry.type !== 'file') throw damaged(group.name)
    if (entry.name === columnsName) columns = asColumns(await readJson(source, entry, ctx), group.name)
    else parts.push(asPart(entry))
  }
  const { rows, head, source: isSource } = group.meta ?? {}
  if (columns === undefined || typeof rows !== 'number') throw damaged(group.name)
  return {
    columns,
    rows,
    parts: isSource === true ? undefined : parts,
    ...(typeof head === 'number' ? { head } : {}),
  }
}

function asPart(entry: FileEntry): ViewPart {
  const { rows, bytes, text, types } = entry.meta ?? {}
  if (typeof rows !== 'number') throw damaged(entry.name)
  const part = { id: entry.id, size: entry.size, rows }
  if (text === undefined) return part
  if (typeof text !== 'string' || !isId(text) || typeof bytes !== 'number' || typeof types !== 'string')
    throw damaged(entry.name)
  const origin: PartText = { id: text, bytes, types }
  return { ...part, text: origin }
}

function asColumns(value: unknown, name: string): readonly Column[] {
  if (!Array.isArray(value)) throw damaged(name)
  return value.map((one: unknown): Column => {
    const { name: column, type, nullable } = (one ?? {}) as Partial<Column>
    if (typeof column !== 'string' || typeof type !== 'string') throw damaged(name)
    return { name: column, type, nullable: nullable !== false }
  })
}

async function readJson({ objects }: ViewSource, { id, size }: FileEntry, ctx?: Context): Promise<unknown> {
  const blob = await objects.open(id, undefined, ctx)
  const text = fromUtf8(await blob.slice(0, size, ctx))
  try {
    return JSON.parse(text ?? '')
  } catch (cause) {
    throw new QuiltError('CORRUPT', `blob ${id} of a view is no JSON`, { cause })
  }
}

function damaged(name: string): QuiltError {
  return new QuiltError('CORRUPT', `the view ${name} is not as a view must be`)
}

/** Blobs of a view that are kept as chunks: each needs its recipe beside the view. */
export async function* largeBlobs(nodes: TreeSource, view: Id, ctx?: Context): AsyncGenerator<FileEntry> {
  for await (const entry of entries(nodes, view, undefined, ctx)) {
    if (entry.type === 'group') yield* largeBlobs(nodes, entry.id, ctx)
    else if (entry.type === 'file' && entry.size > chunkThreshold) yield entry
  }
}
