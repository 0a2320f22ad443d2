// Views for a tree that was just built: those that an earlier commit has are taken over, what changed is made.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import type { ByteSource } from '../../core/base/source.ts'
import { mapOrdered, turnsByWeight } from '../../core/base/pool.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import type { Commit } from '../../core/model/commit.ts'
import type { FileEntry, GroupEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import type { ObjectReader, ObjectWriter } from '../../core/store/object-store.ts'
import { diff } from '../../core/tree/diff.ts'
import { lookupDerived } from '../../core/tree/lookup.ts'
import { nodeReader } from '../../core/tree/node.ts'
import { walk } from '../../core/tree/walk.ts'
import type { SourceFile } from '../../plugins/api.ts'
import { makeView, type MadeView, type ViewJob } from '../../table/make-view.ts'
import { ownPaths } from '../../table/file-reader.ts'
import { partReader } from '../../table/part-reader.ts'
import { readView, writeView } from '../../table/view/store-view.ts'
import type { KnownRecipe } from '../derived.ts'
import type { Session } from '../session.ts'
import { viewFor } from './find-views.ts'
import { loadReading, readingOf, type FileReading, type LoadedReading } from './readings.ts'
import { sharedRuns } from './shared-runs.ts'
import { derivedOf, isHere, noteRecipes, takeOver, type TakingOver } from './take-over.ts'

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
  /** Told why a file has no table, and whether a build file says how it is read; true when that is dealt with. */
  readonly unread?: (path: string, error: QuiltError, isSaid: boolean) => boolean
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

interface Run extends ViewsJob, TakingOver {
  readonly session: Session
  /** Notes recipes. */
  readonly noting: ObjectWriter
  /** Views that were begun. */
  readonly making: Map<string, Promise<() => void>>
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
    making: new Map(),
    derivedOfParts: await derivedOf(job.objects, job.composed ?? [], ctx),
  }
  const turn = turnsByWeight(mostBytesAtOnce)
  const add = (candidate: Candidate): Promise<() => void> =>
    turn(candidate.file.size, () =>
      addView(run, candidate, ctx).catch((error: unknown) => () => refuse(run, candidate, error)),
    )
  for await (const tell of mapOrdered(candidates(run, ctx), filesAtOnce, add)) tell()
  return { views: [...run.views.values()], recipes: noted }
}

/** Files that are read at once, all of them together of no more bytes than these; a longer one is read alone. */
const filesAtOnce = 4
const mostBytesAtOnce = 1024 * 1024

/**
 * Warns of a file that cannot be read.
 * @throws where that is an error
 */
function refuse({ session, needed, only, unread }: Run, { path, reading }: Candidate, error: unknown): void {
  if (isQuiltError(error, 'NOT_FOUND')) {
    if (needed?.(path) === true) throw notHere(path, error)
    if (only === 'said') return // a dry run fetches nothing
  }
  if (!isQuiltError(error, 'INVALID') && !isQuiltError(error, 'UNSUPPORTED')) throw error
  if (unread?.(path, error, reading.isSaid) === true) return
  if (reading.isSaid)
    throw new QuiltError(error.code, `${path}: ${error.message}`, { hint: error.hint, cause: error })
  session.warn(`${path} is kept as a file, without a table: ${error.message}`)
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

const nothing = (): void => undefined

/** Adds a file's view, made once for files that are the same; what is to be said of it, calling the result says. */
async function addView(run: Run, candidate: Candidate, ctx?: Context): Promise<() => void> {
  const loaded = await loadReading(candidate.file.id, candidate.reading)
  const known = run.making.get(loaded.view)
  const making = known ?? newView(run, candidate, loaded, ctx)
  run.making.set(loaded.view, making)
  const tell = await making
  return known === undefined ? tell : nothing
}

async function newView(
  run: Run,
  candidate: Candidate,
  loaded: LoadedReading,
  ctx?: Context,
): Promise<() => void> {
  const { path } = candidate
  if (await takeOver(run, loaded.view, ctx)) return nothing
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
  const tell = (): void => warnOfBad(run, path, made)
  if (made.view.kind === 'media' && Object.keys(made.view.info).length === 0) return tell // nothing is known of it
  const view = await writeView(run.noting, { name: loaded.view, reading: loaded.reading, view: made.view })
  run.views.set(loaded.view, view)
  if (old !== undefined) await noteRecipes(run, run.base?.derived, view.id, ctx)
  return tell
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
