// One index, open: whole in memory while it is small or asked often, else its fan-out, and entries as they are asked
// for.
import type { Backend } from '../../backend/backend.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { isQuiltError, QuiltError } from '../../base/error.ts'
import {
  checkIndex,
  decodeIndexHeader,
  entryBytes,
  entryHasId,
  fanRange,
  indexTrailerBytes,
  readIndexEntry,
  readIndexHeaderLength,
  searchIndex,
  type IndexEntry,
  type IndexHeader,
} from '../../codec/pack-index.ts'
import { idFromBytes, type Id } from '../../model/id.ts'
import { makeSieve, mayHold, type IdSieve } from './id-sieve.ts'
import { createHasher } from '#hash'

/** Indexes up to this many bytes (2,500 objects) are read whole when they are opened: that costs one read too. */
const wholeIndexBytes: number = 128 * 1024
/** Of larger ones so many bytes are read first: nearly always the whole header. */
const firstIndexBytes = 16 * 1024
/** Bytes of larger indexes that are held whole in all, the first that are asked often (1.3 million objects). */
const heldBytes = 64 * 1024 * 1024
/** Ranges of entries kept of an index: whoever asks whether an object is here then asks where. */
const rangesKept = 32
/** So many look-ups in one index pay for reading it whole. */
const manyLookups = 32
/** So many of its entries are read in the time of one look-up on a disk (measured: 60 µs). */
const entriesPerLookup = 2048
/** Entries fetched at once when many are asked for: about 1 MiB. */
const entriesPerRead = 20_000

/** Memory that the open indexes of one repository share, in bytes. */
export interface IndexMemory {
  readonly total: number
  left: number
}

/** Memory for the indexes of one repository. */
export function indexMemory(bytes: number = heldBytes): IndexMemory {
  return { total: bytes, left: bytes }
}

/** An id that is looked for: as text, for the entries that are found, and as bytes. */
export interface SoughtId {
  readonly id: Id
  readonly bytes: Uint8Array
}

/** An open index. */
export interface IndexFile {
  readonly key: string
  /** False for one that could be made but not written. */
  readonly stored: boolean
  /** True when all its bytes were proved when it was opened. */
  readonly proved: boolean
  /** Length of the file in bytes. */
  readonly size: number
  /** Bytes of the shared memory that it takes. */
  readonly held: number
  readonly header: IndexHeader
  /** So many look-ups are coming: reads the index whole where that pays. */
  expect(lookups: number, ctx?: Context): Promise<void>
  /** All entries with this id. */
  find(sought: SoughtId, ctx?: Context): Promise<readonly IndexEntry[]>
  /** The same without a promise, where the index is held whole; else `undefined`. */
  findNow(sought: SoughtId): readonly IndexEntry[] | undefined
  /** Entries `from` to `to` (excluded) as they lie in the file. */
  table(from: number, to: number, ctx?: Context): Promise<Uint8Array>
  /** All entries in their order, in tables of bounded size. */
  tables(ctx?: Context): AsyncIterable<Uint8Array>
}

/**
 * Opens the index under `key`: a small one whole, else its header only, with entries read as they are asked for. One
 * that is asked often comes to memory whole while `memory` lasts; of others come four bytes for each entry, which
 * answer for nearly all ids that are not there.
 * @throws NOT_FOUND, CORRUPT, UNSUPPORTED
 */
export async function openIndexFile(
  backend: Backend,
  key: string,
  known: { readonly memory?: IndexMemory; readonly size?: number } = {},
  ctx?: Context,
): Promise<IndexFile> {
  const { memory = indexMemory() } = known
  const size = known.size ?? (await backend.head(key, ctx))?.size
  if (size === undefined) throw new QuiltError('NOT_FOUND', `no index "${key}"`)
  try {
    if (size <= wholeIndexBytes) return wholeIndexFile(key, await backend.get(key, undefined, ctx))
    const first = await backend.get(key, { start: 0, end: firstIndexBytes }, ctx)
    const length = readIndexHeaderLength(first, size)
    const whole =
      length <= first.length
        ? first.subarray(0, length)
        : await backend.get(key, { start: 0, end: length }, ctx)
    return readIndexFile({ backend, key, header: decodeIndexHeader(whole, size), size, memory })
  } catch (error) {
    if (!isQuiltError(error, 'INVALID')) throw error
    throw new QuiltError('CORRUPT', `index "${key}" is shorter than it was listed`, { cause: error })
  }
}

