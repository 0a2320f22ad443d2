// inspect: a package's tree with sizes, aliases and metadata.
import type { Context } from '../core/base/context.ts'
import { isQuiltError } from '../core/base/error.ts'
import type { Source } from '../core/model/commit.ts'
import type { Entry, FileEntry, Reading } from '../core/model/entry.ts'
import type { Id } from '../core/model/id.ts'
import type { JsonObject } from '../core/model/metadata.ts'
import { joinPath } from '../core/model/path.ts'
import { hasFiles } from '../core/model/extent.ts'
import { entries } from '../core/tree/entries.ts'
import type { Column } from '../plugins/api.ts'
import { onlyTable, readView, viewHead } from '../table/view/store-view.ts'
import { lookup } from '../core/tree/lookup.ts'
import { nodeReader, treeMeta, type NodeReader } from '../core/tree/node.ts'
import { withTrees } from './exchange/bring.ts'
import { aliasesOf, identifierOf } from './names/alias.ts'
import {
  describeRevision,
  handleWith,
  needRevision,
  type InstalledRevision,
  type RevisionOptions,
} from './names/installed.ts'
import { needNode } from './names/nodes.ts'
import type { Session } from './session.ts'
import { profileTables, type TableProfile } from './tables/profile-tables.ts'
import { viewFor } from './tables/find-views.ts'

/** A node as `inspect` shows it. Sizes are in bytes; a group's is that of all files below it. */
export interface InspectedNode {
  readonly name: string
  /** A file with a view is a table. */
  readonly type: 'group' | 'file' | 'link' | 'table'
  readonly id?: Id
  readonly size?: number
  /** The identifier that it also answers to, where that is not its name. */
  readonly alias?: string
  readonly meta?: JsonObject
  readonly executable?: true
  readonly target?: string
  /** The base name of the file's source, where a build file gave it another name: it is exported so. */
  readonly source?: string
  /** How a build file says that the file is to be read. */
  readonly reading?: Reading
  /** Where a composed part came from: the handle that was asked for, and the commit that it named. */
  readonly from?: { readonly handle: string; readonly commit: Id }
  /** False where the file's bytes are not on this machine. */
  readonly here?: false
  readonly children?: readonly InspectedNode[]
  /** Who reads the file, where a view was made of it. */
  readonly parser?: string
  readonly columns?: readonly Column[]
  readonly rows?: number
  /** The tables of a file that holds several, each a further part of the path. */
  readonly tables?: readonly InspectedTable[]
  /** What is known of a picture or another file that is no table. */
  readonly info?: JsonObject
  readonly mime?: string
}

/** One of several tables in a file. */
export interface InspectedTable {
  readonly name: string
  readonly columns: readonly Column[]
  readonly rows: number
}

/** A package's or a node's tree, and the revision it belongs to. */
export interface Inspected extends InspectedNode {
  readonly package: string
  readonly topHash: Id
  readonly commit: Id
  readonly path: string
  /** What the columns of the tables at and below it are like, where that was asked. */
  readonly profiles?: readonly TableProfile[]
}

/** What to show. */
export interface InspectOptions extends RevisionOptions {
  /** Levels below the node that are shown; all of them where it is not given. */
  readonly depth?: number | undefined
  /** Say of each table's columns how many values are missing and how many differ, their range and their spread. */
  readonly profile?: boolean | undefined
}

/**
 * The tree at a handle.
 * @throws NOT_FOUND, AMBIGUOUS, INVALID
 * @example const { children } = await inspect(session, 'ada/wine@1.0')
 */
export async function inspect(
  session: Session,
  handle: string,
  options: InspectOptions = {},
  ctx?: Context,
): Promise<Inspected> {
  const named = await needRevision(session, handleWith(handle, options), ctx)
  const revision = await withTrees(session, named, ctx, named.handle.path)
  const { state, commit, id } = revision
  const { objects } = revision.store.repository
  const nodes = nodeReader(objects)
  const name = describeRevision(state.pkg, revision.handle.revision)
  const found = await needNode(nodes, { tree: commit.tree, handle: name }, revision.handle.path, ctx)
  const sources = new Map(commit.sources?.map((source) => [source.path, source]))
  const run: InspectRun = { session, nodes, revision, sources, depth: options.depth ?? Infinity, ctx }
  const base = {
    package: describeRevision(state.pkg, undefined),
    topHash: commit.tree,
    commit: id,
    path: found.path,
    ...(options.profile === true
      ? {
          profiles: await profileTables(
            session,
            { pkg: state.pkg, path: found.path, revision: { name: id, back: 0 } },
            ctx,
          ),
        }
      : undefined),
  }
  if (found.entry !== undefined) {
    const shown = await inspectEntry(run, found.entry, found.path, 0)
    return { ...base, ...shown, ...(await aliasOf(run, found.path)), ...fromOf(run, found.path) }
  }
  const meta = await treeMeta(nodes, commit.tree)
  const below = await inspectGroup(run, commit.tree, '', 0)
  return {
    ...base,
    name: state.pkg.name,
    type: 'group',
    id: commit.tree,
    ...below,
    ...(meta === undefined ? undefined : { meta }),
    ...fromOf(run, ''),
  }
}

