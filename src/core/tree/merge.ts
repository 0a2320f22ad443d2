// Merges two trees that came from one, by path. What only one side changed is taken; what both changed otherwise is a
// conflict. Reads no more than `diff` does: what the sides share with the base is not entered.
import { compareText, equalBytes } from '../base/bytes.ts'
import { checkSignal, type Context } from '../base/context.ts'
import { encodePackable, packJson } from '../codec/msgpack.ts'
import { sameEntry, type TreeEntry } from '../codec/objects/tree-entry.ts'
import type { Entry, GroupEntry } from '../model/entry.ts'
import type { Id } from '../model/id.ts'
import type { JsonObject } from '../model/metadata.ts'
import { joinPath } from '../model/path.ts'
import { diffEntries, type EntryDiff } from './diff.ts'
import type { Change } from './edit.ts'
import { entryAt } from './lookup.ts'
import { nodesOf, treeMeta, type NodeReader, type TreeSource } from './node.ts'
import { checkDepth } from './walk.ts'

/** Three trees; without a base, everything on either side is new. */
export interface MergeTrees {
  readonly base: Id | undefined
  readonly ours: Id
  readonly theirs: Id
}

/** A path that both sides changed, and not to the same; '' for the package's own metadata. */
export interface MergeConflict {
  readonly path: string
  readonly base: Entry | undefined
  readonly ours: Entry | undefined
  readonly theirs: Entry | undefined
}

/** What a merge is. */
export interface Merged {
  /** What `edit` has to make of ours. */
  readonly changes: readonly Change[]
  /** The root's metadata, where it is to be another than ours; `{}` for none. */
  readonly meta: JsonObject | undefined
  readonly conflicts: readonly MergeConflict[]
}

/** Says which side's entry to take where both changed a path; `undefined` leaves it a conflict. */
export type Settle = (path: string) => 'ours' | 'theirs' | undefined

/**
 * Merges by path: files and links whole, groups name by name, and a group's own metadata as a whole.
 * @throws CORRUPT
 */
export async function merge(
  objects: TreeSource,
  trees: MergeTrees,
  settle: Settle = () => undefined,
  ctx?: Context,
): Promise<Merged> {
  const nodes = nodesOf(objects, ctx)
  const run: Run = { nodes, settle, changes: [], conflicts: [], ctx }
  const meta = await mergeMeta(run, trees)
  await mergeGroup(run, trees, '', 0)
  return { changes: run.changes, conflicts: run.conflicts, meta }
}

interface Run {
  readonly nodes: NodeReader
  readonly settle: Settle
  readonly changes: Change[]
  readonly conflicts: MergeConflict[]
  readonly ctx: Context | undefined
}

interface GroupTrees {
  readonly base: Id | undefined
  readonly ours: Id
  readonly theirs: Id
}

/** Groups nest at most 512 deep, so this may recurse. */
async function mergeGroup(run: Run, trees: GroupTrees, path: string, depth: number): Promise<void> {
  checkDepth(depth, path)
  const { base, ours, theirs } = trees
  const left = pulled(diffEntries(run.nodes, base, ours, run.ctx))
  const right = pulled(diffEntries(run.nodes, base, theirs, run.ctx))
  for (;;) {
    checkSignal(run.ctx)
    const [mine, other] = [await left.peek(), await right.peek()]
    if (other === undefined) return // what only ours changed is in ours
    const order = mine === undefined ? 1 : compareText(mine.name, other.name)
    if (order <= 0) left.skip()
    if (order < 0) continue
    right.skip()
    const below = joinPath(path, other.name)
    if (order > 0) take(run, below, depth, { from: other.from, to: other.to })
    else await mergeEntry(run, below, depth, { base: other.from, ours: mine?.to, theirs: other.to })
  }
}

interface Three {
  readonly base: TreeEntry | undefined
  readonly ours: TreeEntry | undefined
  readonly theirs: TreeEntry | undefined
}

