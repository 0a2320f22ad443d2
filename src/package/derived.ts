// A commit's derived tree: the recipes of the large blobs that its tree reaches, and the views of its files.
import type { Context } from '../core/base/context.ts'
import { blobOfView, recipeName } from '../core/model/derived.ts'
import type { Id } from '../core/model/id.ts'
import type { DerivedEntry, FileEntry, GroupEntry } from '../core/model/entry.ts'
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
  /** Whether a view serves a file: those go that served one which has changed and serve none now. Left out, they stay. */
  readonly serves?: ((file: FileEntry, view: GroupEntry) => boolean) | undefined
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

/** Names in the derived tree before of which the tree has no use any more. */
async function goneNames(
  objects: TreeSource,
  change: DerivedChange & { readonly derived: Id },
  ctx?: Context,
): Promise<ReadonlySet<string>> {
  const { before, derived, tree, views = [] } = change
  const gone = new Set<string>()
  if (before === undefined) return gone
  const fresh = byBlob(views)
  const touched = await touchedBlobs(objects, before.tree, { ...change, fresh }, ctx)
  const held = await heldFor(objects, derived, touched, ctx)
  const left = await filesOf(objects, tree, held, ctx)
  const parts = new Set<Id>()
  for (const [blob, names] of held) {
    const files = left.get(blob)
    if (files === undefined && names.recipe) gone.add(recipeName(blob))
    for (const view of names.views) {
      if (files !== undefined && !isOutdated({ ...change, fresh }, files, view)) continue
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

/** A change with its new views by their blobs. */
interface FreshChange extends DerivedChange {
  readonly fresh: ReadonlyMap<Id, readonly GroupEntry[]>
}

function byBlob(views: readonly GroupEntry[]): FreshChange['fresh'] {
  const fresh = new Map<Id, GroupEntry[]>()
  for (const view of views) {
    const blob = blobOfView(view.name)
    fresh.set(blob, [...(fresh.get(blob) ?? []), view])
  }
  return fresh
}

/** Blobs of files that have changed or are gone, and of those that have a new view. */
async function touchedBlobs(
  objects: TreeSource,
  before: Id,
  { tree, serves, fresh }: FreshChange,
  ctx?: Context,
): Promise<ReadonlySet<Id>> {
  const touched = new Set<Id>(serves === undefined ? [] : fresh.keys())
  for await (const { from, to } of diff(objects, before, tree, ctx)) {
    if (from?.type !== 'file') continue
    const isSame = to?.type === 'file' && from.id === to.id
    if (!isSame || (serves !== undefined && howRead(from) !== howRead(to))) touched.add(from.id)
  }
  return touched
}

function howRead({ source, reading }: FileEntry): string {
  return JSON.stringify([source, reading])
}

/** What a derived tree has of a blob. */
interface Held {
  readonly recipe: boolean
  readonly views: readonly GroupEntry[]
}

/** What a derived tree has of these blobs; those of which it has nothing are left out. */
async function heldFor(
  objects: TreeSource,
  derived: Id,
  blobs: ReadonlySet<Id>,
  ctx?: Context,
): Promise<ReadonlyMap<Id, Held>> {
  const held = new Map<Id, Held>()
  for (const blob of blobs) {
    const recipe = (await lookupDerived(objects, derived, recipeName(blob), ctx)) !== undefined
    const views: GroupEntry[] = []
    for await (const view of viewsOf(objects, derived, blob, ctx)) views.push(view)
    if (recipe || views.length > 0) held.set(blob, { recipe, views })
  }
  return held
}

/** The files of a tree that have these blobs, by blob. */
async function filesOf(
  objects: TreeSource,
  tree: Id,
  blobs: ReadonlyMap<Id, unknown>,
  ctx?: Context,
): Promise<ReadonlyMap<Id, readonly FileEntry[]>> {
  const found = new Map<Id, FileEntry[]>()
  if (blobs.size === 0) return found
  for await (const { entry } of walk(objects, tree, ctx)) {
    if (entry.type !== 'file' || !blobs.has(entry.id)) continue
    const files = found.get(entry.id)
    if (files === undefined) found.set(entry.id, [entry])
    else files.push(entry)
  }
  return found
}

/** True for a view of a blob that stays, where no file needs this one: a new one serves, or none is read so any more. */
function isOutdated({ serves, fresh }: FreshChange, files: readonly FileEntry[], view: GroupEntry): boolean {
  if (serves === undefined) return false
  const others = fresh.get(blobOfView(view.name)) ?? []
  if (others.some(({ name }) => name === view.name)) return false
  return files.every((file) => !serves(file, view) || others.some((other) => serves(file, other)))
}
