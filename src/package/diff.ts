// diff: what changed between two revisions, or between a revision and a folder.
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { Entry, GroupEntry, Reading } from '../core/model/entry.ts'
import type { Id } from '../core/model/id.ts'
import type { JsonObject } from '../core/model/metadata.ts'
import { joinPath, splitPath } from '../core/model/path.ts'
import { parseHandle, type Handle } from '../core/model/revision.ts'
import { dryRun } from '../core/store/dry-writer.ts'
import { layered } from '../core/store/layered.ts'
import type { ObjectReader } from '../core/store/object-store.ts'
import { diffPlaced, type PlacedTree } from '../core/tree/diff.ts'
import { nodeReader } from '../core/tree/node.ts'
import { buildSource } from './source/build-source.ts'
import { withTrees } from './exchange/bring.ts'
import { openRemoteFor, type RemoteOptions } from './exchange/origin.ts'
import { describeRevision, needRevision } from './names/installed.ts'
import { needNode } from './names/nodes.ts'
import { latestRevision, resolveRevision } from './names/revisions.ts'
import type { Session } from './session.ts'
import { prepareSource } from './source/source-tree.ts'
import { diffRows, diffTables, type TableDifference, type TablePair } from './tables/diff-tables.ts'
import type { SqlResult } from './tables/sql.ts'

/** What changed. Paths are below the two things compared, ascending. */
export interface Difference {
  readonly added: readonly ChangedPath[]
  readonly removed: readonly ChangedPath[]
  readonly modified: readonly ModifiedPath[]
  readonly renamed: readonly RenamedPath[]
  /** How tables changed, among what was modified; none where a side is a folder. */
  readonly tables: readonly TableDifference[]
}

/** A path that is on one side only. Sizes are in bytes. */
export interface ChangedPath {
  readonly path: string
  readonly type: Entry['type']
  readonly size?: number
}

/** A path whose bytes, kind, target, executable bit or metadata differ. */
export interface ModifiedPath extends ChangedPath {
  readonly from?: number
  /** What differs beside the bytes. */
  readonly what: readonly ('bytes' | 'type' | 'target' | 'executable' | 'reading' | 'source' | 'meta')[]
}

/** A file whose bytes lie at another path now. */
export interface RenamedPath {
  readonly from: string
  readonly to: string
  readonly size: number
}

/** Two things to compare. With a remote, B lies there: `latest` of the same package unless told. */
export interface Compared extends RemoteOptions {
  readonly a: string
  readonly b?: string | undefined
}

/** One of the two things compared. */
interface Side extends PlacedTree {
  readonly objects: ObjectReader
  /** The group itself, its revision a commit; absent for what is not on this machine: a folder, a remote's. */
  readonly at?: Handle
}

/**
 * Compares A with B: each a handle with a revision (and a path); B may be a folder instead. Without B, a handle
 * with a revision is compared with `latest`, and one without with the revision before `latest`. With a remote, B is a
 * revision that lies there, `latest` unless told.
 * @throws NOT_FOUND, AMBIGUOUS, INVALID; UNAVAILABLE for the remote
 * @example const { added } = await diff(session, { a: 'ada/wine@1.0', b: 'ada/wine@2.0' })
 */
