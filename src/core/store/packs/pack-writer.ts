// Fills packs and writes them as they become full: trees, commits and recipes apart from blobs.
// Two packs may be on their way while the next two are filled, so memory stays at four packs; of those that go far away
// no more bytes than one full pack has.
import type { Backend } from '../../backend/backend.ts'
import type { Ambient } from '../../base/ambient.ts'
import type { Context } from '../../base/context.ts'
import type { PackRecord } from '../../codec/pack.ts'
import type { Id, Kind } from '../../model/id.ts'
import { encodeJointIndex } from '../../codec/pack-index.ts'
import { indexKey, packKey } from '../layout.ts'
import type { PackedPayload } from '../object-store.ts'
import { packBuilder, packBytes, type PackBuilder } from './pack-builder.ts'
import type { PackSet } from './pack-set.ts'

/** Writes packs. */
export interface PackWriter {
  /** True when this writer has the object, on disk or on its way there. */
  has(id: Id): boolean
  /** The name of the pack in which an object of this writer lies, or will lie, once that is settled. */
  packOf(id: Id): string | undefined
  /** An object that is not on disk yet. */
  pending(id: Id): { readonly record: PackRecord; readonly payload: Uint8Array } | undefined
  /** Adds an object that is not here yet: at once, or when a full pack has been sent. */
  add(id: Id, kind: Kind, packed: PackedPayload): Promise<void> | undefined
  /** Sends packs that have so many bytes already, though they are not full. */
  keep(bytes: number): Promise<void> | undefined
  /** Writes what is left; all that was added is durable when this returns. */
  flush(): Promise<void>
  /** Waits for all that is on its way, however it ends: nothing is written behind the back of a batch that failed. */
  settle(): Promise<void>
}

interface Lane {
  builder: PackBuilder | undefined
  /** What the builder holds. */
  filling: Map<Id, PackRecord>
  /** Packs on their way to disk, the oldest first. */
  readonly leaving: Leaving[]
}

interface Leaving {
  readonly builder: PackBuilder
  readonly records: ReadonlyMap<Id, PackRecord>
  readonly written: Promise<void>
}

/** Packs that are written at once while the next are filled: two keep a disk busy (measured). */
const mostLeaving = 2

/**
 * Two last packs with no more records than this have one index, or far away, where each request counts, are one. Larger
 * ones have their own: those of trees stay small.
 */
const mostJoint = 1024

/** What a writer of packs stands on. */
export interface PackWriterParts {
  readonly backend: Backend
  readonly ambient: Ambient
  /** Takes up each pack that is written. */
  readonly packs: PackSet
  /** True for a backend far away: no more than one full pack is on its way, so that no more is sent twice after a crash. */
  readonly far?: boolean | undefined
}

