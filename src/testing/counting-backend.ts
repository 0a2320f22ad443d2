// A backend that counts what it is asked: requests and bytes, as an object store would bill them.
import type { Backend } from '../core/backend/backend.ts'
import { iterateBytes, type Bytes } from '../core/base/bytes.ts'

/** One request. A listing is one for each thousand keys begun. */
export interface CountedRequest {
  readonly method: 'get' | 'put' | 'head' | 'list' | 'delete'
  readonly key: string
  /** Bytes of bodies, both ways; a listing's keys count 100 bytes each. */
  readonly bytes: number
}

/** A backend, and what it was asked since the last `reset`. */
export interface CountingBackend {
  readonly backend: Backend
  readonly requests: readonly CountedRequest[]
  /** Bytes of all of them. */
  readonly bytes: number
  reset(): void
}

/** Keys that one page of a listing holds, as S3 does it. */
const pageKeys = 1000
const listedBytes = 100

/**
 * `inner`, each request counted.
 * @example const { backend, requests } = countingBackend(memoryBackend())
 */
export function countingBackend(inner: Backend): CountingBackend {
  const requests: CountedRequest[] = []
  const note = (method: CountedRequest['method'], key: string, bytes = 0): void => {
    requests.push({ method, key, bytes })
  }
  const backend: Backend = {
    get features() {
      return inner.features
    },
    get: async (key, range, ctx) => {
      const at = requests.length
      note('get', key)
      const body = await inner.get(key, range, ctx)
      requests[at] = { method: 'get', key, bytes: body.length }
      return body
    },
    put: async (key, body, options, ctx) => {
      if (body instanceof Uint8Array) {
        note('put', key, body.length)
        return inner.put(key, body, options, ctx)
      }
      const counter = { bytes: 0 }
      await inner.put(key, counted(body, counter), options, ctx)
      note('put', key, counter.bytes)
    },
    head: (key, ctx) => {
      note('head', key)
      return inner.head(key, ctx)
    },
    async *list(prefix, ctx) {
      let keys = 0
      for await (const head of inner.list(prefix, ctx)) {
        if (keys > 0 && keys % pageKeys === 0) note('list', prefix, pageKeys * listedBytes)
        keys++
        yield head
      }
      note('list', prefix, ((keys - 1) % pageKeys) * listedBytes + listedBytes)
    },
    delete: (key, ctx) => {
      note('delete', key)
      return inner.delete(key, ctx)
    },
    close: () => inner.close(),
  }
  return {
    backend,
    requests,
    get bytes() {
      return requests.reduce((sum, { bytes }) => sum + bytes, 0)
    },
    reset: () => {
      requests.length = 0
    },
  }
}

async function* counted(body: Bytes, counter: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const part of iterateBytes(body)) {
    counter.bytes += part.length
    yield part
  }
}
