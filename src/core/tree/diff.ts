// Compares two trees side by side, going down only where their nodes differ: what they share is not read.
import { compareText } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { sameEntry, type TreeEntry } from '../codec/objects/tree-entry.ts'
import type { Child, TreeNode } from '../codec/objects/tree-node.ts'
import type { Entry } from '../model/entry.ts'
import type { Id } from '../model/id.ts'
import { joinPath } from '../model/path.ts'
import type { Change } from './edit.ts'
import { entryAt } from './lookup.ts'
import {
  checkChild,
  itemsOf,
  nodesOf,
  readRoot,
  type Item,
  type NodeReader,
  type TreeSource,
} from './node.ts'
import { checkDepth } from './walk.ts'

/** One name that stands for something else in one tree than in another; `undefined` where it is not. */
export interface EntryDiff {
  readonly name: string
  readonly from: TreeEntry | undefined
  readonly to: TreeEntry | undefined
}

/**
 * Every path whose entry differs, depth first, a group before what lies below it. Two groups differ when their
 * metadata does; what differs below them is told by its own paths. A group on one side only is told, and so is
 * everything below it. `undefined` is the empty tree. Making the changes with `edit` turns `a` into `b`.
 */
export function diff(
  objects: TreeSource,
  a: Id | undefined,
  b: Id | undefined,
  ctx?: Context,
): AsyncGenerator<Change> {
  return diffPlaced(objects, { tree: a, above: 0 }, { tree: b, above: 0 }, ctx)
}

/** A tree, and the number of groups that it lies below in its package: its links may point so far up. */
export interface PlacedTree {
  readonly tree: Id | undefined
  readonly above: number
}

/** As `diff`, for trees that are groups of packages. */
export async function* diffPlaced(
  objects: TreeSource,
  { tree: a, above: aboveA }: PlacedTree,
  { tree: b, above: aboveB }: PlacedTree,
  ctx?: Context,
): AsyncGenerator<Change> {
  const nodes = nodesOf(objects, ctx)
  const open = [{ path: '', diffs: diffEntries(nodes, a, b) }]
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = await top.diffs.next()
    if (next.done === true) {
      open.pop()
      continue
    }
    const path = joinPath(top.path, next.value.name)
    const level = open.length - 1
    const from = next.value.from === undefined ? undefined : entryAt(next.value.from, aboveA + level)
    const to = next.value.to === undefined ? undefined : entryAt(next.value.to, aboveB + level)
    if (!sameButContent(from, to)) yield { path, from, to }
    const [below, now] = [groupId(from), groupId(to)]
    if (below === now) continue
    checkDepth(open.length, path)
    open.push({ path, diffs: diffEntries(nodes, below, now) })
  }
}

function groupId(entry: Entry | undefined): Id | undefined {
  return entry?.type === 'group' ? entry.id : undefined
}

/** True for two groups that say the same but for what is in them. */
function sameButContent(from: Entry | undefined, to: Entry | undefined): boolean {
  return from?.type === 'group' && to?.type === 'group' && sameEntry({ ...from, id: to.id }, to)
}

/** The names of one level that differ, ascending. Groups are not entered. */
export async function* diffEntries(
  objects: TreeSource,
  a: Id | undefined,
  b: Id | undefined,
  ctx?: Context,
): AsyncGenerator<EntryDiff> {
  if (a === b) return
  const nodes = nodesOf(objects, ctx)
  const left = await openSide(nodes, a)
  const right = await openSide(nodes, b)
  for (;;) {
    const x = head(left)
    const y = head(right)
    if (x === undefined && y === undefined) return
    const level = Math.max(x?.level ?? 0, y?.level ?? 0)
    if (level === 0) {
      const found = step(left, right)
      if (found !== undefined) yield found
    } else if (x?.level === y?.level && idOf(x) === idOf(y)) {
      advance(left)
      advance(right)
    } else {
      await enter(
        nodes,
        [left, right].filter((side) => head(side)?.level === level),
      )
    }
  }
}

/** One tree of the two: the nodes on the way down, each with the place of its next item. */
type Side = Frame[]

interface Frame {
  readonly node: TreeNode
  at: number
}

async function openSide(nodes: NodeReader, tree: Id | undefined): Promise<Side> {
  return tree === undefined ? [] : [{ node: await readRoot(nodes, tree), at: 0 }]
}

/** The next item of a side and the level of the node that it lies in: 0 for an entry. */
function head(side: Side): { readonly level: number; readonly item: Item } | undefined {
  for (let top = side.at(-1); top !== undefined; top = side.at(-1)) {
    const item = itemsOf(top.node)[top.at]
    if (item !== undefined) return { level: top.node.level, item }
    side.pop()
  }
  return undefined
}

function idOf(place: { readonly item: Item } | undefined): Id | undefined {
  return (place?.item as Child | undefined)?.id
}

function advance(side: Side): void {
  ;(side.at(-1) as Frame).at++
}

/** Goes into the next node of each side, all read at once. */
async function enter(nodes: NodeReader, sides: readonly Side[]): Promise<void> {
  const read = await nodes.readNodes(sides.map((side) => idOf(head(side)) as Id))
  sides.forEach((side, i) => {
    const frame = side.at(-1) as Frame
    const node = read[i] as TreeNode
    if ('children' in frame.node) checkChild(frame.node, frame.at, node)
    frame.at++
    side.push({ node, at: 0 })
  })
}

/** Compares the next entries, of which one may be missing, and moves past the lower. */
function step(left: Side, right: Side): EntryDiff | undefined {
  const x = head(left)?.item as TreeEntry | undefined
  const y = head(right)?.item as TreeEntry | undefined
  const order = x === undefined ? 1 : y === undefined ? -1 : compareText(x.name, y.name)
  if (order <= 0) advance(left)
  if (order >= 0) advance(right)
  const from = order <= 0 ? x : undefined
  const to = order >= 0 ? y : undefined
  if (from !== undefined && to !== undefined && sameEntry(from, to)) return undefined
  return { name: ((from ?? to) as TreeEntry).name, from, to }
}
