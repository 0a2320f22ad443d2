// Moves what commits reach from one store to another. Push, install and bundles are this, and a move of refs.
import type { Context } from '../base/context.ts'
import type { Id } from '../model/id.ts'
import type { ObjectReader, ObjectStore } from '../store/object-store.ts'
import type { Reached } from './reach.ts'
import type { Ends, WantedCommit } from './transfer/ends.ts'
import { keepAllArrived } from './transfer/keep-arrived.ts'
import { sender } from './transfer/sender.ts'

/** What is asked for. */
export interface Want {
  /** Each commit with what it reaches; not its parents. Older ones first. */
  readonly commits: readonly WantedCommit[]
  /**
   * Where chunks are read that need not be sent, to prove the blobs that they belong to: the nearer of the two
   * stores. The one that is written to unless told.
   */
  readonly near?: ObjectReader
  /** What progress calls it; sending, unless told. */
  readonly task?: 'send' | 'receive'
  /** Moves the refs once all is there, before gc may forget it. */
  readonly publish?: () => Promise<void>
}

/** What was moved: objects and their bytes as they are kept. */
export interface Moved {
  readonly objects: number
  readonly bytes: number
}

/**
 * Moves commits and what they reach. What the other side has is not sent. Every object is checked against its
 * id on the way, and a chunked blob as a whole.
 * @throws NOT_FOUND, CORRUPT naming what the source lacks; whatever `publish` throws
 */
export function transfer(from: ObjectReader, to: ObjectStore, want: Want, ctx?: Context): Promise<Moved> {
  return to.batch(
    async (out) => {
      const ends: Ends = { from, out, near: want.near ?? to, task: want.task ?? 'send' }
      const run = sender(ends, ctx)
      try {
        for (const commit of want.commits) await run.commit(commit)
        await run.finish()
      } catch (error) {
        await keepAllArrived(ends)
        throw error
      }
      return { ...out.written }
    },
    want.publish,
    ctx,
  )
}

/**
 * Writes objects of one store with the writer of another, as `transfer` does, within a batch of the caller's. Gives
 * the recipes of the chunked blobs among them.
 * @throws NOT_FOUND, CORRUPT naming what the source lacks
 */
export async function sendPart(
  ends: Ends,
  reached: AsyncIterable<readonly Reached[]>,
  ctx?: Context,
): Promise<ReadonlyMap<Id, { readonly id: Id; readonly size: number }>> {
  const recipes = new Map<Id, { readonly id: Id; readonly size: number }>()
  const run = sender(ends, ctx)
  for await (const group of reached) {
    await run.take(group)
    for (const object of group) {
      if (object.kind === 'blob' && object.recipe !== undefined)
        recipes.set(object.id, { id: object.recipe, size: object.size })
    }
  }
  await run.finish()
  return recipes
}
