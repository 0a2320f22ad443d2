// build: a folder (or a build file, a file, or nothing) into a commit of a package, or into one node of it.
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import { encodeCommit } from '../core/codec/objects/commit.ts'
import { checkMessage } from '../core/model/commit.ts'
import type { Id } from '../core/model/id.ts'
import { formatPackageName } from '../core/model/package-name.ts'
import { parseHandle, type Handle } from '../core/model/revision.ts'
import { dryRun } from '../core/store/dry-writer.ts'
import { layered } from '../core/store/layered.ts'
import type { ObjectReader } from '../core/store/object-store.ts'
import { nodeReader } from '../core/tree/node.ts'
import { noStatCache, type StatCache } from '../worktree/stat-cache.ts'
import { isWhole, readBase } from './build/base.ts'
import { moveLatest, newCommit, type CommitPlace } from './build/commit.ts'
import { makeTree } from './build/tree.ts'
import type { BuildSource } from './source/build-source.ts'
import { placeOfNode } from './load/node.ts'
import type { NodeCalls } from './load/node-types.ts'
import { oddNames } from './odd-names.ts'
import type { Session } from './session.ts'
import { openSource } from './source/open-source.ts'
import { prepareSource, type PreparedSource, type SourceTree } from './source/source-tree.ts'
import { countTables } from './tables/find-views.ts'
import { namedChecks, type NamedChecks } from './tables/named-checks.ts'
import { keepTables, lookAtTables, type TreeJob } from './tables/tree-tables.ts'

/** How to build. */
export interface BuildOptions {
  readonly message?: string | undefined
  /** Say what would be built, and write nothing. */
  readonly dryRun?: boolean | undefined
  /** Make a commit even where nothing has changed. */
  readonly force?: boolean | undefined
  /** False keeps bytes only: no file that changed gets a view. What checks look at is read all the same. */
  readonly tables?: boolean | undefined
  /** Follow symbolic links that point outside the folder, instead of refusing them. */
  readonly followLinks?: boolean | undefined
  /** Let a build file name sources outside its folder. */
  readonly allowOutside?: boolean | undefined
  /** True: the path is a build file, or a folder that holds one; false: it is data. Absent: its name tells. */
  readonly buildFile?: boolean | undefined
}

/** What to build, and from what. */
export interface BuildTarget {
  /** A package, or a node of one: `OWNER/NAME[/PATH]`. */
  readonly handle: string
  /** A folder, a build file, or a git repository; for a node also a file. Absent: an empty package or group. */
  readonly path?: string | undefined
  /** Instead of a path: a node that was loaded, as it is now. */
  readonly tree?: NodeCalls | undefined
}

/** What a build made. */
export interface BuildResult {
  readonly package: string
  readonly topHash: Id
  /** Absent in a dry run. */
  readonly commit: Id | undefined
  readonly files: number
  /** Files that are tables; 0 in a dry run, which keeps none. */
  readonly tables: number
  /** How often a check was asked of a table; all of them hold. Absent where the build file names none. */
  readonly checks?: number
  /** Bytes of all files. */
  readonly bytes: number
  /** Bytes newly kept; in a dry run before compression. */
  readonly newBytes: number
  /** Names left out by rule. */
  readonly ignored: number
  /** True when this is what `latest` was already, so that no commit was made. */
  readonly unchanged: boolean
  /** The build file that was used, where there was one. */
  readonly buildFile?: string
}

/** A tree, and what else its commit needs. */
interface Made {
  readonly tree: Id
  readonly commit: Id | undefined
  readonly source: SourceTree
  readonly tables: number
  readonly asked: number
  readonly newBytes: number
  /** True where there is nothing to commit. */
  readonly unchanged: boolean
  /** Names to warn of. */
  readonly odd: readonly string[]
}

/**
 * Builds a package, or the node at the handle's path, the rest staying as it is. Without `path` it becomes an
 * empty package, or an empty group. When the result is what `latest` is already, no commit is made.
 * @throws INVALID, NOT_FOUND, DENIED naming what cannot be built; CONFLICT when another build was first
 * @example await build(session, { handle: 'ada/wine', path: './wine' }, { message: 'first harvest' })
 */
export async function build(
  session: Session,
  { handle, path, tree }: BuildTarget,
  options: BuildOptions = {},
  ctx?: Context,
): Promise<BuildResult> {
  const at = parseHandle(handle)
  if (at.revision !== undefined)
    throw new QuiltError('INVALID', 'a build makes a new revision: leave out the "@"')
  if (options.message !== undefined) checkMessage(options.message)
  const { source, close } =
    tree === undefined
      ? await openSource(session, { path, part: at.path !== '', ...options }, ctx)
      : { source: loadedSource(tree), close: () => undefined }
  try {
    return await buildFrom(session, { at, source, options }, ctx)
  } finally {
    close()
  }
}

function loadedSource(tree: NodeCalls): BuildSource {
  const place = placeOfNode(tree)
  if (place !== undefined) return { kind: 'tree', place }
  throw new QuiltError('INVALID', 'this is no node of a package', { hint: 'build what load gave' })
}

