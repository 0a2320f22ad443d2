// Deletes condemned packs, once what is reached lies elsewhere too: copies first, then proves it, then deletes.
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError, isQuiltError } from '../../base/error.ts'
import { entryBytes, readIndexEntry } from '../../codec/pack-index.ts'
import { decodeRecipePayload } from '../../codec/pack.ts'
import type { Id } from '../../model/id.ts'
import type { IdSet } from '../../model/id-set.ts'
import { proveIndexFile, type IndexFile } from '../../store/packs/index-file.ts'
import { condemnedKey, packKey } from '../../store/layout.ts'
import { replaceIndexes } from '../../store/packs/merge-indexes.ts'
import type { StoredObject, ObjectWriter } from '../../store/object-store.ts'
import { rebuildIndex } from '../../store/packs/rebuild-index.ts'
import { sortedEntries } from '../../store/packs/sorted-entries.ts'
import { readCondemnedPacks } from '../../store/writers.ts'
import type { CondemnedList } from './lists.ts'
import type { Marker } from './mark.ts'
import type { PackRepository } from '../open-repository.ts'

/** What a sweep did. */
export interface Swept {
  /** The packs that were deleted, those of them that held something that is reached, and what copies of it took. */
  readonly deleted: ReadonlySet<string>
  readonly rewritten: ReadonlySet<string>
  readonly copiedBytes: number
}

/** Objects copied in one go, read in the order in which they lie in their packs. */
const objectsAtOnce = 65_536
/** How often copying is tried when other runs condemn what was just copied to. */
const mostTries = 3

/** What is doomed, and what must not be lost with it. */
interface Doom {
  readonly packs: ReadonlySet<string>
  readonly live: IdSet
}

/**
 * Deletes the packs of `lists`, whose writers are gone, then the lists. A condemned pack is never let live again:
 * a gc that was held up may still delete it. What is reached in it is copied.
 */
export async function sweep(
  repository: PackRepository,
  lists: readonly CondemnedList[],
  marks: Marker,
  ctx?: Context,
): Promise<Swept> {
  const { backend, objects } = repository
  const packs = new Set(lists.flatMap((list) => list.packs))
  await keepChunked(repository, packs, marks, ctx)
  const doom = { packs, live: marks.live }
  const rewritten = await packsInUse(repository, doom, ctx)
  const copiedBytes = await copyLive(repository, doom, ctx)
  await dropFromIndexes(repository, packs, ctx)
  for (const name of packs) {
    checkSignal(ctx)
    await backend.delete(packKey(name), ctx)
  }
  for (const { name } of lists) await backend.delete(condemnedKey(name), ctx)
  await objects.packs.refresh(ctx)
  return { deleted: packs, rewritten, copiedBytes }
}

/**
 * Keeps the chunks of every chunked blob that stays, reached or not: whoever finds the blob here takes its chunks to
 * be here. Most that are not reached went with their packs; these are of writers that died lately.
 */
async function keepChunked(
  repository: PackRepository,
  doomed: ReadonlySet<string>,
  marks: Marker,
  ctx?: Context,
): Promise<void> {
  const { objects, backend } = repository
  const skip = new Set([...doomed, ...(await readCondemnedPacks(backend, ctx))])
  await objects.packs.refresh(ctx)
  const indexes = await objects.packs.indexes(ctx)
  const names = new Set(indexes.flatMap(({ header }) => header.packs.map(({ name }) => name)))
  const staying = [...names].filter((name) => !skip.has(name) && !objects.packs.gone.has(name))
  const numbers = new Map(staying.map((name, number) => [name, number]))
  for await (const table of sortedEntries(indexes, numbers, ctx)) {
    const blobs: Id[] = []
    for (let at = 0; at < table.length; at += entryBytes) {
      const { id, encoding } = readIndexEntry(table, at)
      if (encoding === 'recipe' && !marks.live.has(id)) blobs.push(id)
    }
    if (blobs.length > 0) await marks.keepChunks(blobs, ctx)
  }
}

/** Indexes that say something of these packs. */
async function indexesOf(
  { objects }: PackRepository,
  packs: ReadonlySet<string>,
  ctx?: Context,
): Promise<readonly IndexFile[]> {
  const indexes = await objects.packs.indexes(ctx)
  return indexes.filter(({ header }) => header.packs.some(({ name }) => packs.has(name)))
}

