// What gc keeps: everything that some package must have. Ids are collected first, and then held against the indexes in
// one pass by id, so that memory stays bounded however many there are; see ../sets.
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import { entryBytes, entryPayload } from '../../codec/pack-index.ts'
import { idBytes, idFromBytes, type Id } from '../../model/id.ts'
import { formatPackageName, packageKey } from '../../model/package-name.ts'
import { readRecipe } from '../../store/recipe-tree.ts'
import type { PackageState } from '../../store/ref-store.ts'
import { damage, nothingWalked, packageNeeds, type Need } from '../needs.ts'
import type { PackRepository } from '../open-repository.ts'
import type { Scratch } from '../sets/scratch.ts'
import { mergeSorted, spillingIds, type SpillingIds } from '../sets/spilling-set.ts'
import { joinEntries, steadily, type IdRanges } from './live.ts'
import { nameNeed } from './name-need.ts'

/** Marks what is reached. What was once marked stays so, until the next gc. */
export interface Marker {
  readonly live: IdRanges
  /**
   * Marks what the packages reach now; those that did not move since the last time are left out.
   * @throws CORRUPT, naming an object that is reached and missing
   */
  mark(ctx?: Context): Promise<void>
  /** Keeps what is here of the chunks of these blobs, since the blobs themselves stay. */
  keepChunks(blobs: readonly Id[], ctx?: Context): Promise<void>
  /** Deletes what lies on the scratch place. */
  drop(): Promise<void>
}

/** Recipes read at once. */
const recipesAtOnce = 4096

/** A marker for one run of gc. */
export function marker(
  repository: Pick<PackRepository, 'objects' | 'refs'>,
  scratch: Scratch | undefined,
): Marker {
  const { objects, refs } = repository
  const must = spillingIds(scratch) // what packages must have
  const may = spillingIds(scratch) // what is kept besides, as far as it is here
  const walked = nothingWalked(scratch)
  const recipes = spillingIds(scratch) // nodes of recipes that were gone through
  const hinted = spillingIds(scratch) // the same, of recipes that need not be here
  const owners = spillingIds(scratch) // chunked blobs whose own recipes were gone through
  const generations = new Map<string, number>()
  let settled = 0

  /** A recipe, what is below it, and the chunks. */
  const expand = async (recipe: Id, ctx?: Context): Promise<void> => {
    const open = [recipe]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      checkSignal(ctx)
      if (!(await recipes.add(id))) continue
      const node = await readReached(id, ctx)
      await must.put(id)
      for (const part of node.parts) {
        if (node.level > 0) open.push(part.id)
        else await must.put(part.id)
      }
    }
  }

  /** What is here of a recipe that need not be. */
  const keepHint = async (recipe: Id, ctx?: Context): Promise<void> => {
    const open = [recipe]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      checkSignal(ctx)
      if ((await recipes.has(id)) || (await hinted.has(id))) continue
      if ((await objects.missing([id], ctx)).length > 0) continue
      await hinted.add(id)
      await may.put(id)
      const node = await readRecipe(objects, id, ctx).catch(damage)
      if (!('parts' in node)) continue
      const parts = node.parts.map((part) => part.id)
      if (node.level > 0) open.push(...parts)
      const absent = new Set(await objects.missing(parts, ctx))
      for (const part of parts) if (!absent.has(part)) await may.put(part)
    }
  }

  const readReached = async (id: Id, ctx?: Context): ReturnType<typeof readRecipe> => {
    try {
      return await readRecipe(objects, id, ctx)
    } catch (error) {
      throw missing(`recipe ${id}`, damage(error))
    }
  }

  const take = async (name: string, need: Need, hints: SpillingIds, ctx?: Context): Promise<void> => {
    switch (need.kind) {
      case 'broken':
        throw missing(`${name}: ${need.why.message}, which ${need.from} names`, need.why)
      case 'recipe':
        await hints.put(need.id)
        return
      case 'blob': {
        const written = must.put(need.id)
        if (written !== undefined) await written
        if (need.recipe !== undefined) await expand(need.recipe, ctx)
        return
      }
      default:
        await must.put(need.id)
    }
  }

  /** Recipes by which blobs are kept that are reached: also where no derived tree tells of them. */
  const expandOwn = async (blobs: readonly Id[], ctx?: Context): Promise<void> => {
    const fresh: Id[] = []
    for (const blob of blobs) if (await owners.add(blob)) fresh.push(blob)
    for (let at = 0; at < fresh.length; at += recipesAtOnce) {
      for (const recipe of await ownRecipes(fresh.slice(at, at + recipesAtOnce), ctx))
        await expand(recipe, ctx)
    }
  }

  const ownRecipes = async (blobs: readonly Id[], ctx?: Context): Promise<readonly Id[]> => {
    const own: Id[] = []
    for await (const { recipe } of objects.readMany(blobs, ctx)) if (recipe !== undefined) own.push(recipe)
    return own
  }

  /** Finds all that is reached; a chunked blob keeps the recipe by which it is kept, and its chunks. */
  const settle = async (ctx?: Context): Promise<void> => {
    while (must.added !== settled) {
      const { added } = must
      let found = await findAll(repository, must, ctx)
      if (found.lost !== undefined) {
        await objects.packs.recover(ctx)
        found = await findAll(repository, must, ctx)
      }
      if (found.lost !== undefined) throw missing(await nameNeed(repository, found.lost, ctx))
      await expandOwn(found.chunked, ctx)
      settled = added
    }
  }

  const markPackage = async (state: PackageState, hints: SpillingIds, ctx?: Context): Promise<void> => {
    const name = formatPackageName(state.pkg)
    for await (const need of packageNeeds(objects, state, walked, ctx)) {
      await take(name, need, hints, ctx)
    }
  }

  return {
    live: {
      get added() {
        return must.added + may.added
      },
      within: async (from, to) =>
        mergeSorted([await must.within(from, to), await may.within(from, to)], idBytes),
    },
    keepChunks: async (blobs, ctx) => {
      for (const recipe of await ownRecipes(blobs, ctx)) await keepHint(recipe, ctx)
    },
    mark: async (ctx) => {
      // Recipes that derived trees have for blobs of other commits: kept as far as they are here.
      const hints = spillingIds(scratch)
      const marked = new Map<string, number>()
      for await (const state of refs.packages(ctx)) {
        const key = packageKey(state.pkg)
        if (generations.get(key) === state.generation) continue
        await markPackage(state, hints, ctx)
        marked.set(key, state.generation)
      }
      await settle(ctx)
      for await (const id of allOf(hints)) await keepHint(id, ctx)
      await hints.drop()
      for (const [key, generation] of marked) generations.set(key, generation)
    },
    drop: async () => {
      for (const set of [must, may, recipes, hinted, owners, walked.whole, walked.trees]) await set.drop()
    },
  }
}

