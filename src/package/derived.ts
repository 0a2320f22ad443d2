// A commit's derived tree: the recipes of the large blobs that its tree reaches.
import type { Context } from '../core/base/context.ts'
import { chunkThreshold } from '../core/chunk/fastcdc.ts'
import { recipeName } from '../core/model/derived.ts'
import type { Id } from '../core/model/id.ts'
import type { ObjectWriter } from '../core/store/object-store.ts'
import { diff } from '../core/tree/diff.ts'
import { editEntries, type EntryChange } from '../core/tree/edit-entries.ts'
import type { TreeSource } from '../core/tree/node.ts'
import { walk } from '../core/tree/walk.ts'

/** A recipe and the length of the blob that it makes, in bytes. */
export interface KnownRecipe {
  readonly id: Id
  readonly size: number
}

/** A tree before and after, and what is known of recipes. */
export interface DerivedChange {
  readonly before: { readonly tree: Id; readonly derived?: Id | undefined } | undefined
  readonly tree: Id
  /** Recipes of blobs that are new. */
  readonly recipes: ReadonlyMap<Id, KnownRecipe>
}

/**
 * Writes the derived tree of a new tree: that of the one before, without blobs that are gone, with those that
 * are new.
 * @returns `undefined` when no blob is kept as chunks
 */
export async function writeDerived(
  objects: TreeSource,
  out: ObjectWriter,
  { before, tree, recipes }: DerivedChange,
  ctx?: Context,
): Promise<Id | undefined> {
  const changes: EntryChange[] = []
  for (const [blob, { id, size }] of recipes) {
    changes.push({ name: recipeName(blob), entry: { type: 'recipe', name: recipeName(blob), id, size } })
  }
  if (before?.derived !== undefined) {
    for (const blob of await goneBlobs(objects, before.tree, tree, ctx)) {
      if (!recipes.has(blob)) changes.push({ name: recipeName(blob), entry: undefined })
    }
  }
  if (changes.length === 0) return before?.derived
  const derived = await editEntries(objects, out, before?.derived, { changes })
  return derived === emptyTree ? undefined : derived
}

/** The id of the tree without entries: `QT1\n` and msgpack's `[0, []]`. */
const emptyTree = '479f8fea0fe104cd13c5091acdc75679003646868316b08f09d79f4cfbfc9f6b' as Id

/** Large blobs of a tree that another does not reach any more. */
async function goneBlobs(
  objects: TreeSource,
  before: Id,
  after: Id,
  ctx?: Context,
): Promise<ReadonlySet<Id>> {
  const gone = new Set<Id>()
  for await (const { from, to } of diff(objects, before, after, ctx)) {
    const same = from?.type === 'file' && to?.type === 'file' && from.id === to.id
    if (from?.type === 'file' && from.size > chunkThreshold && !same) gone.add(from.id)
  }
  if (gone.size === 0) return gone
  for await (const { entry } of walk(objects, after, ctx)) if (entry.type === 'file') gone.delete(entry.id)
  return gone
}
