// What a package must have here, told object by object: gc keeps it, verify proves it. What cannot be read is told
// too, not thrown. Reads commits, trees and derived trees, never a blob.
import { checkSignal, type Context } from '../base/context.ts'
import { isQuiltError, QuiltError } from '../base/error.ts'
import { chunkThreshold } from '../chunk/fastcdc.ts'
import { isLeaf, type InnerNode, type LeafNode, type TreeNode } from '../codec/objects/tree-node.ts'
import { readCommit } from '../history/commits.ts'
import { treeDepth } from '../model/entry.ts'
import { hasFiles, hasTree, namesOnWay, pathsOf, type Extent } from '../model/extent.ts'
import type { Id } from '../model/id.ts'
import { idSet } from '../model/id-set.ts'
import { isWithin, joinPath } from '../model/path.ts'
import type { ObjectReader } from '../store/object-store.ts'
import type { PackageState } from '../store/ref-store.ts'
import { derivedEntry, viewsOf } from '../tree/entries.ts'
import { entryAt, lookupDerived } from '../tree/lookup.ts'
import { checkChild, childrenWith, nodeReader, readNode, type NodeReader } from '../tree/node.ts'
import { walk } from '../tree/walk.ts'
import type { Scratch } from './sets/scratch.ts'
import { spillingIds, type SpillingIds } from './sets/spilling-set.ts'

/** One object that a package must have; `path` in `commit` is where. */
export type Need = { readonly id: Id; readonly path: string; readonly commit: Id } & (
  | { readonly kind: 'commit' | 'tree' }
  | { readonly kind: 'blob'; readonly size: number; readonly recipe: Id | undefined }
  /** What the derived tree says of a blob, which may be another commit's: to be kept if it is here. */
  | { readonly kind: 'recipe'; readonly blob: Id; readonly size: number }
  /** A commit or a tree that is missing or is none; `why` says which, `from` what names it. */
  | { readonly kind: 'broken'; readonly why: QuiltError; readonly from: string }
)

/** Nodes that need not be gone through again: with all that is below them, or with the trees below them. */
export interface Walked {
  readonly whole: SpillingIds
  readonly trees: SpillingIds
}

/** Nothing walked yet. */
export function nothingWalked(scratch?: Scratch): Walked {
  return { whole: spillingIds(scratch), trees: spillingIds(scratch) }
}

/**
 * All that a package must have: each commit that its refs reach, and of what that reaches the part that is here.
 * Nodes that `walked` holds are left out with what is below them, and those gone through are added.
 */
export async function* packageNeeds(
  objects: ObjectReader,
  state: PackageState,
  walked: Walked,
  ctx?: Context,
): AsyncGenerator<Need> {
  const nodes = nodeReader(objects, undefined, ctx)
  const seen = idSet()
  const open = startsOf(state)
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    checkSignal(ctx)
    const { id, from } = next
    if (!seen.add(id)) continue
    const at = { id, commit: id, path: '' }
    try {
      const { tree, derived, parents } = await readCommit(objects, id, ctx)
      yield { ...at, kind: 'commit' }
      const run = { nodes, objects, walked, commit: id, derived, extent: state.partial.get(id) }
      if (run.extent !== 'commit') {
        yield* treeNeeds(run, rootStep(run, tree, false), ctx)
        if (derived !== undefined) yield* treeNeeds(run, rootStep(run, derived, true), ctx)
      }
      if (!state.shallow.has(id))
        for (const parent of parents) open.push({ id: parent, from: `commit ${id}` })
    } catch (error) {
      yield { ...at, kind: 'broken', why: damage(error), from }
    }
  }
}

/** What refs name, and commits that were installed by themselves. */
function startsOf({ refs, partial }: PackageState): { readonly id: Id; readonly from: string }[] {
  const named = [...refs].map(([name, id]) => ({ id, from: `ref "${name}"` }))
  return [...[...partial.keys()].map((id) => ({ id, from: 'an install of it alone' })), ...named]
}

/** The commit that is walked. */
interface Walk {
  readonly nodes: NodeReader
  readonly objects: ObjectReader
  readonly walked: Walked
  readonly commit: Id
  readonly derived: Id | undefined
  readonly extent: Extent | undefined
}

/** How much of what is at and below a path is here: all, the trees, nothing, or more in some places than in others. */
type Part = 'whole' | 'trees' | 'none' | 'mixed'

/** A node to go through. */
interface Step {
  readonly id: Id
  readonly path: string
  readonly depth: number
  readonly part: Part
  readonly isDerived: boolean
  /** What names it, for messages. */
  readonly from: string
  /** Its place in the node above; absent for a root. */
  readonly parent?: { readonly node: InnerNode; readonly at: number }
}

/** Where not all is here, views come with the files that are. */
function rootStep({ extent, commit }: Walk, id: Id, isDerived: boolean): Step {
  const all = partAt(extent, '')
  const part = isDerived && all !== 'whole' ? 'trees' : all
  return { id, path: '', depth: 0, part, isDerived, from: `commit ${commit}` }
}

function partAt(extent: Extent | undefined, path: string): Part {
  if (extent === undefined || hasFiles(extent, path)) return 'whole'
  if (!hasTree(extent, path)) return 'none'
  return pathsOf(extent).some((part) => isWithin(part, path)) ? 'mixed' : 'trees'
}

