// All packs of a repository through their indexes: finds where objects lie, and mends missing indexes.
import type { Backend } from '../../backend/backend.ts'
import type { Context } from '../../base/context.ts'
import { QuiltError, isQuiltError } from '../../base/error.ts'
import { mapOrdered } from '../../base/pool.ts'
import type { PackRecord } from '../../codec/pack.ts'
import type { IndexedPack, IndexEntry } from '../../codec/pack-index.ts'
import { idToBytes, type Id } from '../../model/id.ts'
import {
  adoptIndexFile,
  indexMemory,
  openIndexFile,
  proveIndexFile,
  wholeIndexFile,
  type IndexFile,
  type IndexMemory,
} from './index-file.ts'
import { indexPrefix, packPrefix } from '../layout.ts'
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
  /** Opens every index ahead of so many look-ups, whole where that pays: one read each, not one a look-up. */
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
/** Indexes opened at once. */
const openWidth = 4

/** What one listing told, and what of it has been opened since. */
interface Listed {
  readonly open: Map<string, IndexFile>
  /** Bytes of the indexes that are not open yet, by key. */
  readonly closed: Map<string, number>
  readonly present: Map<string, number>
  readonly gone: Set<string>
  readonly broken: Map<string, QuiltError>
}

function nothingListed(): Listed {
  return { open: new Map(), closed: new Map(), present: new Map(), gone: new Set(), broken: new Map() }
}

/** The packs on a backend. Nothing is read before it is asked for. */
export function packSet(backend: Backend): PackSet {
  let now = nothingListed()
  const made = new Map<string, IndexFile>() // indexes that could be made but not written
  const opener = indexOpener(backend)
  const { memory, refused } = opener
  const adopting = new Set<Listed>() // what listings under way have found
  const opening = new Map<string, Promise<boolean>>()
  let loaded: Promise<void> | undefined
  let begun = 0
  let applied = 0

  /**
   * Indexes first, then packs: a pack was there before its index, and its name never comes twice, so one that is
   * not listed is gone for good. Of listings that overlap, the one that began last is right.
   */
  const relist = async (ctx?: Context): Promise<void> => {
    const number = ++begun
    const listed = nothingListed()
    const { open } = now
    adopting.add(listed)
    try {
      for await (const { key, size } of backend.list(indexPrefix, ctx)) {
        const known = open.get(key)
        const damage = refused.get(key)
        if (known !== undefined) listed.open.set(key, known)
        else if (damage !== undefined) listed.broken.set(key, damage)
        else if (!listed.open.has(key)) listed.closed.set(key, size)
      }
      for await (const { key, size } of backend.list(packPrefix, ctx)) {
        listed.present.set(key.slice(packPrefix.length), size)
      }
      for (const index of [...listed.open.values(), ...made.values()]) noteGone(listed, index)
      if (number > applied) {
        applied = number
        now = listed
        memory.left = [...listed.open.values()].reduce((left, { held }) => left - held, memory.total)
      }
    } finally {
      adopting.delete(listed)
    }
  }

  /** Opens one index that is listed. False when it is not there any more: another holds its entries. */
  const openOne = (key: string, ctx?: Context): Promise<boolean> => {
    const under = opening.get(key)
    if (under !== undefined) return under
    const size = now.closed.get(key) ?? 0
    const work = opener.open(key, size, ctx).then((index) => {
      // The listing may be another one by now.
      if (!now.closed.delete(key)) return true
      if (index === undefined) return false
      if ('key' in index) {
        now.open.set(key, index)
        noteGone(now, index)
      } else now.broken.set(key, index)
      return true
    })
    const ended = work.finally(() => opening.delete(key))
    opening.set(key, ended)
    return ended
  }

  const openAll = async (ctx?: Context): Promise<void> => {
    const keys = [...now.closed.keys()]
    for await (const done of mapOrdered(keys, openWidth, (key) => openOne(key, ctx))) void done
  }

  /** @returns packs that no index covers */
  const refresh = async (ctx?: Context): Promise<readonly IndexedPack[]> => {
    await relist(ctx)
    await openAll(ctx)
    const bare = new Map(now.present)
    for (const { header } of all()) for (const { name } of header.packs) bare.delete(name)
    return Array.from(bare, ([name, size]) => ({ name, size }))
  }

  const load = (ctx?: Context): Promise<void> => {
    loaded ??= relist(ctx).catch((error: unknown) => {
      loaded = undefined
      throw error
    })
    return loaded
  }

  const all = (): IterableIterator<IndexFile> => [...now.open.values(), ...made.values()].values()

  const recover = async (ctx?: Context): Promise<boolean> => {
    let found = false
    await openAll(ctx)
    await opener.prove(now.open, ctx)
    for (const pack of await refresh(ctx)) {
      const index = await rebuildIndex(backend, pack, ctx)
      if (index === undefined) continue
      found = true
      refused.delete(index.key)
      now.broken.delete(index.key)
      if (index.written) now.open.set(index.key, wholeIndexFile(index.key, index.bytes))
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
      if (!skip.has(location.pack) && !now.gone.has(location.pack)) return location
    }
    return undefined
  }

  /** Looks into the open indexes, then into the others, the smallest first. `'stale'`: one went away meanwhile. */
  const search = async (
    id: Uint8Array,
    skip: SkippedPacks,
    ctx?: Context,
  ): Promise<Location | undefined | 'stale'> => {
    const seen = new Set<IndexFile>()
    let stale = false
    for (;;) {
      for (const index of all()) {
        if (seen.has(index)) continue
        seen.add(index)
        try {
          const found = located(index, index.findNow(id) ?? (await index.find(id, ctx)), skip)
          if (found !== undefined) return found
        } catch (error) {
          if (isQuiltError(error, 'NOT_FOUND')) return 'stale' // merged into another one under our hands
          if (!isQuiltError(error, 'CORRUPT') || refused.has(index.key)) throw error
          refused.set(index.key, error)
          now.open.delete(index.key)
          await recover(ctx)
          return search(id, skip, ctx)
        }
      }
      const next = smallest(now.closed)
      if (next === undefined) return stale ? 'stale' : undefined
      if (!(await openOne(next, ctx))) stale = true
    }
  }

  return {
    get damaged() {
      return now.broken
    },
    get gone() {
      return now.gone
    },
    sizes: async (ctx) => {
      await load(ctx)
      const open = [...now.open.values()].map(({ size }) => size)
      return { indexes: [...now.closed.values(), ...open], packs: [...now.present.values()] }
    },
    relist: async (ctx) => {
      await relist(ctx)
      loaded = Promise.resolve()
    },
    refresh: async (ctx) => {
      await refresh(ctx)
      loaded = Promise.resolve()
    },
    expect: async (lookups, ctx) => {
      await load(ctx)
      await openAll(ctx)
      for (const index of all()) await index.expect(lookups, ctx)
    },
    find: async (id, skip = none, ctx) => {
      await load(ctx)
      const bytes = idToBytes(id)
      for (let searches = 1; ; searches++) {
        const found = await search(bytes, skip, ctx)
        if (found !== 'stale') return found
        if (searches === mostSearches) return undefined
        await relist(ctx)
      }
    },
    findNow: (id, skip = none) => {
      if (loaded === undefined) return 'unknown'
      const bytes = idToBytes(id)
      let sure = now.closed.size === 0
      for (const index of made.size === 0 ? now.open.values() : all()) {
        const entries = index.findNow(bytes)
        if (entries === undefined) sure = false
        const found = entries === undefined ? undefined : located(index, entries, skip)
        if (found !== undefined) return found
      }
      return sure ? undefined : 'unknown'
    },
    adopt: (key, index) => {
      const file = adoptIndexFile(backend, key, index, memory)
      for (const listed of [now, ...adopting]) {
        listed.closed.delete(key)
        listed.open.set(key, file)
        for (const { name, size } of file.header.packs) listed.present.set(name, size)
      }
    },
    indexes: async (ctx) => {
      await load(ctx)
      await openAll(ctx)
      return [...all()]
    },
    recover,
  }
}