/** The index of a pack that was just written: held whole while `memory` lasts. @throws CORRUPT */
export function adoptIndexFile(
  backend: Backend,
  key: string,
  bytes: Uint8Array,
  memory: IndexMemory,
): IndexFile {
  const size = bytes.length
  if (size <= wholeIndexBytes) return wholeIndexFile(key, bytes)
  const whole = wholeIndexFile(key, bytes)
  const { header } = whole
  const parts = { backend, key, header, size, memory }
  if (size <= memory.left || header.fanBits < printBits) {
    memory.left -= size
    return readIndexFile(parts, { whole })
  }
  const entries = bytes.subarray(header.length, size - indexTrailerBytes)
  const prints = new Uint32Array(header.count)
  addPrints(prints, 0, entries)
  return readIndexFile(parts, { prints })
}

interface IndexParts {
  readonly backend: Backend
  readonly key: string
  readonly header: IndexHeader
  readonly size: number
  readonly memory: IndexMemory
}

/** What of an index is in memory beside its header. */
interface Held {
  readonly whole?: IndexFile
  readonly prints?: Uint32Array
}

/** An index that is read as it is asked. */
function readIndexFile(parts: IndexParts, held: Held = {}): IndexFile {
  const { backend, key, header, size, memory } = parts
  const read = (from: number, to: number, ctx?: Context): Promise<Uint8Array> => {
    const { length } = header
    readBytes += (to - from) * entryBytes
    return backend.get(key, { start: length + from * entryBytes, end: length + to * entryBytes }, ctx)
  }
  const ranges = new Map<number, { readonly to: number; readonly table: Uint8Array }>()
  const readKept = async (from: number, to: number, ctx?: Context): Promise<Uint8Array> => {
    const kept = ranges.get(from)
    if (kept?.to === to) return kept.table
    const table = await read(from, to, ctx)
    ranges.set(from, { to, table })
    if (ranges.size > rangesKept) ranges.delete(ranges.keys().next().value as number)
    return table
  }
  const tables = (ctx?: Context): AsyncIterable<Uint8Array> =>
    readTables(header, (from, to) => read(from, to, ctx))
  const isProved = held.whole !== undefined || held.prints !== undefined
  let { whole, prints } = held
  let loading: Promise<void> | undefined
  let lookups = 0
  let readBytes = 0

  const load = async (ctx?: Context): Promise<void> => {
    if (size > memory.left && header.fanBits >= printBits) {
      prints = await readPrints(header, tables(ctx))
      return
    }
    memory.left -= size
    try {
      whole = wholeIndexFile(key, await backend.get(key, undefined, ctx))
    } catch (error) {
      memory.left += size
      throw error
    }
  }

  const loadOnce = (ctx?: Context): Promise<void> =>
    (loading ??= load(ctx).finally(() => {
      loading = undefined
    }))

  const pays = (): boolean =>
    (lookups > manyLookups || 2 * readBytes > size) &&
    (size <= memory.left || lookups > header.count / entriesPerLookup)

  return {
    key,
    stored: true,
    size,
    expect: async (more, ctx) => {
      lookups += more
      if (whole === undefined && prints === undefined && pays()) await loadOnce(ctx)
    },
    get proved() {
      return isProved || whole !== undefined
    },
    get held() {
      return whole === undefined ? 0 : size
    },
    header,
    find: async (sought, ctx) => {
      lookups++
      if (whole === undefined && prints === undefined && pays()) await loadOnce(ctx)
      if (whole !== undefined) return whole.find(sought)
      const { bytes } = sought
      const { from, to } = prints === undefined ? fanRange(header, bytes) : printRange(header, prints, bytes)
      return from === to ? noEntries : collect(await readKept(from, to, ctx), sought)
    },
    findNow: (sought) => {
      if (whole !== undefined) return whole.findNow(sought)
      if (prints === undefined) return undefined
      const { from, to } = printRange(header, prints, sought.bytes)
      return from === to ? noEntries : undefined
    },
    table: (from, to, ctx) => (whole === undefined ? read(from, to, ctx) : whole.table(from, to)),
    tables: (ctx) => (whole === undefined ? tables(ctx) : whole.tables()),
  }
}

/** An index whose fan-out uses fewer bits is always held whole: it has 32,768 entries at most. */
const printBits = 8

