// verify --views: makes the views of packages again, and compares rows with those that are kept.
import { checkSignal, type Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { FileEntry, GroupEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import { parseHandle } from '../../core/model/revision.ts'
import { pathsOf, type Extent } from '../../core/model/extent.ts'
import { joinPath, splitPath } from '../../core/model/path.ts'
import { lookup, lookupDerived } from '../../core/tree/lookup.ts'
import { nodeReader, type NodeReader } from '../../core/tree/node.ts'
import { walk } from '../../core/tree/walk.ts'
import { hashedFile, ownPaths } from '../../table/file-reader.ts'
import { makeView } from '../../table/make-view.ts'
import { sameRows } from '../../table/query.ts'
import { readView, viewHead, type FileView } from '../../table/view/store-view.ts'
import type { TableView } from '../../table/view/table-view.ts'
import { findInstalled, needInstalled, type InstalledPackage } from '../names/installed.ts'
import type { Session } from '../session.ts'
import { viewFor } from './find-views.ts'
import { openTables, type OpenTable } from './open-table.ts'
import { loadReading, readingOf } from './readings.ts'

/** A view that is not what its file makes. */
export interface ViewProblem {
  /** The file's handle. */
  readonly path: string
  readonly message: string
}

/** What was made again, and what is wrong. */
export interface ViewsReport {
  readonly views: number
  readonly problems: readonly ViewProblem[]
}

/**
 * Makes the views of the `latest` of these packages again, of all on this machine where none is named. A view by
 * another version of its parser is left out: it need not have the same rows.
 * @throws NOT_FOUND for a package that is not here
 */
export async function verifyViews(
  session: Session,
  packages: readonly string[],
  ctx?: Context,
): Promise<ViewsReport> {
  const problems: ViewProblem[] = []
  let views = 0
  for await (const installed of chosen(session, packages, ctx)) {
    for await (const one of viewsIn(session, installed, ctx)) {
      checkSignal(ctx)
      views++
      const message = await problemOf(session, one, ctx)
      if (message !== undefined) problems.push({ path: one.path, message })
    }
  }
  return { views, problems }
}

async function* chosen(
  session: Session,
  packages: readonly string[],
  ctx?: Context,
): AsyncGenerator<InstalledPackage> {
  for (const text of packages) yield await needInstalled(session, parseHandle(text).pkg, ctx)
  if (packages.length > 0) return
  const { repository } = await session.local()
  for await (const { pkg } of repository.refs.packages(ctx)) {
    const found = await findInstalled(session, pkg, ctx)
    if (found !== undefined) yield found
  }
}

/** A file that has a view, and where it lies. */
interface Viewed {
  readonly installed: InstalledPackage
  readonly path: string
  readonly file: FileEntry
  readonly entry: GroupEntry
  readonly derived: Id
}

/** The files that are here. */
async function* filesHere(
  nodes: NodeReader,
  tree: Id,
  extent: Extent | undefined,
  ctx?: Context,
): AsyncGenerator<{ readonly path: string; readonly file: FileEntry }> {
  for (const part of extent === undefined ? [''] : pathsOf(extent)) {
    const root = part === '' ? undefined : await lookup(nodes, tree, part)
    if (root?.type === 'file') yield { path: part, file: root }
    if (part !== '' && root?.type !== 'group') continue
    for await (const { path, entry } of walk(
      nodes,
      root?.type === 'group' ? root.id : tree,
      ctx,
      splitPath(part).length,
    ))
      if (entry.type === 'file') yield { path: joinPath(part, path), file: entry }
  }
}

async function* viewsIn(
  session: Session,
  installed: InstalledPackage,
  ctx?: Context,
): AsyncGenerator<Viewed> {
  const { state, store } = installed
  const id = state.refs.get(latest)
  if (id === undefined) return
  const { objects } = store.repository
  const nodes = nodeReader(objects)
  const { tree, derived } = await readCommit(objects, id, ctx)
  if (derived === undefined) return
  const place = { objects: nodes, derived, parsers: session.tables.parsers }
  for await (const { path, file } of filesHere(nodes, tree, state.partial.get(id), ctx)) {
    const entry = await viewFor(place, file, ctx)
    if (entry !== undefined)
      yield { installed, path: `${formatPackageName(state.pkg)}/${path}`, file, entry, derived }
  }
}

/** Why a view is not what its file makes; `undefined` when it is. */
async function problemOf(session: Session, viewed: Viewed, ctx?: Context): Promise<string | undefined> {
  const { installed, file, entry, derived } = viewed
  const { objects } = installed.store.repository
  const nodes = nodeReader(objects)
  const said = readingOf(session.tables.parsers, file)
  if (said === undefined) return undefined
  const { parser, options } = await loadReading(file.id, said)
  if (parser.version !== viewHead(entry)?.version) return undefined
  const paths = new Map<Id, string>()
  const own = ownPaths(() => session.tables.newPath())
  try {
    const kept = await readView({ objects, nodes }, entry, ctx)
    const recipe = file.size > chunkThreshold ? await lookupDerived(nodes, derived, file.id, ctx) : undefined
    const bytes = await objects.open(file.id, recipe?.id, ctx)
    const { tables } = session
    const made = await makeView(
      {
        engine: tables.engine(),
        wideEngine: () => tables.wideEngine(),
        newPath: () => own.newPath(),
        source: { name: file.source ?? file.name, size: bytes.size, slice: bytes.slice },
        parser,
        options,
        keep: (path) => {
          const hashed = hashedFile(path)
          paths.set(hashed.id, path)
          return Promise.resolve(hashed)
        },
      },
      ctx,
    )
    return await difference(session, viewed, { kept, made: made.view, paths }, ctx)
  } catch (error) {
    if (isQuiltError(error, 'INVALID') || isQuiltError(error, 'CORRUPT') || isQuiltError(error, 'NOT_FOUND'))
      return error.message
    throw error
  } finally {
    own.drop()
  }
}

interface Both {
  readonly kept: FileView
  readonly made: FileView
  /** Where the Parquet files lie that were made. */
  readonly paths: ReadonlyMap<Id, string>
}

async function difference(
  session: Session,
  { path }: Viewed,
  { kept, made, paths }: Both,
  ctx?: Context,
): Promise<string | undefined> {
  if (kept.kind === 'media' || made.kind === 'media')
    return JSON.stringify(kept) === JSON.stringify(made) ? undefined : 'the file says something else'
  if ([...kept.tables.keys()].join('\n') !== [...made.tables.keys()].join('\n'))
    return 'the file holds other tables'
  for (const [name, table] of made.tables) {
    const old = kept.tables.get(name) as TableView
    if (JSON.stringify(old.columns) !== JSON.stringify(table.columns)) return 'the columns are others'
    if (old.rows !== table.rows)
      return `there are ${String(table.rows)} rows, and the view has ${String(old.rows)}`
    if (old.parts?.map(({ id }) => id).join() === table.parts?.map(({ id }) => id).join()) continue
    const handle = made.kind === 'table' ? path : `${path}/${name}`
    const [open] = await openTables(session, parseHandle(handle.replaceAll('@', '%40')), ctx)
    const files = [
      await (open as OpenTable).files(ctx),
      (table.parts ?? []).map(({ id }) => pathOf(paths, id)),
    ]
    if (!(await compare(session, files as [readonly string[], readonly string[]], ctx)))
      return 'there are other rows'
  }
  return undefined
}

function pathOf(paths: ReadonlyMap<Id, string>, id: Id): string {
  const path = paths.get(id)
  if (path !== undefined) return path
  throw new QuiltError('NOT_FOUND', `part ${id} was not made`)
}

async function compare(
  session: Session,
  [a, b]: [readonly string[], readonly string[]],
  ctx?: Context,
): Promise<boolean> {
  const engine = session.tables.engineFor([...a, ...b])
  try {
    return await engine.with((connection) => sameRows(connection, a, b), ctx)
  } finally {
    await engine.close()
  }
}
