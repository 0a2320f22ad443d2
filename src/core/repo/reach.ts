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
 * Every tree node and blob that the trees reach. An object may come more than once. Where `extent` is given,
 * the trees come that it asks for, all nodes of the
 * derived tree, and of the blobs those that it asks for.
 * @throws NOT_FOUND, CORRUPT
 */
export async function* reach(nodes: NodeReader, from: ReachFrom, ctx?: Context): AsyncGenerator<Reached> {
  const { tree, derived, than } = from
  if (from.extent === 'commit') return
  yield* reachTree(nodes, from, { tree, than: than?.tree, path: '', depth: 0 }, ctx)
  if (derived === undefined || derived === than?.derived) return
  // The derived tree's own nodes; recipes came with their blobs.
  yield* reachDerived(nodes, from, derived, ctx)
}

/** A node of a package, and what its commit knows of large blobs. */
export interface ReachPart {
  readonly entry: GroupEntry | FileEntry
  readonly derived: Id | undefined
  /** Groups above what is in the node, in its package. */
  readonly depth: number
}

/**
 * Every tree node and blob of one node of a package, a blob for each file; nothing of the derived tree itself.
 * @throws NOT_FOUND, CORRUPT
 */
export async function* reachPart(
  nodes: NodeReader,
  { entry, derived, depth }: ReachPart,
  ctx?: Context,
): AsyncGenerator<Reached> {
  if (entry.type === 'file') yield await reachedBlob(nodes, derived, entry, entry.name)
  else
    yield* reachTree(
      nodes,
      { tree: entry.id, derived },
      { tree: entry.id, than: undefined, path: '', depth },
      ctx,
    )
}

async function* reachTree(
  nodes: NodeReader,
  from: ReachFrom,
  start: Step,
  ctx?: Context,
): AsyncGenerator<Reached> {
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
    for await (const fresh of found) {
      if (fresh.kind === 'node') {
        yield { kind: 'tree', id: fresh.id, path }
        continue
      }
      const { known } = fresh
      const entry = entryAt(fresh.entry, depth)
      const below = joinPath(path, entry.name)
      if (entry.type === 'group') {
        const than = known?.type === 'group' ? known.id : undefined
        if (than !== entry.id && hasTree(from.extent, below))
          open.push({ tree: entry.id, than, path: below, depth: depth + 1 })
      } else if (entry.type === 'file' && hasFiles(from.extent, below)) {
        const blob = await reachedBlob(nodes, from.derived, entry, below)
        const base = blob.recipe === undefined ? undefined : await recipeOfKnown(nodes, from, known)
        yield base === undefined ? blob : { ...blob, base }
        if (from.extent !== undefined) yield* reachViews(nodes, from.derived, entry.id, ctx)
      }
    }
  }
}

async function reachedBlob(
  nodes: NodeReader,
  derived: Id | undefined,
  entry: { readonly id: Id; readonly size: number },
  path: string,
): Promise<ReachedBlob> {
  const { id, size } = entry
  const blob = { kind: 'blob' as const, id, size, path }
  if (derived === undefined || size <= chunkThreshold) return blob
  const found = await lookupDerived(nodes, derived, id)
  return found?.type === 'recipe' ? { ...blob, recipe: found.id } : blob
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
async function* reachViews(
  nodes: NodeReader,
  derived: Id | undefined,
  blob: Id,
  ctx?: Context,
): AsyncGenerator<Reached> {
  if (derived === undefined) return
  for await (const { id } of viewsOf(nodes, derived, blob, ctx))
    yield* reachTree(nodes, { tree: id, derived }, { tree: id, than: undefined, path: '', depth: 0 }, ctx)
}

async function* reachDerived(
  nodes: NodeReader,
  from: ReachFrom,
  derived: Id,
  ctx?: Context,
): AsyncGenerator<Reached> {
  for await (const fresh of freshNodes(nodes, derived, from.than?.derived)) {
    if (fresh.kind === 'node') yield { kind: 'tree', id: fresh.id, path: '' }
  }
  if (!hasFiles(from.extent, '')) return // views came with their files
  for await (const entry of derivedEntries(nodes, derived, undefined, ctx)) {
    if (entry.type === 'group') {
      yield* reachTree(
        nodes,
        { tree: entry.id, derived },
        { tree: entry.id, than: undefined, path: '', depth: 0 },
        ctx,
      )
    }
  }
}

/** A node of one folder's tree, or an entry in such a node, that the known folder does not have. */
type Fresh =
  | { readonly kind: 'node'; readonly id: Id }
  | { readonly kind: 'entry'; readonly entry: TreeEntry; readonly known: TreeEntry | undefined }

/** The nodes of a folder that lead to some names, and the entries of these. */
async function* nodesOnWay(nodes: NodeReader, tree: Id, names: readonly string[]): AsyncGenerator<Fresh> {
  const wanted = new Set(names)
  let level: Placed[] = [{ id: tree, node: await readRoot(nodes, tree) }]
  while (level.length > 0) {
    const below: Placed[] = []
    for (const { id, node } of level) {
      yield { kind: 'node', id }
      if (!isLeaf(node)) below.push(...(await childrenOnWay(nodes, node, names)))
      else yield* entriesNamed(node, wanted)
    }
    level = below
  }
}

function* entriesNamed({ entries }: LeafNode, names: ReadonlySet<string>): Generator<Fresh> {
  for (const entry of entries) if (names.has(entry.name)) yield { kind: 'entry', entry, known: undefined }
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
    for (const id of wanted) yield { kind: 'node', id }
    if (level === 0) break
    // On the same level both go down; a lower one waits.
    const together = known.length > 0 && (await levelOf(nodes, known)) === level
    wanted = await childrenOf(nodes, wanted, places)
    if (together) known = await childrenOf(nodes, known)
  }
  const before = new Map<string, TreeEntry>()
  for await (const entry of entriesOf(nodes, known)) before.set(entry.name, entry)
  for await (const entry of entriesOf(nodes, wanted, places)) {
    const old = before.get(entry.name)
    const same =
      old !== undefined && 'id' in old && 'id' in entry && old.id === entry.id && old.type === entry.type
    if (!same) yield { kind: 'entry', entry, known: old }
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

async function* entriesOf(nodes: NodeReader, ids: readonly Id[], places?: Places): AsyncGenerator<TreeEntry> {
  for await (const node of placedNodes(nodes, ids, places)) if (isLeaf(node)) yield* node.entries
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
