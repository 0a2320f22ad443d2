// A part of a backend as a backend of its own: all its keys lie under one prefix of the other's.
import { QuiltError } from '../base/error.ts'
import type { Backend, Head } from './backend.ts'
import { checkKey, isKey } from './key.ts'

/**
 * What lies under `prefix` of `backend`. The prefix ends in `/`, or is empty. Closing it closes `backend`.
 * @throws INVALID for any other prefix
 */
export function prefixed(backend: Backend, prefix: string): Backend {
  if (prefix !== '' && !(prefix.endsWith('/') && isKey(prefix.slice(0, -1)))) {
    throw new QuiltError('INVALID', `invalid prefix ${JSON.stringify(prefix)}`, {
      hint: 'a prefix is a key and a "/" behind it',
    })
  }
  const inside = (key: string): string => {
    checkKey(key)
    return prefix + key
  }
  const outside = (head: Head): Head => ({ ...head, key: head.key.slice(prefix.length) })
  const presign = backend.presign?.bind(backend)

  return {
    get features() {
      return backend.features
    },
    get: async (key, range, ctx) => backend.get(inside(key), range, ctx),
    put: async (key, body, options, ctx) => backend.put(inside(key), body, options, ctx),
    async head(key, ctx) {
      const head = await backend.head(inside(key), ctx)
      return head === undefined ? undefined : outside(head)
    },
    async *list(start, ctx) {
      for await (const head of backend.list(prefix + start, ctx)) yield outside(head)
    },
    delete: async (key, ctx) => backend.delete(inside(key), ctx),
    close: () => backend.close(),
    ...(presign === undefined
      ? {}
      : { presign: async (key, method, seconds) => presign(inside(key), method, seconds) }),
  }
}
