// Tries again what was UNAVAILABLE, a bounded number of times, with growing and uneven pauses between.
import { equalBytes } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { isQuiltError } from '../base/error.ts'
import type { Backend, Head } from './backend.ts'
import { patient, persist, type RetryOptions } from './patience.ts'

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
