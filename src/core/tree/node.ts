// Reads the nodes of trees, checked, through a cache of bounded size. The only part of tree/ that reads objects.
import { compareText } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import {
  decodeTreeNode,
  isLeaf,
  type Child,
  type InnerNode,
  type TreeNode,
} from '../codec/objects/tree-node.ts'
import type { TreeEntry } from '../codec/objects/tree-entry.ts'
import type { Id } from '../model/id.ts'
import type { JsonObject } from '../model/metadata.ts'
import type { ObjectReader } from '../store/object-store.ts'

/** Reads nodes of trees and keeps some. Make one for many calls; the functions of tree/ take it for objects. */
export interface NodeReader {
  /** The nodes, in the order of `ids`. Throws NOT_FOUND, and CORRUPT for what is no node. */
  readNodes(ids: readonly Id[]): Promise<readonly TreeNode[]>
}

/** Where the functions of tree/ read from. */
export type TreeSource = ObjectReader | NodeReader

/** An item of a node of any level. */
export type Item = TreeEntry | Child

/** How many encoded bytes of nodes a reader keeps unless told: some hundreds of nodes. */
const cacheBytes = 4 * 1024 * 1024

/** A reader of nodes that keeps those it used last, up to `keep` bytes as they are encoded. */
export function nodeReader(objects: ObjectReader, keep: number = cacheBytes, ctx?: Context): NodeReader {
  const kept = new Map<Id, { readonly node: TreeNode; readonly bytes: number }>()
  let keptBytes = 0

  const add = (id: Id, node: TreeNode, bytes: number): void => {
    if (kept.has(id)) return
    kept.set(id, { node, bytes })
    keptBytes += bytes
    for (const [oldest, { bytes: freed }] of kept) {
      if (keptBytes <= keep) return
      kept.delete(oldest)
      keptBytes -= freed
    }
  }

  const find = (id: Id): TreeNode | undefined => {
    const found = kept.get(id)
    if (found === undefined) return undefined
    kept.delete(id) // to the end: the last to go
    kept.set(id, found)
    return found.node
  }

  return {
    readNodes: async (ids) => {
      const nodes = new Map<Id, TreeNode>()
      const wanted: Id[] = []
      for (const id of new Set(ids)) {
        const node = find(id)
        if (node === undefined) wanted.push(id)
        else nodes.set(id, node)
      }
      if (wanted.length > 0) {
        for await (const { id, body } of objects.readMany(wanted, ctx)) {
          const node = decodeTreeNode(body, id)
          nodes.set(id, node)
          add(id, node, body.length)
        }
      }
      return ids.map((id) => nodes.get(id) ?? missing(id))
    },
  }
}

function missing(id: Id): never {
  throw new QuiltError('NOT_FOUND', `no tree ${id}`)
}

/** The reader to use: the one given, or a new one over the objects given. */
export function nodesOf(source: TreeSource, ctx?: Context): NodeReader {
  return 'readNodes' in source ? source : nodeReader(source, cacheBytes, ctx)
}

/** One node. */
export async function readNode(nodes: NodeReader, id: Id): Promise<TreeNode> {
  return (await nodes.readNodes([id]))[0] as TreeNode
}

/**
 * A tree's root.
 * @throws CORRUPT for a root over a single node, which is not the one form of that tree
 */
export async function readRoot(nodes: NodeReader, id: Id): Promise<TreeNode> {
  const node = await readNode(nodes, id)
  if (isLeaf(node) || node.children.length > 1) return node
  throw new QuiltError('CORRUPT', `tree ${id} has a root over a single node`)
}

/** The package's own metadata, which the root of its tree carries. */
export async function treeMeta(
  objects: TreeSource,
  root: Id,
  ctx?: Context,
): Promise<JsonObject | undefined> {
  return (await readRoot(nodesOf(objects, ctx), root)).meta
}

/** How many entries a tree has at its first level. */
export async function treeCount(objects: TreeSource, tree: Id, ctx?: Context): Promise<number> {
  return entryCount(await readRoot(nodesOf(objects, ctx), tree))
}

/** How many entries are in a node and below it. */
export function entryCount(node: TreeNode): number {
  return isLeaf(node) ? node.entries.length : node.children.reduce((sum, child) => sum + child.count, 0)
}

/** A node's items, whatever its level. */
export function itemsOf(node: TreeNode): readonly Item[] {
  return isLeaf(node) ? node.entries : node.children
}

/**
 * Some children of a node, each held to what its parent says of it.
 * @throws CORRUPT when one is of another level, or has other names or another count
 */
export async function readChildren(
  nodes: NodeReader,
  parent: InnerNode,
  from: number,
  to: number,
): Promise<readonly TreeNode[]> {
  const read = await nodes.readNodes(parent.children.slice(from, to).map((child) => child.id))
  read.forEach((node, i) => {
    checkChild(parent, from + i, node)
  })
  return read
}

/** The children of a node in which some names lie, if they are in the tree: their places, ascending. */
export function childrenWith(node: InnerNode, names: readonly string[]): readonly number[] {
  const places = new Set(names.map((name) => indexFrom(node.children, name)))
  return [...places].filter((at) => at < node.children.length).sort((a, b) => a - b)
}

/** Refuses a child that is not what its parent says. */
export function checkChild(parent: InnerNode, at: number, node: TreeNode): void {
  const child = parent.children[at] as Child
  const items = itemsOf(node)
  const before = parent.children[at - 1]
  const first = items[0]
  const fits =
    node.level === parent.level - 1 &&
    node.meta === undefined &&
    entryCount(node) === child.count &&
    items.at(-1)?.name === child.name &&
    (before === undefined || (first !== undefined && compareText(before.name, first.name) < 0))
  if (!fits) throw new QuiltError('CORRUPT', `tree ${child.id} is not what the node above it says`)
}

/** The first of a node's items whose name is `name` or comes after it; their number when there is none. */
export function indexFrom(items: readonly { readonly name: string }[], name: string): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareText((items[middle] as { readonly name: string }).name, name) < 0) low = middle + 1
    else high = middle
  }
  return low
}
