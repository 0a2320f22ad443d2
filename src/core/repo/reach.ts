// What a commit reaches, told object by object; where an older commit is known, only what is not in that one.
// Reads trees and derived trees, never a blob.
import { checkSignal, type Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import type { TreeEntry } from '../codec/objects/tree-entry.ts'
import { isLeaf, type TreeNode } from '../codec/objects/tree-node.ts'
import { chunkThreshold } from '../chunk/fastcdc.ts'
import { treeDepth } from '../model/entry.ts'
import type { Extent } from '../model/extent.ts'
import type { Id } from '../model/id.ts'
import { isWithin, joinPath } from '../model/path.ts'
import { derivedEntries } from '../tree/entries.ts'
import { lookupDerived } from '../tree/lookup.ts'
import type { NodeReader } from '../tree/node.ts'

/** One object that a commit reaches; `path` is where, for messages. */
export type Reached =
  | { readonly kind: 'tree'; readonly id: Id; readonly path: string }
  | {
      readonly kind: 'blob'
      readonly id: Id
      readonly path: string
      readonly size: number
      readonly recipe?: Id
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

/** Nodes read at once. */
const nodesAtOnce = 64

/**
 * Every tree node and blob that the trees reach. An object may come more than once. Where `extent` is given,
 * all trees come, and of the blobs those that it asks for.
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

async function* reachTree(
  nodes: NodeReader,
  from: ReachFrom,
  start: Step,
  ctx?: Context,
): AsyncGenerator<Reached> {
  const open: Step[] = [start]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    checkSignal(ctx)
    const { path, depth } = step
    if (depth >= treeDepth)
      throw new QuiltError('CORRUPT', `groups lie deeper than ${String(treeDepth)} levels`)
    for await (const fresh of freshNodes(nodes, step.tree, step.than)) {
      if (fresh.kind === 'node') {
        yield { kind: 'tree', id: fresh.id, path }
        continue
      }
      const { entry, known } = fresh
      const below = joinPath(path, entry.name)
      if (entry.type === 'group') {
        const than = known?.type === 'group' ? known.id : undefined
        if (than !== entry.id) open.push({ tree: entry.id, than, path: below, depth: depth + 1 })
      } else if (entry.type === 'file' && isAsked(from.extent, below)) {
        yield await reachedBlob(nodes, from.derived, entry, below)
      }
    }
  }
}

/** True when an extent asks for the blob at a path. */
export function isAsked(extent: Extent | undefined, path: string): boolean {
  if (extent === undefined) return true
  return typeof extent !== 'string' && extent.some((part) => isWithin(path, part))
}

async function reachedBlob(
  nodes: NodeReader,
  derived: Id | undefined,
  entry: { readonly id: Id; readonly size: number },
  path: string,
): Promise<Reached> {
  const { id, size } = entry
  const blob = { kind: 'blob' as const, id, size, path }
  if (derived === undefined || size <= chunkThreshold) return blob
  const found = await lookupDerived(nodes, derived, id)
  return found?.type === 'recipe' ? { ...blob, recipe: found.id } : blob
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
  if (!isAsked(from.extent, '')) return // views belong to no path
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

/**
 * The nodes and entries of one folder that another does not have. Goes down both level by level, leaving out
 * the nodes that they share.
 */
async function* freshNodes(nodes: NodeReader, tree: Id, than: Id | undefined): AsyncGenerator<Fresh> {
  if (tree === than) return
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
    wanted = await childrenOf(nodes, wanted)
    if (together) known = await childrenOf(nodes, known)
  }
  const before = new Map<string, TreeEntry>()
  for await (const entry of entriesOf(nodes, known)) before.set(entry.name, entry)
  for await (const entry of entriesOf(nodes, wanted)) {
    const old = before.get(entry.name)
    const same =
      old !== undefined && 'id' in old && 'id' in entry && old.id === entry.id && old.type === entry.type
    if (!same) yield { kind: 'entry', entry, known: old }
  }
}

async function levelOf(nodes: NodeReader, ids: readonly Id[]): Promise<number> {
  return ((await nodes.readNodes(ids.slice(0, 1)))[0] as TreeNode).level
}

async function childrenOf(nodes: NodeReader, ids: readonly Id[]): Promise<Id[]> {
  const children: Id[] = []
  for (let at = 0; at < ids.length; at += nodesAtOnce) {
    for (const node of await nodes.readNodes(ids.slice(at, at + nodesAtOnce))) {
      if (!isLeaf(node)) for (const child of node.children) children.push(child.id)
    }
  }
  return children
}

async function* entriesOf(nodes: NodeReader, ids: readonly Id[]): AsyncGenerator<TreeEntry> {
  for (let at = 0; at < ids.length; at += nodesAtOnce) {
    for (const node of await nodes.readNodes(ids.slice(at, at + nodesAtOnce))) {
      if (isLeaf(node)) yield* node.entries
    }
  }
}
