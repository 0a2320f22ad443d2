// Remembers which file had which blob, so that an unchanged build reads no file. Rebuildable: on `level`,
// skipped when it is locked or damaged. LevelDB checks nothing that it reads, so each value bears its own sum.
import { createHash } from 'node:crypto'
import { Packr } from 'msgpackr'
import { compareText } from '../core/base/bytes.ts'
import { idFromBytes, idToBytes, type Id } from '../core/model/id.ts'
import type { FileStatus, StatStamp } from './stat-stamp.ts'

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
  /** All that is remembered of a folder whose tree is known; `undefined` where that is not so. */
  readFolder?(folder: string): Promise<CachedFolder | undefined>
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
  /** With a folder that holds these files and nothing else: its tree. */
  readonly tree?: KnownTree | undefined
}

/** A tree, and the packs in which all lies that it reaches. */
export interface KnownTree {
  readonly id: Id
  readonly packs: Iterable<string>
}

/** All files of a folder that holds nothing else, as they lie in the cache: for 100,000 files objects cost too much. */
export interface CachedFolder {
  readonly tree: Id
  readonly packs: readonly string[]
  /** Ascending, as the folder's are read. */
  readonly names: readonly string[]
  /** True when a file has the stamp that the `i`th had. */
  sameStamp(i: number, stats: FileStatus): boolean
  size(i: number): number
  /** The chunked files: their ids and recipes. */
  recipes(): Iterable<CachedFile>
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
const sliceFormat = 'quilt stat slice 2'
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

  /** What is yet to be written: a batch for each folder costs more than the rest of the cache (measured). */
  let waiting: Change[] = []
  let waitingBytes = 0
  const flush = async (): Promise<void> => {
    const changes = waiting
    waiting = []
    waitingBytes = 0
    if (changes.length > 0) await db.batch(changes)
  }

  /** Folders are asked for mostly in the order of their keys: some slices are read ahead, more each time. */
  let ahead: ReadAhead = nothingAhead
  const between = async (from: Uint8Array, to: Uint8Array): Promise<Slice[]> => {
    if (!isWithin(ahead, from, to)) {
      await flush()
      const onwards = ahead.limit > 0 && Buffer.compare(from, ahead.from) >= 0
      const limit = onwards ? Math.min(ahead.limit * 2, mostAhead) : 1
      const slices = await db.iterator({ gte: from, limit }).all()
      ahead = { from, to: slices.length < limit ? undefined : slices.at(-1)?.[0], limit, slices }
      // A range of many slices is read by itself.
      if (!isWithin(ahead, from, to)) return db.iterator({ gte: from, lt: to }).all()
    }
    return ahead.slices.filter(([key]) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) < 0)
  }

  const change = async (from: Uint8Array, changes: readonly Change[]): Promise<void> => {
    // What was read ahead is right from behind the last change on only.
    const last = changes.reduce((end, { key }) => (Buffer.compare(key, end) > 0 ? key : end), from)
    const behind = Buffer.concat([last, Uint8Array.of(0)])
    if (Buffer.compare(behind, ahead.from) > 0) {
      const slices = ahead.slices.filter(([key]) => Buffer.compare(key, behind) >= 0)
      ahead = ahead.limit === 0 ? ahead : { ...ahead, from: behind, slices }
    }
    waiting.push(...changes)
    for (const { value } of changes) waitingBytes += value?.length ?? 0
    if (waitingBytes > mostWaiting) await flush()
  }

  /** The slices that may hold names of a range: those that begin in it, and the last before where none begins at it. */
  const slices = async ({ folder, first, next }: NameRange): Promise<Slice[]> => {
    const start = keyOf(folder, first)
    const inside = await between(start, next === undefined ? endOf(folder) : keyOf(folder, next))
    const atStart = inside[0] !== undefined && Buffer.compare(inside[0][0], start) === 0
    if (first === '' || atStart) return inside
    await flush()
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
    readFolder: (folder) =>
      attempt<CachedFolder | undefined>(undefined, async () => {
        const [slice, ...more] = await slices({ folder, first: '', next: undefined })
        return slice === undefined || more.length > 0 ? undefined : decodeFolder(slice)
      }),
    write: (range) =>
      attempt(undefined, async () => {
        const start = keyOf(range.folder, range.first)
        const old = await slices(range)
        const gone = old.filter(([key]) => Buffer.compare(key, start) >= 0)
        await change(start, [
          ...gone.map(([key]) => ({ type: 'del' as const, key })),
          ...(range.files.size === 0 ? [] : [put(start, range.files, range.tree)]),
          ...(await restOf(range, old)),
        ])
      }),
    close: async () => {
      await attempt(undefined, flush)
      await attempt(undefined, () => db.close())
      // A help and no more: where it cannot even be emptied, the next to open it finds it damaged.
      if (damaged)
        await db
          .close()
          .then(reset)
          .catch(() => undefined)
    },
  }
}

