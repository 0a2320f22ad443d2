// The entries of many indexes together, in one order. Ids are spread evenly, so the range of ids is cut into
// slices that hold about as many entries each: one slice is in memory at a time, however many indexes there are.
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import {
  compareEntries,
  entryBytes,
  entryFirstBits,
  entryPack,
  setEntryPack,
  type IndexHeader,
} from '../../codec/pack-index.ts'
import type { IndexFile } from './index-file.ts'

/** Entries that one slice is to hold, on average: 0.9 MB. */
const entriesAtOnce = 16_384
/** How many different first two bytes an id may have. */
const firstBits = 2 ** 16

/** The entries whose ids' first 16 bits lie in `from` to `to` (excluded); there may be none. */
export interface EntrySlice {
  readonly from: number
  readonly to: number
  /** Lent until the next slice is asked for. */
  readonly table: Uint8Array
}

/** Memory of one pass: of its own for each slice it came to 2 GB for ten million entries, faster than it was freed. */
interface PassMemory {
  merged: Uint8Array<ArrayBuffer>
  sorted: Uint32Array<ArrayBuffer>
  keys: Uint32Array
  order: Uint32Array
}

/** The entries of `entrySlices`, as tables that have some, each lent until the next. */
export async function* sortedEntries(
  indexes: readonly IndexFile[],
  numbers: ReadonlyMap<string, number>,
  ctx?: Context,
): AsyncGenerator<Uint8Array> {
  for await (const { table } of entrySlices(indexes, numbers, ctx)) if (table.length > 0) yield table
}

/**
 * All entries of `indexes` by id, then pack, then place, as tables of an index; those that are in several indexes
 * come once, and all entries of one id lie in one table. Packs are numbered by `numbers`; entries of packs that it
 * leaves out are left out. The slices follow each other without a gap. Who holds another sorted set against them says
 * how many records that has, so that no slice of it is large either.
 * @throws CORRUPT when an entry names a pack that its index does not cover; NOT_FOUND when an index went away
 */
export async function* entrySlices(
  indexes: readonly IndexFile[],
  numbers: ReadonlyMap<string, number>,
  ctx?: Context,
  others = 0,
): AsyncGenerator<EntrySlice> {
  const sources = indexes.map((index) => ({
    index,
    next: 0,
    packs: index.header.packs.map(({ name }) => numbers.get(name)),
  }))
  const total = indexes.reduce((sum, { header }) => sum + header.count, 0)
  const none = new Uint32Array(0)
  const memory: PassMemory = { merged: new Uint8Array(0), sorted: none, keys: none, order: none }
  const most = Math.max(total, others)
  const slices = 2 ** Math.max(0, Math.min(16, Math.ceil(Math.log2(most / entriesAtOnce))))
  const width = firstBits / slices
  for (let end = width; end <= firstBits; end += width) {
    checkSignal(ctx)
    let length = 0
    for (const source of sources) {
      const { index, next, packs } = source
      source.next = await firstFrom(index, end, ctx)
      if (source.next === next) continue
      const table = await index.table(next, source.next, ctx)
      reserve(memory, length, length + table.length)
      length = renumber(index, { table, packs }, memory.merged, length)
    }
    yield { from: end - width, to: end, table: sortTable(memory, length) }
  }
}

/** Makes room for so many bytes, of which the first `used` stay. */
function reserve(memory: PassMemory, used: number, bytes: number): void {
  if (bytes <= memory.merged.length) return
  const size = Math.ceil((bytes * 1.25) / entryBytes) * entryBytes
  const merged = new Uint8Array(size)
  merged.set(memory.merged.subarray(0, used))
  const count = size / entryBytes
  memory.merged = merged
  memory.sorted = new Uint32Array(size / 4)
  memory.keys = new Uint32Array(count)
  memory.order = new Uint32Array(count)
}

/** The number of the first entry whose id does not begin with less than these 16 bits. */
async function firstFrom(index: IndexFile, bits: number, ctx?: Context): Promise<number> {
  const { count, fan, fanBits } = index.header
  if (bits >= firstBits) return count
  const slot = bits >>> (16 - fanBits)
  const [from, to] = [slotStart({ fan }, slot), fan[slot] as number]
  if (bits === slot << (16 - fanBits) || from === to) return from
  const table = await index.table(from, to, ctx)
  let low = 0
  let high = to - from
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entryFirstBits(table, middle * entryBytes) < bits) low = middle + 1
    else high = middle
  }
  return from + low
}

function slotStart({ fan }: Pick<IndexHeader, 'fan'>, slot: number): number {
  return slot === 0 ? 0 : (fan[slot - 1] as number)
}

/** Copies a table to `out`, its packs renumbered, without entries whose packs have no number. @returns the end */
function renumber(
  index: IndexFile,
  { table, packs }: { readonly table: Uint8Array; readonly packs: readonly (number | undefined)[] },
  out: Uint8Array,
  length: number,
): number {
  for (let at = 0; at < table.length; at += entryBytes) {
    const old = entryPack(table, at)
    if (old >= packs.length) {
      throw new QuiltError('CORRUPT', `index "${index.key}" names a pack that it does not cover`)
    }
    const pack = packs[old]
    if (pack === undefined) continue
    for (let i = 0; i < entryBytes; i++) out[length + i] = table[at + i] as number
    setEntryPack(out, length, pack)
    length += entryBytes
  }
  return length
}

/** Entries are copied by words of four bytes. */
const entryWords = entryBytes / 4

/** The entries in the order of an index, equal ones once. */
function sortTable(memory: PassMemory, bytes: number): Uint8Array {
  const { merged, sorted, keys } = memory
  const count = bytes / entryBytes
  const order = memory.order.subarray(0, count)
  for (let i = 0; i < count; i++) {
    keys[i] = firstWord(merged, i * entryBytes)
    order[i] = i
  }
  order.sort(
    (a, b) =>
      (keys[a] as number) - (keys[b] as number) || compareEntries(merged, a * entryBytes, b * entryBytes),
  )
  const from = new Uint32Array(merged.buffer)
  let length = 0
  let last = -1
  for (const i of order) {
    if (
      last >= 0 &&
      keys[last] === keys[i] &&
      compareEntries(merged, last * entryBytes, i * entryBytes) === 0
    )
      continue
    for (let word = 0; word < entryWords; word++)
      sorted[length + word] = from[i * entryWords + word] as number
    length += entryWords
    last = i
  }
  return new Uint8Array(sorted.buffer, 0, length * 4)
}

function firstWord(table: Uint8Array, at: number): number {
  const high = ((table[at] as number) << 24) | ((table[at + 1] as number) << 16)
  return (high | ((table[at + 2] as number) << 8) | (table[at + 3] as number)) >>> 0
}
