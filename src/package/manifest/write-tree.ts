// A plan into a tree: files read once each, parts of other packages brought in, groups written from the bottom up.
import { compareText } from '../../core/base/bytes.ts'
import { checkSignal, type Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { FileSystem } from '../../core/base/fs-node.ts'
import type { Source } from '../../core/model/commit.ts'
import {
  fileEntry,
  type Entry,
  type FileEntry,
  type GroupEntry,
  type LinkEntry,
} from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import { joinPath } from '../../core/model/path.ts'
import { reachPart, type Reached } from '../../core/repo/reach.ts'
import { sendPart } from '../../core/repo/transfer.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import { build as buildTree } from '../../core/tree/build.ts'
import { editEntries } from '../../core/tree/edit-entries.ts'
import { nodeReader } from '../../core/tree/node.ts'
import type { FoundSource } from '../../worktree/named/place.ts'
import { readNamedFiles, type NamedFiles, type NamedSource } from '../../worktree/named/named-files.ts'
import { openToRead } from '../../worktree/read-file.ts'
import type { KnownRecipe } from '../derived.ts'
import type { PlannedFile, PlannedGroup, PlannedNode, PlannedPart } from './planned.ts'
import { problemsError, problemsOf } from './problems.ts'

/** What a plan is written with. */
export interface TreeTarget extends NamedSource {
  /** What is here. */
  readonly near: ObjectReader
  /** False in a dry run: what parts of other packages reach need not be here then. */
  readonly bring: boolean
  /** Says whether a node is executable, where the file system cannot. */
  readonly executable?: ((path: string) => Promise<boolean>) | undefined
}

/** A tree that was written. */
export interface WrittenTree {
  readonly tree: Id
  readonly files: number
  readonly bytes: number
  readonly recipes: ReadonlyMap<Id, KnownRecipe>
  /** Where composed parts came from; paths are below the tree. */
  readonly sources: readonly Source[]
}

/** A plan's tree. */
export interface PlanToWrite {
  readonly root: PlannedGroup | PlannedPart
  readonly rootMeta: JsonObject | undefined
  /** The build file, as it is shown. */
  readonly shown: string
}

interface Writing {
  readonly target: TreeTarget
  readonly read: NamedFiles
  readonly recipes: Map<Id, KnownRecipe>
  readonly sources: Source[]
  readonly ctx: Context | undefined
  files: number
  bytes: number
}

/**
 * Writes a plan's tree; `rootMeta` is what its root bears.
 * @throws NOT_FOUND for a file that was removed since; DENIED, UNAVAILABLE, CORRUPT naming what cannot be read
 */
export async function writePlan(
  target: TreeTarget,
  { root, rootMeta, shown }: PlanToWrite,
  ctx?: Context,
): Promise<WrittenTree> {
  const planned = Array.from(filesOf(root))
  const read = await readNamedFiles(target, foundIn(planned), ctx).catch((error: unknown) => {
    throw unreadError(target.fs, { files: planned, shown }, error)
  })
  const run: Writing = { target, read, recipes: new Map(read.recipes), sources: [], ctx, files: 0, bytes: 0 }
  if (root.kind === 'part') await takePart(run, root)
  const tree =
    root.kind === 'part'
      ? await rebased(run, root, rootMeta)
      : await writeGroup(run, root, { path: '', meta: rootMeta })
  const { files, bytes, recipes, sources } = run
  return { tree, files, bytes, recipes, sources }
}

function* filesOf(node: PlannedNode): Generator<PlannedFile> {
  if (node.kind === 'file') yield node
  else if (node.kind === 'group') for (const child of node.children.values()) yield* filesOf(child)
}

function* foundIn(files: Iterable<PlannedFile>): Generator<FoundSource> {
  for (const { found } of files) yield found
}

/** Why files were not read: where one cannot be opened, all of those, each where the build file names it. */
function unreadError(
  fs: FileSystem,
  { files, shown }: { readonly files: readonly PlannedFile[]; readonly shown: string },
  error: unknown,
): unknown {
  if (!(error instanceof QuiltError)) return error
  const { add, found } = problemsOf(shown)
  for (const file of files) {
    try {
      fs.closeSync(openToRead(fs, file.found.path))
    } catch (reason) {
      if (reason instanceof QuiltError) add(file.at, reason.message)
    }
  }
  if (found.length === 0) return error
  const { message, problems } = problemsError(shown, found)
  return new QuiltError(error.code, message, { hint: error.hint, problems, cause: error })
}

async function writeGroup(
  run: Writing,
  { children }: PlannedGroup,
  { path, meta }: { readonly path: string; readonly meta?: JsonObject | undefined },
): Promise<Id> {
  const entries: Entry[] = []
  for (const [name, node] of [...children].sort(([a], [b]) => compareText(a, b))) {
    const entry = await entryOf(run, node, { name, path: joinPath(path, name) })
    entries.push(node.meta === undefined ? entry : { ...entry, meta: node.meta })
  }
  return buildTree(run.target.out, entries, meta)
}

async function entryOf(
  run: Writing,
  node: PlannedNode,
  { name, path }: { readonly name: string; readonly path: string },
): Promise<Entry> {
  switch (node.kind) {
    case 'group':
      return { type: 'group', name, id: await writeGroup(run, node, { path }) }
    case 'link':
      return { type: 'link', name, target: node.target }
    case 'file':
      return writtenFile(run, node, { name, path })
    case 'part': {
      const { meta: _, ...entry } = await takePart(run, node)
      if (entry.type !== 'group') return renamed(entry, name, node.source)
      return { ...entry, name, id: await rebased(run, node, undefined) }
    }
  }
}

function renamed(entry: FileEntry | LinkEntry, name: string, source: string | undefined): Entry {
  if (entry.type !== 'file') return { ...entry, name }
  const { source: _, ...rest } = entry
  return { ...rest, name, ...(source === undefined ? undefined : { source }) }
}

async function writtenFile(
  run: Writing,
  { found, reading, source }: PlannedFile,
  { name, path }: { readonly name: string; readonly path: string },
): Promise<FileEntry> {
  const { id, size, executable } = run.read.entries.get(found.path) as FileEntry
  const ask = run.target.executable
  const runs = ask === undefined ? executable === true : await ask(path)
  run.files++
  run.bytes += size
  return fileEntry({ name, id, size, executable: runs, source, reading })
}

/** Brings what a part reaches into the store. */
async function takePart(run: Writing, { part }: PlannedPart): Promise<Entry> {
  const { target, ctx } = run
  const { entry, objects, derived, depth } = part
  run.sources.push(part.source)
  if (entry.type === 'link') return entry
  const ends = { from: objects, out: target.out, near: target.near, task: 'receive' as const }
  const reached = counted(run, reachPart(nodeReader(objects), { entry, derived, depth }, ctx))
  if (target.bring) for (const [id, recipe] of await sendPart(ends, reached, ctx)) run.recipes.set(id, recipe)
  else for await (const _ of reached) checkSignal(ctx)
  return entry
}

async function* counted(
  run: Writing,
  reached: AsyncIterable<readonly Reached[]>,
): AsyncGenerator<readonly Reached[]> {
  for await (const group of reached) {
    for (const object of group) {
      if (object.kind !== 'blob') continue
      run.files++
      run.bytes += object.size
    }
    yield group
  }
}

/** A part's tree with this metadata at its root, and no other: a whole package's bears its own. */
async function rebased(
  { target }: Writing,
  { part }: PlannedPart,
  meta: JsonObject | undefined,
): Promise<Id> {
  const { id } = part.entry as GroupEntry
  const borne = part.whole ? part.meta : undefined
  if (JSON.stringify(borne) === JSON.stringify(meta)) return id
  return editEntries(part.objects, target.out, id, { changes: [], meta: meta ?? {} })
}