/** A writer of packs on a backend. */
export function packWriter(
  { backend, ambient, packs, far = false }: PackWriterParts,
  ctx?: Context,
): PackWriter {
  const lanes: Record<'data' | 'meta', Lane> = { data: emptyLane(), meta: emptyLane() }
  const both = [lanes.data, lanes.meta]
  /** Memory of packs that are on disk. */
  const spare: Uint8Array[] = []

  /** Who finds a blob that is kept as chunks relies on these: not even its pack may be there before theirs are. */
  const relies = ({ filling }: Lane): boolean =>
    [...filling.values()].some(({ encoding }) => encoding === 'recipe')

  /** Whether a pack of so many bytes has to wait for others that are on their way. */
  const isBusy = (length: number): boolean => {
    const leaving = both.flatMap((lane) => lane.leaving)
    if (leaving.length >= mostLeaving) return true
    const bytes = leaving.reduce((sum, { builder }) => sum + builder.length, length)
    return far && leaving.length > 0 && bytes > packBytes
  }

  const send = async (lane: Lane): Promise<void> => {
    const { builder, filling } = lane
    if (builder === undefined) return
    const waits = lane === lanes.meta && relies(lane)
    if (waits) await send(lanes.data)
    while (isBusy(builder.length)) {
      // Those of data first: those of meta may be waiting for them.
      await ((lanes.data.leaving[0] ?? lanes.meta.leaving[0]) as Leaving).written
    }
    if (lane.builder !== builder) return // another call has sent it meanwhile
    lane.builder = undefined
    lane.filling = new Map()
    const earlier = waits ? both.flatMap(({ leaving }) => leaving.map(({ written }) => written)) : []
    const settled = Promise.all(earlier).then(() => write(builder))
    const written = settled.then(() => {
      lane.leaving.splice(lane.leaving.indexOf(leaving), 1)
      spare.push(builder.buffer)
    })
    written.catch(() => undefined) // thrown where it is awaited: at a later pack, or at the flush
    const leaving: Leaving = { builder, records: filling, written }
    lane.leaving.push(leaving)
  }

  /** Puts the last trees behind the last blobs, where there is room: one pack. Trees lie together all the same. */
  const joinLanes = (): void => {
    const { data, meta } = lanes
    if (data.builder === undefined || meta.builder === undefined) return
    if (data.builder.length + meta.builder.length > packBytes) return
    for (const [id, record] of meta.filling)
      data.filling.set(id, data.builder.add(record, meta.builder.payload(record)))
    meta.builder = undefined
    meta.filling = new Map()
  }

  /** The last packs of both lanes, where they are small: under one index. That spares small batches a write. */
  const sendJointly = async (): Promise<void> => {
    const builders = both.flatMap(({ builder }) => builder ?? [])
    if (builders.length < 2 || builders.reduce((sum, { count }) => sum + count, 0) > mostJoint) return
    if (both.some(({ leaving }) => leaving.length > 0)) return
    if (far) return joinLanes()
    const finished = builders.map((builder) => builder.finish())
    const [data, meta] = finished.map(
      ({ name, bytes }) =>
        () =>
          backend.put(packKey(name), bytes, { absent: true }, ctx),
    ) as [() => Promise<void>, () => Promise<void>]
    if (relies(lanes.meta)) await data().then(meta)
    else await allOf([data(), meta()])
    const parts = finished.map(({ name, bytes, records }) => ({
      pack: { name, size: bytes.length },
      records,
    }))
    const index = encodeJointIndex(parts)
    const key = indexKey(ambient.randomName())
    await backend.put(key, index, { absent: true }, ctx)
    packs.adopt(key, index)
    for (const lane of both) {
      if (lane.builder !== undefined) spare.push(lane.builder.buffer)
      lane.builder = undefined
      lane.filling = new Map()
    }
  }

  /** Pack, then index: a reader never sees an index whose pack is not whole. */
  const write = async (builder: PackBuilder): Promise<void> => {
    const { name, bytes, index } = builder.finish()
    await backend.put(packKey(name), bytes, { absent: true }, ctx)
    await backend.put(indexKey(name), index, {}, ctx)
    packs.adopt(indexKey(name), index)
  }

  return {
    has: (id) => {
      for (const { filling, leaving } of both) {
        if (filling.has(id)) return true
        for (const { records } of leaving) if (records.has(id)) return true
      }
      return false
    },
    packOf: (id) => {
      for (const { builder, filling, leaving } of both) {
        if (filling.has(id)) return far ? undefined : builder?.name
        const left = leaving.find(({ records }) => records.has(id))
        if (left !== undefined) return left.builder.name
      }
      return undefined
    },
    pending: (id) => {
      for (const lane of both) {
        const record = lane.filling.get(id)
        if (record !== undefined && lane.builder !== undefined)
          return { record, payload: lane.builder.payload(record) }
        for (const { builder, records } of lane.leaving) {
          const left = records.get(id)
          if (left !== undefined) return { record: left, payload: builder.payload(left) }
        }
      }
      return undefined
    },
    add: (id, kind, packed) => {
      const lane = kind === 'blob' && packed.encoding !== 'recipe' ? lanes.data : lanes.meta
      const put = (): void => {
        lane.builder ??= packBuilder(ambient.randomName(), spare.pop())
        const { encoding, size } = packed
        lane.filling.set(id, lane.builder.add({ id, kind, encoding, size }, packed.payload))
      }
      const isFull = (): boolean => lane.builder?.fits(packed.payload.length) === false
      if (!isFull()) {
        put()
        return undefined
      }
      return (async () => {
        while (isFull()) await send(lane)
        put()
      })()
    },
    keep: (bytes) => {
      const due = both.filter(({ builder }) => builder !== undefined && builder.length >= bytes)
      if (due.length === 0) return undefined
      return (async () => {
        for (const lane of due) await send(lane)
      })()
    },
    flush: async () => {
      await sendJointly()
      for (const lane of both) await send(lane)
      for (const lane of both) for (const { written } of lane.leaving.slice()) await written
    },
    settle: async () => {
      await Promise.allSettled(both.flatMap(({ leaving }) => leaving.map(({ written }) => written)))
    },
  }
}

/** Waits for all of them, also where one fails: nothing goes on behind the back of who asked. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(works)
  await Promise.all(works)
}

function emptyLane(): Lane {
  return { builder: undefined, filling: new Map(), leaving: [] }
}
