// build: a folder (or a file, or nothing) into a commit of a package, or into one node of it.
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import { encodeCommit } from '../core/codec/objects/commit.ts'
import { readCommit } from '../core/history/commits.ts'
import { checkMessage, type Commit, type Identity } from '../core/model/commit.ts'
import type { Entry } from '../core/model/entry.ts'
import type { Extent } from '../core/model/extent.ts'
import type { Id } from '../core/model/id.ts'
import { formatPackageName } from '../core/model/package-name.ts'
import { splitPath } from '../core/model/path.ts'
import { latest } from '../core/model/ref-name.ts'
import { parseHandle, type Handle } from '../core/model/revision.ts'
import { dryRun } from '../core/store/dry-writer.ts'
import type { ObjectReader, ObjectWriter } from '../core/store/object-store.ts'
import type { PackageState } from '../core/store/ref-store.ts'
import { build as buildTree } from '../core/tree/build.ts'
import { edit } from '../core/tree/edit.ts'
import { lookup } from '../core/tree/lookup.ts'
import { nodeReader } from '../core/tree/node.ts'
import { writeFileBlob } from '../worktree/read-file.ts'
import { snapshot, type Snapshot } from '../worktree/snapshot.ts'
import { noStatCache, type StatCache } from '../worktree/stat-cache.ts'
import { buildSource, storeWithin, type BuildSource } from './build-source.ts'
import { writeDerived } from './derived.ts'
import { findInstalled, onlyRead } from './names/installed.ts'
import type { Session } from './session.ts'

/** How to build. */
export interface BuildOptions {
  readonly message?: string | undefined
  /** Say what would be built, and write nothing. */
  readonly dryRun?: boolean | undefined
  /** Make a commit even where nothing has changed. */
  readonly force?: boolean | undefined
  /** Follow symbolic links that point outside the folder, instead of refusing them. */
  readonly followLinks?: boolean | undefined
}

/** What to build, and from what. */
export interface BuildTarget {
  /** A package, or a node of one: `OWNER/NAME[/PATH]`. */
  readonly handle: string
  /** A folder; for a node also a file. Absent: an empty package, or an empty group. */
  readonly path?: string | undefined
}

/** What a build made. */
export interface BuildResult {
  readonly package: string
  readonly topHash: Id
  /** Absent in a dry run. */
  readonly commit: Id | undefined
  readonly files: number
  readonly tables: number
  /** Bytes of all files. */
  readonly bytes: number
  /** Bytes newly kept; in a dry run before compression. */
  readonly newBytes: number
  /** Names left out by rule. */
  readonly ignored: number
  /** True when this is what `latest` was already, so that no commit was made. */
  readonly unchanged: boolean
}

/** The state that a build starts from. */
interface Base {
  readonly state: PackageState | undefined
  readonly id: Id | undefined
  readonly commit: Commit | undefined
}

/** A tree, and what else its commit needs. */
interface Made {
  readonly tree: Id
  readonly commit: Id | undefined
  readonly snapshot: Snapshot
  readonly newBytes: number
}

/**
 * Builds a package, or the node at the handle's path, the rest staying as it is. Without `path` it becomes an
 * empty package, or an empty group. When the result is what `latest` is already, no commit is made.
 * @throws INVALID, NOT_FOUND, DENIED naming what cannot be built; CONFLICT when another build was first
 * @example await build(session, { handle: 'ada/wine', path: './wine' }, { message: 'first harvest' })
 */
export async function build(
  session: Session,
  { handle, path }: BuildTarget,
  options: BuildOptions = {},
  ctx?: Context,
): Promise<BuildResult> {
  const at = parseHandle(handle)
  if (at.revision !== undefined)
    throw new QuiltError('INVALID', 'a build makes a new revision: leave out the "@"')
  if (options.message !== undefined) checkMessage(options.message)
  const source = buildSource(
    session.fs,
    path === undefined ? undefined : session.resolvePath(path),
    at.path !== '',
  )
  const cache = source.kind === 'folder' ? await session.statCache() : noStatCache
  const base = await readBase(session, at, ctx)
  const job: BuildJob = { session, at, source, base, options }
  const made = options.dryRun === true ? await rehearse(job, cache, ctx) : await perform(job, cache, ctx)
  const { files, bytes, ignored } = made.snapshot
  return {
    package: formatPackageName(base.state?.pkg ?? at.pkg),
    topHash: made.tree,
    commit: made.commit,
    files,
    tables: 0,
    bytes,
    newBytes: made.newBytes,
    ignored,
    unchanged: made.tree === base.commit?.tree,
  }
}

