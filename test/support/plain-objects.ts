// An object reader over a map: for tests of what walks commits. Counts its reads.
import { bytesSource } from '../../src/core/base/source.ts'
import { QuiltError } from '../../src/core/base/error.ts'
import { encodeCommit } from '../../src/core/codec/objects/commit.ts'
import type { Id } from '../../src/core/model/id.ts'
import type { ObjectReader, StoredObject } from '../../src/core/store/object-store.ts'
import { idOf } from './ref-bench.ts'
import { hashBytes } from '#hash'

export interface PlainObjects extends ObjectReader {
  readonly bodies: Map<Id, Uint8Array>
  /** Makes a commit; `time` in seconds after 2020. */
  commit(message: string, parents: readonly Id[], time: number): Id
}

export function plainObjects(): PlainObjects {
  const bodies = new Map<Id, Uint8Array>()
  return {
    bodies,
    commit(message, parents, time) {
      const at = new Date(Date.UTC(2020, 0, 1) + time * 1000)
      const author = { name: 'Ada', email: 'ada@example.org', time: at }
      const body = encodeCommit({ tree: idOf(1), parents, author, message })
      const id = hashBytes(body)
      bodies.set(id, body)
      return id
    },
    missing: (ids) => Promise.resolve(ids.filter((id) => !bodies.has(id))),
    open: (id) => Promise.resolve(bytesSource(bodies.get(id) ?? new Uint8Array())),
    async *readMany(ids): AsyncGenerator<StoredObject> {
      for (const id of [...ids].reverse()) {
        const body = bodies.get(id)
        if (body === undefined) throw new QuiltError('NOT_FOUND', `no object ${id}`)
        yield { id, kind: 'commit', body, packed: { encoding: 'raw', size: body.length, payload: body } }
      }
    },
  }
}
