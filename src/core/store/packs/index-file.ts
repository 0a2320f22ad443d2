// One index, open: whole in memory while it is small, else its fan-out only, with entries read as asked for.
import type { Backend } from '../../backend/backend.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import {
  checkIndex,
  decodeIndexHeader,
  entryBytes,
  entryHasId,
  fanRange,
  indexPrefixBytes,
  indexTrailerBytes,
  readIndexEntry,
  readIndexHeaderLength,
  searchIndex,
  type IndexEntry,
  type IndexHeader,
} from '../../codec/pack-index.ts'
import { idFromBytes } from '../../model/id.ts'
import { createHasher } from '#hash'

/** Indexes up to this many bytes are held whole (about 80,000 objects). */
export const wholeIndexBytes: number = 4 * 1024 * 1024
/** A larger one is held whole too once it is asked often, up to this many bytes (about 600,000 objects). */
const heldIndexBytes = 32 * 1024 * 1024
/** So many look-ups in one index pay for reading it whole. */
const manyLookups = 32
/** Entries fetched at once when many are asked for: about 1 MiB. */
const entriesPerRead = 20_000

/** An open index. */
export interface IndexFile {
  readonly key: string
  /** False for one that could be made but not written. */
  readonly stored: boolean
  /** True when all its bytes were proved when it was opened. */
  readonly proved: boolean
  readonly header: IndexHeader
  /** All entries with this id. */
  find(id: Uint8Array, ctx?: Context): Promise<readonly IndexEntry[]>
  /** The same without a promise, where the index is held whole; else `undefined`. */
  findNow(id: Uint8Array): readonly IndexEntry[] | undefined
  /** Entries `from` to `to` (excluded) as they lie in the file. */
  table(from: number, to: number, ctx?: Context): Promise<Uint8Array>
  /** All entries in their order, in tables of bounded size. */
  tables(ctx?: Context): AsyncIterable<Uint8Array>
}

/**
 * Opens the index under `key`.
 * @throws NOT_FOUND, CORRUPT, UNSUPPORTED
 */
export async function openIndexFile(backend: Backend, key: string, ctx?: Context): Promise<IndexFile> {
  const head = await backend.head(key, ctx)
  if (head === undefined) throw new QuiltError('NOT_FOUND', `no index "${key}"`)
  if (head.size <= wholeIndexBytes) return wholeIndexFile(key, await backend.get(key, undefined, ctx))
  const first = await backend.get(key, { start: 0, end: indexPrefixBytes }, ctx)
  const length = readIndexHeaderLength(first, head.size)
  const header = decodeIndexHeader(await backend.get(key, { start: 0, end: length }, ctx), head.size)
  const read = (from: number, to: number, context?: Context): Promise<Uint8Array> =>
    backend.get(key, { start: length + from * entryBytes, end: length + to * entryBytes }, context)
  let whole: IndexFile | undefined
  let lookups = 0
  return {
    key,
    stored: true,
    proved: false,
    header,
    find: async (id, context) => {
      if (whole === undefined && ++lookups > manyLookups && head.size <= heldIndexBytes) {
        whole = wholeIndexFile(key, await backend.get(key, undefined, context))
      }
      if (whole !== undefined) return whole.find(id)
      const { from, to } = fanRange(header, id)
      return from === to ? [] : collect(await read(from, to, context), id)
    },
    findNow: (id) => whole?.findNow(id),
    table: read,
    tables: (context) => readTables(header, (from, to) => read(from, to, context)),
  }
}

/** An index that is in memory already, checked against its SHA-256. */
export function wholeIndexFile(key: string, bytes: Uint8Array, stored = true): IndexFile {
  const header = checkIndex(bytes)
  const entries = bytes.subarray(header.length, bytes.length - indexTrailerBytes)
  const findNow = (id: Uint8Array): readonly IndexEntry[] => {
    const { from, to } = fanRange(header, id)
    const at = searchIndex(entries, from, to, id)
    return at < 0 ? [] : following(entries, at, id)
  }
  const table = (from: number, to: number): Promise<Uint8Array> =>
    Promise.resolve(entries.subarray(from * entryBytes, to * entryBytes))
  return {
    key,
    stored,
    proved: true,
    header,
    find: (id) => Promise.resolve(findNow(id)),
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

function collect(table: Uint8Array, id: Uint8Array): readonly IndexEntry[] {
  const at = searchIndex(table, 0, table.length / entryBytes, id)
  return at < 0 ? [] : following(table, at, id)
}

/** The entries from number `at` on that have this id: one object may lie in several packs. */
function following(table: Uint8Array, at: number, id: Uint8Array): readonly IndexEntry[] {
  const found: IndexEntry[] = []
  for (let i = at; entryHasId(table, i * entryBytes, id); i++)
    found.push(readIndexEntry(table, i * entryBytes))
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