interface BuildJob {
  readonly session: Session
  readonly at: Handle
  readonly source: BuildSource
  readonly base: Base
  readonly options: BuildOptions
}

async function readBase(session: Session, at: Handle, ctx?: Context): Promise<Base> {
  const { repository } = await session.local()
  const state = await repository.refs.get(at.pkg, ctx)
  if (state !== undefined && formatPackageName(state.pkg) !== formatPackageName(at.pkg)) {
    throw new QuiltError(
      'CONFLICT',
      `there is a package ${formatPackageName(state.pkg)}, spelt in another case`,
      {
        hint: 'use that spelling, or another name',
      },
    )
  }
  if (state === undefined && at.path !== '') {
    const elsewhere = await findInstalled(session, at.pkg, ctx)
    if (elsewhere !== undefined) throw onlyRead(elsewhere) // the rest of the package would be lost from sight
  }
  const id = state?.refs.get(latest)
  return { state, id, commit: id === undefined ? undefined : await readCommit(repository.objects, id, ctx) }
}

/** A dry run: the same work, nothing written. */
async function rehearse(job: BuildJob, cache: StatCache, ctx?: Context): Promise<Made> {
  const { repository } = await job.session.local()
  const { out, objects } = dryRun(repository.objects)
  const readOnlyCache: StatCache = { ...cache, write: () => Promise.resolve() }
  const { tree, snapshot: made } = await makeTree(job, { out, objects, cache: readOnlyCache }, ctx)
  return { tree, commit: undefined, snapshot: made, newBytes: out.written.bytes }
}

async function perform(job: BuildJob, cache: StatCache, ctx?: Context): Promise<Made> {
  const { repository } = await job.session.local()
  const { base, options } = job
  const author = job.session.identity() // once: the batch may run again, and is to make the same commit then
  return repository.objects.batch(
    async (out): Promise<Made> => {
      const { tree, snapshot: made } = await makeTree(job, { out, objects: repository.objects, cache }, ctx)
      if (tree === base.commit?.tree && options.force !== true && isWhole(base)) {
        return { tree, commit: base.id, snapshot: made, newBytes: out.written.bytes }
      }
      const nodes = nodeReader(repository.objects)
      const whole = job.at.path === '' ? undefined : base.commit
      const derived = await writeDerived(nodes, out, { before: whole, tree, recipes: made.recipes }, ctx)
      const commit = await out.write('commit', encodeCommit(newCommit(job, { tree, derived, author })))
      return { tree, commit, snapshot: made, newBytes: out.written.bytes }
    },
    async ({ commit }) => {
      if (commit !== undefined && commit !== base.id) await moveLatest(job, commit, ctx)
    },
    ctx,
  )
}

/** A build over a package of which only a part is here makes it whole, so its bytes are kept by a new commit. */
function isWhole({ state, id }: Base): boolean {
  return id === undefined || state?.partial.get(id) === undefined
}

interface CommitParts {
  readonly tree: Id
  readonly derived: Id | undefined
  readonly author: Identity
}

function newCommit({ base, options }: BuildJob, { tree, derived, author }: CommitParts): Commit {
  const parents = base.id === undefined ? [] : [base.id]
  const commit = { tree, parents, author, message: options.message ?? '' }
  return derived === undefined ? commit : { ...commit, derived }
}

