// A writer that writes nothing: gives the ids that writing would give, and counts what would be new.
import { iterateBytes } from '../base/bytes.ts'
import { checkSignal } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import { bytesSource, readerParts } from '../base/source.ts'
import { encodeRecipePayload } from '../codec/pack.ts'
import type { Id, Kind } from '../model/id.ts'
import { layered } from './layered.ts'
import type { ObjectReader, ObjectWriter } from './object-store.ts'
import { createHasher, hashBytes } from '#hash'

/** A dry run: a writer, and a reader that sees the trees and commits that it was given beside what is here. */
export interface DryRun {
  readonly out: ObjectWriter
  readonly objects: ObjectReader
}

/** What a dry run has made, held in memory. */
interface Held {
  readonly kind: Kind
  readonly body: Uint8Array
}

/**
 * A dry run over what is here. `written` counts what is made before compression, what is copied as it lies; trees and
 * commits are held in memory.
 */
export function dryRun(objects: ObjectReader): DryRun {
  const held = new Map<Id, Held>()
  return { out: dryWriter(objects, held), objects: layered(heldReader(held), objects) }
}

function heldReader(held: ReadonlyMap<Id, Held>): ObjectReader {
  const need = (id: Id): Held => {
    const found = held.get(id)
    if (found === undefined) throw new QuiltError('NOT_FOUND', `object ${id} is not here`)
    return found
  }
  return {
    missing: (ids) => Promise.resolve(ids.filter((id) => !held.has(id))),
    open: async (id) => Promise.resolve(bytesSource(need(id).body)),
    readMany: async function* (ids) {
      for (const id of ids) {
        const { kind, body } = need(id)
        const packed = { encoding: 'raw' as const, size: body.length, payload: body }
        yield await Promise.resolve({ id, kind, body, packed })
      }
    },
  }
}

function dryWriter(objects: ObjectReader, held: Map<Id, Held>): ObjectWriter {
  const written = { objects: 0, bytes: 0 }
  const seen = new Set<Id>()

  const count = (id: Id, size: number): void => {
    if (seen.has(id)) return
    seen.add(id)
    written.objects++
    written.bytes += size
  }

  const note = async (id: Id, size: number): Promise<Id> => {
    if (!seen.has(id) && (await objects.missing([id])).length > 0) count(id, size)
    return id
  }

  return {
    written,
    missing: (ids, ctx) => objects.missing(ids, ctx),
    write: (kind, body) => {
      const id = hashBytes(body)
      held.set(id, { kind, body })
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
    // Whoever copies has asked what is missing.
    copy: ({ id, packed }) => Promise.resolve(count(id, packed.payload.length)),
    writeChunked: async (blob, size, recipe) => {
      await note(blob, encodeRecipePayload(recipe, size).length)
    },
  }
}
