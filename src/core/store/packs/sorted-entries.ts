// The entries of many indexes together, in one order. Ids are spread evenly, so the range of ids is cut into
// slices that hold about as many entries each: one slice is in memory at a time, however many indexes there are.
import { concatBytes } from '../../base/bytes.ts'
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

/** Entries that one slice is to hold, on average: 1.7 MB. */
const entriesAtOnce = 32_768
/** How many different first two bytes an id may have. */
const firstBits = 2 ** 16

/**
 * All entries of `indexes` by id, then pack, then place, as tables of an index; those that are in several indexes
 * come once, and all entries of one id lie in one table. Packs are numbered by `numbers`; entries of packs that it
 * leaves out are left out.
 * @throws CORRUPT when an entry names a pack that its index does not cover; NOT_FOUND when an index went away
 */
export async function* sortedEntries(
  indexes: readonly IndexFile[],
  numbers: ReadonlyMap<string, number>,
  ctx?: Context,
): AsyncGenerator<Uint8Array> {
  const sources = indexes.map((index) => ({
    index,
    next: 0,
    packs: index.header.packs.map(({ name }) => numbers.get(name)),
  }))
  const total = indexes.reduce((sum, { header }) => sum + header.count, 0)
  const slices = 2 ** Math.max(0, Math.min(16, Math.ceil(Math.log2(total / entriesAtOnce))))
  const width = firstBits / slices
  for (let end = width; end <= firstBits; end += width) {
    checkSignal(ctx)
    const tables: Uint8Array[] = []
    for (const source of sources) {
      const { index, next, packs } = source
      source.next = await firstFrom(index, end, ctx)
      if (source.next > next) tables.push(renumber(index, await index.table(next, source.next, ctx), packs))
    }
    const slice = sortTable(concatBytes(tables))
    if (slice.length > 0) yield slice
  }
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

/** A copy of a table, its packs renumbered, without the entries whose packs have no number. */
function renumber(index: IndexFile, table: Uint8Array, packs: readonly (number | undefined)[]): Uint8Array {
  const out = new Uint8Array(table.length)
  let length = 0
  for (let at = 0; at < table.length; at += entryBytes) {
    const old = entryPack(table, at)
    if (old >= packs.length) {
      throw new QuiltError('CORRUPT', `index "${index.key}" names a pack that it does not cover`)
    }
    const pack = packs[old]
    if (pack === undefined) continue
    out.set(table.subarray(at, at + entryBytes), length)
    setEntryPack(out, length, pack)
    length += entryBytes
  }
  return out.subarray(0, length)
}

/** The entries in the order of an index, equal ones once. */
function sortTable(table: Uint8Array): Uint8Array {
  const count = table.length / entryBytes
  const view = new DataView(table.buffer, table.byteOffset, table.length)
  const keys = Uint32Array.from({ length: count }, (_, i) => view.getUint32(i * entryBytes))
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  order.sort(
    (a, b) =>
      (keys[a] as number) - (keys[b] as number) || compareEntries(table, a * entryBytes, b * entryBytes),
  )
  const out = new Uint8Array(table.length)
  let length = 0
  let last = -1
  for (const i of order) {
    const at = i * entryBytes
    if (last >= 0 && compareEntries(table, last, at) === 0) continue
    out.set(table.subarray(at, at + entryBytes), length)
    length += entryBytes
    last = at
  }
  return out.subarray(0, length)
}
