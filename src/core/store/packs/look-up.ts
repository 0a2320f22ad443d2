// Looks many ids up: first in what is in memory, then the others, once the indexes that they need are open.
import type { Context } from '../../base/context.ts'
import type { Id } from '../../model/id.ts'
import type { PackSet } from './pack-set.ts'

/** What is asked of each id. */
export interface LookUp<T> {
  /** Without a promise; `'unknown'` when an index would have to be read for it. */
  now(id: Id): T | 'unknown'
  later(id: Id): Promise<T>
}

/** What `now` says of each of the ids, or `later` where an index has to be read for it. */
export async function lookUp<T>(
  packs: PackSet,
  ids: readonly Id[],
  { now, later }: LookUp<T>,
  ctx?: Context,
): Promise<readonly T[]> {
  const answers = ids.map((id) => now(id))
  const unknown = answers.filter((answer) => answer === 'unknown').length
  if (unknown > 0) await packs.expect(unknown, ctx)
  for (const [i, id] of ids.entries()) {
    if (answers[i] === 'unknown') answers[i] = now(id)
    if (answers[i] === 'unknown') answers[i] = await later(id)
  }
  return answers as readonly T[]
}
