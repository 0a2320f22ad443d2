// A commit's derived tree: the recipes of the large blobs that its tree reaches, and the views of its files.
import type { Context } from '../core/base/context.ts'
import { recipeName } from '../core/model/derived.ts'
import type { Id } from '../core/model/id.ts'
import type { DerivedEntry, GroupEntry } from '../core/model/entry.ts'
import type { ObjectWriter } from '../core/store/object-store.ts'
import { diff } from '../core/tree/diff.ts'
import { editEntries } from '../core/tree/edit-entries.ts'
import { lookupDerived } from '../core/tree/lookup.ts'
import type { TreeSource } from '../core/tree/node.ts'
import { walk } from '../core/tree/walk.ts'
import { derivedEntries, viewsOf } from '../core/tree/entries.ts'
import { largeBlobs } from '../table/view/store-view.ts'

/** A recipe and the length of the blob that it makes, in bytes. */
export interface KnownRecipe {
  readonly id: Id
  readonly size: number
}

/** A tree before and after, and what is known of recipes and views. */
export interface DerivedChange {
  readonly before: { readonly tree: Id; readonly derived?: Id | undefined } | undefined
  readonly tree: Id
  /** Recipes of blobs that are new. */
  readonly recipes: ReadonlyMap<Id, KnownRecipe>
  /** Views that are new, or stay; those of blobs that are gone go. */
  readonly views?: readonly GroupEntry[] | undefined
}

/**
 * Writes the derived tree of a new tree: that of the one before, without blobs that are gone, with those that
 * are new.
 * @returns `undefined` when no blob is kept as chunks, and none has a view
 */
export async function writeDerived(
  objects: TreeSource,
  out: ObjectWriter,
  change: DerivedChange,
  ctx?: Context,
): Promise<Id | undefined> {
  const { before, recipes, views = [] } = change
  const changes = new Map<string, DerivedEntry | undefined>()
  if (before?.derived !== undefined) {
    for (const name of await goneNames(objects, { ...change, derived: before.derived }, ctx))
      changes.set(name, undefined)
  }
  for (const [blob, { id, size }] of recipes) {
    changes.set(recipeName(blob), { type: 'recipe', name: recipeName(blob), id, size })
  }
  for (const view of views) changes.set(view.name, view)
  if (changes.size === 0) return before?.derived
  const edits = Array.from(changes, ([name, entry]) => ({ name, entry }))
  const derived = await editEntries(objects, out, before?.derived, { changes: edits })
  return derived === emptyTree ? undefined : derived
}

/** The id of the tree without entries: `QT1\n` and msgpack's `[0, []]`. */
const emptyTree = '479f8fea0fe104cd13c5091acdc75679003646868316b08f09d79f4cfbfc9f6b' as Id

/** Names in the derived tree before that belong to blobs which the tree does not reach any more. */
async function goneNames(
  objects: TreeSource,
  { before, derived, tree, views = [] }: DerivedChange & { readonly derived: Id },
  ctx?: Context,
): Promise<ReadonlySet<string>> {
  const gone = new Set<string>()
  if (before === undefined) return gone
  const blobs = await goneBlobs(objects, before.tree, tree, ctx)
  const parts = new Set<Id>()
  for (const blob of blobs) {
    if ((await lookupDerived(objects, derived, recipeName(blob), ctx)) !== undefined)
      gone.add(recipeName(blob))
    for await (const view of viewsOf(objects, derived, blob, ctx)) {
      gone.add(view.name)
      for await (const { id } of largeBlobs(objects, view.id, ctx)) parts.add(id)
    }
  }
  if (parts.size === 0) return gone
  // Recipes of a view's parts go with it, unless another view or a file has the same bytes.
  for await (const { entry } of walk(objects, tree, ctx)) if (entry.type === 'file') parts.delete(entry.id)
  for await (const entry of derivedEntries(objects, derived, undefined, ctx)) {
    if (entry.type !== 'group' || gone.has(entry.name)) continue
    for await (const { id } of largeBlobs(objects, entry.id, ctx)) parts.delete(id)
  }
  for (const view of views) for await (const { id } of largeBlobs(objects, view.id, ctx)) parts.delete(id)
  for (const part of parts) gone.add(recipeName(part))
  return gone
}

/** Blobs of a tree that another does not reach any more. */
async function goneBlobs(
  objects: TreeSource,
  before: Id,
  after: Id,
  ctx?: Context,
): Promise<ReadonlySet<Id>> {
  const gone = new Set<Id>()
  for await (const { from, to } of diff(objects, before, after, ctx)) {
    const same = from?.type === 'file' && to?.type === 'file' && from.id === to.id
    if (from?.type === 'file' && !same) gone.add(from.id)
  }
  if (gone.size === 0) return gone
  for await (const { entry } of walk(objects, after, ctx)) if (entry.type === 'file') gone.delete(entry.id)
  return gone
}
