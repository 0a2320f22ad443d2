// The objects that a recipe is made of, for those who move or keep it whole.
import type { Context } from '../base/context.ts'
import type { Id } from '../model/id.ts'
import type { ObjectReader } from './object-store.ts'
import { readRecipe } from './recipe-tree.ts'

/** Every node of a recipe, the recipe itself first. Each comes once, however often it repeats (a file of zeros). */
export async function* recipeNodes(objects: ObjectReader, recipe: Id, ctx?: Context): AsyncGenerator<Id> {
  const open = [recipe]
  const seen = new Set(open)
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    yield id
    const node = await readRecipe(objects, id, ctx)
    if (node.level === 0) continue
    for (const { id: below } of node.parts) {
      if (!seen.has(below)) open.push(below)
      seen.add(below)
    }
  }
}
