// What a commit reaches, told object by object; where an older commit is known, only what is not in that one.
// Reads trees and derived trees, never a blob.
import { checkSignal, type Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import type { TreeEntry } from '../codec/objects/tree-entry.ts'
import { chunkThreshold } from '../chunk/fastcdc.ts'
import { treeDepth, type FileEntry, type GroupEntry } from '../model/entry.ts'
import { hasFiles, hasTree, namesOnWay, type Extent } from '../model/extent.ts'
import type { Id } from '../model/id.ts'
import { joinPath } from '../model/path.ts'
import { derivedEntries, viewsOf } from '../tree/entries.ts'
import { entryAt, lookupDerived } from '../tree/lookup.ts'
import type { NodeReader } from '../tree/node.ts'
import { freshNodes, nodesOnWay, type FreshEntry } from './reach/fresh-nodes.ts'

/** One object that a commit reaches; `path` is where, for messages. */
export type Reached = { readonly kind: 'tree'; readonly id: Id; readonly path: string } | ReachedBlob

/** A blob that a commit reaches. */
export interface ReachedBlob {
  readonly kind: 'blob'
  readonly id: Id
  readonly path: string
  readonly size: number
  readonly recipe?: Id
  /** The recipe of what the known tree has at this path: its chunks are known too. */
  readonly base?: Id
}

/** A commit's trees, and how much of what they reach is asked for. */
export interface ReachFrom {
  readonly tree: Id
  readonly derived?: Id | undefined
  /** Absent: everything. */
  readonly extent?: Extent | undefined
  /** Trees whose objects are known: what they share is left out. */
  readonly than?: { readonly tree: Id; readonly derived?: Id | undefined } | undefined
}

/** What all steps of one `reach` have in common. */
interface Run {
  readonly nodes: NodeReader
  readonly from: ReachFrom
  readonly ctx: Context | undefined
}

/** A folder to go through, beside the one that is known. */
interface Step {
  readonly tree: Id
  readonly than: Id | undefined
  readonly path: string
  readonly depth: number
}

/** Folders whose first nodes are read at once. */
const foldersAtOnce = 127

/**
 * Every tree node and blob that the trees reach, a node's together: a turn of the event loop for each would cost most of
 * a transfer. An object may come more than once. Where `extent` is given, the trees come that it asks for, all nodes of
 * the derived tree, and of the blobs those that it asks for.
 * @throws NOT_FOUND, CORRUPT
 */
export async function* reach(
  nodes: NodeReader,
  from: ReachFrom,
  ctx?: Context,
): AsyncGenerator<readonly Reached[]> {
  const { tree, derived, than } = from
  if (from.extent === 'commit') return
  yield* reachTree({ nodes, from, ctx }, { tree, than: than?.tree, path: '', depth: 0 })
  if (derived === undefined || derived === than?.derived) return
  // The derived tree's own nodes; recipes came with their blobs.
  yield* reachDerived({ nodes, from, ctx }, derived)
}

/** A node of a package, and what its commit knows of large blobs. */
export interface ReachPart {
  readonly entry: GroupEntry | FileEntry
  readonly derived: Id | undefined
  /** Groups above what is in the node, in its package. */
  readonly depth: number
}

/**
 * As `reach`, for one node of a package: a blob for each file; nothing of the derived tree itself.
 * @throws NOT_FOUND, CORRUPT
 */
export async function* reachPart(
  nodes: NodeReader,
  { entry, derived, depth }: ReachPart,
  ctx?: Context,
): AsyncGenerator<readonly Reached[]> {
  const run: Run = { nodes, from: { tree: entry.id, derived }, ctx }
  if (entry.type === 'file') yield [await reachedBlob(run, entry, entry.name, undefined)]
  else yield* reachTree(run, { tree: entry.id, than: undefined, path: '', depth })
}

async function* reachTree(run: Run, start: Step): AsyncGenerator<readonly Reached[]> {
  const { nodes, from, ctx } = run
  const open: Step[] = [start]
  const ready = new Set<Step>()
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    checkSignal(ctx)
    const { path, depth } = step
    if (!ready.delete(step)) {
      // The next folders come together: one after the other, each would be a request.
      const next = [step, ...open.slice(-foldersAtOnce)]
      for (const one of next) ready.add(one)
      ready.delete(step)
      await nodes.readNodes(next.flatMap(({ tree, than }) => (than === undefined ? [tree] : [tree, than])))
    }
    if (depth >= treeDepth)
      throw new QuiltError('CORRUPT', `groups lie deeper than ${String(treeDepth)} levels`)
    const names = namesOnWay(from.extent, path)
    const found =
      names === undefined ? freshNodes(nodes, step.tree, step.than) : nodesOnWay(nodes, step.tree, names)
    for await (const { ids, entries } of found) {
      yield ids.map((id) => ({ kind: 'tree', id, path }))
      yield* reachEntries(run, entries, step, open)
    }
  }
}

