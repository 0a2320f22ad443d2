// A writer that writes nothing: gives the ids that writing would give, and counts what would be new.
import { iterateBytes } from '../base/bytes.ts'
import { checkSignal } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import { bytesSource, readerParts } from '../base/source.ts'
import type { Id } from '../model/id.ts'
import { layered } from './layered.ts'
import type { ObjectReader, ObjectWriter } from './object-store.ts'
import { createHasher, hashBytes } from '#hash'

/** A dry run: a writer, and a reader that sees the trees that it was given beside what is here. */
export interface DryRun {
  readonly out: ObjectWriter
  readonly objects: ObjectReader
}

/** A dry run over what is here. `written` counts bytes before compression; trees are held in memory. */
export function dryRun(objects: ObjectReader): DryRun {
  const trees = new Map<Id, Uint8Array>()
  return { out: dryWriter(objects, trees), objects: layered(heldTrees(trees), objects) }
}

function heldTrees(trees: ReadonlyMap<Id, Uint8Array>): ObjectReader {
  return {
    missing: (ids) => Promise.resolve(ids.filter((id) => !trees.has(id))),
    open: async (id) => {
      const body = trees.get(id)
      if (body === undefined) throw notHere(id)
      return Promise.resolve(bytesSource(body))
    },
    readMany: async function* (ids) {
      for (const id of ids) {
        const body = trees.get(id)
        if (body === undefined) throw notHere(id)
        yield await Promise.resolve({
          id,
          kind: 'tree' as const,
          body,
          packed: { encoding: 'raw' as const, size: body.length, payload: body },
        })
      }
    },
  }
}

function notHere(id: Id): QuiltError {
  return new QuiltError('NOT_FOUND', `object ${id} is not here`)
}

function dryWriter(objects: ObjectReader, trees: Map<Id, Uint8Array>): ObjectWriter {
  const written = { objects: 0, bytes: 0 }
  const seen = new Set<Id>()

  const note = async (id: Id, size: number): Promise<Id> => {
    if (seen.has(id) || (await objects.missing([id])).length === 0) return id
    seen.add(id)
    written.objects++
    written.bytes += size
    return id
  }

  return {
    written,
    missing: (ids, ctx) => objects.missing(ids, ctx),
    write: (_kind, body) => {
      const id = hashBytes(body)
      trees.set(id, body)
      return note(id, body.length)
    },
    writeBlob: async (body, ctx) => {
      const hasher = createHasher()
      let size = 0
      for await (const part of 'read' in body ? readerParts(body) : iterateBytes(body)) {
        checkSignal(ctx)
        hasher.update(part)
        size += part.length
      }
      return { id: await note(hasher.digest(), size), size }
    },
    writeBlobs: async (blobs) => {
      for (const { id, body } of blobs) await note(id, body.length)
    },
    copy: async ({ id, body }) => {
      await note(id, body.length)
    },
    writeChunked: async (blob, size) => {
      await note(blob, size)
    },
  }
}
