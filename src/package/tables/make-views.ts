// Views for a tree that was just built: those that an earlier commit has are taken over, what changed is made.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import type { ByteSource } from '../../core/base/source.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Commit } from '../../core/model/commit.ts'
import type { FileEntry, GroupEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import type { ObjectReader, ObjectWriter } from '../../core/store/object-store.ts'
import { diff } from '../../core/tree/diff.ts'
import { lookupDerived } from '../../core/tree/lookup.ts'
import { nodeReader, type NodeReader } from '../../core/tree/node.ts'
import { walk } from '../../core/tree/walk.ts'
import type { SourceFile } from '../../plugins/api.ts'
import { makeView, type MadeView, type ViewJob } from '../../table/make-view.ts'
import { ownPaths } from '../../table/file-reader.ts'
import { partReader } from '../../table/part-reader.ts'
import { largeBlobs, readView, writeView } from '../../table/view/store-view.ts'
import type { KnownRecipe } from '../derived.ts'
import type { Session } from '../session.ts'
import { viewFor } from './find-views.ts'
import { loadReading, readingOf, type FileReading, type LoadedReading } from './readings.ts'
import { sharedRuns } from './shared-runs.ts'

/** A tree whose files are to have views. */
export interface ViewsJob {
  readonly objects: ObjectReader
  readonly out: ObjectWriter
  readonly tree: Id
  /** What the package was before; its views stay where their files do. */
  readonly base: Commit | undefined
  /** Another commit whose views serve: that from which the tree was loaded. */
  readonly from?: Commit | undefined
  /** Commits of other packages that parts were composed of: their views serve, too. */
  readonly composed?: readonly Id[] | undefined
  /** Recipes of blobs that are new. */
  readonly recipes: ReadonlyMap<Id, KnownRecipe>
  /** False makes views also of files that have not changed and have none. */
  readonly onlyChanged: boolean
  /** Files that are to have views in any case: checks look at them. */
  readonly needed?: ((path: string) => boolean) | undefined
  /** Leaves out what is not needed: `needed` makes views of these alone, `said` also of what a build file says to read. */
  readonly only?: 'needed' | 'said' | undefined
  /** Told why a file has no table; true when that is dealt with. */
  readonly unread?: (path: string, error: QuiltError) => boolean
  /** Where the bytes of a file are that is not written to the store; `undefined` for one that is. */
  readonly bytesAt?: ((path: string) => ByteSource | undefined) | undefined
}

/** What the derived tree gets. */
export interface MadeViews {
  readonly views: readonly GroupEntry[]
  /** Recipes of blobs that are new, those of views among them. */
  readonly recipes: ReadonlyMap<Id, KnownRecipe>
}

/** A file and how it is to be read. */
interface Candidate {
  readonly path: string
  readonly file: FileEntry
  readonly reading: FileReading
  /** The file at this path before. */
  readonly before: FileEntry | undefined
}

interface Run extends ViewsJob {
  readonly session: Session
  readonly nodes: NodeReader
  /** Notes recipes. */
  readonly noting: ObjectWriter
  readonly noted: Map<Id, KnownRecipe>
  readonly views: Map<string, GroupEntry>
  /** Derived trees of the commits that parts were composed of. */
  readonly derivedOfParts: readonly Id[]
}

/**
 * Makes the views that a tree's files lack. A file that cannot be read as its name suggests is kept as a file, with
 * a warning.
 * @throws INVALID naming the file, when a build file says how it is to be read and it cannot be
 */
export async function makeViews(session: Session, job: ViewsJob, ctx?: Context): Promise<MadeViews> {
  const noted = new Map(job.recipes)
  const run: Run = {
    ...job,
    session,
    nodes: nodeReader(job.objects),
    noting: notingRecipes(job.out, noted),
    noted,
    views: new Map(),
    derivedOfParts: await derivedOf(job, ctx),
  }
  for await (const candidate of candidates(run, ctx)) {
    const { path, reading } = candidate
    try {
      await addView(run, candidate, ctx)
    } catch (error) {
      if (isQuiltError(error, 'NOT_FOUND')) {
        if (job.needed?.(path) === true) throw notHere(path, error)
        if (job.only === 'said') continue // a dry run fetches nothing
      }
      if (!isQuiltError(error, 'INVALID') && !isQuiltError(error, 'UNSUPPORTED')) throw error
      if (job.unread?.(path, error) === true) continue
      if (reading.isSaid)
        throw new QuiltError(error.code, `${path}: ${error.message}`, { hint: error.hint, cause: error })
      session.warn(`${path} is kept as a file, without a table: ${error.message}`)
    }
  }
  return { views: [...run.views.values()], recipes: noted }
}

function notHere(path: string, cause: Error): QuiltError {
  return new QuiltError('NOT_FOUND', `${path} is not on this machine, and a check looks at it`, {
    hint: 'bring all of the package here first: quilt install OWNER/NAME',
    cause,
  })
}

function notingRecipes(out: ObjectWriter, recipes: Map<Id, KnownRecipe>): ObjectWriter {
  return {
    ...out,
    writeBlob: async (body, ctx) => {
      const blob = await out.writeBlob(body, ctx)
      if (blob.recipe !== undefined) recipes.set(blob.id, { id: blob.recipe, size: blob.size })
      return blob
    },
  }
}

/** Files that may be tables: those that changed, and those that are needed; or all. */
async function* candidates(run: Run, ctx?: Context): AsyncGenerator<Candidate> {
  const { nodes, base, tree, onlyChanged, only, needed } = run
  const { parsers } = run.session.tables
  const isNeeded = (path: string): boolean => needed?.(path) === true
  const isLeftOut = ({ isSaid }: FileReading): boolean => only === 'needed' || (only === 'said' && !isSaid)
  const byChange = base !== undefined && onlyChanged
  const met = new Set<string>()
  if (byChange) {
    for await (const one of changedFiles(run, base, ctx)) {
      if (isNeeded(one.path)) met.add(one.path)
      else if (isLeftOut(one.reading)) continue
      yield one
    }
    if (needed === undefined) return
  }
  for await (const { path, entry } of walk(nodes, tree, ctx)) {
    if (entry.type !== 'file' || met.has(path) || (byChange && !isNeeded(path))) continue
    const reading = readingOf(parsers, entry)
    if (reading === undefined || (isLeftOut(reading) && !isNeeded(path))) continue
    yield { path, file: entry, reading, before: undefined }
  }
}

async function* changedFiles(run: Run, base: Commit, ctx?: Context): AsyncGenerator<Candidate> {
  for await (const { path, from, to } of diff(run.nodes, base.tree, run.tree, ctx)) {
    if (to?.type !== 'file') continue
    const reading = readingOf(run.session.tables.parsers, to)
    if (reading === undefined) continue
    yield { path, file: to, reading, before: from?.type === 'file' ? from : undefined }
  }
}

async function addView(run: Run, candidate: Candidate, ctx?: Context): Promise<void> {
  const { file, reading, path } = candidate
  const loaded = await loadReading(file.id, reading)
  if (run.views.has(loaded.view)) return
  if (await takeOver(run, loaded.view, ctx)) return
  const { tables } = run.session
  const old = await earlierView(run, candidate, loaded, ctx)
  const paths = ownPaths(() => tables.newPath())
  const job: ViewJob = {
    engine: tables.engine(),
    wideEngine: () => tables.wideEngine(),
    newPath: () => paths.newPath(),
    source: sourceOf(run, candidate),
    parser: loaded.parser,
    options: loaded.options,
    keep: async (from) => run.noting.writeBlob(await partReader(tables.engine(), from, ctx), ctx),
    ...(old === undefined ? undefined : { old }),
  }
  const made = await makeView(job, ctx).finally(() => paths.drop())
  warnOfBad(run, path, made)
  if (made.view.kind === 'media' && Object.keys(made.view.info).length === 0) return // nothing is known of it
  const view = await writeView(run.noting, { name: loaded.view, reading: loaded.reading, view: made.view })
  run.views.set(loaded.view, view)
  if (old !== undefined) await noteRecipes(run, run.base?.derived, view.id, ctx)
}

/** A file's bytes, which are not opened before they are asked for. */
function sourceOf({ objects, noted, bytesAt }: Run, { file, path }: Candidate): SourceFile {
  const { id, size, name, source } = file
  let opening: Promise<ByteSource> | undefined
  const open = async (ctx?: Context): Promise<ByteSource> => {
    const at = bytesAt?.(path)
    return at ?? objects.open(id, noted.get(id)?.id, ctx)
  }
  return {
    name: source ?? name,
    size,
    slice: async (start, end, ctx) => (await (opening ??= open(ctx))).slice(start, end, ctx),
  }
}

function warnOfBad({ session }: Run, path: string, { bad }: MadeView): void {
  if (bad > 0) session.warn(`${path}: ${String(bad)} rows or cells could not be read as the options say`)
}

/** How many commits back a view is looked for. */
const mostBack = 20

/** A view of the very blob, read in the very way, that an earlier commit has. */
async function takeOver(run: Run, name: string, ctx?: Context): Promise<boolean> {
  if (await takeFrom(run, run.base, name, ctx)) return true
  if (await takeFrom(run, run.from, name, ctx)) return true
  for (const derived of run.derivedOfParts) if (await takeOut(run, derived, name, ctx)) return true
  return false
}

async function derivedOf({ objects, composed = [] }: ViewsJob, ctx?: Context): Promise<readonly Id[]> {
  const found = new Set<Id>()
  for (const id of composed) {
    try {
      const { derived } = await readCommit(objects, id, ctx)
      if (derived !== undefined) found.add(derived)
    } catch (error) {
      if (!isQuiltError(error, 'NOT_FOUND')) throw error // it lies in another store, which has its views
    }
  }
  return [...found]
}

/** Takes a view out of a derived tree, where that has it and all of it is here. */
async function takeOut(run: Run, derived: Id, name: string, ctx?: Context): Promise<boolean> {
  const found = await lookupDerived(run.nodes, derived, name, ctx)
  if (found?.type !== 'group' || !(await isHere(run, found.id, ctx))) return false
  run.views.set(name, found)
  await noteRecipes(run, derived, found.id, ctx)
  return true
}

async function takeFrom(run: Run, start: Commit | undefined, name: string, ctx?: Context): Promise<boolean> {
  const { objects } = run
  let commit = start
  for (let back = 0; commit !== undefined && back < mostBack; back++) {
    const { derived, parents } = commit
    try {
      if (derived !== undefined && (await takeOut(run, derived, name, ctx))) return true
      commit = parents[0] === undefined ? undefined : await readCommit(objects, parents[0], ctx)
    } catch (error) {
      if (isQuiltError(error, 'NOT_FOUND')) return false // what is before was not installed
      throw error
    }
  }
  return false
}

async function isHere({ out, nodes }: Run, view: Id, ctx?: Context): Promise<boolean> {
  const ids: Id[] = []
  for await (const { entry } of walk(nodes, view, ctx)) if (entry.type === 'file') ids.push(entry.id)
  return (await out.missing(ids, ctx)).length === 0
}

/** Recipes of a view's large blobs, as the derived tree that had the view says them. */
async function noteRecipes(run: Run, derived: Id | undefined, view: Id, ctx?: Context): Promise<void> {
  if (derived === undefined) return
  for await (const { id, size } of largeBlobs(run.nodes, view, ctx)) {
    if (run.noted.has(id)) continue
    const found = await lookupDerived(run.nodes, derived, id, ctx)
    if (found?.type === 'recipe') run.noted.set(id, { id: found.id, size })
  }
}

/** The view of what was at the path before, read in the same way, and where its bytes are now. */
async function earlierView(
  run: Run,
  { before, file }: Candidate,
  { reading }: LoadedReading,
  ctx?: Context,
): Promise<ViewJob['old']> {
  const { base, nodes, objects, session } = run
  if (before === undefined || base?.derived === undefined) return undefined
  const place = { objects: nodes, derived: base.derived, parsers: session.tables.parsers }
  const entry = await viewFor(place, before, ctx)
  if (entry?.meta?.['version'] !== reading.version || entry.meta['parser'] !== reading.parser)
    return undefined
  if (!(await isHere(run, entry.id, ctx))) return undefined
  const view = await readView({ objects, nodes }, entry, ctx)
  if (before.size <= chunkThreshold || file.size <= chunkThreshold) return { view }
  const recipe = await lookupDerived(nodes, base.derived, before.id, ctx)
  const now = run.noted.get(file.id)?.id
  if (recipe?.type !== 'recipe' || now === undefined) return { view }
  return { view, moved: await sharedRuns(objects, { old: recipe.id, now }, ctx) }
}
