// Changes entries of one tree, level by level: of each level only the nodes around a change are split anew,
// until a new node ends where an old one did. What changed becomes the changes of the level above.
import { compareText } from '../base/bytes.ts'
import { QuiltError } from '../base/error.ts'
import type { TreeEntry } from '../codec/objects/tree-entry.ts'
import { isLeaf, type Child, type InnerNode, type TreeNode } from '../codec/objects/tree-node.ts'
import type { Id } from '../model/id.ts'
import type { JsonObject } from '../model/metadata.ts'
import type { ObjectWriter } from '../store/object-store.ts'
import { build, nodeFiller, treeBuilder, writeNode, writeRoot, type NodeFiller } from './build.ts'
import { nodeCursor, type NodeCursor } from './cursor.ts'
import { itemsOf, nodesOf, readNode, readRoot, type Item, type NodeReader, type TreeSource } from './node.ts'

/** What to change in one tree. */
export interface EntryEdits {
  /** In any order, each name once. */
  readonly changes: Iterable<EntryChange>
  /** The root's metadata from now on; `{}` takes it away, and what is left out stays. */
  readonly meta?: JsonObject | undefined
}

/** What `name` is to stand for; `undefined` removes it. */
export interface EntryChange {
  readonly name: string
  readonly entry: TreeEntry | undefined
}

/** An item to put, or to take away, at any level. */
interface ItemChange {
  readonly name: string
  readonly item: Item | undefined
}

/**
 * The tree with these changes made: the very one that building it from its entries gives. `undefined` is the
 * empty tree. Reads and writes only the nodes around each change.
 * @throws INVALID when a name is changed twice, or to what no tree may hold
 */
export async function editEntries(
  objects: TreeSource,
  out: ObjectWriter,
  tree: Id | undefined,
  edits: EntryEdits,
): Promise<Id> {
  const changes = sortChanges(edits.changes)
  if (tree === undefined) return build(out, added(changes), givenMeta(edits.meta))
  const nodes = nodesOf(objects)
  const root = await readRoot(nodes, tree)
  const meta = edits.meta === undefined ? root.meta : givenMeta(edits.meta)
  let items: readonly ItemChange[] = changes
  for (let level = 0; level < root.level && items.length > 0; level++) {
    items = await editLevel(nodeCursor(nodes, root as InnerNode, level), out, items, level)
  }
  if (items.length === 0) return edits.meta === undefined ? tree : writeRoot(out, root, meta)
  return finish({ nodes, out, meta }, root.level, [...merge(itemsOf(root), items)])
}

function givenMeta(meta: JsonObject | undefined): JsonObject | undefined {
  return meta === undefined || Object.keys(meta).length === 0 ? undefined : meta
}

function sortChanges(changes: Iterable<EntryChange>): readonly ItemChange[] {
  const sorted = Array.from(changes, ({ name, entry }) => ({ name, item: entry }))
  sorted.sort((a, b) => compareText(a.name, b.name))
  sorted.forEach(({ name, item }, i) => {
    if (item !== undefined && item.name !== name) {
      throw new QuiltError('INVALID', `${JSON.stringify(name)} cannot stand for ${JSON.stringify(item.name)}`)
    }
    if (sorted[i + 1]?.name === name)
      throw new QuiltError('INVALID', `${JSON.stringify(name)} is changed twice`)
  })
  return sorted
}

function* added(changes: readonly ItemChange[]): Generator<TreeEntry> {
  for (const { item } of changes) if (item !== undefined) yield item as TreeEntry
}

/** Sorted items with sorted changes made. */
function* merge(items: readonly Item[], changes: readonly ItemChange[]): Generator<Item> {
  let next = 0
  for (const item of items) {
    let replaced = false
    for (; next < changes.length; next++) {
      const change = changes[next] as ItemChange
      const order = compareText(change.name, item.name)
      if (order > 0) break
      replaced ||= order === 0
      if (change.item !== undefined) yield change.item
    }
    if (!replaced) yield item
  }
  for (; next < changes.length; next++) {
    const { item } = changes[next] as ItemChange
    if (item !== undefined) yield item
  }
}

/** Makes the changes of one level below the root's; gives the changes of the level above. */
async function editLevel(
  cursor: NodeCursor,
  out: ObjectWriter,
  changes: readonly ItemChange[],
  level: number,
): Promise<readonly ItemChange[]> {
  const above: ItemChange[] = []
  const filler = nodeFiller(level)
  for (let next = 0; next < changes.length;) {
    const gone: Child[] = []
    const made: Child[] = []
    let node: TreeNode | undefined = await cursor.seek((changes[next] as ItemChange).name)
    while (node !== undefined) {
      const end = cursor.atEnd() ? changes.length : indexBeyond(changes, next, cursor.current().name)
      await refill(filler, out, merge(itemsOf(node), changes.slice(next, end)), made)
      gone.push(cursor.current())
      next = end
      node = filler.empty() ? undefined : await cursor.next() // empty: a new node ends where the old one did
    }
    const rest = filler.rest()
    if (rest !== undefined) made.push(await writeNode(out, rest))
    above.push(...difference(gone, made))
  }
  return above
}

/** The first change from `from` on that lies beyond `name`. */
function indexBeyond(changes: readonly ItemChange[], from: number, name: string): number {
  let at = from
  while (at < changes.length && compareText((changes[at] as ItemChange).name, name) <= 0) at++
  return at
}

async function refill(
  filler: NodeFiller,
  out: ObjectWriter,
  items: Iterable<Item>,
  made: Child[],
): Promise<void> {
  for (const item of items) {
    const full = filler.add(item)
    if (full !== undefined) made.push(await writeNode(out, full))
  }
}

/** What the level above must change, ascending: nodes that are the same as before are left out. */
function difference(gone: readonly Child[], made: readonly Child[]): readonly ItemChange[] {
  const changes = new Map<string, ItemChange>()
  const ids = new Map(gone.map((child) => [child.name, child.id]))
  for (const { name } of gone) changes.set(name, { name, item: undefined })
  for (const child of made) {
    if (ids.get(child.name) === child.id) changes.delete(child.name)
    else changes.set(child.name, { name: child.name, item: child })
  }
  return [...changes.values()].sort((a, b) => compareText(a.name, b.name))
}

interface Target {
  readonly nodes: NodeReader
  readonly out: ObjectWriter
  readonly meta: JsonObject | undefined
}

/** Writes the root, given the items of the level where the old one was: it may be higher now, or lower. */
async function finish({ nodes, out, meta }: Target, level: number, items: readonly Item[]): Promise<Id> {
  if (items.length === 0) return build(out, [], meta)
  if (level > 0 && items.length === 1) return lower({ nodes, out, meta }, (items[0] as Child).id)
  const builder = treeBuilder(out, level)
  for (const item of items) {
    const written = builder.add(item)
    if (written !== undefined) await written
  }
  return builder.finish(meta)
}

/** Makes a root of the highest node at or below `id` that is not over a single node. */
async function lower({ nodes, out, meta }: Target, id: Id): Promise<Id> {
  let at = id
  let node = await readNode(nodes, at)
  while (!isLeaf(node) && node.children.length === 1) {
    at = (node.children[0] as Child).id
    node = await readNode(nodes, at)
  }
  return meta === undefined ? at : writeRoot(out, node, meta)
}
