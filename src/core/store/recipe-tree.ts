// Recipes as trees: built from a blob's chunks as they come, read by range without the rest.
import type { Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import { endsRecipeNode } from '../chunk/recipe-splitter.ts'
import { decodeRecipe, encodeRecipe, type RecipeNode, type RecipePart } from '../codec/objects/recipe.ts'
import type { Id } from '../model/id.ts'
import type { ObjectReader } from './object-store.ts'

/** A chunk and where its bytes begin in the blob. */
export interface PlacedChunk extends RecipePart {
  readonly start: number
}

/** Takes a blob's chunks in order. */
export interface RecipeBuilder {
  add(chunk: RecipePart): Promise<void>
  /** Writes what is left and gives the recipe's id. */
  finish(): Promise<Id>
}

/** A builder whose nodes are written by `write`. */
export function recipeBuilder(write: (body: Uint8Array) => Promise<Id>): RecipeBuilder {
  const levels: RecipePart[][] = []

  const put = async (level: number, items: readonly RecipePart[]): Promise<RecipePart> => {
    const size = items.reduce((sum, item) => sum + item.size, 0)
    return { id: await write(encodeRecipe({ level, size, parts: items })), size }
  }

  const addAt = async (level: number, item: RecipePart): Promise<void> => {
    const items = (levels[level] ??= [])
    items.push(item)
    if (!endsRecipeNode(item.id, items.length)) return
    levels[level] = []
    await addAt(level + 1, await put(level, items))
  }

  return {
    add: (chunk) => addAt(0, chunk),
    finish: async () => {
      for (let level = 0; ; level++) {
        const items = levels[level] ?? []
        const top = levels.slice(level + 1).every((above) => above.length === 0)
        if (top && level > 0 && items.length === 1) return (items[0] as RecipePart).id
        if (top) return (await put(level, items)).id
        if (items.length > 0) await addLast(level, items)
      }
    },
  }

  /** The last node of a level ends where the blob ends. */
  async function addLast(level: number, items: readonly RecipePart[]): Promise<void> {
    levels[level] = []
    await addAt(level + 1, await put(level, items))
  }
}

/**
 * The chunks that hold bytes `start` to `end` (excluded) of a blob, in order.
 * @throws CORRUPT when the recipe contradicts itself; NOT_FOUND
 */
export async function* recipeChunks(
  objects: ObjectReader,
  recipe: Id,
  range?: { readonly start: number; readonly end: number },
  ctx?: Context,
): AsyncGenerator<PlacedChunk> {
  const { start, end } = range ?? { start: 0, end: Infinity }
  const root = await readRecipe(objects, recipe, ctx)
  const open: { readonly node: RecipeNode; next: number; at: number }[] = [{ node: root, next: 0, at: 0 }]
  while (open.length > 0) {
    const top = open.at(-1) as (typeof open)[number]
    const item = top.node.parts[top.next]
    if (item === undefined || top.at >= end) {
      open.pop()
      continue
    }
    const at = top.at
    top.next++
    top.at += item.size
    if (at + item.size <= start) continue
    if (top.node.level === 0) yield { ...item, start: at }
    else open.push({ node: await childRecipe(objects, item, top.node.level, ctx), next: 0, at })
  }
}

async function childRecipe(
  objects: ObjectReader,
  item: RecipePart,
  level: number,
  ctx?: Context,
): Promise<RecipeNode> {
  const node = await readRecipe(objects, item.id, ctx)
  if (node.level === level - 1 && node.size === item.size) return node
  throw new QuiltError('CORRUPT', `recipe ${item.id} is not what the recipe above it says`)
}

/**
 * One node of a recipe.
 * @throws NOT_FOUND, CORRUPT
 */
export async function readRecipe(objects: ObjectReader, id: Id, ctx?: Context): Promise<RecipeNode> {
  for await (const { body } of objects.readMany([id], ctx)) {
    return decodeRecipe(body, id)
  }
  throw new QuiltError('NOT_FOUND', `recipe ${id} is not here`)
}
