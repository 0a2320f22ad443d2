// The object store on packs: look-ups through the indexes, verified reads, and writing in batches.
import type { Backend } from '../backend/backend.ts'
import type { Ambient } from '../base/ambient.ts'
import { checkSignal, type Context } from '../base/context.ts'
import { QuiltError, isQuiltError } from '../base/error.ts'
import type { Id } from '../model/id.ts'
import { openBlob } from './blob-source.ts'
import { mergeIndexes } from './packs/merge-indexes.ts'
import { objectWriter, type BatchWriter } from './object-writer.ts'
import type { ObjectReader, ObjectStore, ObjectWriter, StoredObject, ReadOptions } from './object-store.ts'
import { lookUp } from './packs/look-up.ts'
import { packReader } from './packs/pack-reader.ts'
import { packSet, type Location, type PackSet } from './packs/pack-set.ts'
import { packWriter } from './packs/pack-writer.ts'
import { unpackObject } from './packs/payload.ts'
import { storedIds } from './packs/stored-ids.ts'
import { announceWriter } from './writers.ts'

/** An object store whose packs are at hand, for gc, verify and repack. */
export interface PackStore extends ObjectStore {
  readonly packs: PackSet
  /** Where objects lie; those that are not in any pack are left out. */
  locate(ids: readonly Id[], ctx?: Context): Promise<ReadonlyMap<Id, Location>>
}

/** Ids taken at once when many are read. */
const idsAtOnce = 8192
/** How often objects are looked for anew when the packs that held them go away. */
const mostLooks = 5
/** How often a batch that gc gave up is started again. */
const mostStarts = 3

/** How to use what objects lie on. */
export interface PackStoreOptions {
  /** True for a backend far away, where each request counts, and what was on its way may have to be sent again. */
  readonly far?: boolean | undefined
}