async function moveLatest({ session, at, base }: BuildJob, commit: Id, ctx?: Context): Promise<void> {
  const { repository } = await session.local()
  const extent =
    base.id === undefined || at.path === '' ? undefined : grown(base.state?.partial.get(base.id), at.path)
  await repository.refs.update(
    base.state?.pkg ?? at.pkg,
    (state) => ({
      // Moved already when the batch ran again after its writer was given up.
      edits: state?.refs.get(latest) === commit ? [] : [{ name: latest, from: base.id, to: commit }],
      ...(extent === undefined ? undefined : { extents: new Map([[commit, extent]]) }),
    }),
    { who: session.identity(), reason: 'build' },
    ctx,
  )
}

/** What is here after a node was built into a package of which only a part is here. */
function grown(extent: Extent | undefined, path: string): Extent | undefined {
  if (extent === undefined) return undefined
  return [...new Set([...(typeof extent === 'string' ? [] : extent), path])]
}

interface TreeParts {
  readonly out: ObjectWriter
  readonly objects: ObjectReader
  readonly cache: StatCache
}

/** The new root tree: the source's own, or `latest`'s with the source in its place. */
async function makeTree(
  job: BuildJob,
  parts: TreeParts,
  ctx?: Context,
): Promise<{ readonly tree: Id; readonly snapshot: Snapshot }> {
  const { at, base } = job
  const name = splitPath(at.path).at(-1)
  const made = await makeNode(job, parts, name ?? '', ctx)
  if (name === undefined) return { tree: made.snapshot.tree, snapshot: made.snapshot }
  const nodes = nodeReader(parts.objects)
  const old = base.commit === undefined ? undefined : await lookup(nodes, base.commit.tree, at.path)
  const entry: Entry = old?.meta === undefined ? made.entry : { ...made.entry, meta: old.meta }
  const tree = await edit(nodes, parts.out, base.commit?.tree, [
    { path: at.path, from: undefined, to: entry },
  ])
  return { tree, snapshot: made.snapshot }
}

async function makeNode(
  { session, source, at, options, base }: BuildJob,
  { out, objects, cache }: TreeParts,
  name: string,
  ctx?: Context,
): Promise<{ readonly entry: Entry; readonly snapshot: Snapshot }> {
  const none = { files: 0, bytes: 0, ignored: 0, recipes: new Map() }
  if (source.kind === 'nothing') {
    const tree = await buildTree(out, [])
    return { entry: { type: 'group', name, id: tree }, snapshot: { ...none, tree } }
  }
  if (source.kind === 'file') {
    const { blob } = await writeFileBlob(session.fs, source.path, out, ctx)
    const { id, size, recipe } = blob
    const recipes = new Map(recipe === undefined ? [] : [[id, { id: recipe, size }]])
    const entry: Entry = {
      type: 'file',
      name,
      id,
      size,
      ...(source.executable ? { executable: true } : undefined),
    }
    return { entry, snapshot: { files: 1, bytes: size, ignored: 0, recipes, tree: id } }
  }
  const store = storeWithin(session.fs, source.path, (await session.local()).folder)
  const made = await snapshot(
    {
      fs: session.fs,
      folder: source.path,
      ...(store === undefined ? undefined : { store }),
      out,
      cache,
      now: () => session.ambient.now(),
      outside: options.followLinks === true ? 'follow' : 'refuse',
      depth: splitPath(at.path).length,
      ...executableBits(session, source.path, { objects, commit: base.commit, at: at.path }),
    },
    ctx,
  )
  return { entry: { type: 'group', name, id: made.tree }, snapshot: made }
}

/** Where the file system keeps no executable bit, it is that of the same file in `latest`. */
function executableBits(
  session: Session,
  folder: string,
  { objects, commit, at }: { objects: ObjectReader; commit: Commit | undefined; at: string },
): { executable: (path: string) => Promise<boolean> } | undefined {
  if (session.keepsExecutableBit(folder)) return undefined
  const nodes = nodeReader(objects)
  return {
    executable: async (path) => {
      if (commit === undefined) return false
      const known = await lookup(nodes, commit.tree, at === '' ? path : `${at}/${path}`)
      return known?.type === 'file' && known.executable === true
    },
  }
}
