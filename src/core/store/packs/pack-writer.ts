// Fills packs and writes them as they become full: trees, commits and recipes apart from blobs.
// Two packs may be on their way while the next two are filled, so memory stays at four packs.
import type { Backend } from '../../backend/backend.ts'
import type { Ambient } from '../../base/ambient.ts'
import type { Context } from '../../base/context.ts'
import type { PackRecord } from '../../codec/pack.ts'
import type { Id, Kind } from '../../model/id.ts'
import { indexKey, packKey } from '../layout.ts'
import type { PackedPayload } from '../object-store.ts'
import { packBuilder, type PackBuilder } from './pack-builder.ts'
import type { PackSet } from './pack-set.ts'

/** Writes packs. */
export interface PackWriter {
  /** True when this writer has the object, on disk or on its way there. */
  has(id: Id): boolean
  /** The name of the pack in which an object of this writer lies, or will lie. */
  packOf(id: Id): string | undefined
  /** An object that is not on disk yet. */
  pending(id: Id): { readonly record: PackRecord; readonly payload: Uint8Array } | undefined
  /** Adds an object that is not here yet: at once, or when a full pack has been sent. */
  add(id: Id, kind: Kind, packed: PackedPayload): Promise<void> | undefined
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

/** A writer of packs on a backend; each pack that is written is taken up by `packs`. */
export function packWriter(backend: Backend, ambient: Ambient, packs: PackSet, ctx?: Context): PackWriter {
  const lanes: Record<'data' | 'meta', Lane> = { data: emptyLane(), meta: emptyLane() }
  const both = [lanes.data, lanes.meta]
  /** Memory of packs that are on disk. */
  const spare: Uint8Array[] = []

  const send = async (lane: Lane): Promise<void> => {
    const { builder, filling } = lane
    if (builder === undefined) return
    // Who finds a blob that is kept as chunks relies on these: not even its pack may be there before theirs are.
    const relies = lane === lanes.meta && [...filling.values()].some(({ encoding }) => encoding === 'recipe')
    if (relies) await send(lanes.data)
    while (lanes.data.leaving.length + lanes.meta.leaving.length >= mostLeaving) {
      // Those of data first: those of meta may be waiting for them.
      await ((lanes.data.leaving[0] ?? lanes.meta.leaving[0]) as Leaving).written
    }
    if (lane.builder !== builder) return // another call has sent it meanwhile
    lane.builder = undefined
    lane.filling = new Map()
    const earlier = relies ? both.flatMap(({ leaving }) => leaving.map(({ written }) => written)) : []
    const settled = Promise.all(earlier).then(() => write(builder))
    const written = settled.then(() => {
      lane.leaving.splice(lane.leaving.indexOf(leaving), 1)
      spare.push(builder.buffer)
    })
    written.catch(() => undefined) // thrown where it is awaited: at a later pack, or at the flush
    const leaving: Leaving = { builder, records: filling, written }
    lane.leaving.push(leaving)
  }

  /** Pack, then index: a reader never sees an index whose pack is not whole. */
  const write = async (builder: PackBuilder): Promise<void> => {
    const { name, bytes, index } = builder.finish()
    await backend.put(packKey(name), bytes, { absent: true }, ctx)
    await backend.put(indexKey(name), index, {}, ctx)
    packs.adopt(indexKey(name), index)
  }

  return {
    has: (id) =>
      both.some((lane) => lane.filling.has(id) || lane.leaving.some(({ records }) => records.has(id))),
    packOf: (id) => {
      for (const { builder, filling, leaving } of both) {
        if (filling.has(id)) return builder?.name
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
    flush: async () => {
      for (const lane of both) await send(lane)
      for (const lane of both) for (const { written } of lane.leaving.slice()) await written
    },
    settle: async () => {
      await Promise.allSettled(both.flatMap(({ leaving }) => leaving.map(({ written }) => written)))
    },
  }
}

function emptyLane(): Lane {
  return { builder: undefined, filling: new Map(), leaving: [] }
}
