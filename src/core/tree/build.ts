// Builds a tree from sorted entries, bottom up, holding one open node a level. What nodes there are follows
// from the entries alone; see splitter.ts.
import { compareText } from '../base/bytes.ts'
import { QuiltError } from '../base/error.ts'
import type { TreeEntry } from '../codec/objects/tree-entry.ts'
import { encodeTreeNode, itemSize, type Child, type TreeNode } from '../codec/objects/tree-node.ts'
import type { Id } from '../model/id.ts'
import type { JsonObject } from '../model/metadata.ts'
import type { ObjectWriter } from '../store/object-store.ts'
import { entryCount, itemsOf, type Item } from './node.ts'
import { endsNode } from './splitter.ts'

/** Fills the nodes of one level. */
export interface NodeFiller {
  /** Takes the next item; gives the node that ends with it, if one does. */
  add(item: Item): TreeNode | undefined
  /** The last node of the level, if there are items left; else `undefined`. The filler is empty then. */
  rest(): TreeNode | undefined
  /** True at the beginning of a node. */
  empty(): boolean
}

/** A filler for the nodes of `level`. */
export function nodeFiller(level: number): NodeFiller {
  let items: Item[] = []
  let bytes = 0
  const close = (): TreeNode => {
    const node = nodeFrom(level, items)
    items = []
    bytes = 0
    return node
  }
  return {
    add: (item) => {
      items.push(item)
      bytes += itemSize(item)
      return endsNode(level, item.name, { items: items.length, bytes }) ? close() : undefined
    },
    rest: () => (items.length === 0 ? undefined : close()),
    empty: () => items.length === 0,
  }
}

function nodeFrom(level: number, items: readonly Item[], meta?: JsonObject): TreeNode {
  const extra = meta === undefined ? undefined : { meta }
  if (level === 0) return { level, entries: items as readonly TreeEntry[], ...extra }
  return { level, children: items as readonly Child[], ...extra }
}

/** Writes a node below the root and gives what the node above says of it. */
export async function writeNode(out: ObjectWriter, node: TreeNode): Promise<Child> {
  const id = await out.write('tree', encodeTreeNode(node))
  const name = (itemsOf(node).at(-1) as Item).name
  return { name, id, count: entryCount(node) }
}

/** Writes a node as a root: with `meta`, or without any. */
export function writeRoot(out: ObjectWriter, node: TreeNode, meta: JsonObject | undefined): Promise<Id> {
  return out.write('tree', encodeTreeNode(nodeFrom(node.level, itemsOf(node), meta)))
}

/** Writes a tree from the items of one level up. */
export interface TreeBuilder {
  /** Takes the next item, ascending by name. A promise comes back only when a node was full: await it. */
  add(item: Item): Promise<void> | undefined
  /** Writes what is left; `meta` is the root's. Gives the root. */
  finish(meta?: JsonObject): Promise<Id>
}

interface Level {
  readonly filler: NodeFiller
  /** The level's first node, not written until there is a second: it may be the root. */
  first: TreeNode | undefined
  nodes: number
}

/** A builder whose items are those of nodes of `bottom`: entries for 0, else children. */
export function treeBuilder(out: ObjectWriter, bottom = 0): TreeBuilder {
  const levels: Level[] = []

  const levelAt = (level: number): Level =>
    (levels[level - bottom] ??= { filler: nodeFiller(level), first: undefined, nodes: 0 })

  const close = async (level: number, node: TreeNode): Promise<void> => {
    const state = levelAt(level)
    if (state.nodes++ === 0) {
      state.first = node
      return
    }
    if (state.first !== undefined) await rise(level + 1, state.first)
    state.first = undefined
    await rise(level + 1, node)
  }

  const rise = async (level: number, below: TreeNode): Promise<void> => {
    const full = levelAt(level).filler.add(await writeNode(out, below))
    if (full !== undefined) await close(level, full)
  }

  return {
    add: (item) => {
      const full = levelAt(bottom).filler.add(item)
      return full === undefined ? undefined : close(bottom, full)
    },
    finish: async (meta) => {
      for (let level = bottom; ; level++) {
        const state = levelAt(level)
        const last = state.filler.rest()
        if (last !== undefined) await close(level, last)
        if (state.nodes <= 1) return writeRoot(out, state.first ?? nodeFrom(0, []), meta)
      }
    },
  }
}

/**
 * Writes a tree of these entries, ascending by their names' UTF-8 bytes, and gives its id. `meta` is the
 * package's own metadata, for the root of its tree.
 * @throws INVALID for entries out of order, and what no tree may hold
 */
export async function build(
  out: ObjectWriter,
  entries: Iterable<TreeEntry> | AsyncIterable<TreeEntry>,
  meta?: JsonObject,
): Promise<Id> {
  const builder = treeBuilder(out)
  let last: string | undefined
  const add = (entry: TreeEntry): Promise<void> | undefined => {
    if (last !== undefined && compareText(last, entry.name) >= 0) {
      throw new QuiltError('INVALID', `${JSON.stringify(entry.name)} comes twice or out of order`)
    }
    last = entry.name
    return builder.add(entry)
  }
  // Two loops, since `for await` over what is at hand takes a turn of the event loop for each entry.
  if (Symbol.asyncIterator in entries) for await (const entry of entries) await add(entry)
  else {
    for (const entry of entries) {
      const written = add(entry)
      if (written !== undefined) await written
    }
  }
  return builder.finish(meta)
}