/** One pass: all that must be here, against all that is. */
async function findAll(
  repository: Pick<PackRepository, 'objects'>,
  must: IdRanges,
  ctx?: Context,
): Promise<{ readonly chunked: readonly Id[]; readonly lost: Id | undefined }> {
  const { packs } = repository.objects
  await packs.refresh(ctx)
  return steadily(
    repository,
    async (indexes) => {
      const chunked: Id[] = []
      const names = indexes.flatMap(({ header }) => header.packs.map(({ name }) => name))
      const present = [...new Set(names)].filter((name) => !packs.gone.has(name))
      const numbers = new Map(present.map((name, number) => [name, number]))
      for await (const { table, asked, missing: lost } of joinEntries(indexes, numbers, must, ctx)) {
        if (lost.length > 0) return { chunked: [], lost: idFromBytes(lost) }
        for (let entry = 0; entry < asked.length; entry++) {
          if (asked[entry] === 0 || entryPayload(table, entry * entryBytes).encoding !== 'recipe') continue
          chunked.push(idFromBytes(table, entry * entryBytes))
        }
      }
      return { chunked, lost: undefined }
    },
    ctx,
  )
}

/** Ids are gone through so many of the 65,536 ranges at a time. */
const slotsAtOnce = 256

async function* allOf(ids: SpillingIds): AsyncGenerator<Id> {
  if (ids.added === 0) return
  for (let from = 0; from < 2 ** 16; from += slotsAtOnce) {
    const some = await ids.within(from, from + slotsAtOnce)
    for (let at = 0; at < some.length; at += idBytes) yield idFromBytes(some, at)
  }
}

function missing(what: string, cause?: QuiltError): QuiltError {
  return new QuiltError('CORRUPT', `${what} is missing or damaged, so gc deletes nothing`, {
    hint: 'find out what else is: quilt verify',
    cause,
  })
}