/** One name that both sides changed. */
async function mergeEntry(run: Run, path: string, depth: number, three: Three): Promise<void> {
  const { base, ours, theirs } = three
  if (ours === undefined && theirs === undefined) return
  if (ours !== undefined && theirs !== undefined && sameEntry(ours, theirs)) return
  if (ours?.type === 'group' && theirs?.type === 'group') {
    const old = base?.type === 'group' ? base : undefined
    const meta = mergedGroupMeta(run, path, { base: old, ours, theirs })
    if (meta === 'conflict') run.conflicts.push(conflictAt(path, depth, three))
    else if (!equalJson(meta, ours.meta)) {
      const { meta: _, ...rest } = ours
      run.changes.push({ path, from: ours, to: meta === undefined ? rest : { ...rest, meta } })
    }
    return mergeGroup(run, { base: old?.id, ours: ours.id, theirs: theirs.id }, path, depth + 1)
  }
  const side = run.settle(path)
  if (side === undefined) run.conflicts.push(conflictAt(path, depth, three))
  else if (side === 'theirs') take(run, path, depth, { from: ours, to: theirs })
}

function take(
  run: Run,
  path: string,
  depth: number,
  { from, to }: { readonly from: TreeEntry | undefined; readonly to: TreeEntry | undefined },
): void {
  run.changes.push({
    path,
    from: from === undefined ? undefined : entryAt(from, depth),
    to: to === undefined ? undefined : entryAt(to, depth),
  })
}

function conflictAt(path: string, depth: number, { base, ours, theirs }: Three): MergeConflict {
  const at = (entry: TreeEntry | undefined): Entry | undefined =>
    entry === undefined ? undefined : entryAt(entry, depth)
  return { path, base: at(base), ours: at(ours), theirs: at(theirs) }
}

function mergedGroupMeta(
  run: Run,
  path: string,
  groups: { readonly base: GroupEntry | undefined; readonly ours: GroupEntry; readonly theirs: GroupEntry },
): JsonObject | undefined | 'conflict' {
  return mergedJson(run, path, {
    base: groups.base?.meta,
    ours: groups.ours.meta,
    theirs: groups.theirs.meta,
  })
}

async function mergeMeta(run: Run, { base, ours, theirs }: MergeTrees): Promise<JsonObject | undefined> {
  const [mine, other] = [await treeMeta(run.nodes, ours), await treeMeta(run.nodes, theirs)]
  const old = base === undefined ? undefined : await treeMeta(run.nodes, base)
  const meta = mergedJson(run, '', { base: old, ours: mine, theirs: other })
  if (meta === 'conflict') {
    run.conflicts.push({ path: '', base: undefined, ours: undefined, theirs: undefined })
    return undefined
  }
  return equalJson(meta, mine) ? undefined : (meta ?? {})
}

function mergedJson(
  { settle }: Run,
  path: string,
  {
    base,
    ours,
    theirs,
  }: {
    readonly base: JsonObject | undefined
    readonly ours: JsonObject | undefined
    readonly theirs: JsonObject | undefined
  },
): JsonObject | undefined | 'conflict' {
  if (equalJson(ours, theirs) || equalJson(base, theirs)) return ours
  if (equalJson(base, ours)) return theirs
  const side = settle(path)
  if (side === undefined) return 'conflict'
  return side === 'ours' ? ours : theirs
}

function equalJson(a: JsonObject | undefined, b: JsonObject | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return equalBytes(encodePackable('', packJson(a)), encodePackable('', packJson(b)))
}

/** A generator of which the next value can be looked at. */
function pulled(items: AsyncGenerator<EntryDiff>): {
  peek(): Promise<EntryDiff | undefined>
  skip(): void
} {
  let next: Promise<EntryDiff | undefined> | undefined
  return {
    peek: () => (next ??= items.next().then((result) => (result.done === true ? undefined : result.value))),
    skip: () => {
      next = undefined
    },
  }
}
