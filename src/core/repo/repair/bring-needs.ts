// Brings what a package needs and this store lacks from where it can be had; each object is proved by its id, and a
// chunked blob as a whole.
import type { Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import { inGroups } from '../../base/pool.ts'
import type { Id } from '../../model/id.ts'
import { streamBlob } from '../../store/blob-source.ts'
import type { ObjectReader, ObjectWriter, StoredObject } from '../../store/object-store.ts'
import type { PackStore } from '../../store/pack-store.ts'
import type { PackageState } from '../../store/ref-store.ts'
import { recipeChunks } from '../../store/recipe-tree.ts'
import { damage, nothingWalked, packageNeeds, type Need } from '../needs.ts'
import type { Scratch } from '../sets/scratch.ts'

/** Says where a package's objects can be had; `undefined`: nowhere. Asked when something is missing. */
export type SourceOf = (state: PackageState, ctx?: Context) => Promise<ObjectReader | undefined>

/** What bringing needs. */
export interface BringParts {
  /** All that is whole here, what this batch has written among it. */
  readonly view: PackStore
  readonly out: ObjectWriter
  readonly sourceOf: SourceOf
  readonly scratch: Scratch | undefined
  /** Told of each object that was brought. */
  readonly brought: (id: Id) => Promise<void> | undefined
}

type Blob = Extract<Need, { readonly kind: 'blob' }>

/** Objects brought at once: 32 MiB, where all are as long as chunks can be. */
const objectsAtOnce = 128

/** Brings all that `state` needs and that can be had. What cannot is left to `verify` to tell. */
export async function bringNeeds(parts: BringParts, state: PackageState, ctx?: Context): Promise<void> {
  const mended = mendedReader(parts, state, ctx)
  const walked = nothingWalked(parts.scratch)
  const complete = blobCompleter(parts, mended, ctx)
  try {
    const blobs = blobsOf(packageNeeds(mended, state, walked, ctx))
    for await (const group of inGroups(blobs, objectsAtOnce)) await complete(group)
  } finally {
    for (const set of [walked.whole, walked.trees]) await set.drop()
  }
}

async function* blobsOf(needs: AsyncIterable<Need>): AsyncGenerator<Blob> {
  for await (const need of needs) if (need.kind === 'blob') yield need
}

/** Reads what is whole here, and brings the rest. */
interface MendedReader extends ObjectReader {
  /** Brings those that are not here; those that cannot be had are left out. A chunked blob comes as its recipe's id. */
  bring(ids: readonly Id[]): Promise<ReadonlyMap<Id, StoredObject>>
}

function mendedReader(parts: BringParts, state: PackageState, ctx?: Context): MendedReader {
  const { view, out, brought } = parts
  const lacking = new Set<Id>()
  let source: Promise<ObjectReader | undefined> | undefined

  const take = async (from: ObjectReader, ids: readonly Id[], got: Map<Id, StoredObject>): Promise<void> => {
    for await (const object of from.readMany(ids, ctx)) {
      got.set(object.id, object)
      if (object.recipe !== undefined) continue // comes by its chunks
      await out.copy(object)
      await brought(object.id)
    }
  }

  const bring = async (ids: readonly Id[]): Promise<ReadonlyMap<Id, StoredObject>> => {
    const got = new Map<Id, StoredObject>()
    const absent = (await view.missing(ids, ctx)).filter((id) => !lacking.has(id))
    const from = absent.length === 0 ? undefined : await (source ??= parts.sourceOf(state, ctx))
    if (from === undefined) return got
    try {
      await take(from, absent, got)
    } catch (error) {
      damage(error)
      for (const id of absent) if (!got.has(id)) await take(from, [id], got).catch(damage)
    }
    for (const id of absent) if (!got.has(id)) lacking.add(id)
    return got
  }

  const mended: MendedReader = {
    bring,
    missing: (ids, context) => view.missing(ids, context),
    open: (blob, recipe, context) => view.open(blob, recipe, context),
    readMany: async function* (ids, context, options) {
      const absent = new Set(await view.missing(ids, context))
      const here = ids.filter((id) => !absent.has(id))
      yield* view.readMany(here, context, options)
      const got = await bring([...absent])
      yield* got.values()
      for (const id of absent) {
        if (!got.has(id)) throw new QuiltError('NOT_FOUND', `object ${id} is neither here nor there`)
      }
    },
  }
  return mended
}

/** Makes blobs whole, chunks and recipes among them. */
function blobCompleter(
  { view, out, brought }: BringParts,
  mended: MendedReader,
  ctx?: Context,
): (needs: readonly Blob[]) => Promise<void> {
  const completed = new Set<Id>() // recipes

  const bringRecipe = async (recipe: Id): Promise<void> => {
    if (completed.size === completed.add(recipe).size) return
    const chunks = recipeChunks(mended, recipe, undefined, ctx)
    for await (const group of inGroups(chunks, objectsAtOnce)) await mended.bring(group.map(({ id }) => id))
  }

  const noteChunked = async (blob: Id, recipe: Id): Promise<void> => {
    if ((await view.missing([blob], ctx)).length === 0) return
    let size = 0
    for await (const part of streamBlob(mended, blob, recipe, ctx)) size += part.length
    await out.writeChunked(blob, size, recipe)
    await brought(blob)
  }

  return async (needs) => {
    const ids = [...new Set(needs.map(({ id }) => id))]
    const recipes = new Map<Id, Set<Id>>()
    const note = (blob: Id, recipe: Id): void => {
      const known = recipes.get(blob)
      if (known === undefined) recipes.set(blob, new Set([recipe]))
      else known.add(recipe)
    }
    const single = needs.filter(({ recipe }) => recipe === undefined).map(({ id }) => id)
    for (const { id, recipe } of needs) if (recipe !== undefined) note(id, recipe)
    for (const { id, recipe } of (await mended.bring(single)).values()) {
      if (recipe !== undefined) note(id, recipe)
    }
    const places = await view.locate(ids, ctx)
    const chunked = ids.filter((id) => places.get(id)?.encoding === 'recipe')
    for await (const { id, recipe } of view.readMany(chunked, ctx)) if (recipe !== undefined) note(id, recipe)
    for (const [blob, theirs] of recipes) {
      for (const recipe of theirs) {
        try {
          await bringRecipe(recipe)
          await noteChunked(blob, recipe)
        } catch (error) {
          damage(error) // what is lacking stays a problem
        }
      }
    }
  }
}
