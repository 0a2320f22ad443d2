// Remembers which file had which blob, so that an unchanged build reads no file. Rebuildable: on `level`,
// skipped when it is locked or damaged. LevelDB checks nothing that it reads, so each value bears its own sum.
import { createHash } from 'node:crypto'
import { Packr } from 'msgpackr'
import { compareText } from '../core/base/bytes.ts'
import { idFromBytes, idToBytes, type Id } from '../core/model/id.ts'
import type { StatStamp } from './stat-stamp.ts'

/** What is remembered of one file. */
export interface CachedFile {
  readonly stamp: StatStamp
  readonly id: Id
  readonly recipe?: Id
}

/**
 * A memory of files by folder. Names are looked up and kept in ranges, so that a folder of any width fits. It
 * never fails: what goes wrong is forgotten.
 */
export interface StatCache {
  /** What is remembered of a folder's names from `first` on, up to `next` (excluded; `undefined`: to the last). */
  read(folder: string, first: string, next: string | undefined): Promise<ReadonlyMap<string, CachedFile>>
  /** Replaces what is remembered of that range. */
  write(range: CachedRange): Promise<void>
  /** The folder of one that turned out to be damaged is emptied. */
  close(): Promise<void>
}

/** All that is remembered of a range of names. */
export interface CachedRange {
  readonly folder: string
  readonly first: string
  readonly next: string | undefined
  readonly files: ReadonlyMap<string, CachedFile>
}