export async function diff(session: Session, compared: Compared, ctx?: Context): Promise<Difference> {
  const [from, to] = await sides(session, compared, ctx)
  const nodes = nodeReader(layered(from.objects, to.objects))
  const added: ChangedPath[] = []
  const removed: ChangedPath[] = []
  const modified: ModifiedPath[] = []
  const files = {
    added: new Map<string, { path: string; size: number }[]>(),
    removed: [] as { path: string; id: Id; size: number }[],
  }
  for await (const change of diffPlaced(nodes, from, to, ctx)) {
    const { path } = change
    if (change.from !== undefined && change.to !== undefined) {
      modified.push(modifiedPath(path, change.from, change.to))
      continue
    }
    const entry = change.from ?? change.to
    if (entry === undefined || entry.type === 'group') continue
    const row = { path, type: entry.type, ...(entry.type === 'file' ? { size: entry.size } : undefined) }
    if (change.from === undefined) added.push(row)
    else removed.push(row)
    if (entry.type !== 'file') continue
    if (change.from !== undefined) files.removed.push({ path, id: entry.id, size: entry.size })
    else {
      const same = files.added.get(entry.id)
      if (same === undefined) files.added.set(entry.id, [{ path, size: entry.size }])
      else same.push({ path, size: entry.size })
    }
  }
  const renamed: RenamedPath[] = []
  for (const { path, id, size } of files.removed) {
    const match = size === 0 ? undefined : files.added.get(id)?.shift()
    if (match !== undefined) renamed.push({ from: path, to: match.path, size })
  }
  const [gone, come] = [new Set(renamed.map((one) => one.from)), new Set(renamed.map((one) => one.to))]
  return {
    added: added.filter(({ path }) => !come.has(path)),
    removed: removed.filter(({ path }) => !gone.has(path)),
    modified,
    renamed,
    tables: session.tables.onDisk ? await diffTables(session, pairsOf(from, to, modified), ctx) : [],
  }
}

/** The files that may be tables on both sides. */
function pairsOf(from: Side, to: Side, modified: readonly ModifiedPath[]): readonly TablePair[] {
  const [a, b] = [from.at, to.at]
  if (a === undefined || b === undefined) return []
  return modified
    .filter(({ type, what }) => type === 'file' && (what.includes('bytes') || what.includes('reading')))
    .map(({ path }) => ({ path, from: below(a, path), to: below(b, path) }))
}

function below(group: Handle, path: string): Handle {
  return { ...group, path: joinPath(group.path, path) }
}

/**
 * The rows that two states of a table do not share: `path` is that of the table below what is compared.
 * @throws NOT_FOUND for what is no table; INVALID for a key that is no column of both, and for a folder
 * @example const { rows } = await diffTableRows(session, { a: 'ada/wine@1.0', b: '@2.0', path: 'train.csv' })
 */
export async function diffTableRows(
  session: Session,
  {
    path,
    key,
    ...compared
  }: Compared & { readonly path: string; readonly key?: readonly string[] | undefined },
  ctx?: Context,
): Promise<SqlResult> {
  const [from, to] = await sides(session, compared, ctx)
  if (from.at === undefined || to.at === undefined)
    throw new QuiltError('INVALID', 'rows are compared between revisions that are on this machine', {
      hint: 'build the folder first, or install the revision',
    })
  return diffRows(session, { from: below(from.at, path), to: below(to.at, path), key: key ?? [] }, ctx)
}

function modifiedPath(path: string, from: Entry, to: Entry): ModifiedPath {
  const what: ModifiedPath['what'][number][] = []
  if (from.type !== to.type) what.push('type')
  if (from.type === 'file' && to.type === 'file') {
    if (from.id !== to.id) what.push('bytes')
    if (from.executable !== to.executable) what.push('executable')
    if (!sameReading(from.reading, to.reading)) what.push('reading')
    if (from.source !== to.source) what.push('source')
  }
  if (from.type === 'link' && to.type === 'link' && from.target !== to.target) what.push('target')
  if (JSON.stringify(from.meta) !== JSON.stringify(to.meta)) what.push('meta')
  const sizes = {
    ...(to.type === 'file' ? { size: to.size } : undefined),
    ...(from.type === 'file' ? { from: from.size } : undefined),
  }
  return { path, type: to.type, ...sizes, what }
}

function sameReading(a: Reading | undefined, b: Reading | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  const sorted = (options: JsonObject): string =>
    JSON.stringify(Object.entries(options).toSorted(([x], [y]) => (x < y ? -1 : 1)))
  return a.parser === b.parser && sorted(a.options) === sorted(b.options)
}