/** What the entries of one node of a folder reach; the folders among them are put into `open`. */
async function* reachEntries(
  run: Run,
  entries: readonly FreshEntry[],
  { path, depth }: Step,
  open: Step[],
): AsyncGenerator<readonly Reached[]> {
  const { from } = run
  let reached: Reached[] = []
  for (const { entry: fresh, known } of entries) {
    const entry = entryAt(fresh, depth)
    const below = joinPath(path, entry.name)
    if (entry.type === 'group') {
      const than = known?.type === 'group' ? known.id : undefined
      if (than !== entry.id && hasTree(from.extent, below))
        open.push({ tree: entry.id, than, path: below, depth: depth + 1 })
    } else if (entry.type === 'file' && hasFiles(from.extent, below)) {
      const { id, size } = entry
      // Without a promise for each of many small files.
      if (mayBeChunked(from, size)) reached.push(await reachedBlob(run, entry, below, known))
      else reached.push({ kind: 'blob', id, size, path: below })
      if (from.extent === undefined) continue
      yield reached
      reached = []
      yield* reachViews(run, id)
    }
  }
  if (reached.length > 0) yield reached
}

/** Whether a file of so many bytes may be kept as chunks, as far as its commit knows. */
function mayBeChunked({ derived }: ReachFrom, size: number): boolean {
  return derived !== undefined && size > chunkThreshold
}

/** A file's blob with its recipe, and the recipe of what is known in its place. */
async function reachedBlob(
  { nodes, from }: Run,
  { id, size }: { readonly id: Id; readonly size: number },
  path: string,
  known: TreeEntry | undefined,
): Promise<ReachedBlob> {
  const blob = { kind: 'blob' as const, id, size, path }
  if (from.derived === undefined || !mayBeChunked(from, size)) return blob
  const found = await lookupDerived(nodes, from.derived, id)
  if (found?.type !== 'recipe') return blob
  const base = await recipeOfKnown(nodes, from, known)
  return { ...blob, recipe: found.id, ...(base === undefined ? undefined : { base }) }
}

/** The recipe of a large blob in the tree that is known. */
async function recipeOfKnown(
  nodes: NodeReader,
  { than }: ReachFrom,
  known: TreeEntry | undefined,
): Promise<Id | undefined> {
  if (than?.derived === undefined || known?.type !== 'file' || known.size <= chunkThreshold) return undefined
  const found = await lookupDerived(nodes, than.derived, known.id)
  return found?.type === 'recipe' ? found.id : undefined
}

/** The views of one file, where not all views are asked for. */
async function* reachViews(run: Run, blob: Id): AsyncGenerator<readonly Reached[]> {
  const { nodes, from, ctx } = run
  if (from.derived === undefined) return
  for await (const { id } of viewsOf(nodes, from.derived, blob, ctx)) yield* reachView(run, id)
}

async function* reachDerived(run: Run, derived: Id): AsyncGenerator<readonly Reached[]> {
  const { nodes, from, ctx } = run
  for await (const { ids } of freshNodes(nodes, derived, from.than?.derived))
    yield ids.map((id) => ({ kind: 'tree', id, path: '' }))
  if (!hasFiles(from.extent, '')) return // views came with their files
  for await (const entry of derivedEntries(nodes, derived, undefined, ctx))
    if (entry.type === 'group') yield* reachView(run, entry.id)
}

/** All of a view. */
function reachView({ nodes, from, ctx }: Run, tree: Id): AsyncGenerator<readonly Reached[]> {
  const whole: Run = { nodes, from: { tree, derived: from.derived }, ctx }
  return reachTree(whole, { tree, than: undefined, path: '', depth: 0 })
}