/** What a node by itself also answers to: its neighbours say whether that means it alone. */
async function aliasOf(
  { nodes, revision, ctx }: InspectRun,
  path: string,
): Promise<Pick<InspectedNode, 'alias'>> {
  const cut = path.lastIndexOf('/')
  const name = path.slice(cut + 1)
  if (identifierOf(name) === name) return {} // its own name comes first
  const { tree } = revision.commit
  const folder = cut < 0 ? undefined : await lookup(nodes, tree, path.slice(0, cut))
  const all: Entry[] = []
  for await (const entry of entries(nodes, folder?.type === 'group' ? folder.id : tree, undefined, ctx))
    all.push(entry)
  return aliasIn(namedByAlias(all), name)
}

/** Aliases that mean one entry, by its name. */
function namedByAlias(all: readonly Entry[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [alias, names] of aliasesOf(all)) if (names.length === 1) found.set(names[0] as string, alias)
  return found
}

function aliasIn(aliases: ReadonlyMap<string, string>, name: string): Pick<InspectedNode, 'alias'> {
  const alias = aliases.get(name)
  return alias === undefined || alias === name ? {} : { alias }
}

interface InspectRun {
  readonly session: Session
  readonly nodes: NodeReader
  readonly revision: InstalledRevision
  /** Composed parts by their paths. */
  readonly sources: ReadonlyMap<string, Source>
  readonly depth: number
  readonly ctx: Context | undefined
}

function fromOf({ sources }: InspectRun, path: string): Pick<InspectedNode, 'from'> {
  const source = sources.get(path)
  return source === undefined ? {} : { from: { handle: source.handle, commit: source.commit } }
}

/** Groups nest at most 512 deep, so this may recurse. */
async function inspectEntry(
  run: InspectRun,
  entry: Entry,
  path: string,
  level: number,
): Promise<InspectedNode> {
  const { name, type } = entry
  const meta = entry.meta === undefined ? undefined : { meta: entry.meta }
  switch (entry.type) {
    case 'group':
      return { name, type, id: entry.id, ...(await inspectGroup(run, entry.id, path, level)), ...meta }
    case 'link':
      return { name, type, target: entry.target, ...meta }
    case 'file': {
      const { id, size } = entry
      const here = hasFiles(run.revision.state.partial.get(run.revision.id), path)
        ? undefined
        : { here: false as const }
      return {
        name,
        type,
        id,
        size,
        ...(entry.executable === true ? { executable: true as const } : undefined),
        ...(entry.source === undefined ? undefined : { source: entry.source }),
        ...(entry.reading === undefined ? undefined : { reading: entry.reading }),
        ...here,
        ...(await inspectView(run, entry)),
        ...meta,
      }
    }
  }
}

/** What a file's view says of it; nothing where it has none, or where it is not on this machine. */
async function inspectView(run: InspectRun, file: FileEntry): Promise<Partial<InspectedNode>> {
  const { revision, nodes, session, ctx } = run
  const { objects } = revision.store.repository
  const place = { objects: nodes, derived: revision.commit.derived, parsers: session.tables.parsers }
  const entry = await viewFor(place, file, ctx)
  const head = entry === undefined ? undefined : viewHead(entry)
  if (entry === undefined || head === undefined) return {}
  const { parser } = head
  try {
    const view = await readView({ objects, nodes }, entry, ctx)
    if (view.kind === 'media') return { parser, mime: view.mime, info: view.info }
    const only = view.kind === 'table' ? view.tables.get(onlyTable) : undefined
    if (only !== undefined) return { type: 'table', parser, columns: only.columns, rows: only.rows }
    const tables = Array.from(view.tables, ([name, { columns, rows }]) => ({ name, columns, rows }))
    return { type: 'table', parser, tables }
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return {} // only trees are here
    throw error
  }
}

async function inspectGroup(
  run: InspectRun,
  tree: Id,
  path: string,
  level: number,
): Promise<{ readonly size: number; readonly children?: readonly InspectedNode[] }> {
  const all: Entry[] = []
  for await (const entry of entries(run.nodes, tree, undefined, run.ctx)) all.push(entry)
  const aliases = namedByAlias(all)
  const children: InspectedNode[] = []
  let size = 0
  for (const entry of all) {
    const at = joinPath(path, entry.name)
    const child = { ...(await inspectEntry(run, entry, at, level + 1)), ...fromOf(run, at) }
    size += child.size ?? 0
    if (level >= run.depth) continue
    children.push({ ...child, ...aliasIn(aliases, entry.name) })
  }
  return level >= run.depth ? { size } : { size, children }
}
