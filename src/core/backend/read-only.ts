// A backend that only reads: for stores that are someone else's.
import { QuiltError } from '../base/error.ts'
import type { Backend } from './backend.ts'

/** `backend` without its writing half: put, delete and addresses to put to are DENIED, and nothing reaches it. */
export function readOnly(backend: Backend): Backend {
  const refuse = (key: string): never => {
    throw new QuiltError('DENIED', `cannot change ${key}: this store is read-only`)
  }
  const presign = backend.presign?.bind(backend)

  return {
    features: { putIfAbsent: false, writable: false },
    get: (key, range, ctx) => backend.get(key, range, ctx),
    put: async (key) => refuse(key),
    head: (key, ctx) => backend.head(key, ctx),
    list: (prefix, ctx) => backend.list(prefix, ctx),
    delete: async (key) => refuse(key),
    close: () => backend.close(),
    ...(presign === undefined
      ? {}
      : {
          presign: async (key, method, seconds) =>
            method === 'PUT' ? refuse(key) : presign(key, method, seconds),
        }),
  }
}