/** Every live object in the packs, with its pack's name and its place. */
async function* liveEntries(
  repository: PackRepository,
  { packs, live }: Doom,
  ctx?: Context,
): AsyncGenerator<{ readonly id: Id; readonly pack: string; readonly offset: number }> {
  const names = [...packs]
  const numbers = new Map(names.map((name, number) => [name, number]))
  for await (const table of sortedEntries(await indexesOf(repository, packs, ctx), numbers, ctx)) {
    for (let at = 0; at < table.length; at += entryBytes) {
      const { id, pack, offset } = readIndexEntry(table, at)
      if (live.has(id)) yield { id, pack: names[pack] as string, offset }
    }
  }
}

async function packsInUse(
  repository: PackRepository,
  doom: Doom,
  ctx?: Context,
): Promise<ReadonlySet<string>> {
  const used = new Set<string>()
  for await (const { pack } of liveEntries(repository, doom, ctx)) used.add(pack)
  return used
}

/**
 * Copies until every live object is found outside all packs that any gc has condemned.
 * @throws UNAVAILABLE when other runs keep condemning the copies
 */
async function copyLive(repository: PackRepository, doom: Doom, ctx?: Context): Promise<number> {
  let bytes = 0
  for (let tries = 0; await needsCopies(repository, doom, ctx); tries++) {
    if (tries === mostTries) {
      throw new QuiltError('UNAVAILABLE', 'other runs of gc keep condemning what this one keeps', {
        hint: 'try again when they have ended',
      })
    }
    bytes += await copyOnce(repository, doom, ctx)
  }
  return bytes
}

/** The lists are read first, then packs: a list that is gone has taken its packs with it. */
async function needsCopies(repository: PackRepository, doom: Doom, ctx?: Context): Promise<boolean> {
  const { backend, objects } = repository
  const skip = new Set([...doom.packs, ...(await readCondemnedPacks(backend, ctx))])
  await objects.packs.refresh(ctx)
  for await (const { id } of liveEntries(repository, doom, ctx)) {
    if ((await objects.packs.find(id, skip, ctx)) === undefined) return true
  }
  return false
}

function copyOnce(repository: PackRepository, doom: Doom, ctx?: Context): Promise<number> {
  const { objects } = repository
  return objects.batch(
    async (out) => {
      let group: { readonly id: Id; readonly pack: string; readonly offset: number }[] = []
      const flush = async (): Promise<void> => {
        group.sort((a, b) => (a.pack < b.pack ? -1 : a.pack > b.pack ? 1 : a.offset - b.offset))
        const ids = await out.missing(
          group.map(({ id }) => id),
          ctx,
        )
        group = []
        for await (const object of objects.readMany(ids, ctx)) await copy(out, object)
      }
      for await (const entry of liveEntries(repository, doom, ctx)) {
        if (group.push(entry) >= objectsAtOnce) await flush()
      }
      await flush()
      return out.written.bytes
    },
    undefined,
    ctx,
  )
}

async function copy(out: ObjectWriter, object: StoredObject): Promise<void> {
  const { id, packed } = object
  if (packed.encoding !== 'recipe') return out.copy(object)
  const { recipe, size } = decodeRecipePayload(packed.payload)
  await out.writeChunked(id, size, recipe)
}

/** Indexes without the packs: those of nothing else go, the others are put anew before they go. */
async function dropFromIndexes(
  repository: PackRepository,
  packs: ReadonlySet<string>,
  ctx?: Context,
): Promise<void> {
  const { backend, objects } = repository
  await objects.packs.refresh(ctx)
  const without = new Set([...packs, ...objects.packs.gone])
  for (const index of await indexesOf(repository, without, ctx)) {
    checkSignal(ctx)
    if (index.stored) await replaceIndexes(repository, [index], without, ctx)
  }
  for (const key of objects.packs.damaged.keys()) await backend.delete(key, ctx)
}

/**
 * Makes the indexes anew of packs whose index is damaged, where that was not seen when it was opened.
 * What gc decides by must be whole.
 */
export async function mendIndexes(repository: PackRepository, ctx?: Context): Promise<void> {
  const { backend, objects } = repository
  await objects.packs.recover(ctx)
  for (const index of await objects.packs.indexes(ctx)) {
    if (await isWhole(repository, index, ctx)) continue
    for (const pack of index.header.packs) await rebuildIndex(backend, pack, ctx)
    await backend.delete(index.key, ctx)
  }
  await objects.packs.refresh(ctx)
}

async function isWhole({ backend }: PackRepository, index: IndexFile, ctx?: Context): Promise<boolean> {
  try {
    await proveIndexFile(backend, index, ctx)
    return true
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return true // merged away
    if (isQuiltError(error, 'CORRUPT')) return false
    throw error
  }
}
