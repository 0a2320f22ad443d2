// Views that commits have already: one of the very blob, read in the very way, is taken over as it is.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError } from '../../core/base/error.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Commit } from '../../core/model/commit.ts'
import type { GroupEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import type { ObjectReader, ObjectWriter } from '../../core/store/object-store.ts'
import { lookupDerived } from '../../core/tree/lookup.ts'
import type { NodeReader } from '../../core/tree/node.ts'
import { walk } from '../../core/tree/walk.ts'
import { largeBlobs } from '../../table/view/store-view.ts'
import type { KnownRecipe } from '../derived.ts'

/** Where views are taken from, and what was taken. */
export interface TakingOver {
  readonly objects: ObjectReader
  readonly nodes: NodeReader
  readonly out: ObjectWriter
  /** What the package was before. */
  readonly base: Commit | undefined
  /** Another commit whose views serve: that from which the tree was loaded. */
  readonly from?: Commit | undefined
  /** Derived trees of the commits that parts were composed of. */
  readonly derivedOfParts: readonly Id[]
  readonly views: Map<string, GroupEntry>
  /** Recipes of blobs, those of views among them. */
  readonly noted: Map<Id, KnownRecipe>
}

/** How many commits back a view is looked for. */
const mostBack = 20

/** A view of the very blob, read in the very way, that an earlier commit has. */
export async function takeOver(run: TakingOver, name: string, ctx?: Context): Promise<boolean> {
  if (await takeFrom(run, run.base, name, ctx)) return true
  if (await takeFrom(run, run.from, name, ctx)) return true
  for (const derived of run.derivedOfParts) if (await takeOut(run, derived, name, ctx)) return true
  return false
}

/** The derived trees of commits, those that are here. */
export async function derivedOf(
  objects: ObjectReader,
  commits: readonly Id[],
  ctx?: Context,
): Promise<readonly Id[]> {
  const found = new Set<Id>()
  for (const id of commits) {
    try {
      const { derived } = await readCommit(objects, id, ctx)
      if (derived !== undefined) found.add(derived)
    } catch (error) {
      if (!isQuiltError(error, 'NOT_FOUND')) throw error // it lies in another store, which has its views
    }
  }
  return [...found]
}

/** Takes a view out of a derived tree, where that has it and all of it is here. */
async function takeOut(run: TakingOver, derived: Id, name: string, ctx?: Context): Promise<boolean> {
  const found = await lookupDerived(run.nodes, derived, name, ctx)
  if (found?.type !== 'group' || !(await isHere(run, found.id, ctx))) return false
  run.views.set(name, found)
  await noteRecipes(run, derived, found.id, ctx)
  return true
}

async function takeFrom(
  run: TakingOver,
  start: Commit | undefined,
  name: string,
  ctx?: Context,
): Promise<boolean> {
  const { objects } = run
  let commit = start
  for (let back = 0; commit !== undefined && back < mostBack; back++) {
    const { derived, parents } = commit
    try {
      if (derived !== undefined && (await takeOut(run, derived, name, ctx))) return true
      commit = parents[0] === undefined ? undefined : await readCommit(objects, parents[0], ctx)
    } catch (error) {
      if (isQuiltError(error, 'NOT_FOUND')) return false // what is before was not installed
      throw error
    }
  }
  return false
}

/** True when all blobs of a view are in the store. */
export async function isHere({ out, nodes }: TakingOver, view: Id, ctx?: Context): Promise<boolean> {
  const ids: Id[] = []
  for await (const { entry } of walk(nodes, view, ctx)) if (entry.type === 'file') ids.push(entry.id)
  return (await out.missing(ids, ctx)).length === 0
}

/** Recipes of a view's large blobs, as the derived tree that had the view says them. */
export async function noteRecipes(
  run: TakingOver,
  derived: Id | undefined,
  view: Id,
  ctx?: Context,
): Promise<void> {
  if (derived === undefined) return
  for await (const { id, size } of largeBlobs(run.nodes, view, ctx)) {
    if (run.noted.has(id)) continue
    const found = await lookupDerived(run.nodes, derived, id, ctx)
    if (found?.type === 'recipe') run.noted.set(id, { id: found.id, size })
  }
}
