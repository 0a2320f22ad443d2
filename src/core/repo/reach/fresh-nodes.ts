// What one folder's tree has that another does not: nodes, and the entries in them. Reads no blob.
import type { TreeEntry } from '../../codec/objects/tree-entry.ts'
import {
  isLeaf,
  type Child,
  type InnerNode,
  type LeafNode,
  type TreeNode,
} from '../../codec/objects/tree-node.ts'
import type { Id } from '../../model/id.ts'
import { checkChild, childrenWith, readChildren, readRoot, type NodeReader } from '../../tree/node.ts'

/** Nodes read at once. */
const nodesAtOnce = 64

/** Nodes of one folder's tree, and entries in such nodes, that the known folder does not have. */
export interface Fresh {
  readonly ids: readonly Id[]
  readonly entries: readonly FreshEntry[]
}

/** An entry, and what the known folder has under its name. */
export interface FreshEntry {
  readonly entry: TreeEntry
  readonly known: TreeEntry | undefined
}

/** The nodes of a folder that lead to some names, and the entries of these. */
export async function* nodesOnWay(
  nodes: NodeReader,
  tree: Id,
  names: readonly string[],
): AsyncGenerator<Fresh> {
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
export async function* freshNodes(nodes: NodeReader, tree: Id, than: Id | undefined): AsyncGenerator<Fresh> {
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
