// Which packs gc may delete: how much of each is still reached, as all indexes together say.
import type { Context } from '../../base/context.ts'
import { entryBytes, readIndexEntry, type IndexEntry } from '../../codec/pack-index.ts'
import { packFooterBytes, packHeaderBytes, recordHeaderBytes } from '../../codec/pack.ts'
import type { IdSet } from '../../model/id-set.ts'
import type { IndexFile } from '../../store/packs/index-file.ts'
import { sortedEntries } from '../../store/packs/sorted-entries.ts'

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
  { live, condemned }: { readonly live: IdSet; readonly condemned: ReadonlySet<string> },
  ctx?: Context,
): Promise<readonly UsedPack[]> {
  const numbers = new Map(listed.map(({ name }, number) => [name, number]))
  const bytes = new Float64Array(listed.length)
  const objects = new Uint32Array(listed.length)
  const deadChunked = new Uint32Array(listed.length)
  const count = ({ pack, stored }: IndexEntry): void => {
    bytes[pack]! += recordHeaderBytes + stored
    objects[pack]!++
  }
  for await (const places of placesOf(sortedEntries(indexes, numbers, ctx))) {
    const [first] = places
    if (!live.has(first.id)) {
      for (const { encoding, pack } of places) if (encoding === 'recipe') deadChunked[pack]!++
    } else if (places.length === 1) count(first)
  }
  const alone = listed.map(({ name, size }, i) =>
    condemned.has(name) ? -1 : (bytes[i] as number) / Math.max(size, 1),
  )
  const used = (place: IndexEntry): number => alone[place.pack] as number
  for await (const places of placesOf(sortedEntries(indexes, numbers, ctx))) {
    if (places.length === 1 || !live.has(places[0].id)) continue
    count(places.reduce((best, place) => (used(place) > used(best) ? place : best)))
  }
  return listed.map((pack, i) => ({
    ...pack,
    liveBytes: bytes[i] as number,
    liveObjects: objects[i] as number,
    deadChunked: deadChunked[i] as number,
  }))
}

type Places = [IndexEntry, ...IndexEntry[]]

/** For each object, the packs that hold it: one place of each. */
async function* placesOf(tables: AsyncIterable<Uint8Array>): AsyncGenerator<Places> {
  for await (const table of tables) {
    let places: Places | undefined
    for (let at = 0; at < table.length; at += entryBytes) {
      const entry = readIndexEntry(table, at)
      if (places !== undefined && places[0].id !== entry.id) {
        yield places
        places = undefined
      }
      if (places === undefined) places = [entry]
      else if (places.at(-1)?.pack !== entry.pack) places.push(entry)
    }
    if (places !== undefined) yield places
  }
}
