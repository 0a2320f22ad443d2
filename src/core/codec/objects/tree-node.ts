// Nodes of trees: a leaf holds entries, an inner node names the nodes below it. A narrow tree is one leaf.
// Layout: docs/format.md, section "Trees". Where nodes end is not known here: see tree/splitter.ts.
import { compareText } from '../../base/bytes.ts'
import { QuiltError } from '../../base/error.ts'
import { nameProblem } from '../../model/entry.ts'
import { idBytes, idToBytes, type Id } from '../../model/id.ts'
import type { JsonObject } from '../../model/metadata.ts'
import { asCount, asId, asList, asText, malformed } from '../fields.ts'
import { decodePackable, encodePackable, packedSize, packJson, type Packable } from '../msgpack.ts'
import { entryProblem, entrySize, metaProblem, packEntry, unpackEntry, unpackMeta } from './tree-entry.ts'
import type { TreeEntry } from './tree-entry.ts'

/** One node of a tree. */
export type TreeNode = LeafNode | InnerNode

/** Entries, ascending by their names' UTF-8 bytes. */
export interface LeafNode {
  readonly level: 0
  readonly entries: readonly TreeEntry[]
  /** A package's own metadata: on the root of its tree only, absent rather than empty. */
  readonly meta?: JsonObject
}

/** The nodes one level below, ascending by name. */
export interface InnerNode {
  readonly level: number
  readonly children: readonly Child[]
  /** As in a leaf. */
  readonly meta?: JsonObject
}

/** A node as the one above it says: the last name below it, its id, and how many entries are below it. */
export interface Child {
  readonly name: string
  readonly id: Id
  readonly count: number
}

/** Largest node, in bytes. */
export const treeNodeBytes: number = 256 * 1024
/** Highest level of a node. */
export const mostLevel = 12

const magic = 'QT1\n'
/** Node, items, item, extras, reading, then options that are nested as deep as metadata may be. */
const limits = { bytes: treeNodeBytes, depth: 72 }

/** True for a node that holds entries. */
export function isLeaf(node: TreeNode): node is LeafNode {
  return 'entries' in node
}

/** Exactly how many bytes an item takes in its node. */
export function itemSize(item: TreeEntry | Child): number {
  if ('type' in item) return entrySize(item)
  return 3 + idBytes + packedSize(item.name) + packedSize(item.count)
}

/**
 * A node's bytes.
 * @throws INVALID when it holds what `decodeTreeNode` would refuse
 */
export function encodeTreeNode(node: TreeNode): Uint8Array {
  const problem = nodeProblem(node)
  if (problem !== undefined) throw new QuiltError('INVALID', `a tree cannot hold this: ${problem}`)
  const items = isLeaf(node) ? node.entries.map(packEntry) : node.children.map(packChild)
  const parts: Packable[] = [node.level, items]
  if (node.meta !== undefined) parts.push(packJson(node.meta))
  const bytes = encodePackable(magic, parts)
  if (bytes.length <= treeNodeBytes) return bytes
  throw new QuiltError('INVALID', `a node of a tree takes more than ${String(treeNodeBytes)} bytes`)
}

/**
 * A node from its bytes. `id` is for messages.
 * @throws CORRUPT for anything but the one form that `encodeTreeNode` gives; UNSUPPORTED for a newer format
 */
export function decodeTreeNode(bytes: Uint8Array, id?: Id): TreeNode {
  const what = id === undefined ? 'a tree' : `tree ${id}`
  const parts = asList(decodePackable(magic, bytes, limits, what), what)
  if (parts.length !== 2 && parts.length !== 3) throw malformed(what, 'a node has two or three parts')
  const level = asCount(parts[0], 0, what)
  const items = asList(parts[1], what)
  const meta = parts.length === 3 ? { meta: unpackMeta(parts[2], what) } : undefined
  const node: TreeNode =
    level === 0
      ? { level, entries: items.map((item) => unpackEntry(item, what)), ...meta }
      : { level, children: items.map((item) => unpackChild(item, what)), ...meta }
  const problem = nodeProblem(node)
  if (problem !== undefined) throw malformed(what, problem)
  return node
}

function packChild(child: Child): Packable {
  return [child.name, idToBytes(child.id), child.count]
}

function unpackChild(value: Packable, what: string): Child {
  const parts = asList(value, what)
  if (parts.length !== 3) throw malformed(what, 'a child has three parts')
  return { name: asText(parts[0], what), id: asId(parts[1], what), count: asCount(parts[2], 1, what) }
}

/** Why no such node may be, or `undefined` when it may. */
function nodeProblem(node: TreeNode): string | undefined {
  return metaProblem(node.meta) ?? (isLeaf(node) ? leafProblem(node) : innerProblem(node))
}

function leafProblem(node: LeafNode): string | undefined {
  for (const entry of node.entries) {
    const problem = entryProblem(entry)
    if (problem !== undefined) return `${quote(entry.name)}: ${problem}`
  }
  return orderProblem(node.entries)
}

function innerProblem(node: InnerNode): string | undefined {
  if (!Number.isInteger(node.level) || node.level < 1) return 'its level is no whole number'
  if (node.level > mostLevel) return `it is higher than ${String(mostLevel)} levels`
  if (node.children.length === 0) return 'it has no child'
  let count = 0
  for (const child of node.children) {
    const problem = nameProblem(child.name)
    if (problem !== undefined) return `${quote(child.name)}: ${problem}`
    if (!Number.isSafeInteger(child.count) || child.count < 1) return 'a child has no entries'
    count += child.count
  }
  return Number.isSafeInteger(count)
    ? orderProblem(node.children)
    : 'it counts more entries than there can be'
}

function orderProblem(items: readonly { readonly name: string }[]): string | undefined {
  for (let i = 1; i < items.length; i++) {
    const name = (items[i] as { readonly name: string }).name
    const order = compareText((items[i - 1] as { readonly name: string }).name, name)
    if (order === 0) return `${quote(name)} comes twice`
    if (order > 0) return `${quote(name)} is out of order`
  }
  return undefined
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 300))
}
