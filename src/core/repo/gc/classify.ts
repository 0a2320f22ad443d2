// Which packs gc may delete: how much of each is still reached, as all indexes together say.
import type { Context } from '../../base/context.ts'
import { entryBytes, entryPack, entryPayload } from '../../codec/pack-index.ts'
import { packFooterBytes, packHeaderBytes, recordHeaderBytes } from '../../codec/pack.ts'
import type { IndexFile } from '../../store/packs/index-file.ts'
import { entryGroups, joinEntries, type IdRanges } from './live.ts'

/** A pack as it is listed. */
export interface ListedPack {
  readonly name: string
  readonly size: number
  /** By the store's clock. */
  readonly modified: Date
}

/** A pack, and how many of its bytes are records that are reached and counted nowhere else. */
export interface UsedPack extends ListedPack {
  readonly liveBytes: number
  readonly liveObjects: number
  /** All its records, reached or not. */
  readonly records: number
  /**
   * Chunked blobs in it that are not reached. Who finds such a record relies on the chunks being there too, so it
   * must go before they do.
   */
  readonly deadChunked: number
}

/** A pack is rewritten when more than this part of it is dead. */
const mostDead = 0.25

/** True when nothing of the pack is reached, or so little that copying it elsewhere pays. */
export function isWasteful({ size, liveBytes, liveObjects, deadChunked }: UsedPack): boolean {
  if (liveObjects === 0 || deadChunked > 0) return true
  return size - liveBytes - packHeaderBytes - packFooterBytes > size * mostDead
}

/**
 * How far each pack is used. An object in several packs counts in one of them: in none of `condemned` if another
 * has it, else in the one that is used most without it, so that the others become empty.
 */
export async function usePacks(
  listed: readonly ListedPack[],
  indexes: readonly IndexFile[],
  { live, condemned }: { readonly live: IdRanges; readonly condemned: ReadonlySet<string> },
  ctx?: Context,
): Promise<readonly UsedPack[]> {
  const numbers = new Map(listed.map(({ name }, number) => [name, number]))
  const bytes = new Float64Array(listed.length)
  const objects = new Uint32Array(listed.length)
  const records = new Uint32Array(listed.length)
  const deadChunked = new Uint32Array(listed.length)
  const count = (table: Uint8Array, at: number): void => {
    const pack = entryPack(table, at)
    bytes[pack]! += recordHeaderBytes + entryPayload(table, at).stored
    objects[pack]!++
  }
  for await (const { table, asked } of joinEntries(indexes, numbers, live, ctx)) {
    for (const [first, end] of entryGroups(table)) {
      for (let entry = first; entry < end; entry++) {
        const at = entry * entryBytes
        records[entryPack(table, at)]!++
        if (asked[entry] === 0 && entryPayload(table, at).encoding === 'recipe')
          deadChunked[entryPack(table, at)]!++
      }
      if (asked[first] === 1 && placesOf(table, first, end).length === 1) count(table, first * entryBytes)
    }
  }
  const alone = listed.map(({ name, size }, i) =>
    condemned.has(name) ? -1 : (bytes[i] as number) / Math.max(size, 1),
  )
  const used = (table: Uint8Array, at: number): number => alone[entryPack(table, at)] as number
  for await (const { table, asked } of joinEntries(indexes, numbers, live, ctx)) {
    for (const [first, end] of entryGroups(table)) {
      if (asked[first] === 0 || end === first + 1) continue
      const places = placesOf(table, first, end)
      if (places.length === 1) continue
      count(
        table,
        places.reduce((best, place) => (used(table, place) > used(table, best) ? place : best)),
      )
    }
  }
  return listed.map((pack, i) => ({
    ...pack,
    liveBytes: bytes[i] as number,
    liveObjects: objects[i] as number,
    records: records[i] as number,
    deadChunked: deadChunked[i] as number,
  }))
}

/** Where the entries `first` to `end` (excluded) of one object lie in a table: one place for each pack. */
function placesOf(table: Uint8Array, first: number, end: number): readonly number[] {
  const places = [first * entryBytes]
  for (let at = (first + 1) * entryBytes; at < end * entryBytes; at += entryBytes) {
    if (entryPack(table, at) !== entryPack(table, places.at(-1) as number)) places.push(at)
  }
  return places
}