/** Nodes read at once. */
const nodesAtOnce = 64

async function* treeNeeds(walk: Walk, root: Step, ctx?: Context): AsyncGenerator<Need> {
  const open: Step[] = [root]
  while (open.length > 0) {
    checkSignal(ctx)
    const steps: Step[] = []
    for (const step of open.splice(-nodesAtOnce)) if (await isFresh(walk.walked, step)) steps.push(step)
    await readAhead(walk.nodes, steps)
    for (const step of steps) {
      const at = { id: step.id, path: step.path, commit: walk.commit }
      try {
        const node = await readNode(walk.nodes, step.id)
        yield { ...at, kind: 'tree' }
        checkPlace(step, node)
        if (isLeaf(node)) yield* leafNeeds(walk, step, node, open)
        else pushChildren(step, node, { open, names: namesOnWay(walk.extent, step.path) })
      } catch (error) {
        yield { ...at, kind: 'broken', why: damage(error), from: step.from }
      }
    }
  }
}

async function isFresh({ whole, trees }: Walked, { id, part }: Step): Promise<boolean> {
  if (part === 'mixed') return true
  return part === 'whole' ? whole.add(id) : !(await whole.has(id)) && trees.add(id)
}

/** Into the reader's cache; which of them is damaged is found out one by one. */
async function readAhead(nodes: NodeReader, steps: readonly Step[]): Promise<void> {
  try {
    await nodes.readNodes(steps.map(({ id }) => id))
  } catch (error) {
    damage(error)
  }
}

/** @throws CORRUPT for a node that is not what the one above it says */
function checkPlace({ id, parent, depth }: Step, node: TreeNode): void {
  if (parent !== undefined) checkChild(parent.node, parent.at, node)
  else if (!isLeaf(node) && node.children.length < 2) {
    throw new QuiltError('CORRUPT', `tree ${id} has a root over a single node`)
  }
  if (depth >= treeDepth)
    throw new QuiltError('CORRUPT', `groups lie deeper than ${String(treeDepth)} levels`)
}

function pushChildren(
  step: Step,
  node: InnerNode,
  { open, names }: { readonly open: Step[]; readonly names: readonly string[] | undefined },
): void {
  const isOnWay = step.isDerived || names === undefined ? undefined : new Set(childrenWith(node, names))
  node.children.forEach(({ id }, at) => {
    if (isOnWay?.has(at) === false) return
    open.push({ ...step, id, from: `tree ${step.id}`, parent: { node, at } })
  })
}

async function* leafNeeds(walk: Walk, step: Step, node: LeafNode, open: Step[]): AsyncGenerator<Need> {
  const { commit, extent } = walk
  const from = `tree ${step.id}`
  for (const item of node.entries) {
    if (step.isDerived) {
      const entry = derivedEntry(item)
      if (step.part !== 'whole') continue
      const { id } = entry
      if (entry.type === 'group') {
        open.push(viewStep(id, from))
      } else {
        yield { kind: 'recipe', id, path: '', commit, blob: entry.name as Id, size: entry.size }
      }
      continue
    }
    const entry = entryAt(item, step.depth)
    const path = joinPath(step.path, entry.name)
    const part = step.part === 'mixed' ? partAt(extent, path) : step.part
    if (entry.type === 'group') {
      if (part === 'none') continue
      open.push({ id: entry.id, path, depth: step.depth + 1, part, isDerived: false, from })
    } else if (entry.type === 'file' && part === 'whole') {
      const { id, size } = entry
      yield { kind: 'blob', id, path, commit, size, recipe: await recipeOf(walk, id, size) }
      if (extent !== undefined)
        for (const view of await viewsOfFile(walk, id)) open.push(viewStep(view, from))
    }
  }
}

/** A view, which is walked whole and belongs to no path. */
function viewStep(id: Id, from: string): Step {
  return { id, path: '', depth: 0, part: 'whole', isDerived: false, from }
}

/**
 * The views of a file of which the rest of the package may not be here, as far as they are here: one that another
 * release made of a file that was here already did not come with it.
 */
async function viewsOfFile({ nodes, objects, derived }: Walk, blob: Id): Promise<readonly Id[]> {
  const views: Id[] = []
  if (derived === undefined) return views
  try {
    for await (const { id } of viewsOf(nodes, derived, blob)) {
      const blobs: Id[] = []
      for await (const { entry } of walk(nodes, id)) if (entry.type === 'file') blobs.push(entry.id)
      if ((await objects.missing(blobs)).length === 0) views.push(id)
    }
  } catch (error) {
    damage(error)
  }
  return views
}

/** The recipe that the commit names; a derived tree that cannot be read is told of when it is gone through. */
async function recipeOf({ nodes, derived }: Walk, blob: Id, size: number): Promise<Id | undefined> {
  if (derived === undefined || size <= chunkThreshold) return undefined
  try {
    const found = await lookupDerived(nodes, derived, blob)
    return found?.type === 'recipe' ? found.id : undefined
  } catch (error) {
    damage(error)
    return undefined
  }
}

/**
 * An error as damage.
 * @throws the error when it is something else: a disk that cannot be read, a caller who stopped
 */
export function damage(error: unknown): QuiltError {
  for (const code of ['CORRUPT', 'NOT_FOUND', 'UNSUPPORTED'] as const) {
    if (isQuiltError(error, code)) return error
  }
  throw error
}