function noteGone({ present, gone }: Listed, { header }: IndexFile): void {
  for (const { name } of header.packs) if (!present.has(name)) gone.add(name)
}

function smallest(closed: ReadonlyMap<string, number>): string | undefined {
  let least: string | undefined
  for (const [key, size] of closed)
    if (least === undefined || size < (closed.get(least) as number)) least = key
  return least
}

/** Opens indexes, and remembers which of them are damaged though they look whole at their beginning. */
interface IndexOpener {
  readonly memory: IndexMemory
  readonly refused: Map<string, QuiltError>
  /** The index of so many bytes, or what is wrong with it; `undefined` when it is not there any more. */
  open(key: string, size: number, ctx?: Context): Promise<IndexFile | QuiltError | undefined>
  /** Proves what was not read whole yet: from an entry with a flipped bit its object could not be found. */
  prove(open: Map<string, IndexFile>, ctx?: Context): Promise<void>
}

function indexOpener(backend: Backend): IndexOpener {
  const refused = new Map<string, QuiltError>()
  const proved = new WeakSet<IndexFile>()
  const memory = indexMemory()
  return {
    memory,
    refused,
    open: async (key, size, ctx) => {
      try {
        return await openIndexFile(backend, key, { memory, size }, ctx)
      } catch (error) {
        if (isQuiltError(error, 'NOT_FOUND')) return undefined // merged away by another process since it was listed
        // The repository's format is known, so an index of another one is damage too.
        if (isQuiltError(error, 'CORRUPT') || isQuiltError(error, 'UNSUPPORTED')) return error
        throw error
      }
    },
    prove: async (open, ctx) => {
      for (const index of open.values()) {
        if (proved.has(index)) continue
        try {
          await proveIndexFile(backend, index, ctx)
          proved.add(index)
        } catch (error) {
          if (isQuiltError(error, 'CORRUPT')) refused.set(index.key, error)
          else if (!isQuiltError(error, 'NOT_FOUND')) throw error
          open.delete(index.key)
        }
      }
    },
  }
}

/**
 * Where an index's entry says that an object lies.
 * @throws CORRUPT when it names a pack that the index does not cover
 */
export function locationOf(index: IndexFile, entry: IndexEntry): Location {
  const pack = index.header.packs[entry.pack]
  if (pack === undefined)
    throw new QuiltError('CORRUPT', `index "${index.key}" names a pack that it does not cover`)
  const { id, kind, encoding, offset, stored, size } = entry
  return { id, kind, encoding, offset, stored, size, pack: pack.name, packSize: pack.size }
}
