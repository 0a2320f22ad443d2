// Objects in a map, for tests of what lies above the object store: a reader and a writer in one, with counts.
import { QuiltError } from '../../src/core/base/error.ts'
import type { Id } from '../../src/core/model/id.ts'
import type { ObjectReader, ObjectWriter, StoredObject } from '../../src/core/store/object-store.ts'
import { hashBytes } from '#hash'

/** Objects in memory. Reads and writes are counted until `reset`. */
export interface MemoryObjects extends ObjectReader, ObjectWriter {
  readonly stored: Map<Id, Uint8Array>
  readonly count: { reads: number; batches: number; written: number; writtenBytes: number }
  reset(): void
}

/** An empty set of objects. Trees, commits and recipes only. */
export function memoryObjects(): MemoryObjects {
  const stored = new Map<Id, Uint8Array>()
  const count = { reads: 0, batches: 0, written: 0, writtenBytes: 0 }
  const refuse = (): never => {
    throw new QuiltError('UNSUPPORTED', 'blobs are not kept here')
  }
  return {
    stored,
    count,
    reset: () => {
      Object.assign(count, { reads: 0, batches: 0, written: 0, writtenBytes: 0 })
    },
    missing: (ids) => Promise.resolve(ids.filter((id) => !stored.has(id))),
    open: refuse,
    readMany: async function* (ids) {
      count.batches++
      for (const id of ids) yield await Promise.resolve(read(id))
    },
    write: (_kind, body) => {
      const id = hashBytes(body)
      if (!stored.has(id)) {
        stored.set(id, body)
        count.written++
        count.writtenBytes += body.length
      }
      return Promise.resolve(id)
    },
    writeBlob: refuse,
    writeBlobs: refuse,
    get written() {
      return { objects: count.written, bytes: count.writtenBytes }
    },
    copy: refuse,
    writeChunked: refuse,
  }

  function read(id: Id): StoredObject {
    count.reads++
    const body = stored.get(id)
    if (body === undefined) throw new QuiltError('NOT_FOUND', `no object ${id}`)
    return { id, kind: 'tree', body, packed: { encoding: 'raw', size: body.length, payload: body } }
  }
}
