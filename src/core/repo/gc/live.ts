// What is reached, held against what the indexes say: both go by id, slice by slice, so that neither has to be in
// memory, and no object is looked up by itself.
import type { Context } from '../../base/context.ts'
import { isQuiltError } from '../../base/error.ts'
import { entryBytes } from '../../codec/pack-index.ts'
import { recordOrder } from '../../model/id-set.ts'
import { idBytes } from '../../model/id.ts'
import type { IndexFile } from '../../store/packs/index-file.ts'
import { entrySlices } from '../../store/packs/sorted-entries.ts'
import type { PackRepository } from '../open-repository.ts'

/** Ids by range of their first 16 bits: ascending, each once. */
export interface IdRanges {
  /** At least as many as there are. */
  readonly added: number
  within(from: number, to: number): Promise<Uint8Array>
}

/** A slice of the indexes' entries, and which of them are of ids that were asked for. */
export interface JoinedSlice {
  readonly table: Uint8Array
  /** For each entry 1 or 0. */
  readonly asked: Uint8Array
  /** Ids that were asked for, and of which there is no entry. */
  readonly missing: Uint8Array
}

/** The entries of `indexes`, as `entrySlices` gives them, each with whether `ids` has its id. */
export async function* joinEntries(
  indexes: readonly IndexFile[],
  numbers: ReadonlyMap<string, number>,
  ids: IdRanges,
  ctx?: Context,
): AsyncGenerator<JoinedSlice> {
  for await (const { from, to, table } of entrySlices(indexes, numbers, ctx, ids.added)) {
    yield joinTable(table, await ids.within(from, to))
  }
}

const compareIds = recordOrder(idBytes)

function joinTable(table: Uint8Array, ids: Uint8Array): JoinedSlice {
  const asked = new Uint8Array(table.length / entryBytes)
  const missing = new Uint8Array(ids.length)
  let lost = 0
  let entry = 0
  for (let at = 0; at < ids.length; at += idBytes) {
    while (entry < asked.length && compareIds(table, entry * entryBytes, ids, at) < 0) entry++
    const first = entry
    while (entry < asked.length && compareIds(table, entry * entryBytes, ids, at) === 0) asked[entry++] = 1
    if (entry > first) continue
    missing.set(ids.subarray(at, at + idBytes), lost)
    lost += idBytes
  }
  return { table, asked, missing: missing.subarray(0, lost) }
}

/** For each id in a table, the number of its first entry and of the one behind its last. */
export function* entryGroups(table: Uint8Array): Generator<readonly [first: number, end: number]> {
  const count = table.length / entryBytes
  for (let first = 0; first < count;) {
    let end = first + 1
    while (end < count && compareIds(table, end * entryBytes, table, first * entryBytes) === 0) end++
    yield [first, end]
    first = end
  }
}

/** How often a pass over all indexes is begun anew when some of them are merged meanwhile. */
const mostPasses = 8

/** Runs a pass over the indexes, and again from the beginning when others have merged one of them away. */
export async function steadily<T>(
  { objects }: Pick<PackRepository, 'objects'>,
  pass: (indexes: readonly IndexFile[]) => Promise<T>,
  ctx?: Context,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await pass(await objects.packs.indexes(ctx))
    } catch (error) {
      if (tries === mostPasses || !isQuiltError(error, 'NOT_FOUND')) throw error
      await objects.packs.refresh(ctx)
    }
  }
}