/** Slices from the key `from` on, all up to the key `to`; `undefined`: to the last. */
interface ReadAhead {
  readonly from: Uint8Array
  readonly to: Uint8Array | undefined
  /** How many were asked for. */
  readonly limit: number
  readonly slices: readonly Slice[]
}

const nothingAhead: ReadAhead = {
  from: Uint8Array.of(255),
  to: Uint8Array.of(255),
  limit: 0,
  slices: [],
}
/** Bytes of slices that are written together. */
const mostWaiting = 1024 * 1024
/** Most slices read ahead: those of wide folders have half a megabyte. */
const mostAhead = 32

/** True when all slices from one key up to another (excluded) have been read ahead. */
function isWithin(ahead: ReadAhead, from: Uint8Array, to: Uint8Array): boolean {
  return (
    Buffer.compare(from, ahead.from) >= 0 && (ahead.to === undefined || Buffer.compare(to, ahead.to) <= 0)
  )
}

/** A range of names in a folder. */
type NameRange = Omit<CachedRange, 'files'>
/** The files of a run of names, as they are kept under the first of them. */
type Slice = [key: Uint8Array, value: Uint8Array]
type Change = { readonly type: 'put' | 'del'; readonly key: Uint8Array; readonly value?: Uint8Array }

function put(key: Uint8Array, files: ReadonlyMap<string, CachedFile>, tree?: KnownTree): Change {
  return { type: 'put', key, value: encodeSlice(key, files, tree) }
}

function keyOf(folder: string, first: string): Uint8Array {
  return Buffer.from(`${folder}\0${first}`)
}

function endOf(folder: string): Uint8Array {
  return Buffer.from(`${folder}\u0001`)
}

function encodeSlice(key: Uint8Array, files: ReadonlyMap<string, CachedFile>, tree?: KnownTree): Uint8Array {
  const names: string[] = []
  const numbers = new Float64Array(files.size * 4)
  const ids = Buffer.alloc(files.size * 64)
  for (const [name, { stamp, id, recipe }] of files) {
    idToBytes(id, ids, names.length * 64)
    if (recipe !== undefined) idToBytes(recipe, ids, names.length * 64 + 32)
    numbers.set([stamp.size, stamp.modified, stamp.changed, stamp.inode], names.length * 4)
    names.push(name)
  }
  const known = tree === undefined ? [] : [tree.id, [...tree.packs]]
  const body = packr.pack([names, Buffer.from(numbers.buffer), ids, ...known])
  return Buffer.concat([sumOf(key, body), body])
}

function sumOf(key: Uint8Array, body: Uint8Array): Uint8Array {
  const sum = createHash('sha256').update(sliceFormat).update(key).update(body)
  return sum.digest().subarray(0, sumBytes)
}

/** A slice's own values; `undefined` when its sum is wrong. */
interface SliceBody {
  readonly names: readonly string[]
  readonly numbers: Float64Array
  readonly ids: Uint8Array
  readonly tree: Id | undefined
  readonly packs: readonly string[]
}

function decodeBody([key, value]: Slice): SliceBody | undefined {
  const body = value.subarray(sumBytes)
  if (Buffer.compare(value.subarray(0, sumBytes), sumOf(key, body)) !== 0) return undefined
  const [names, numbers, ids, tree, packs = []] = packr.unpack(body) as [
    string[],
    Uint8Array,
    Uint8Array,
    Id?,
    string[]?,
  ]
  return { names, numbers: new Float64Array(new Uint8Array(numbers).buffer), ids, tree, packs } // a copy is aligned
}

function fileAt({ numbers, ids }: SliceBody, i: number): CachedFile {
  const [size = 0, modified = 0, changed = 0, inode = 0] = numbers.subarray(4 * i, 4 * i + 4)
  const file = { stamp: { size, modified, changed, inode }, id: idFromBytes(ids, i * 64) }
  return hasRecipe(ids, i) ? { ...file, recipe: idFromBytes(ids, i * 64 + 32) } : file
}

function hasRecipe(ids: Uint8Array, i: number): boolean {
  for (let at = i * 64 + 32; at < i * 64 + 64; at++) if (ids[at] !== 0) return true
  return false
}

/** What a slice remembers; one whose sum is wrong remembers nothing. */
function decodeSlice(slice: Slice): [string, CachedFile][] {
  const body = decodeBody(slice)
  return body === undefined ? [] : body.names.map((name, i) => [name, fileAt(body, i)])
}

function decodeFolder(slice: Slice): CachedFolder | undefined {
  const body = decodeBody(slice)
  if (body?.tree === undefined) return undefined
  const { tree, packs, names, numbers } = body
  return {
    tree,
    packs,
    names,
    sameStamp: (i, stats) =>
      stats.mtimeMs === numbers[4 * i + 1] &&
      stats.ctimeMs === numbers[4 * i + 2] &&
      stats.size === numbers[4 * i] &&
      stats.ino === numbers[4 * i + 3],
    size: (i) => numbers[4 * i] as number,
    recipes: function* () {
      for (let i = 0; i < names.length; i++) if (hasRecipe(body.ids, i)) yield fileAt(body, i)
    },
  }
}
