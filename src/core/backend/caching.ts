// A far backend with a near one before it, which holds copies of what never changes. The near side can only help:
// whatever it loses, damages or refuses, the far side is asked as if there were no near one.
import type { Bytes } from '../base/bytes.ts'
import { checkSignal, type Context } from '../base/context.ts'
import type { Backend, PutOptions, Range } from './backend.ts'
import { encodeCopy, readCopy } from './near-copy.ts'

/** What to keep near. */
export interface CachingOptions {
  /** True for keys whose bytes never change as long as they are there: packs and indexes, never refs. */
  readonly cacheable: (key: string) => boolean
}

/**
 * `far`, whose cacheable keys are also read from copies in `near`.
 *
 * - What was read whole, or put as an array, is kept near. A range is served from a near copy if there is one,
 *   else from afar, and is not kept. A near copy is checked by sums: a damaged one counts as none.
 * - Writes go to the far side first, and what they did there is their result. `head` and `list` ask it alone.
 * - A key that someone else deleted may still be read from its near copy. Its bytes are right, since keys with
 *   changing bytes are not cacheable.
 * - The near side has no bound of its own: give one that has, or sweep it; anything may be deleted from it.
 *
 * `near` must be used by nothing else. Closing closes both.
 */
export function caching(near: Backend, far: Backend, options: CachingOptions): Backend {
  const { cacheable } = options

  async function get(key: string, range?: Range, ctx?: Context): Promise<Uint8Array> {
    if (!cacheable(key)) return far.get(key, range, ctx)
    const copy = await quietly(() => readCopy(near, key, range, ctx))
    checkSignal(ctx)
    if (copy !== undefined) return copy
    const bytes = await far.get(key, range, ctx)
    if (range === undefined) await keep(key, bytes, ctx)
    return bytes
  }

  async function put(key: string, body: Bytes, putOptions?: PutOptions, ctx?: Context): Promise<void> {
    await far.put(key, body, putOptions, ctx)
    if (!cacheable(key)) return
    if (body instanceof Uint8Array) await keep(key, body, ctx)
    else await quietly(() => near.delete(key, ctx))
  }

  async function keep(key: string, bytes: Uint8Array, ctx: Context | undefined): Promise<void> {
    const kept = await quietly(async () => {
      await near.put(key, encodeCopy(key, bytes), undefined, ctx)
      return true
    })
    // A copy that could not be renewed must not outlive a key that was deleted and put again.
    if (kept !== true) await quietly(() => near.delete(key, ctx))
  }

  const presign = far.presign?.bind(far)
  return {
    get features() {
      return far.features
    },
    get,
    put,
    head: (key, ctx) => far.head(key, ctx),
    list: (prefix, ctx) => far.list(prefix, ctx),
    async delete(key, ctx) {
      await far.delete(key, ctx)
      await quietly(() => near.delete(key, ctx))
    },
    async close() {
      try {
        await far.close()
      } finally {
        await quietly(() => near.close())
      }
    },
    ...(presign === undefined ? {} : { presign }),
  }
}

/** The near side's failures stay with it. */
async function quietly<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch {
    return undefined
  }
}
