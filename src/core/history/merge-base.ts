// Where two lines of commits parted. Right whatever the clocks of their authors said; times only order the walk.
import { checkSignal, type Context } from '../base/context.ts'
import type { Id } from '../model/id.ts'
import type { ObjectReader } from '../store/object-store.ts'
import { commitQueue, compareCommits, type KnownCommit } from './commit-queue.ts'
import { ancestors, parentsOf, readCommit, readParents } from './commits.ts'

/** Commits, and those among them whose parents are not here. */
export interface History {
  readonly objects: ObjectReader
  readonly shallow?: ReadonlySet<Id> | undefined
}

/** A commit's marks: reached from `a`, from `b`, and from a commit that both reach. */
const fromA = 1
const fromB = 2
const below = 4
const shared = fromA | fromB

/**
 * The best common ancestor of two commits: one that is no ancestor of another common one. `undefined` when they
 * share none (here: the walk ends at shallow commits). Of several, which criss-crossing merges leave, the latest.
 */
export async function mergeBase(history: History, a: Id, b: Id, ctx?: Context): Promise<Id | undefined> {
  if (a === b) return a
  const found = await commonAncestors(history, a, b, ctx)
  const best: KnownCommit[] = []
  for (const base of found) {
    // A clock that went backwards can bring up an ancestor of a base before the base itself.
    if (!(await reachedFromOther(history, base, found, ctx))) best.push(base)
  }
  return best.sort(compareCommits)[0]?.id
}

/** True when `ancestor` is `descendant`, or is reached from it by parents. */
export async function isAncestor(
  { objects, shallow }: History,
  ancestor: Id,
  descendant: Id,
  ctx?: Context,
): Promise<boolean> {
  for await (const { id } of ancestors(objects, descendant, shallow === undefined ? {} : { shallow }, ctx)) {
    if (id === ancestor) return true
  }
  return false
}

async function reachedFromOther(
  history: History,
  base: KnownCommit,
  found: readonly KnownCommit[],
  ctx?: Context,
): Promise<boolean> {
  for (const other of found) {
    if (other !== base && (await isAncestor(history, base.id, other.id, ctx))) return true
  }
  return false
}

/**
 * Every best common ancestor, and perhaps some that are not the best. Marks run down from both ends; a commit
 * that bears both is a base, and all under it is `below`. The walk ends when nothing but that is left.
 */
async function commonAncestors(
  { objects, shallow }: History,
  a: Id,
  b: Id,
  ctx?: Context,
): Promise<readonly KnownCommit[]> {
  const known = new Map<Id, KnownCommit>()
  const found = new Map<Id, KnownCommit>()
  const painting = paint(known)
  for (const [id, mark] of [
    [a, fromA],
    [b, fromB],
  ] as const) {
    known.set(id, { id, commit: await readCommit(objects, id, ctx) })
    painting.mark(id, mark)
  }
  for (let next = painting.next(); next !== undefined; next = painting.next()) {
    checkSignal(ctx)
    let mark = painting.markOf(next.id)
    if ((mark & (shared | below)) === shared) {
      found.set(next.id, next)
      mark |= below
    }
    const parents = parentsOf(next, shallow)
    const fresh = parents.filter((id) => !known.has(id))
    for (const parent of await readParents(objects, next.id, fresh, ctx)) known.set(parent.id, parent)
    for (const id of parents) painting.mark(id, mark)
  }
  return [...found.values()].filter(({ id }) => (painting.markOf(id) & below) === 0)
}

/** The marks so far, and the commits that have still to pass theirs on. */
function paint(known: ReadonlyMap<Id, KnownCommit>): {
  markOf(id: Id): number
  mark(id: Id, mark: number): void
  next(): KnownCommit | undefined
} {
  const marks = new Map<Id, number>()
  const waiting = new Set<Id>()
  const queue = commitQueue()
  /** How many wait whose marks are not `below`: once there are none, no further base can be found. */
  let open = 0
  const markOf = (id: Id): number => marks.get(id) ?? 0
  const isOpen = (id: Id): number => (waiting.has(id) && (markOf(id) & below) === 0 ? 1 : 0)

  return {
    markOf,
    mark(id, mark) {
      const had = markOf(id)
      if ((had | mark) === had) return
      open -= isOpen(id)
      marks.set(id, had | mark)
      if (!waiting.has(id)) queue.push(known.get(id) as KnownCommit)
      waiting.add(id)
      open += isOpen(id)
    },
    next() {
      if (open === 0) return undefined
      const commit = queue.pop() as KnownCommit
      open -= isOpen(commit.id)
      waiting.delete(commit.id)
      return commit
    },
  }
}