interface BuildJob extends CommitPlace {
  readonly session: Session
  readonly prepared: PreparedSource
  readonly options: BuildOptions
  readonly checks: NamedChecks | undefined
}

async function buildFrom(
  session: Session,
  {
    at,
    source,
    options,
  }: { readonly at: Handle; readonly source: BuildSource; readonly options: BuildOptions },
  ctx?: Context,
): Promise<BuildResult> {
  const cache =
    source.kind === 'folder' || source.kind === 'manifest' ? await session.statCache() : noStatCache
  const base = await readBase(session, at, ctx)
  const prepared = await prepareSource(
    source,
    {
      session,
      at: { pkg: base.state?.pkg ?? at.pkg, path: at.path },
      commit: base.commit,
      objects: (await session.local()).repository.objects,
      followLinks: options.followLinks === true,
      allowOutside: options.allowOutside === true,
      fetch: options.dryRun !== true,
    },
    ctx,
  )
  for (const note of prepared.notes) session.warn(note)
  const checks = namedChecks(prepared.manifest, at.path)
  const job: BuildJob = { session, at, prepared, base, options, checks }
  const made = options.dryRun === true ? await rehearse(job, cache, ctx) : await perform(job, cache, ctx)
  for (const problem of made.odd) session.warn(problem)
  const { files, bytes, ignored } = made.source
  return {
    package: formatPackageName(base.state?.pkg ?? at.pkg),
    topHash: made.tree,
    commit: made.commit,
    files,
    tables: made.tables,
    bytes,
    newBytes: made.newBytes,
    ignored,
    unchanged: made.unchanged,
    ...(checks === undefined ? undefined : { checks: made.asked }),
    ...(source.kind === 'manifest' ? { buildFile: source.shown } : undefined),
  }
}

/** A dry run: the same work, nothing written. */
async function rehearse(job: BuildJob, cache: StatCache, ctx?: Context): Promise<Made> {
  const { repository } = await job.session.local()
  const { out, objects: near } = dryRun(repository.objects)
  const objects = job.prepared.parts.reduce(layered, near)
  const readOnlyCache: StatCache = { ...cache, write: () => Promise.resolve() }
  const { tree, source } = await makeTree(job, { out, objects, cache: readOnlyCache }, ctx)
  const odd = await oddNames(objects, job.base.commit?.tree, tree, ctx)
  const asked = await lookAtTables(
    {
      ...treeJob(job, { objects, tree, source }),
      bytesAt: (path) => job.prepared.named(path)?.bytes(),
      readsSaid: job.options.tables !== false,
    },
    ctx,
  )
  const unchanged = isUnchanged(job, tree)
  return { tree, commit: undefined, source, tables: 0, asked, newBytes: out.written.bytes, unchanged, odd }
}

/** Whether a tree is what `latest` is already, so that no commit need be made of it. */
function isUnchanged({ base, options }: BuildJob, tree: Id): boolean {
  return tree === base.commit?.tree && options.force !== true && isWhole(base)
}

async function perform(job: BuildJob, cache: StatCache, ctx?: Context): Promise<Made> {
  const { repository } = await job.session.local()
  const { base, options } = job
  const author = job.session.identity() // once: the batch may run again, and is to make the same commit then
  return repository.objects.batch(
    async (out): Promise<Made> => {
      const { objects } = repository
      const { tree, source } = await makeTree(job, { out, objects, cache }, ctx)
      const nodes = nodeReader(objects)
      const made = treeJob(job, { objects, tree, source })
      const result = { tree, source }
      if (isUnchanged(job, tree)) {
        const asked = await lookAtTables(made, ctx) // the checks may be others than they were
        const tables = await countTables(nodes, base.commit?.derived, ctx)
        const newBytes = out.written.bytes
        return { ...result, commit: base.id, tables, asked, newBytes, unchanged: true, odd: [] }
      }
      const before = job.at.path === '' && !isWhole(base) ? undefined : base.commit
      const how = { tables: options.tables !== false, onlyChanged: options.force !== true }
      const { derived, asked } = await keepTables({ ...made, base: before, out, ...how }, ctx)
      const commit = await out.write(
        'commit',
        encodeCommit(newCommit(job, { tree, derived, author, source, message: options.message })),
      )
      const tables = await countTables(nodes, derived, ctx)
      const odd = await oddNames(objects, base.commit?.tree, tree, ctx)
      return { ...result, commit, tables, asked, newBytes: out.written.bytes, unchanged: false, odd }
    },
    async ({ commit }) => {
      if (commit !== undefined && commit !== base.id) await moveLatest(job.session, job, commit, ctx)
    },
    ctx,
  )
}

/** What is made of the tree's tables. */
function treeJob(
  { session, base, checks, prepared }: BuildJob,
  {
    objects,
    tree,
    source,
  }: { readonly objects: ObjectReader; readonly tree: Id; readonly source: SourceTree },
): TreeJob {
  const composed = source.sources.map(({ commit }) => commit)
  const { from, manifest } = prepared
  const said =
    manifest === undefined
      ? undefined
      : { file: manifest.shown, named: (path: string) => prepared.named(path) }
  return { session, objects, tree, base: base.commit, from, composed, recipes: source.recipes, checks, said }
}
