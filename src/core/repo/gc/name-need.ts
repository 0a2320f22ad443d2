// Says who needs an object that is missing. gc keeps no names while it marks, so this walks once more: slow, and only
// where there is something to tell.
import type { Context } from '../../base/context.ts'
import { chunkThreshold } from '../../chunk/fastcdc.ts'
import type { Id } from '../../model/id.ts'
import { formatPackageName } from '../../model/package-name.ts'
import type { ObjectReader } from '../../store/object-store.ts'
import { recipeChunks } from '../../store/recipe-tree.ts'
import { damage, nothingWalked, packageNeeds, type Need } from '../needs.ts'
import type { PackRepository } from '../open-repository.ts'

/** The object in words: which package needs it, and where. */
export async function nameNeed(
  { objects, refs }: Pick<PackRepository, 'objects' | 'refs'>,
  id: Id,
  ctx?: Context,
): Promise<string> {
  for await (const state of refs.packages(ctx)) {
    for await (const need of packageNeeds(objects, state, nothingWalked(), ctx)) {
      const what = await whatLacks(objects, need, id, ctx)
      if (what !== undefined) return `${formatPackageName(state.pkg)}: ${what} (${id})`
    }
  }
  return `object ${id}`
}

/** What of `need` the object is, if it is of that. */
async function whatLacks(
  objects: ObjectReader,
  need: Need,
  id: Id,
  ctx?: Context,
): Promise<string | undefined> {
  if (need.kind !== 'blob') return need.id === id ? `the ${need.kind} at "${need.path}"` : undefined
  if (need.id === id) return `the blob of "${need.path}"`
  if (need.size <= chunkThreshold) return undefined
  try {
    for (const recipe of new Set([need.recipe, await ownRecipe(objects, need.id, ctx)])) {
      if (recipe === undefined) continue
      for await (const chunk of recipeChunks(objects, recipe, undefined, ctx)) {
        if (chunk.id === id) return `a chunk of "${need.path}"`
      }
    }
  } catch (error) {
    damage(error) // told when it is asked for
  }
  return undefined
}

async function ownRecipe(objects: ObjectReader, blob: Id, ctx?: Context): Promise<Id | undefined> {
  for await (const { recipe } of objects.readMany([blob], ctx)) return recipe
  return undefined
}
