// Deletes damaged packs by gc's protocol, once all that packages need is proved to lie elsewhere. Else those that may
// have been somebody's only copy stay, and their indexes tell of nothing that lies elsewhere too.
import type { Context } from '../../base/context.ts'
import { isQuiltError } from '../../base/error.ts'
import { decodeCondemned, encodeCondemned } from '../../codec/condemned.ts'
import { encodeIndex } from '../../codec/pack-index.ts'
import type { PackRecord } from '../../codec/pack.ts'
import { condemnedKey, condemnedPrefix, indexKey } from '../../store/layout.ts'
import type { PackStore } from '../../store/pack-store.ts'
import { replaceIndexes } from '../../store/packs/merge-indexes.ts'
import type { ListedPack } from '../gc/classify.ts'
import { indexesOf } from '../gc/doomed.ts'
import { steadily, type IdRanges } from '../gc/live.ts'
import type { CondemnedList } from '../gc/lists.ts'
import { dropPacks } from '../gc/sweep.ts'
import type { PackRepository } from '../open-repository.ts'
import type { DamagedPack } from './damaged-packs.ts'
import { entriesOf } from '../verify/store.ts'

/** What is to go. */
export interface DamagedPacks {
  readonly packs: readonly DamagedPack[]
  /** The list under `condemned/` that names them. */
  readonly list: string
  /** What was copied out of them, or brought: it must not be lost with them. */
  readonly live: IdRanges
  /** The store without them. */
  readonly view: PackStore
  /** True when all that packages need lies in `view`, whole. */
  readonly isProved: boolean
}

/** Puts the list, so that nothing new comes to rely on these packs. */
export async function condemnDamaged(
  { backend, ambient }: PackRepository,
  packs: readonly ListedPack[],
  ctx?: Context,
): Promise<string> {
  const list = ambient.randomName()
  if (packs.length > 0) await putList(backend, list, packs, ctx)
  return list
}

async function putList(
  backend: PackRepository['backend'],
  list: string,
  packs: readonly ListedPack[],
  ctx?: Context,
): Promise<void> {
  const bytes = encodeCondemned({ packs: packs.map(({ name }) => name), writers: [] })
  await backend.put(condemnedKey(list), bytes, {}, ctx)
}

/** Deletes what can go; see above for what cannot. */
export async function dropDamaged(
  repository: PackRepository,
  damaged: DamagedPacks,
  ctx?: Context,
): Promise<void> {
  const { packs, list, live, view, isProved } = damaged
  if (packs.length === 0) return
  const dropped: ListedPack[] = []
  for (const pack of packs) {
    // What is left of a whole pack are notes of recipes that there are not.
    const left = isProved || pack.isWhole ? [] : await onlyThere(repository, { pack, view }, ctx)
    if (left.length === 0) dropped.push(pack)
    else await narrowIndex(repository, pack, left, ctx)
  }
  // Only now may a kept pack leave the list: no index gives anything whole of it to anyone.
  await putList(repository.backend, list, dropped, ctx)
  const names = dropped.map(({ name }) => name)
  const lists = [{ name: list, packs: names, writers: [] }, ...(await leftLists(repository, names, ctx))]
  await dropPacks(repository, lists, live, ctx)
}

/** Records of a pack whose objects lie nowhere else. */
async function onlyThere(
  { objects }: PackRepository,
  { pack, view }: { readonly pack: ListedPack; readonly view: PackStore },
  ctx?: Context,
): Promise<readonly PackRecord[]> {
  const left: PackRecord[] = []
  await objects.packs.refresh(ctx)
  for await (const record of entriesOf(objects, pack, ctx)) {
    if ((await view.missing([record.id], ctx)).length > 0) left.push(record)
  }
  return left
}

async function narrowIndex(
  repository: PackRepository,
  { name, size }: ListedPack,
  left: readonly PackRecord[],
  ctx?: Context,
): Promise<void> {
  const { backend, objects } = repository
  await steadily(
    repository,
    async (indexes) => {
      const without = new Set([name, ...objects.packs.gone])
      for (const index of indexesOf(indexes, new Set([name]))) {
        if (index.stored) await replaceIndexes(repository, [index], without, ctx)
      }
    },
    ctx,
  )
  await backend.put(indexKey(name), encodeIndex({ name, size }, left), {}, ctx)
  await objects.packs.refresh(ctx)
}

/** Lists that earlier runs left, of packs that go now or are gone. */
async function leftLists(
  { backend, objects }: PackRepository,
  names: readonly string[],
  ctx?: Context,
): Promise<readonly CondemnedList[]> {
  const going = new Set([...names, ...objects.packs.gone])
  const lists: CondemnedList[] = []
  for await (const { key } of backend.list(condemnedPrefix, ctx)) {
    try {
      const list = decodeCondemned(await backend.get(key, undefined, ctx))
      if (list.packs.some((pack) => names.includes(pack)) && list.packs.every((pack) => going.has(pack)))
        lists.push({ ...list, name: key.slice(condemnedPrefix.length) })
    } catch (error) {
      if (!isQuiltError(error, 'NOT_FOUND')) throw error // another has just finished it
    }
  }
  return lists
}
