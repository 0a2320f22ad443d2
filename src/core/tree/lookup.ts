// Finds entries by name or path, reading one node a level.
import type { Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import type { TreeEntry } from '../codec/objects/tree-entry.ts'
import { isLeaf, type TreeNode } from '../codec/objects/tree-node.ts'
import { targetProblem } from '../model/entry.ts'
import type { DerivedEntry, Entry } from '../model/entry.ts'
import type { Id } from '../model/id.ts'
import { splitPath } from '../model/path.ts'
import { derivedEntry, packageEntry } from './entries.ts'
import { indexFrom, nodesOf, readChildren, readRoot, type NodeReader, type TreeSource } from './node.ts'

/**
 * What `path` stands for below `root`, or `undefined`. The root itself, '', is no entry.
 * @throws INVALID for an impossible path
 */
export async function lookup(
  objects: TreeSource,
  root: Id,
  path: string,
  ctx?: Context,
): Promise<Entry | undefined> {
  const nodes = nodesOf(objects, ctx)
  const names = splitPath(path)
  let tree = root
  for (const [depth, name] of names.entries()) {
    const found = await find(nodes, tree, name)
    if (found === undefined) return undefined
    const entry = entryAt(found, depth)
    if (depth === names.length - 1) return entry
    if (entry.type !== 'group') return undefined
    tree = entry.id
  }
  return undefined
}

/** The entry called `name` in one tree, or `undefined`. */
export async function lookupEntry(
  objects: TreeSource,
  tree: Id,
  name: string,
  ctx?: Context,
): Promise<Entry | undefined> {
  const found = await find(nodesOf(objects, ctx), tree, name)
  return found === undefined ? undefined : packageEntry(found)
}

/** As `lookupEntry`, for a commit's derived tree. */
export async function lookupDerived(
  objects: TreeSource,
  tree: Id,
  name: string,
  ctx?: Context,
): Promise<DerivedEntry | undefined> {
  const found = await find(nodesOf(objects, ctx), tree, name)
  return found === undefined ? undefined : derivedEntry(found)
}

async function find(nodes: NodeReader, tree: Id, name: string): Promise<TreeEntry | undefined> {
  let node: TreeNode = await readRoot(nodes, tree)
  while (!isLeaf(node)) {
    const at = indexFrom(node.children, name)
    if (at === node.children.length) return undefined
    node = (await readChildren(nodes, node, at, at + 1))[0] as TreeNode
  }
  const entry = node.entries[indexFrom(node.entries, name)]
  return entry?.name === name ? entry : undefined
}

/**
 * An entry of a package's tree that lies below `depth` groups.
 * @throws CORRUPT for a recipe, or a link that leaves the package
 */
export function entryAt(entry: TreeEntry, depth: number): Entry {
  const problem = entry.type === 'link' ? targetProblem(entry.target, depth) : undefined
  if (problem === undefined) return packageEntry(entry)
  throw new QuiltError('CORRUPT', `the link ${JSON.stringify(entry.name)} cannot be: ${problem}`)
}
