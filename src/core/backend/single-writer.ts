// Put-if-absent for stores that have none, where the owner says that only one process writes.
import { QuiltError } from '../base/error.ts'
import type { Backend } from './backend.ts'

/**
 * `backend`, whose puts with `absent` look first and then put. Within this process they go in turn; that no other
 * process writes meanwhile is for the caller to know.
 */
export function singleWriter(backend: Backend): Backend {
  const turns = new Map<string, Promise<void>>()

  const inTurn = async (key: string, call: () => Promise<void>): Promise<void> => {
    const before = turns.get(key) ?? Promise.resolve()
    const mine = before.catch(() => undefined).then(call)
    turns.set(key, mine)
    try {
      await mine
    } finally {
      if (turns.get(key) === mine) turns.delete(key)
    }
  }

  const presign = backend.presign?.bind(backend)
  return {
    features: { putIfAbsent: backend.features.writable, writable: backend.features.writable },
    get: (key, range, ctx) => backend.get(key, range, ctx),
    async put(key, body, options, ctx) {
      if (options?.absent !== true) return backend.put(key, body, options, ctx)
      await inTurn(key, async () => {
        if ((await backend.head(key, ctx)) !== undefined) {
          throw new QuiltError('CONFLICT', `${key} exists already`)
        }
        await backend.put(key, body, undefined, ctx)
      })
    },
    head: (key, ctx) => backend.head(key, ctx),
    list: (prefix, ctx) => backend.list(prefix, ctx),
    delete: (key, ctx) => backend.delete(key, ctx),
    close: () => backend.close(),
    ...(presign === undefined ? {} : { presign }),
  }
}