/** Remembers nothing: every file is read. */
export const noStatCache: StatCache = {
  read: () => Promise.resolve(new Map()),
  write: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

const packr = new Packr({ useRecords: false })
const sumBytes = 8
/** Goes into each sum, so that what another version wrote another way is forgotten. */
const sliceFormat = 'quilt stat slice 1'
/** A cache that has grown beyond this, by folders that are gone, is begun anew: room for 8 million files. */
const mostBytes = 1024 * 1024 * 1024

/** The part of a LevelDB that the cache uses. */
interface Database {
  open(): Promise<void>
  close(): Promise<void>
  batch(operations: Change[]): Promise<void>
  iterator(range: { gte?: Uint8Array; lt?: Uint8Array; reverse?: boolean; limit?: number }): {
    all(): Promise<Slice[]>
  }
  /** Bytes on disk; only the LevelDB on disk can tell. */
  approximateSize?(start: Uint8Array, end: Uint8Array): Promise<number>
}

/**
 * Opens the cache in a folder of its own. It is a help and no more: when another process has it open, or it
 * cannot be opened or made, this gives one that remembers nothing. A damaged one is made anew after `reset`, which
 * empties the folder.
 */
export async function openStatCache(folder: string, reset: () => void): Promise<StatCache> {
  const { Level } = await import('level')
  const open = async (): Promise<Database> => {
    const db = new Level<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' })
    await db.open()
    return db
  }
  try {
    const db = await open()
    if (await isSmall(db)) return cacheOn(db, reset)
    await db.close()
  } catch (error) {
    if (isLocked(error)) return noStatCache
  }
  try {
    reset()
    return cacheOn(await open(), reset)
  } catch {
    return noStatCache
  }
}

async function isSmall(db: Database): Promise<boolean> {
  const size = await db.approximateSize?.(Uint8Array.of(0), Uint8Array.of(255))
  return size === undefined || size <= mostBytes
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED'
}

function cacheOn(db: Database, reset: () => void): StatCache {
  let damaged = false
  /** After the first failure nothing is asked any more. */
  const attempt = async <T>(otherwise: T, act: () => Promise<T>): Promise<T> => {
    if (damaged) return otherwise
    try {
      return await act()
    } catch {
      damaged = true
      return otherwise
    }
  }

  const between = (from: Uint8Array, to: Uint8Array): Promise<Slice[]> =>
    db.iterator({ gte: from, lt: to }).all()

  /** The slices that may hold names of a range: those that begin in it, and the last before where none begins at it. */
  const slices = async ({ folder, first, next }: NameRange): Promise<Slice[]> => {
    const start = keyOf(folder, first)
    const inside = await between(start, next === undefined ? endOf(folder) : keyOf(folder, next))
    const atStart = inside[0] !== undefined && Buffer.compare(inside[0][0], start) === 0
    if (first === '' || atStart) return inside
    const before = db.iterator({ gte: keyOf(folder, ''), lt: start, reverse: true, limit: 1 })
    return [...(await before.all()), ...inside]
  }

  /** What slices that are about to be replaced remember from the end of their range on becomes a slice there. */
  const restOf = async ({ folder, next }: NameRange, old: readonly Slice[]): Promise<Change[]> => {
    if (next === undefined) return []
    const rest = old.flatMap(decodeSlice).filter(([name]) => compareText(name, next) >= 0)
    if (rest.length === 0) return []
    const there = await between(keyOf(folder, next), keyOf(folder, `${next}\0`))
    return [put(keyOf(folder, next), new Map([...rest, ...there.flatMap(decodeSlice)]))]
  }

  return {
    read: (folder, first, next) =>
      attempt<ReadonlyMap<string, CachedFile>>(new Map(), async () => {
        const found = (await slices({ folder, first, next })).flatMap(decodeSlice)
        const isIn = (name: string): boolean =>
          compareText(name, first) >= 0 && (next === undefined || compareText(name, next) < 0)
        return new Map(found.filter(([name]) => isIn(name)))
      }),
    write: (range) =>
      attempt(undefined, async () => {
        const start = keyOf(range.folder, range.first)
        const old = await slices(range)
        const gone = old.filter(([key]) => Buffer.compare(key, start) >= 0)
        await db.batch([
          ...gone.map(([key]) => ({ type: 'del' as const, key })),
          ...(range.files.size === 0 ? [] : [put(start, range.files)]),
          ...(await restOf(range, old)),
        ])
      }),
    close: async () => {
      await attempt(undefined, () => db.close())
      if (damaged) await db.close().then(reset, () => undefined)
    },
  }
}

/** A range of names in a folder. */
type NameRange = Omit<CachedRange, 'files'>
/** The files of a run of names, as they are kept under the first of them. */
type Slice = [key: Uint8Array, value: Uint8Array]
type Change = { readonly type: 'put' | 'del'; readonly key: Uint8Array; readonly value?: Uint8Array }

function put(key: Uint8Array, files: ReadonlyMap<string, CachedFile>): Change {
  return { type: 'put', key, value: encodeSlice(key, files) }
}

function keyOf(folder: string, first: string): Uint8Array {
  return Buffer.from(`${folder}\0${first}`)
}

function endOf(folder: string): Uint8Array {
  return Buffer.from(`${folder}\u0001`)
}

function encodeSlice(key: Uint8Array, files: ReadonlyMap<string, CachedFile>): Uint8Array {
  const names: string[] = []
  const numbers: number[] = []
  const ids = Buffer.alloc(files.size * 64)
  for (const [name, { stamp, id, recipe }] of files) {
    idToBytes(id, ids, names.length * 64)
    if (recipe !== undefined) idToBytes(recipe, ids, names.length * 64 + 32)
    names.push(name)
    numbers.push(stamp.size, stamp.modified, stamp.changed, stamp.inode)
  }
  const body = packr.pack([names, numbers, ids])
  return Buffer.concat([sumOf(key, body), body])
}

function sumOf(key: Uint8Array, body: Uint8Array): Uint8Array {
  const sum = createHash('sha256').update(sliceFormat).update(key).update(body)
  return sum.digest().subarray(0, sumBytes)
}

/** What a slice remembers; one whose sum is wrong remembers nothing. */
function decodeSlice([key, value]: Slice): [string, CachedFile][] {
  const body = value.subarray(sumBytes)
  if (Buffer.compare(value.subarray(0, sumBytes), sumOf(key, body)) !== 0) return []
  const [names, numbers, ids] = packr.unpack(body) as [string[], number[], Uint8Array]
  return names.map((name, i) => {
    const [size = 0, modified = 0, changed = 0, inode = 0] = numbers.slice(4 * i, 4 * i + 4)
    const file = { stamp: { size, modified, changed, inode }, id: idFromBytes(ids, i * 64) }
    const hasRecipe = ids.subarray(i * 64 + 32, i * 64 + 64).some((byte) => byte !== 0)
    return [name, hasRecipe ? { ...file, recipe: idFromBytes(ids, i * 64 + 32) } : file]
  })
}
