// Proves indexes: each whole, in order, and saying of each pack exactly what the pack holds. Packs and indexes are
// compared by counts and sums of hashes, so that neither has to be in memory beside the other.
import type { Backend } from '../../backend/backend.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import { compareEntries, entryBytes, entryPack, writeIndexEntry } from '../../codec/pack-index.ts'
import type { PackRecord } from '../../codec/pack.ts'
import { proveIndexFile, type IndexFile } from '../../store/packs/index-file.ts'
import { damage } from '../needs.ts'
import type { Findings } from './findings.ts'
import { hashBytes } from '#hash'

/** Stands for a set of records, in whatever order. */
export interface Tally {
  count: number
  sum: number
}

/** A tally of nothing. */
function emptyTally(): Tally {
  return { count: 0, sum: 0 }
}

/** Adds an index's entry; its pack's number, the last four bytes, is left out. */
function addEntry(tally: Tally, entry: Uint8Array): void {
  tally.count++
  tally.sum =
    (tally.sum + Number.parseInt(hashBytes(entry.subarray(0, entryBytes - 4)).slice(0, 12), 16)) % 2 ** 48
}

/** The tally of a pack's records. */
export function tallyRecords(records: readonly PackRecord[]): Tally {
  const tally = emptyTally()
  const entry = new Uint8Array(entryBytes)
  for (const record of records) {
    writeIndexEntry(entry, 0, record, 0)
    addEntry(tally, entry)
  }
  return tally
}

/** Proves one index by itself; gives what it says of each of its packs, or `undefined` when it is damaged. */
export async function proveIndex(
  backend: Backend,
  index: IndexFile,
  found: Findings,
  ctx?: Context,
): Promise<ReadonlyMap<string, Tally> | undefined> {
  try {
    await proveIndexFile(backend, index, ctx)
    return await tallyIndex(index, ctx)
  } catch (error) {
    const { code, message } = damage(error)
    if (code !== 'NOT_FOUND') found.file('index', index.key, message) // merged away since it was listed
    return undefined
  }
}

async function tallyIndex(index: IndexFile, ctx?: Context): Promise<ReadonlyMap<string, Tally>> {
  const tallies = index.header.packs.map(emptyTally)
  let last: Uint8Array | undefined
  for await (const table of index.tables(ctx)) {
    checkSignal(ctx)
    for (let at = 0; at < table.length; at += entryBytes) {
      const entry = table.subarray(at, at + entryBytes)
      const tally = tallies[entryPack(entry, 0)]
      if (tally === undefined)
        throw new QuiltError('CORRUPT', `index "${index.key}" names a pack that it does not cover`)
      addEntry(tally, entry)
      if (last !== undefined && !isBefore(last, entry)) {
        throw new QuiltError('CORRUPT', `index "${index.key}" is out of order`)
      }
      last = entry
    }
  }
  return new Map(index.header.packs.map(({ name }, i) => [name, tallies[i] as Tally]))
}

function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  const both = new Uint8Array(2 * entryBytes)
  both.set(a)
  both.set(b, entryBytes)
  return compareEntries(both, 0, entryBytes) < 0
}
