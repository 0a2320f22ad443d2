// Tries again what was UNAVAILABLE, a bounded number of times, with growing and uneven pauses between.
import { equalBytes } from '../base/bytes.ts'
import { checkSignal, type Context } from '../base/context.ts'
import { isQuiltError } from '../base/error.ts'
import type { Backend, Head } from './backend.ts'

/** How often to try, and how to wait: the engine has neither a timer nor dice of its own. */
export interface RetryOptions {
  /** How often a call is tried in all, the first time included: at least 1. */
  readonly attempts: number
  /** Waits that long. Once the signal fires it rejects, or returns at once. */
  readonly delay: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>
  /** From 0 to below 1, evenly. */
  readonly random: () => number
  /** The first pause, doubled with each further one: 100 without it. A quarter to all of it is waited. */
  readonly firstPause?: number
  /** No pause is longer: 10,000 without it. */
  readonly longestPause?: number
}

/** Counts the failures of one call. */
interface Patience {
  /** Waits for the next attempt; throws `error` when it is not one to try again, or the last was. */
  again(error: unknown): Promise<void>
}

/**
 * `backend`, whose UNAVAILABLE calls are tried again.
 *
 * - A streamed body is sent once only: it cannot be read a second time, and keeping it would take memory
 *   without bound. Who wants it tried again hands over an array, or sends anew.
 * - A listing that breaks off goes on behind the last key that it gave; each key given starts the count anew.
 * - A put with `absent` may have been done though its answer was lost. The next attempt then meets CONFLICT,
 *   and succeeds if what is there is its own body. So two writers of the very same bytes may both be told that
 *   they won: whoever must tell them apart puts a name of its own into the bytes.
 */
export function retrying(backend: Backend, options: RetryOptions): Backend {
  const presign = backend.presign?.bind(backend)
  return {
    get features() {
      return backend.features
    },
    get: (key, range, ctx) => persist(options, ctx, () => backend.get(key, range, ctx)),
    async put(key, body, putOptions, ctx) {
      if (!(body instanceof Uint8Array)) return backend.put(key, body, putOptions, ctx)
      const putOnce = () => backend.put(key, body, putOptions, ctx)
      return persist(options, ctx, async (attempt) => {
        if (attempt === 1 || putOptions?.absent !== true) return putOnce()
        return putPerhapsAgain(putOnce, () => holds(backend, key, body, ctx))
      })
    },
    head: (key, ctx) => persist(options, ctx, () => backend.head(key, ctx)),
    list: (prefix, ctx) => list(backend, options, prefix, ctx),
    delete: (key, ctx) => persist(options, ctx, () => backend.delete(key, ctx)),
    close: () => backend.close(),
    ...(presign === undefined
      ? {}
      : {
          presign: (key, method, seconds) => persist(options, undefined, () => presign(key, method, seconds)),
        }),
  }
}

async function persist<T>(
  options: RetryOptions,
  ctx: Context | undefined,
  call: (attempt: number) => Promise<T>,
): Promise<T> {
  const patience = patient(options, ctx)
  for (let attempt = 1; ; attempt++) {
    try {
      return await call(attempt)
    } catch (error) {
      await patience.again(error)
    }
  }
}

async function putPerhapsAgain(putOnce: () => Promise<void>, isDone: () => Promise<boolean>): Promise<void> {
  try {
    await putOnce()
  } catch (error) {
    if (!isQuiltError(error, 'CONFLICT') || !(await isDone())) throw error
  }
}

async function* list(
  backend: Backend,
  options: RetryOptions,
  prefix: string,
  ctx?: Context,
): AsyncGenerator<Head> {
  let last: string | undefined
  let patience = patient(options, ctx)
  for (;;) {
    try {
      for await (const head of backend.list(prefix, ctx)) {
        // Keys are ASCII, so this is the order of their bytes.
        if (last !== undefined && head.key <= last) continue
        last = head.key
        patience = patient(options, ctx)
        yield head
      }
      return
    } catch (error) {
      await patience.again(error)
    }
  }
}

function patient(options: RetryOptions, ctx: Context | undefined): Patience {
  const { firstPause = 100, longestPause = 10_000 } = options
  let failures = 0
  return {
    async again(error) {
      checkSignal(ctx)
      failures++
      if (!isQuiltError(error, 'UNAVAILABLE') || failures >= options.attempts) throw error
      const longest = Math.min(longestPause, firstPause * 2 ** (failures - 1))
      await options.delay(longest * (0.25 + 0.75 * options.random()), ctx?.signal)
      checkSignal(ctx)
    },
  }
}

/** True when exactly these bytes lie under the key. */
async function holds(backend: Backend, key: string, body: Uint8Array, ctx?: Context): Promise<boolean> {
  const head = await backend.head(key, ctx)
  if (head?.size !== body.length) return false
  try {
    return equalBytes(await backend.get(key, undefined, ctx), body)
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return false
    throw error
  }
}
