// Looks many ids up: at once in what is in memory, and the rest when the indexes are open that it needs.
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
  const first = ids.map((id) => now(id))
  const unknown = first.reduce((sum, answer) => (answer === 'unknown' ? sum + 1 : sum), 0)
  if (unknown === 0) return first as readonly T[]
  await packs.expect(unknown, ctx)
  const answers: T[] = []
  for (const [i, id] of ids.entries()) {
    let answer = first[i] as T | 'unknown'
    if (answer === 'unknown') answer = now(id)
    answers.push(answer === 'unknown' ? await later(id) : answer)
  }
  return answers
}
