// Reads many records: first a plan of few ranges, then the reads, then each record checked.
import type { Backend, Range } from '../../backend/backend.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError, isQuiltError } from '../../base/error.ts'
import { mapOrdered } from '../../base/pool.ts'
import type { ReadMemory } from '../../base/read-memory.ts'
import { isRecordHeader, recordHeaderBytes } from '../../codec/pack.ts'
import { packKey } from '../layout.ts'
import type { ReadOptions, StoredObject } from '../object-store.ts'
import type { Location } from './pack-set.ts'
import { readAhead } from './read-ahead.ts'
import { unpackObjectWith } from './payload.ts'
import { loadZstd } from '#zstd'

/** One read: bytes `start` to `end` of a pack, and the records in them. */
export interface PlannedRead {
  readonly pack: string
  readonly packSize: number
  readonly start: number
  readonly end: number
  readonly records: readonly Location[]
}

/** What a read gave, and the memory that it was given, wherever its bytes lie. */
interface FetchedRead {
  readonly read: PlannedRead
  readonly bytes: Uint8Array
  readonly into?: Uint8Array<ArrayBuffer> | undefined
}

/** Records this near to each other are read together, with what lies between. */
const gapBytes = 64 * 1024
/** No planned read is longer, unless a single record is: far away each is a request, nearby only memory. */
const farBytes = 16 * 1024 * 1024
const nearBytes = 4 * 1024 * 1024
/** Reads under way at once. */
const readsAtOnce = 2
/** Objects are handed on in groups of so many, or of so many bytes: a turn of the event loop for each costs more than to check it. */
const groupObjects = 64
const groupBytes = 1024 * 1024

/** Few long ranges for many records, by pack and place; none longer than so many bytes. */
function planReads(locations: Iterable<Location>, readBytes: number): readonly PlannedRead[] {
  const sorted = [...locations].sort((a, b) =>
    a.pack < b.pack ? -1 : a.pack > b.pack ? 1 : a.offset - b.offset,
  )
  const reads: { pack: string; packSize: number; start: number; end: number; records: Location[] }[] = []
  for (const location of sorted) {
    const { pack, packSize, offset: start } = location
    const end = start + recordHeaderBytes + location.stored
    const open = reads.at(-1)
    if (
      open !== undefined &&
      open.pack === pack &&
      start - open.end <= gapBytes &&
      end - open.start <= readBytes
    ) {
      open.end = Math.max(open.end, end)
      open.records.push(location)
    } else {
      reads.push({ pack, packSize, start, end, records: [location] })
    }
  }
  return reads
}

/** Reads records of packs. */
export interface PackReader {
  /**
   * The objects at these places, checked against their ids, in groups, each as soon as it is read. What comes before
   * one that is damaged is handed on first.
   * @throws NOT_FOUND when a pack is gone; CORRUPT
   */
  read(
    locations: Iterable<Location>,
    ctx?: Context,
    options?: ReadOptions,
  ): AsyncIterable<readonly StoredObject[]>
}

/** Reads from the packs of a backend. */
export function packReader(backend: Backend, far = false): PackReader {
  const getRange = async (pack: string, range: Range, ctx?: Context): Promise<Uint8Array> => {
    try {
      return await backend.get(packKey(pack), range, ctx)
    } catch (cause) {
      if (!isQuiltError(cause, 'INVALID')) throw cause
      throw new QuiltError('CORRUPT', `pack ${pack} is cut short`, {
        hint: 'find out what else is damaged: quilt verify',
        cause,
      })
    }
  }
  const ahead = readAhead(getRange)

  const fetch = async (read: PlannedRead, memory?: ReadMemory, ctx?: Context): Promise<FetchedRead> => {
    const { pack, packSize, start, end } = read
    if (end > packSize) throw outside(read)
    if (read.records[0]?.kind !== 'blob') return { read, bytes: await ahead.read(read, ctx) }
    const into = memory?.take(end - start)
    const range = { start, end, ...(into === undefined ? undefined : { into }) }
    return { read, bytes: await getRange(pack, range, ctx), into }
  }

  /** What follows from a record on, read anew from where it lies: what was damaged on the way is whole the second time. */
  const again = async (record: Location, end: number, ctx?: Context): Promise<Uint8Array> => {
    ahead.forget(record.pack)
    await backend.distrust?.(packKey(record.pack))
    return getRange(record.pack, { start: record.offset, end }, ctx)
  }

  return {
    read: async function* (locations, ctx, options) {
      const reads = planReads(locations, far ? farBytes : nearBytes)
      const compressed = reads.some((read) => read.records.some((record) => record.encoding === 'zstd'))
      const zstd = compressed ? await loadZstd() : undefined
      const memory = options?.memory
      const fetched = mapOrdered(reads, readsAtOnce, (read) => fetch(read, memory, ctx))
      for await (const { read, bytes, into } of fetched) {
        checkSignal(ctx)
        let [from, start] = [bytes, read.start]
        let group: StoredObject[] = []
        let held = 0
        for (const record of read.records) {
          const unpack = (): StoredObject => {
            const payload = checkedPayload(from, record.offset - start, record)
            return unpackObjectWith(zstd, record, payload, options?.proved)
          }
          let object: StoredObject
          try {
            object = unpack()
          } catch (error) {
            if (!isQuiltError(error, 'CORRUPT')) throw error
            yield group
            ;[group, held] = [[], 0]
            ;[from, start] = [await again(record, read.end, ctx), record.offset]
            object = unpack()
          }
          held += object.body.length
          if (group.push(object) < groupObjects && held < groupBytes) continue
          yield group
          ;[group, held] = [[], 0]
        }
        yield group
        if (into !== undefined) memory?.done(into)
      }
    },
  }
}

/** The payload of a record whose header, at `at`, says what the index says. */
function checkedPayload(bytes: Uint8Array, at: number, location: Location): Uint8Array {
  if (!isRecordHeader(bytes, at, location)) {
    const { pack, id } = location
    throw new QuiltError('CORRUPT', `pack ${pack} does not hold ${id} where its index says`, {
      hint: 'find out what else is damaged: quilt verify',
    })
  }
  const start = at + recordHeaderBytes
  return bytes.subarray(start, start + location.stored)
}

function outside(read: PlannedRead): QuiltError {
  return new QuiltError('CORRUPT', `an index places objects beyond the end of pack ${read.pack}`, {
    hint: 'find out what else is damaged: quilt verify',
  })
}
