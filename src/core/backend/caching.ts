// A far backend with a near one before it, which holds copies of what never changes. The near side can only help:
// whatever it loses, damages or refuses, the far side is asked as if there were no near one.
import type { Bytes } from '../base/bytes.ts'
import { checkSignal, type Context } from '../base/context.ts'
import type { Backend, PutOptions, Range } from './backend.ts'
import { encodeCopy, nearName, readCopy } from './near-copy.ts'

/** What to keep near. */
export interface CachingOptions {
  /**
   * The most bytes of one read that are kept of a key: more than 0 only for keys whose bytes never change as long as they
   * are there, packs and indexes, never refs.
   */
  readonly keeps: (key: string) => number
}

/**
 * `far`, whose keys that never change are also read from copies in `near`.
 *
 * - What was read, whole or a range, or put as an array, is kept near, where it is not too long. A read is served from
 *   a copy of the same range or of the whole. A copy is checked by sums: a damaged one counts as none.
 * - Writes go to the far side first, and what they did there is their result. `head` and `list` ask it alone.
 * - A key that someone else deleted may still be read from its near copy. Its bytes are right, since keys with
 *   changing bytes are not kept.
 * - What came damaged from afar is kept so: whoever finds it damaged calls `distrust`.
 * - The near side has no bound of its own: give one that has, or sweep it; anything may be deleted from it.
 *
 * `near` must be used by nothing else. Closing closes both.
 */
export function caching(near: Backend, far: Backend, options: CachingOptions): Backend {
  const { keeps } = options

  async function get(key: string, range?: Range, ctx?: Context): Promise<Uint8Array> {
    if (keeps(key) === 0) return far.get(key, range, ctx)
    const copy =
      (range && (await quietly(() => readCopy(near, copyName(key, range), undefined, ctx)))) ??
      (await quietly(() => readCopy(near, copyName(key), range, ctx)))
    checkSignal(ctx)
    if (copy !== undefined) return copy
    const bytes = await far.get(key, range, ctx)
    await keep(key, { name: copyName(key, range), bytes }, ctx)
    return bytes
  }

  async function put(key: string, body: Bytes, putOptions?: PutOptions, ctx?: Context): Promise<void> {
    await far.put(key, body, putOptions, ctx)
    if (keeps(key) === 0) return
    await forget(key)
    if (body instanceof Uint8Array) await keep(key, { name: copyName(key), bytes: body }, ctx)
  }

  async function keep(
    key: string,
    { name, bytes }: { readonly name: string; readonly bytes: Uint8Array },
    ctx: Context | undefined,
  ): Promise<void> {
    if (bytes.length > keeps(key)) return
    const kept = await quietly(async () => {
      await near.put(name, encodeCopy(name, bytes), undefined, ctx)
      return true
    })
    // A copy that could not be renewed must not outlive a key that was deleted and put again.
    if (kept !== true) await quietly(() => near.delete(name, ctx))
  }

  /** Drops all copies of a key, and perhaps of others whose names begin with its own. */
  async function forget(key: string): Promise<void> {
    await quietly(async () => {
      for await (const copy of near.list(`${nearName(key)}.`)) await near.delete(copy.key)
    })
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
      await forget(key)
    },
    async distrust(key) {
      await forget(key)
      await far.distrust?.(key)
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

/** What the copy of a key, or of a range of it, is called nearby. */
function copyName(key: string, range?: Range): string {
  return `${nearName(key)}.${range === undefined ? 'whole' : `${String(range.start)}-${String(range.end)}`}`
}

/** The near side's failures stay with it. */
async function quietly<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch {
    return undefined
  }
}