/** The objects on a backend. Nothing is read before it is asked for. */
export function packStore(backend: Backend, ambient: Ambient, { far }: PackStoreOptions = {}): PackStore {
  const packs = packSet(backend)
  const reader = packReader(backend, far)
  const writers = new Set<BatchWriter>()

  const pendingObject = async (id: Id): Promise<StoredObject | undefined> => {
    for (const writer of writers) {
      const found = await writer.pending(id)
      // A copy, since the pack's buffer may grow away under it.
      if (found !== undefined) return unpackObject(found.record, found.payload.slice())
    }
    return undefined
  }

  const locate = async (ids: readonly Id[], ctx?: Context): Promise<Map<Id, Location>> => {
    const now = (id: Id): Location | undefined | 'unknown' => packs.findNow(id)
    const later = (id: Id): Promise<Location | undefined> => packs.find(id, undefined, ctx)
    const places = await lookUp(packs, ids, { now, later }, ctx)
    const found = new Map<Id, Location>()
    for (const location of places) if (location !== undefined) found.set(location.id, location)
    return found
  }

  /** Looks again after reading the list of indexes anew, then after mending indexes. */
  const locateAll = async (ids: readonly Id[], ctx?: Context): Promise<Map<Id, Location>> => {
    let found = await locate(ids, ctx)
    for (const again of [() => packs.relist(ctx), () => packs.recover(ctx)]) {
      if (found.size === ids.length) return found
      await again()
      found = await locate(ids, ctx)
    }
    for (const id of ids) if (!found.has(id)) throw notFound(id)
    return found
  }

  /** Objects in groups: a turn of the event loop for each, once a layer, would cost more than to check them. */
  const readGroups = async function* (
    ids: readonly Id[],
    ctx?: Context,
    options?: ReadOptions,
  ): AsyncGenerator<readonly StoredObject[]> {
    const wanted = new Set(ids)
    if (writers.size > 0) {
      for (const id of wanted) {
        const object = await pendingObject(id)
        if (object === undefined) continue
        wanted.delete(id)
        yield [object]
      }
    }
    for (let look = 1; ; look++) {
      const places = await locateAll([...wanted], ctx)
      try {
        for await (const group of reader.read(places.values(), ctx, options)) {
          for (const { id } of group) wanted.delete(id)
          yield group
        }
        return
      } catch (error) {
        if (look === mostLooks || !isQuiltError(error, 'NOT_FOUND')) throw error
        // A pack went away between the index and the read: gc or repack has moved what it held.
        await packs.relist(ctx)
      }
    }
  }

  const store: PackStore = {
    packs,
    locate,
    missing: async (ids, ctx) => {
      const unique = [...new Set(ids)]
      const later = async (id: Id): Promise<boolean> => (await packs.find(id, undefined, ctx)) !== undefined
      const here = await lookUp(packs, unique, { now: isHereNow, later }, ctx)
      return unique.filter((_, i) => here[i] === false)
    },
    open: (blob, recipe, ctx) => openBlob(store, blob, recipe, ctx),
    readMany: async function* (ids, ctx, options) {
      for (let at = 0; at < ids.length; at += idsAtOnce) {
        checkSignal(ctx)
        const groups = readGroups(ids.slice(at, at + idsAtOnce), ctx, options)
        for await (const group of groups) for (const object of group) yield object
      }
    },
    ids: (prefix = '', ctx) => storedIds(packs, prefix, ctx),
    batch: async (fn, publish, ctx) => {
      for (let start = 1; ; start++) {
        const { made, lapsed } = await runBatch(fn, publish, ctx)
        if (!lapsed) return made
        if (start === mostStarts) throw heldUp()
      }
    },
  }

  const isHereNow = (id: Id): boolean | 'unknown' => {
    const now = packs.findNow(id)
    if (now !== 'unknown' && now !== undefined) return true
    for (const writer of writers) if (writer.has(id)) return true
    return now === 'unknown' ? now : false
  }

  const runBatch = async <T>(
    fn: (out: ObjectWriter) => Promise<T>,
    publish: ((made: T) => Promise<void>) | undefined,
    ctx?: Context,
  ): Promise<{ made: T; lapsed: boolean }> => {
    const writer = await announceWriter(backend, ambient, ctx)
    const out = packWriter({ backend, ambient, packs, far }, ctx)
    const objects = objectWriter({ out, packs, condemned: writer.condemned })
    try {
      await packs.relist(ctx)
      writers.add(objects)
      const made = await fn(objects)
      await objects.flush()
      // What counts is the look after the refs have moved. This one spares others a ref that is mended right away.
      if ((publish === undefined || !writer.isYoung()) && (await writer.lapsed(ctx)))
        return { made, lapsed: true }
      if (publish !== undefined) await publish(made)
      if (publish !== undefined && (await writer.lapsed(ctx))) return { made, lapsed: true }
      await mergeQuietly(writer.condemned, ctx)
      return { made, lapsed: false }
    } finally {
      await objects.close()
      await out.settle()
      writers.delete(objects)
      await writer.release()
    }
  }

  /** The batch is done: whatever keeps indexes from being merged now is met again by the next. */
  const mergeQuietly = async (condemned: ReadonlySet<string>, ctx?: Context): Promise<void> => {
    try {
      await mergeIndexes({ backend, ambient, packs, condemned, far }, ctx)
    } catch {
      // Nothing is lost: an index is deleted only when another holds its entries.
    }
  }
  return store
}

function notFound(id: Id): QuiltError {
  return new QuiltError('NOT_FOUND', `object ${id} is not here`, {
    hint: 'find out what else is missing: quilt verify',
  })
}

function heldUp(): QuiltError {
  return new QuiltError('UNAVAILABLE', 'gc gave this writer up for dead three times', {
    hint: 'is the machine suspended, or the disk very slow? Try again',
  })
}

/** The whole of one object, verified: for objects that are known to be small. */
export async function readObject(objects: ObjectReader, id: Id, ctx?: Context): Promise<StoredObject> {
  for await (const object of objects.readMany([id], ctx)) return object
  throw notFound(id)
}
