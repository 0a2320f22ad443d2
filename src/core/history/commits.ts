// Walking commits by their parents. Iterative, so that no history is too long; stops where a clone was cut off.
import { checkSignal, type Context } from '../base/context.ts'
import { isQuiltError, QuiltError } from '../base/error.ts'
import { decodeCommit } from '../codec/objects/commit.ts'
import type { Commit } from '../model/commit.ts'
import type { Id } from '../model/id.ts'
import type { ObjectReader } from '../store/object-store.ts'
import { commitQueue, type KnownCommit } from './commit-queue.ts'

/** Where to stop, and which parents to follow. */
export interface Walk {
  /** Commits whose parents are not here: they are given, and not gone beyond. */
  readonly shallow?: ReadonlySet<Id>
  /** Only the line of first parents: what `~1`, `~2` count. */
  readonly firstParent?: boolean
}

/**
 * One commit, verified.
 * @throws NOT_FOUND; CORRUPT when what has this id is no commit
 */
export async function readCommit(objects: ObjectReader, id: Id, ctx?: Context): Promise<Commit> {
  for (const { commit } of await readCommits(objects, [id], ctx)) return commit
  throw new QuiltError('NOT_FOUND', `no commit ${id}`)
}

/**
 * `start` and all that it came from, each once and never before the commit that led to it. Where lines run side
 * by side, the commit with the later time is first.
 * @throws NOT_FOUND naming a commit that is missing and the one whose parent it is
 */
export async function* ancestors(
  objects: ObjectReader,
  start: Id,
  walk: Walk = {},
  ctx?: Context,
): AsyncGenerator<KnownCommit> {
  const seen = new Set<Id>([start])
  const queue = commitQueue()
  queue.push({ id: start, commit: await readCommit(objects, start, ctx) })
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    checkSignal(ctx)
    yield next
    const all = parentsOf(next, walk.shallow)
    const fresh = (walk.firstParent === true ? all.slice(0, 1) : all).filter((id) => !seen.has(id))
    for (const id of fresh) seen.add(id)
    for (const parent of await readParents(objects, next.id, fresh, ctx)) queue.push(parent)
  }
}

/** The parents that are here: none for a shallow commit. */
export function parentsOf({ id, commit }: KnownCommit, shallow: ReadonlySet<Id> | undefined): readonly Id[] {
  return shallow?.has(id) === true ? [] : commit.parents
}

/**
 * The commits of `ids`, parents of `child`, in that order.
 * @throws NOT_FOUND naming both
 */
export async function readParents(
  objects: ObjectReader,
  child: Id,
  ids: readonly Id[],
  ctx?: Context,
): Promise<readonly KnownCommit[]> {
  try {
    return await readCommits(objects, ids, ctx)
  } catch (cause) {
    if (!isQuiltError(cause, 'NOT_FOUND')) throw cause
    throw new QuiltError('NOT_FOUND', `a parent of commit ${child} is missing: ${cause.message}`, { cause })
  }
}

async function readCommits(
  objects: ObjectReader,
  ids: readonly Id[],
  ctx: Context | undefined,
): Promise<readonly KnownCommit[]> {
  if (ids.length === 0) return []
  const found = new Map<Id, Commit>()
  for await (const { id, body } of objects.readMany(ids, ctx)) found.set(id, decodeCommit(body, id))
  return ids.map((id) => {
    const commit = found.get(id)
    if (commit === undefined) throw new QuiltError('NOT_FOUND', `no commit ${id}`)
    return { id, commit }
  })
}
