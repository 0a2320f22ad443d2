// What a commit reaches, told object by object; where an older commit is known, only what is not in that one.
// Reads trees and derived trees, never a blob.
import { checkSignal, type Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import type { TreeEntry } from '../codec/objects/tree-entry.ts'
import {
  isLeaf,
  type Child,
  type InnerNode,
  type LeafNode,
  type TreeNode,
} from '../codec/objects/tree-node.ts'
import { chunkThreshold } from '../chunk/fastcdc.ts'
import { treeDepth, type FileEntry, type GroupEntry } from '../model/entry.ts'
import { hasFiles, hasTree, namesOnWay, type Extent } from '../model/extent.ts'
import type { Id } from '../model/id.ts'
import { joinPath } from '../model/path.ts'
import { derivedEntries, viewsOf } from '../tree/entries.ts'
import { entryAt, lookupDerived } from '../tree/lookup.ts'
import { checkChild, childrenWith, readChildren, readRoot, type NodeReader } from '../tree/node.ts'

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
/** Nodes read at once. */
const nodesAtOnce = 64

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

/** Nodes of one folder's tree, and entries in such nodes, that the known folder does not have. */
interface Fresh {
  readonly ids: readonly Id[]
  readonly entries: readonly FreshEntry[]
}

/** An entry, and what the known folder has under its name. */
interface FreshEntry {
  readonly entry: TreeEntry
  readonly known: TreeEntry | undefined
}

/** The nodes of a folder that lead to some names, and the entries of these. */
async function* nodesOnWay(nodes: NodeReader, tree: Id, names: readonly string[]): AsyncGenerator<Fresh> {
  const wanted = new Set(names)
  let level: Placed[] = [{ id: tree, node: await readRoot(nodes, tree) }]
  while (level.length > 0) {
    const below: Placed[] = []
    for (const { id, node } of level) {
      if (!isLeaf(node)) below.push(...(await childrenOnWay(nodes, node, names)))
      yield { ids: [id], entries: isLeaf(node) ? entriesNamed(node, wanted) : [] }
    }
    level = below
  }
}

function entriesNamed({ entries }: LeafNode, names: ReadonlySet<string>): FreshEntry[] {
  return entries.filter(({ name }) => names.has(name)).map((entry) => ({ entry, known: undefined }))
}

interface Placed {
  readonly id: Id
  readonly node: TreeNode
}

async function childrenOnWay(
  nodes: NodeReader,
  node: InnerNode,
  names: readonly string[],
): Promise<Placed[]> {
  const found: Placed[] = []
  for (const at of childrenWith(node, names)) {
    const [child] = await readChildren(nodes, node, at, at + 1)
    found.push({ id: (node.children[at] as Child).id, node: child as TreeNode })
  }
  return found
}

/** Of nodes that are not known yet: the node above, and which of its children they are. */
type Places = Map<Id, { readonly node: InnerNode; readonly at: number }>

/**
 * The nodes and entries of one folder that another does not have. Goes down both level by level, leaving out
 * the nodes that they share.
 */
async function* freshNodes(nodes: NodeReader, tree: Id, than: Id | undefined): AsyncGenerator<Fresh> {
  if (tree === than) return
  await readRoot(nodes, tree)
  const places: Places = new Map()
  let wanted: Id[] = [tree]
  let known: Id[] = than === undefined ? [] : [than]
  for (;;) {
    const shared = new Set(known)
    const both = new Set(wanted.filter((id) => shared.has(id)))
    wanted = wanted.filter((id) => !both.has(id))
    known = known.filter((id) => !both.has(id))
    if (wanted.length === 0) return
    const level = await levelOf(nodes, wanted)
    while (known.length > 0 && (await levelOf(nodes, known)) > level) known = await childrenOf(nodes, known)
    yield { ids: wanted, entries: [] }
    if (level === 0) break
    // On the same level both go down; a lower one waits.
    const together = known.length > 0 && (await levelOf(nodes, known)) === level
    wanted = await childrenOf(nodes, wanted, places)
    if (together) known = await childrenOf(nodes, known)
  }
  yield* freshEntries(nodes, { wanted, places }, known)
}

/** The entries of leaves that others do not have, a leaf's together. */
async function* freshEntries(
  nodes: NodeReader,
  { wanted, places }: { readonly wanted: readonly Id[]; readonly places: Places },
  known: readonly Id[],
): AsyncGenerator<Fresh> {
  const before = new Map<string, TreeEntry>()
  for await (const node of placedNodes(nodes, known, undefined))
    if (isLeaf(node)) for (const entry of node.entries) before.set(entry.name, entry)
  for await (const node of placedNodes(nodes, wanted, places)) {
    if (!isLeaf(node)) continue
    const entries: FreshEntry[] = []
    for (const entry of node.entries) {
      const old = before.get(entry.name)
      const same =
        old !== undefined && 'id' in old && 'id' in entry && old.id === entry.id && old.type === entry.type
      if (!same) entries.push({ entry, known: old })
    }
    yield { ids: [], entries }
  }
}

async function levelOf(nodes: NodeReader, ids: readonly Id[]): Promise<number> {
  return ((await nodes.readNodes(ids.slice(0, 1)))[0] as TreeNode).level
}

async function childrenOf(nodes: NodeReader, ids: readonly Id[], places?: Places): Promise<Id[]> {
  const children: Id[] = []
  for await (const node of placedNodes(nodes, ids, places)) {
    if (isLeaf(node)) continue
    for (const [at, { id }] of node.children.entries()) {
      children.push(id)
      places?.set(id, { node, at })
    }
  }
  return children
}

/** Nodes, and each is what the one above it says, where `places` tells which that is. */
async function* placedNodes(
  nodes: NodeReader,
  ids: readonly Id[],
  places: Places | undefined,
): AsyncGenerator<TreeNode> {
  for (let at = 0; at < ids.length; at += nodesAtOnce) {
    const some = ids.slice(at, at + nodesAtOnce)
    for (const [i, node] of (await nodes.readNodes(some)).entries()) {
      const place = places?.get(some[i] as Id)
      if (place !== undefined) checkChild(place.node, place.at, node)
      yield node
    }
  }
}