async function sides(
  session: Session,
  { a, b, remote }: Compared,
  ctx?: Context,
): Promise<readonly [Side, Side]> {
  const left = parseHandle(a)
  if (remote !== undefined) {
    const text = b === undefined ? handleText(left) : b.startsWith('@') ? `${handleText(left)}${b}` : b
    return [await side(session, left, ctx), await remoteSide(session, parseHandle(text), remote, ctx)]
  }
  if (b === undefined) {
    if (left.revision !== undefined)
      return [await side(session, left, ctx), await side(session, { ...left, revision: latestRevision }, ctx)]
    return [
      await side(session, { ...left, revision: { name: 'latest', back: 1 } }, ctx),
      await side(session, left, ctx),
    ]
  }
  const from = await side(session, left, ctx)
  if (isFolder(session, b)) return [from, await folderSide(session, b, left, ctx)]
  if (b.startsWith('@')) return [from, await side(session, parseHandle(`${handleText(left)}${b}`), ctx)]
  return [from, await side(session, parseHandle(b), ctx)]
}

function handleText({ pkg, path }: Handle): string {
  return `${describeRevision(pkg, undefined)}${path === '' ? '' : `/${path.replaceAll('%', '%25').replaceAll('@', '%40')}`}`
}

/** `./x`, `../x`, `/x` and what exists as a folder is one; else it is a handle. */
function isFolder(session: Session, text: string): boolean {
  const path = session.resolvePath(text)
  const there = session.fs.existsSync(path) && session.fs.statSync(path).isDirectory()
  if (!there && /^\.{0,2}\/|^\.{1,2}$/.test(text))
    throw new QuiltError('NOT_FOUND', `there is no folder "${path}"`, {
      hint: 'compare with a folder, with @REVISION, or with another package: OWNER/NAME[@REVISION]',
    })
  return there
}

async function side(session: Session, handle: Handle, ctx?: Context): Promise<Side> {
  const named = await needRevision(session, handle, ctx)
  const { store, state, commit, id } = await withTrees(session, named, ctx, handle.path)
  const at: Handle = { pkg: state.pkg, path: '', revision: { name: id, back: 0 } }
  const { path, ...found } = await groupAt(store.repository.objects, commit.tree, handle, ctx)
  return { ...found, at: { ...at, path } }
}

/** The same of what lies on a remote: only its trees are read. */
async function remoteSide(session: Session, handle: Handle, remote: string, ctx?: Context): Promise<Side> {
  const { address, repository } = await openRemoteFor(
    session,
    handle.pkg,
    { state: undefined, options: { remote } },
    ctx,
  )
  const state = await repository.refs.get(handle.pkg, ctx)
  if (state === undefined)
    throw new QuiltError('NOT_FOUND', `no package ${describeRevision(handle.pkg, undefined)} at ${address}`, {
      hint: `list what is there with: quilt ls --remote ${remote}`,
    })
  const { commit } = await resolveRevision(repository, state, handle.revision, ctx)
  const { path: _, ...found } = await groupAt(repository.objects, commit.tree, handle, ctx)
  return found
}

/** The group at a handle's path, in real names. */
async function groupAt(
  objects: ObjectReader,
  tree: Id,
  { pkg, path: asked, revision }: Handle,
  ctx?: Context,
): Promise<Omit<Side, 'at'> & { readonly path: string }> {
  if (asked === '') return { tree, above: 0, objects, path: '' }
  const name = describeRevision(pkg, revision)
  const { entry, path } = await needNode(objects, { tree, handle: name }, asked, ctx)
  if (entry?.type === 'group') return { tree: entry.id, above: splitPath(path).length, objects, path }
  throw new QuiltError('INVALID', `"${asked}" in ${name} is no group`, {
    hint: 'compare groups, or whole packages',
  })
}

/** A folder as the tree that a build of it would make, with its build file where it has one; nothing is written. */
async function folderSide(session: Session, path: string, left: Handle, ctx?: Context): Promise<Side> {
  const { repository } = await session.local()
  const { out, objects } = dryRun(repository.objects)
  const cache = await session.statCache()
  const source = buildSource(session.fs, {
    path: session.resolvePath(path),
    shown: path,
    part: false,
    buildFile: undefined,
  })
  const prepared = await prepareSource(
    source,
    {
      session,
      at: { pkg: left.pkg, path: left.path },
      commit: undefined,
      objects,
      followLinks: false,
      allowOutside: false,
      fetch: false,
    },
    ctx,
  )
  const { entry } = await prepared.write({ out, cache: { ...cache, write: () => Promise.resolve() } }, ctx)
  return { tree: (entry as GroupEntry).id, above: splitPath(left.path).length, objects }
}
