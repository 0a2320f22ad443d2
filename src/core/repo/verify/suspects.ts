// Blobs that packages need, held against what is whole and against the sizes in the indexes: one pass by id.
import type { Context } from '../../base/context.ts'
import { entryBytes, entryPayload } from '../../codec/pack-index.ts'
import { recordOrder, type IdSet } from '../../model/id-set.ts'
import { idBytes, idFromBytes } from '../../model/id.ts'
import type { PackStore } from '../../store/pack-store.ts'
import type { IndexFile } from '../../store/packs/index-file.ts'
import { entrySlices } from '../../store/packs/sorted-entries.ts'
import { steadily } from '../gc/live.ts'
import type { SpillingIds, SpillingSet } from '../sets/spilling-set.ts'

/** What is compared. Each of `needed` is an id and a size in 8 bytes. */
export interface SuspectParts {
  readonly needed: SpillingSet
  readonly whole: SpillingIds
  readonly suspects: IdSet
}

/** Adds to `suspects` the blobs that are not known to be whole, and those of which an index says another size. */
export async function findSuspects(
  objects: PackStore,
  { needed, whole, suspects }: SuspectParts,
  ctx?: Context,
): Promise<void> {
  await steadily({ objects }, (indexes) => compare(objects, indexes, { needed, whole, suspects }, ctx), ctx)
}

async function compare(
  objects: PackStore,
  indexes: readonly IndexFile[],
  { needed, whole, suspects }: SuspectParts,
  ctx?: Context,
): Promise<void> {
  const names = new Set(indexes.flatMap(({ header }) => header.packs.map(({ name }) => name)))
  const present = [...names].filter((name) => !objects.packs.gone.has(name))
  const numbers = new Map(present.map((name, number) => [name, number]))
  for await (const { from, to, table } of entrySlices(indexes, numbers, ctx, needed.added)) {
    const ids = await whole.within(from, to)
    const sized = await needed.within(from, to)
    const view = new DataView(sized.buffer, sized.byteOffset, sized.length)
    let [id, entry] = [0, 0]
    for (let at = 0; at < sized.length; at += idBytes + 8) {
      while (id < ids.length && compareIds(ids, id, sized, at) < 0) id += idBytes
      while (entry < table.length && compareIds(table, entry, sized, at) < 0) entry += entryBytes
      const isWhole = id < ids.length && compareIds(ids, id, sized, at) === 0
      const size = Number(view.getBigUint64(at + idBytes))
      const isHere = entry < table.length && compareIds(table, entry, sized, at) === 0
      const payload = isHere ? entryPayload(table, entry) : undefined
      const fits = payload === undefined || payload.encoding === 'recipe' || payload.size === size
      if (!isWhole || !fits) suspects.add(idFromBytes(sized, at))
    }
  }
}

const compareIds = recordOrder(idBytes)
