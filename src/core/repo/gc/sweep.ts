// Deletes condemned packs, once what must not be lost lies elsewhere too: copies first, then proves it, then deletes.
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError, isQuiltError } from '../../base/error.ts'
import { passingMemory } from '../../base/read-memory.ts'
import { entryBytes, entryPayload } from '../../codec/pack-index.ts'
import { decodeRecipePayload } from '../../codec/pack.ts'
import { idFromBytes, type Id } from '../../model/id.ts'
import { condemnedKey, packKey } from '../../store/layout.ts'
import type { StoredObject, ObjectWriter } from '../../store/object-store.ts'
import type { PackStore } from '../../store/pack-store.ts'
import { proveIndexFile, type IndexFile } from '../../store/packs/index-file.ts'
import { replaceIndexes } from '../../store/packs/merge-indexes.ts'
import { rebuildIndex } from '../../store/packs/rebuild-index.ts'
import { readRecipe } from '../../store/recipe-tree.ts'
import { readCondemnedPacks } from '../../store/writers.ts'
import type { PackRepository } from '../open-repository.ts'
import { doomedEntries, indexesOf, type Doom, type DoomedEntry } from './doomed.ts'
import type { CondemnedList } from './lists.ts'
import { joinEntries, steadily, type IdRanges } from './live.ts'
import type { Marker } from './mark.ts'

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
  const packs = new Set(lists.flatMap((list) => list.packs))
  await keepChunked(repository, packs, marks, ctx)
  return dropPacks(repository, lists, marks.live, ctx)
}

/** Copies what must not be lost out of the packs of `lists`, deletes them, then the lists. */
export async function dropPacks(
  repository: PackRepository,
  lists: readonly CondemnedList[],
  live: IdRanges | undefined,
  ctx?: Context,
): Promise<Swept> {
  const { backend, objects } = repository
  const packs = new Set(lists.flatMap((list) => list.packs))
  const doom = { packs, live }
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
  const blobs = await steadily(
    repository,
    async (indexes) => {
      const found: Id[] = []
      const names = new Set(indexes.flatMap(({ header }) => header.packs.map(({ name }) => name)))
      const staying = [...names].filter((name) => !skip.has(name) && !objects.packs.gone.has(name))
      const numbers = new Map(staying.map((name, number) => [name, number]))
      for await (const { table, asked } of joinEntries(indexes, numbers, marks.live, ctx)) {
        for (let entry = 0; entry < asked.length; entry++) {
          const at = entry * entryBytes
          if (asked[entry] === 0 && entryPayload(table, at).encoding === 'recipe')
            found.push(idFromBytes(table, at))
        }
      }
      return found
    },
    ctx,
  )
  if (blobs.length > 0) await marks.keepChunks(blobs, ctx)
}

function packsInUse(repository: PackRepository, doom: Doom, ctx?: Context): Promise<ReadonlySet<string>> {
  return steadily(
    repository,
    async (indexes) => {
      const used = new Set<string>()
      for await (const { pack } of doomedEntries(repository, doom, { indexes, skip: doom.packs }, ctx))
        used.add(pack)
      return used
    },
    ctx,
  )
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
  return steadily(
    repository,
    async (indexes) => {
      for await (const entry of doomedEntries(repository, doom, { indexes, skip }, ctx)) {
        if (!(await entry.isElsewhere())) return true
      }
      return false
    },
    ctx,
  )
}

function copyOnce(repository: PackRepository, doom: Doom, ctx?: Context): Promise<number> {
  const { backend, objects } = repository
  return objects.batch(
    async (out) => {
      const skip = new Set([...doom.packs, ...(await readCondemnedPacks(backend, ctx))])
      const memory = passingMemory()
      let group: DoomedEntry[] = []
      const flush = async (): Promise<void> => {
        group.sort((a, b) => (a.pack < b.pack ? -1 : a.pack > b.pack ? 1 : a.offset - b.offset))
        const ids = await out.missing(
          group.map(({ id }) => id),
          ctx,
        )
        group = []
        for await (const object of objects.readMany(ids, ctx, { memory }))
          await copy({ objects, out }, object, ctx)
      }
      const indexes = await objects.packs.indexes(ctx)
      for await (const entry of doomedEntries(repository, doom, { indexes, skip }, ctx)) {
        if (await entry.isElsewhere()) continue
        if (group.push(entry) >= objectsAtOnce) await flush()
      }
      await flush()
      return out.written.bytes
    },
    undefined,
    ctx,
  )
}

interface CopyTo {
  readonly objects: PackStore
  readonly out: ObjectWriter
}

async function copy({ objects, out }: CopyTo, object: StoredObject, ctx?: Context): Promise<void> {
  const { id, packed } = object
  if (packed.encoding !== 'recipe') return out.copy(object)
  const { recipe, size } = decodeRecipePayload(packed.payload)
  await copyParts({ objects, out }, recipe, ctx)
  await out.writeChunked(id, size, recipe)
}

/**
 * Who finds a chunked blob relies on its recipe and its chunks, so they come first, where they lie only in packs that
 * some gc is about to delete.
 * @throws NOT_FOUND when one of them is gone: then the blob must not be copied
 */
async function copyParts({ objects, out }: CopyTo, recipe: Id, ctx?: Context): Promise<void> {
  const open = [recipe]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    checkSignal(ctx)
    const node = await readRecipe(objects, id, ctx)
    const parts = node.parts.map((part) => part.id)
    if (node.level > 0) open.push(...parts)
    const absent = await out.missing([id, ...(node.level > 0 ? [] : parts)], ctx)
    for await (const object of objects.readMany(absent, ctx)) await out.copy(object)
  }
}

/** Indexes without the packs: those of nothing else go, the others are put anew before they go. */
async function dropFromIndexes(
  repository: PackRepository,
  packs: ReadonlySet<string>,
  ctx?: Context,
): Promise<void> {
  const { backend, objects } = repository
  await objects.packs.refresh(ctx)
  await steadily(
    repository,
    async (indexes) => {
      const without = new Set([...packs, ...objects.packs.gone])
      for (const index of indexesOf(indexes, without)) {
        checkSignal(ctx)
        if (index.stored) await replaceIndexes(repository, [index], without, ctx)
      }
    },
    ctx,
  )
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
    const keys = new Set<string>()
    for (const pack of index.header.packs) {
      const made = await rebuildIndex(backend, pack, ctx)
      if (made?.written !== true) continue
      objects.packs.adopt(made.key, made.bytes)
      keys.add(made.key)
    }
    if (!keys.has(index.key)) await backend.delete(index.key, ctx)
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