/** Bytes 1 to 4 of an id: within one value of a fan-out of 8 bits or more they ascend. */
function printAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at + 1] as number) << 24) | ((bytes[at + 2] as number) << 16)
  return (high | ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number)) >>> 0
}

async function readPrints(header: IndexHeader, tables: AsyncIterable<Uint8Array>): Promise<Uint32Array> {
  const prints = new Uint32Array(header.count)
  let next = 0
  for await (const table of tables) {
    addPrints(prints, next, table)
    next += table.length / entryBytes
  }
  return prints
}

function addPrints(prints: Uint32Array, from: number, table: Uint8Array): void {
  for (let i = 0; i < table.length / entryBytes; i++) prints[from + i] = printAt(table, i * entryBytes)
}

/** The entries that may have an id, by their prints: nearly always none where it is not there. */
function printRange(
  header: IndexHeader,
  prints: Uint32Array,
  id: Uint8Array,
): { readonly from: number; readonly to: number } {
  const range = fanRange(header, id)
  const print = printAt(id, 0)
  let low = range.from
  let high = range.to
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((prints[middle] as number) < print) low = middle + 1
    else high = middle
  }
  let end = low
  while (end < range.to && prints[end] === print) end++
  return { from: low, to: end }
}

/** An index that is in memory already, checked against its SHA-256. */
export function wholeIndexFile(key: string, bytes: Uint8Array, stored = true): IndexFile {
  const header = checkIndex(bytes)
  const entries = bytes.subarray(header.length, bytes.length - indexTrailerBytes)
  let sieve: IdSieve | undefined
  let lookups = 0
  const findNow = (sought: SoughtId): readonly IndexEntry[] => {
    if (lookups++ === manyLookups) sieve = makeSieve(entries)
    const { bytes: id } = sought
    if (sieve !== undefined && !mayHold(sieve, id)) return noEntries
    const { from, to } = fanRange(header, id)
    const at = searchIndex(entries, from, to, id)
    return at < 0 ? noEntries : following(entries, at, sought)
  }
  const table = (from: number, to: number): Promise<Uint8Array> =>
    Promise.resolve(entries.subarray(from * entryBytes, to * entryBytes))
  return {
    key,
    stored,
    size: bytes.length,
    expect: () => Promise.resolve(),
    proved: true,
    held: 0,
    header,
    find: (sought) => Promise.resolve(findNow(sought)),
    findNow,
    table,
    tables: () => readTables(header, table),
  }
}

/** Bytes of an index proved at once. */
const proofBytes = 1024 * 1024

/**
 * Proves that an index has the SHA-256 that it ends with, unless that was done when it was opened.
 * @throws CORRUPT, NOT_FOUND
 */
export async function proveIndexFile(backend: Backend, index: IndexFile, ctx?: Context): Promise<void> {
  if (index.proved) return
  const { key, header } = index
  const end = header.length + header.count * entryBytes
  const hasher = createHasher()
  for (let at = 0; at < end; at += proofBytes) {
    checkSignal(ctx)
    hasher.update(await backend.get(key, { start: at, end: Math.min(at + proofBytes, end) }, ctx))
  }
  const trailer = await backend.get(key, { start: end, end: end + indexTrailerBytes }, ctx)
  if (idFromBytes(trailer) === hasher.digest()) return
  throw new QuiltError('CORRUPT', `index "${key}" does not have the SHA-256 that it ends with`)
}

/** What nearly every look-up in one of many indexes gives: one list for all of them. */
const noEntries: readonly IndexEntry[] = []

function collect(table: Uint8Array, sought: SoughtId): readonly IndexEntry[] {
  const at = searchIndex(table, 0, table.length / entryBytes, sought.bytes)
  return at < 0 ? noEntries : following(table, at, sought)
}

/** The entries from number `at` on that have this id: one object may lie in several packs. */
function following(table: Uint8Array, at: number, { id, bytes }: SoughtId): readonly IndexEntry[] {
  const found = [readIndexEntry(table, at * entryBytes, id)]
  for (let i = at + 1; entryHasId(table, i * entryBytes, bytes); i++)
    found.push(readIndexEntry(table, i * entryBytes, id))
  return found
}

async function* readTables(
  header: IndexHeader,
  read: (from: number, to: number) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < header.count; from += entriesPerRead) {
    yield await read(from, Math.min(from + entriesPerRead, header.count))
  }
}
