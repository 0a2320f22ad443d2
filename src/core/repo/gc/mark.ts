// What gc keeps: everything that some package must have. Memory: 36 bytes for each object that is reached, and as
// much again for each tree node and recipe; nothing else grows with the repository.
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import type { Id } from '../../model/id.ts'
import { idSet, type IdSet } from '../../model/id-set.ts'
import { formatPackageName, packageKey } from '../../model/package-name.ts'
import { readRecipe } from '../../store/recipe-tree.ts'
import type { PackageState } from '../../store/ref-store.ts'
import { damage, nothingWalked, packageNeeds, type Need } from '../needs.ts'
import type { PackRepository } from '../open-repository.ts'

/** Marks what is reached. What was once marked stays so, until the next gc. */
export interface Marker {
  readonly live: IdSet
  /**
   * Marks what the packages reach now; those that did not move since the last time are left out.
   * @throws CORRUPT, naming an object that is reached and missing
   */
  mark(ctx?: Context): Promise<void>
  /** Keeps what is here of the chunks of these blobs, since the blobs themselves stay. */
  keepChunks(blobs: readonly Id[], ctx?: Context): Promise<void>
}

/** An object that has to be found. */
interface Wanted {
  readonly id: Id
  readonly what: string
}

/** Objects looked up at once. */
const objectsAtOnce = 4096

/** A marker for one run of gc. */
export function marker({ objects, refs }: Pick<PackRepository, 'objects' | 'refs'>): Marker {
  const live = idSet()
  const walked = nothingWalked()
  const recipes = idSet() // nodes of recipes that were gone through
  const hinted = idSet() // the same, of recipes that need not be here
  const generations = new Map<string, number>()
  let waiting: Wanted[] = []

  const want = async (id: Id, what: string, ctx?: Context): Promise<void> => {
    if (live.add(id)) waiting.push({ id, what })
    if (waiting.length >= objectsAtOnce) await flush(ctx)
  }

  /** Finds what waits; a chunked blob keeps the recipe by which it is kept. */
  const flush = async (ctx?: Context): Promise<void> => {
    const wanted = waiting
    waiting = []
    const ids = wanted.map(({ id }) => id)
    let found = await objects.locate(ids, ctx)
    if (found.size < ids.length) {
      await objects.packs.recover(ctx)
      found = await objects.locate(ids, ctx)
    }
    for (const { id, what } of wanted) if (!found.has(id)) throw missing(`${what} (${id})`)
    const chunked = ids.filter((id) => found.get(id)?.encoding === 'recipe')
    const own: Id[] = []
    for await (const { recipe } of objects.readMany(chunked, ctx)) if (recipe !== undefined) own.push(recipe)
    for (const recipe of own) await expand(recipe, ctx)
  }

  /** A recipe, what is below it, and the chunks. */
  const expand = async (recipe: Id, ctx?: Context): Promise<void> => {
    const open = [recipe]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      checkSignal(ctx)
      if (!recipes.add(id)) continue
      const node = await readReached(id, ctx)
      live.add(id)
      for (const part of node.parts) {
        if (node.level > 0) open.push(part.id)
        else await want(part.id, `a chunk of recipe ${recipe}`, ctx)
      }
    }
  }

  /** What is here of a recipe that need not be. */
  const keepHint = async (recipe: Id, ctx?: Context): Promise<void> => {
    const open = [recipe]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      checkSignal(ctx)
      if (recipes.has(id) || hinted.has(id) || (await objects.missing([id], ctx)).length > 0) continue
      hinted.add(id)
      live.add(id)
      const node = await readRecipe(objects, id, ctx).catch(damage)
      if (!('parts' in node)) continue
      const parts = node.parts.map((part) => part.id)
      if (node.level > 0) open.push(...parts)
      const absent = new Set(await objects.missing(parts, ctx))
      for (const part of parts) if (!absent.has(part)) live.add(part)
    }
  }

  const readReached = async (id: Id, ctx?: Context): ReturnType<typeof readRecipe> => {
    try {
      return await readRecipe(objects, id, ctx)
    } catch (error) {
      throw missing(`recipe ${id}`, damage(error))
    }
  }

  const take = async (name: string, need: Need, hints: IdSet, ctx?: Context): Promise<void> => {
    switch (need.kind) {
      case 'broken':
        throw missing(`${name}: ${need.why.message}, which ${need.from} names`, need.why)
      case 'recipe':
        hints.add(need.id)
        return
      case 'blob':
        await want(need.id, `${name}: the blob of "${need.path}"`, ctx)
        if (need.recipe !== undefined) await expand(need.recipe, ctx)
        return
      default:
        live.add(need.id)
    }
  }

  const markPackage = async (state: PackageState, ctx?: Context): Promise<void> => {
    const hints = idSet()
    const name = formatPackageName(state.pkg)
    for await (const need of packageNeeds(objects, state, walked, ctx)) await take(name, need, hints, ctx)
    await flush(ctx)
    // Recipes that the derived tree has for blobs of other commits: kept as far as they are here.
    for (const id of hints) await keepHint(id, ctx)
  }

  return {
    live,
    keepChunks: async (blobs, ctx) => {
      const own: Id[] = []
      for await (const { recipe } of objects.readMany(blobs, ctx)) if (recipe !== undefined) own.push(recipe)
      for (const recipe of own) await keepHint(recipe, ctx)
    },
    mark: async (ctx) => {
      for await (const state of refs.packages(ctx)) {
        const key = packageKey(state.pkg)
        if (generations.get(key) === state.generation) continue
        await markPackage(state, ctx)
        generations.set(key, state.generation)
      }
    },
  }
}

function missing(what: string, cause?: QuiltError): QuiltError {
  return new QuiltError('CORRUPT', `${what} is missing or damaged, so gc deletes nothing`, {
    hint: 'find out what else is: quilt verify',
    cause,
  })
}
