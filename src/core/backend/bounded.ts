// A backend for what can be made again, kept below a size: what is oldest goes.
import type { Backend } from './backend.ts'

/** How much to keep. */
export interface Bound {
  readonly bytes: number
  /** What is older than so many milliseconds, by the backend's own clock, goes in any case. */
  readonly age: number
}

/** A file takes at least so much of a disk. */
const blockBytes = 4096
/** Room is made each time that such a share of the bound was put. */
const share = 8

/**
 * `backend`, of which the oldest keys are deleted once there are more bytes than the bound, and when it is closed. For a
 * moment, or after a crash, there may be an eighth more. A key that cannot be deleted stays.
 */
export function bounded(backend: Backend, bound: Bound): Backend {
  let added = 0
  let sweeping: Promise<void> | undefined

  const sweep = async (): Promise<void> => {
    added = 0
    const found: { readonly key: string; readonly bytes: number; readonly time: number }[] = []
    for await (const { key, size, modified } of backend.list('')) {
      found.push({ key, bytes: Math.max(size, blockBytes), time: modified.getTime() })
    }
    found.sort((a, b) => b.time - a.time)
    const oldest = (found[0]?.time ?? 0) - bound.age
    let kept = 0
    for (const { key, bytes, time } of found) {
      kept += bytes
      if (kept > bound.bytes || time < oldest) await backend.delete(key).catch(() => undefined)
    }
  }

  const sweepOnce = (): Promise<void> =>
    (sweeping ??= sweep()
      .catch(() => undefined)
      .finally(() => {
        sweeping = undefined
      }))

  return {
    ...backend,
    get features() {
      return backend.features
    },
    put: async (key, body, options, ctx) => {
      await backend.put(key, body, options, ctx)
      added += body instanceof Uint8Array ? Math.max(body.length, blockBytes) : bound.bytes / share
      if (added > bound.bytes / share) await sweepOnce()
    },
    close: async () => {
      if (added > 0) await sweepOnce()
      await backend.close()
    },
  }
}
