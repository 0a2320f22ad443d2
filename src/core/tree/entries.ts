// Lists one tree's entries in order, reading ahead: nodes come in batches that grow as the listing goes on.
import { compareText } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import type { TreeEntry } from '../codec/objects/tree-entry.ts'
import { isLeaf, type LeafNode, type TreeNode } from '../codec/objects/tree-node.ts'
import type { DerivedEntry, Entry, GroupEntry } from '../model/entry.ts'
import type { Id } from '../model/id.ts'
import { indexFrom, nodesOf, readChildren, readRoot, type NodeReader, type TreeSource } from './node.ts'

/** Most nodes that are read at once: half a megabyte as they usually are, 16 MiB at worst. */
const mostAhead = 64

/** A tree's entries, ascending, those below `from` left out. Groups are not entered: see walk.ts. */
export async function* entries(
  objects: TreeSource,
  tree: Id,
  from = '',
  ctx?: Context,
): AsyncGenerator<Entry> {
  for await (const batch of batches(nodesOf(objects, ctx), tree, from)) {
    for (const entry of batch) yield packageEntry(entry)
  }
}

/** As `entries`, for a commit's derived tree. */
export async function* derivedEntries(
  objects: TreeSource,
  tree: Id,
  from = '',
  ctx?: Context,
): AsyncGenerator<DerivedEntry> {
  for await (const batch of batches(nodesOf(objects, ctx), tree, from)) {
    for (const entry of batch) yield derivedEntry(entry)
  }
}

/** The views that a derived tree has of a blob, in their names' order: each name begins with the blob's id. */
export async function* viewsOf(
  objects: TreeSource,
  derived: Id,
  blob: Id,
  ctx?: Context,
): AsyncGenerator<GroupEntry> {
  const prefix = `${blob}.`
  for await (const entry of derivedEntries(objects, derived, prefix, ctx)) {
    if (!entry.name.startsWith(prefix)) return
    if (entry.type === 'group') yield entry
  }
}

/** The entries a leaf at a time: a turn of the event loop for each entry and layer would cost most of a listing. */
async function* batches(nodes: NodeReader, tree: Id, from: string): AsyncGenerator<readonly TreeEntry[]> {
  for await (const { entries: all } of leaves(nodes, await readRoot(nodes, tree), from, { ahead: 1 })) {
    const first = all[0]
    const whole = first === undefined || compareText(first.name, from) >= 0
    yield whole ? all : all.slice(indexFrom(all, from))
  }
}

/** The leaves at and below a node, from the one that holds `from`. Levels are few, so it may recurse. */
async function* leaves(
  nodes: NodeReader,
  node: TreeNode,
  from: string,
  pace: { ahead: number },
): AsyncGenerator<LeafNode> {
  if (isLeaf(node)) {
    yield node
    return
  }
  for (let at = indexFrom(node.children, from); at < node.children.length;) {
    const count = node.level === 1 ? pace.ahead : 1
    const batch = await readChildren(nodes, node, at, at + count)
    if (node.level === 1) pace.ahead = Math.min(mostAhead, pace.ahead * 2)
    at += batch.length
    for (const child of batch) {
      if (isLeaf(child)) yield child
      else yield* leaves(nodes, child, from, pace)
    }
  }
}

/**
 * An entry of a package's tree.
 * @throws CORRUPT for a recipe, which belongs in a derived tree
 */
export function packageEntry(entry: TreeEntry): Entry {
  if (entry.type !== 'recipe') return entry
  throw new QuiltError('CORRUPT', `a package's tree holds a recipe, ${JSON.stringify(entry.name)}`)
}

/**
 * An entry of a derived tree.
 * @throws CORRUPT for a file or a link, which belong in a package's tree
 */
export function derivedEntry(entry: TreeEntry): DerivedEntry {
  if (entry.type === 'recipe' || entry.type === 'group') return entry
  throw new QuiltError('CORRUPT', `a derived tree holds a ${entry.type}, ${JSON.stringify(entry.name)}`)
}
