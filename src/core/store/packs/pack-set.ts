// All packs of a repository through their indexes: finds where objects lie, and mends missing indexes.
import type { Backend } from '../../backend/backend.ts'
import type { Context } from '../../base/context.ts'
import { QuiltError, isQuiltError } from '../../base/error.ts'
import type { PackRecord } from '../../codec/pack.ts'
import type { IndexedPack, IndexEntry } from '../../codec/pack-index.ts'
import { idBytes, idToBytes, type Id } from '../../model/id.ts'
import { adoptIndexFile, wholeIndexFile, type IndexFile, type SoughtId } from './index-file.ts'
import { listedIndexes } from './listed-indexes.ts'
import { rebuildIndex } from './rebuild-index.ts'

/** Where an object lies. */
export interface Location extends PackRecord {
  readonly pack: string
  /** Length of that pack in bytes. */
  readonly packSize: number
}

/** Packs that a look-up leaves out: what gc is about to delete. */
export type SkippedPacks = ReadonlySet<string>

/** The packs of a repository, as their indexes tell. */
export interface PackSet {
  /** Lists indexes and packs anew. Indexes are opened when a look-up needs them, the smallest first. */
  relist(ctx?: Context): Promise<void>
  /** The same, and opens every index. */
  refresh(ctx?: Context): Promise<void>
  /**
   * So many look-ups are coming that need an index to be read: where they are many, all are opened, whole where that
   * pays. That is one read each, not one a look-up.
   */
  expect(lookups: number, ctx?: Context): Promise<void>
  /** Where an object lies, leaving out the packs in `skip`. */
  find(id: Id, skip?: SkippedPacks, ctx?: Context): Promise<Location | undefined>
  /** The same without a promise; `'unknown'` when an index would have to be read for it. */
  findNow(id: Id, skip?: SkippedPacks): Location | undefined | 'unknown'
  /** Takes up the index of a pack just written. */
  adopt(key: string, index: Uint8Array): void
  /** Every index, open. */
  indexes(ctx?: Context): Promise<readonly IndexFile[]>
  /** Bytes of every index and of every pack, as last listed: no index is opened for it. */
  sizes(ctx?: Context): Promise<{ readonly indexes: readonly number[]; readonly packs: readonly number[] }>
  /**
   * Makes the indexes of packs that have none, or none that is whole.
   * @returns true when objects may have been found that were not there before
   */
  recover(ctx?: Context): Promise<boolean>
  /** Packs that an open index covers and that are not there any more: nothing lies in them. */
  readonly gone: SkippedPacks
  /** Indexes that were found damaged: their keys and what is wrong with them. */
  readonly damaged: ReadonlyMap<string, QuiltError>
}

const none: SkippedPacks = new Set()
/** How often a look-up begins again when indexes are merged under its hands. */
const mostSearches = 5
/** From so many look-ups on that need an index, all are opened before them. */
const manyLookups = 16

