// Where a long recipe is cut into nodes: by the ids of its parts, so that an edit far away keeps a node.
import type { Id } from '../model/id.ts'

/** Fewest parts of a recipe that is not the last of its level. */
export const fewestParts = 16
/** Most parts of a recipe. */
const mostParts = 1024
/** One id in 256 ends a recipe. */
const endBelow = 2 ** 32 / 256

/** True when a recipe ends after its part `id`, the `count`th of it. The last of a level may end anywhere. */
export function endsRecipeNode(id: Id, count: number): boolean {
  if (count < fewestParts) return false
  return count >= mostParts || Number.parseInt(id.slice(0, 8), 16) < endBelow
}
