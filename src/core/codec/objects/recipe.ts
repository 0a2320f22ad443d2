// Recipes as bytes: a large blob's chunks in order, or, where there are many, the recipes that hold them.
// Layout: docs/format.md, section "Recipes". Where a recipe ends: see chunk/recipe-splitter.ts.
import { QuiltError } from '../../base/error.ts'
import { idBytes, idFromBytes, idToBytes, type Id } from '../../model/id.ts'
import { asCount, asList, malformed } from '../fields.ts'
import { decodePackable, encodePackable, type Packable } from '../msgpack.ts'

/** One node of a recipe. */
export interface RecipeNode {
  /** 0 when the parts are chunks, else the parts are recipes one level below. */
  readonly level: number
  /** How many bytes of the blob it stands for: the sum of its parts' sizes. */
  readonly size: number
  /** In the order of the blob. */
  readonly parts: readonly RecipePart[]
}

/** A chunk, or a recipe below: its id and how many bytes of the blob it stands for. */
export interface RecipePart {
  readonly id: Id
  readonly size: number
}

/** Largest chunk, in bytes. */
export const chunkBytes: number = 16 * 1024 * 1024
/** Most parts of one recipe. */
export const mostParts = 1024
/** Largest recipe, in bytes. */
export const recipeBytes: number = 64 * 1024
/** Highest level of a recipe. */
export const mostRecipeLevel = 8

const magic = 'QR1\n'
const limits = { bytes: recipeBytes, depth: 2 }

/**
 * A recipe's bytes.
 * @throws INVALID when it holds what `decodeRecipe` would refuse
 */
export function encodeRecipe(recipe: RecipeNode): Uint8Array {
  const problem = recipeProblem(recipe)
  if (problem !== undefined) throw new QuiltError('INVALID', `a recipe cannot hold this: ${problem}`)
  const ids = new Uint8Array(idBytes * recipe.parts.length)
  recipe.parts.forEach((part, i) => {
    idToBytes(part.id, ids, i * idBytes)
  })
  return encodePackable(magic, [recipe.level, recipe.size, ids, recipe.parts.map((part) => part.size)])
}

/**
 * A recipe from its bytes. `id` is for messages.
 * @throws CORRUPT for anything but the one form that `encodeRecipe` gives; UNSUPPORTED for a newer format
 */
export function decodeRecipe(bytes: Uint8Array, id?: Id): RecipeNode {
  const what = id === undefined ? 'a recipe' : `recipe ${id}`
  const fields = asList(decodePackable(magic, bytes, limits, what), what)
  if (fields.length !== 4) throw malformed(what, 'a recipe has four parts')
  const recipe: RecipeNode = {
    level: asCount(fields[0], 0, what),
    size: asCount(fields[1], 1, what),
    parts: unpackParts(fields[2], asList(fields[3], what), what),
  }
  const problem = recipeProblem(recipe)
  if (problem !== undefined) throw malformed(what, problem)
  return recipe
}

function unpackParts(ids: Packable | undefined, sizes: readonly Packable[], what: string): RecipePart[] {
  if (!(ids instanceof Uint8Array) || ids.length !== idBytes * sizes.length) {
    throw malformed(what, 'ids and sizes do not match')
  }
  return sizes.map((size, i) => ({ id: idFromBytes(ids, i * idBytes), size: asCount(size, 1, what) }))
}

/** Why no such recipe may be, or `undefined` when it may. */
function recipeProblem({ level, size, parts }: RecipeNode): string | undefined {
  if (!Number.isInteger(level) || level < 0) return 'its level is no whole number'
  if (level > mostRecipeLevel) return `it is higher than ${String(mostRecipeLevel)} levels`
  if (parts.length === 0 || parts.length > mostParts) return `it has not 1 to ${String(mostParts)} parts`
  const most = level === 0 ? chunkBytes : Number.MAX_SAFE_INTEGER
  let sum = 0
  for (const part of parts) {
    if (!Number.isSafeInteger(part.size) || part.size < 1 || part.size > most)
      return 'a part has an impossible size'
    sum += part.size
  }
  return Number.isSafeInteger(sum) && sum === size ? undefined : 'its size is not that of its parts'
}
