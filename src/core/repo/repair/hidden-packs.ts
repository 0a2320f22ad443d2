// A store as it will be without some of its packs: what is found there lies elsewhere too.
import type { Backend } from '../../backend/backend.ts'
import { QuiltError } from '../../base/error.ts'
import { packKey } from '../../store/layout.ts'

/** `backend` without the packs of these names: they are not listed, and cannot be read. All else goes through. */
export function hidePacks(backend: Backend, names: Iterable<string>): Backend {
  const hidden = new Set([...names].map(packKey))
  return {
    features: backend.features,
    get: async (key, range, ctx) => {
      if (hidden.has(key)) throw new QuiltError('NOT_FOUND', `"${key}" is left out`)
      return backend.get(key, range, ctx)
    },
    put: (key, body, options, ctx) => backend.put(key, body, options, ctx),
    head: async (key, ctx) => (hidden.has(key) ? undefined : backend.head(key, ctx)),
    list: async function* (prefix, ctx) {
      for await (const head of backend.list(prefix, ctx)) if (!hidden.has(head.key)) yield head
    },
    delete: (key, ctx) => backend.delete(key, ctx),
    close: () => backend.close(),
  }
}