/** The packs on a backend. Nothing is read before it is asked for. */
export function packSet(backend: Backend): PackSet {
  const indexes = listedIndexes(backend)
  const { made, memory, refused, load, openAll, all } = indexes

  /** @returns packs that no index covers */
  const refresh = async (ctx?: Context): Promise<readonly IndexedPack[]> => {
    await indexes.relist(ctx)
    await openAll(ctx)
    const bare = new Map(indexes.now.present)
    for (const { header } of all()) for (const { name } of header.packs) bare.delete(name)
    return Array.from(bare, ([name, size]) => ({ name, size }))
  }

  const recover = async (ctx?: Context): Promise<boolean> => {
    let found = false
    await openAll(ctx)
    for (const index of all()) await backend.distrust?.(index.key)
    await indexes.prove(ctx)
    for (const pack of await refresh(ctx)) {
      const index = await rebuildIndex(backend, pack, ctx)
      if (index === undefined) continue
      found = true
      refused.delete(index.key)
      indexes.now.broken.delete(index.key)
      if (index.written) indexes.now.open.set(index.key, wholeIndexFile(index.key, index.bytes))
      else made.set(index.key, wholeIndexFile(index.key, index.bytes, false))
    }
    return found
  }

  const located = (
    index: IndexFile,
    entries: readonly IndexEntry[],
    skip: SkippedPacks,
  ): Location | undefined => {
    for (const entry of entries) {
      const location = locationOf(index, entry)
      if (!skip.has(location.pack) && !indexes.now.gone.has(location.pack)) return location
    }
    return undefined
  }

  /** Where something was found last: what is looked for next lies there too, more often than not. */
  let lastHit: IndexFile | undefined

  const inOrder = (): readonly IndexFile[] => {
    const open = [...all()]
    return lastHit !== undefined && open.includes(lastHit) ? [lastHit, ...open] : open
  }

  /** Looks into the open indexes, then into the others, the smallest first. `'stale'`: one went away meanwhile. */
  const search = async (
    sought: SoughtId,
    skip: SkippedPacks,
    ctx?: Context,
  ): Promise<Location | undefined | 'stale'> => {
    const seen = new Set<IndexFile>()
    let stale = false
    for (;;) {
      for (const index of inOrder()) {
        if (seen.has(index)) continue
        seen.add(index)
        try {
          const found = located(index, index.findNow(sought) ?? (await index.find(sought, ctx)), skip)
          if (found === undefined) continue
          lastHit = index
          return found
        } catch (error) {
          if (isQuiltError(error, 'NOT_FOUND')) return 'stale' // merged into another one under our hands
          if (!isQuiltError(error, 'CORRUPT') || refused.has(index.key)) throw error
          refused.set(index.key, error)
          indexes.now.open.delete(index.key)
          await backend.distrust?.(index.key)
          await recover(ctx)
          return search(sought, skip, ctx)
        }
      }
      const opened = await indexes.openNext(ctx)
      if (opened === undefined) return stale ? 'stale' : undefined
      if (!opened) stale = true
    }
  }

  /** What `findNow` looks for: no other call is under way meanwhile, so one place serves all. */
  const probe: { id: Id; readonly bytes: Uint8Array } = { id: '' as Id, bytes: new Uint8Array(idBytes) }

  const findNow: PackSet['findNow'] = (id, skip = none) => {
    if (!indexes.isLoaded) return 'unknown'
    probe.id = id
    idToBytes(id, probe.bytes)
    let sure = indexes.now.closed.size === 0
    for (const index of made.size === 0 ? indexes.now.open.values() : all()) {
      const entries = index.findNow(probe)
      if (entries === undefined) sure = false
      const found = entries === undefined ? undefined : located(index, entries, skip)
      if (found !== undefined) return found
    }
    return sure ? undefined : 'unknown'
  }

  return {
    get damaged() {
      return indexes.now.broken
    },
    get gone() {
      return indexes.now.gone
    },
    sizes: async (ctx) => {
      await load(ctx)
      const open = [...indexes.now.open.values()].map(({ size }) => size)
      return { indexes: [...indexes.now.closed.values(), ...open], packs: [...indexes.now.present.values()] }
    },
    relist: indexes.relist,
    refresh: async (ctx) => {
      await refresh(ctx)
    },
    expect: async (lookups, ctx) => {
      if (lookups < manyLookups) return
      await load(ctx)
      await openAll(ctx)
      for (const index of all()) await index.expect(lookups, ctx)
    },
    find: async (id, skip = none, ctx) => {
      await load(ctx)
      const sought = { id, bytes: idToBytes(id) }
      for (let searches = 1; ; searches++) {
        const found = await search(sought, skip, ctx)
        if (found !== 'stale') return found
        if (searches === mostSearches) return undefined
        await indexes.relist(ctx)
      }
    },
    findNow,
    adopt: (key, index) => {
      indexes.adopt(key, adoptIndexFile(backend, key, index, memory))
    },
    indexes: async (ctx) => {
      await load(ctx)
      await openAll(ctx)
      return [...all()]
    },
    recover,
  }
}

/**
 * Where an index's entry says that an object lies.
 * @throws CORRUPT when it names a pack that the index does not cover
 */
function locationOf(index: IndexFile, entry: IndexEntry): Location {
  const pack = index.header.packs[entry.pack]
  if (pack === undefined)
    throw new QuiltError('CORRUPT', `index "${index.key}" names a pack that it does not cover`)
  const { id, kind, encoding, offset, stored, size } = entry
  return { id, kind, encoding, offset, stored, size, pack: pack.name, packSize: pack.size }
}
