// All packs of a repository through their indexes: finds where objects lie, and mends missing indexes.
import type { Backend } from '../../backend/backend.ts'
import type { Context } from '../../base/context.ts'
import { QuiltError, isQuiltError } from '../../base/error.ts'
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
  /** Reads the list of indexes, the first time and whenever asked again. */
  refresh(ctx?: Context): Promise<void>
  /** Where an object lies, leaving out the packs in `skip`. */
  find(id: Id, skip?: SkippedPacks, ctx?: Context): Promise<Location | undefined>
  /** The same without a promise; `'unknown'` when an index would have to be read for it. */
  findNow(id: Id, skip?: SkippedPacks): Location | undefined | 'unknown'
  /** Takes up the index of a pack just written. */
  adopt(key: string, index: Uint8Array): void
  /** Every index that is open. */
  indexes(ctx?: Context): Promise<readonly IndexFile[]>
  /**
   * Makes the indexes of packs that have none, or none that is whole.
   * @returns true when objects may have been found that were not there before
   */
  recover(ctx?: Context): Promise<boolean>
  /** Packs that an index covers and that are not there any more: nothing lies in them. */
  readonly gone: SkippedPacks
  /** Indexes that are damaged: their keys and what is wrong with them. */
  readonly damaged: ReadonlyMap<string, QuiltError>
}

const none: SkippedPacks = new Set()

/** The packs on a backend. Nothing is read before it is asked for. */
export function packSet(backend: Backend): PackSet {
  let open = new Map<string, IndexFile>()
  let gone: SkippedPacks = none
  let damaged: ReadonlyMap<string, QuiltError> = new Map()
  const made = new Map<string, IndexFile>() // indexes that could be made but not written
  const opener = indexOpener(backend)
  const { memory, refused } = opener
  const adopting = new Set<Map<string, IndexFile>>() // what refreshes under way have listed
  let loaded: Promise<void> | undefined
  let begun = 0
  let applied = 0

  /**
   * Indexes first, then packs: a pack was there before its index, and its name never comes twice, so one that is
   * not listed is gone for good. Of refreshes that overlap, the one that began last is right.
   * @returns packs that no index covers
   */
  const refresh = async (ctx?: Context): Promise<readonly IndexedPack[]> => {
    const number = ++begun
    const listed = new Map<string, IndexFile>()
    const broken = new Map<string, QuiltError>()
    adopting.add(listed)
    try {
      for await (const { key } of backend.list(indexPrefix, ctx)) {
        const known = open.get(key)
        if (known !== undefined) listed.set(key, known)
        else await opener.openInto({ listed, broken }, key, ctx)
      }
      const indexes = [...listed.values(), ...made.values()]
      const missing = new Set(indexes.flatMap(({ header }) => header.packs.map(({ name }) => name)))
      const bare: IndexedPack[] = []
      for await (const { key, size } of backend.list(packPrefix, ctx)) {
        const name = key.slice(packPrefix.length)
        if (!missing.delete(name)) bare.push({ name, size })
      }
      if (number > applied) {
        applied = number
        open = listed
        damaged = broken
        gone = missing
        memory.left = [...listed.values()].reduce((left, { held }) => left - held, memory.total)
      }
      return bare
    } finally {
      adopting.delete(listed)
    }
  }

  const load = (ctx?: Context): Promise<void> => {
    loaded ??= refresh(ctx).then(
      () => undefined,
      (error: unknown) => {
        loaded = undefined
        throw error
      },
    )
    return loaded
  }

  const all = (): IterableIterator<IndexFile> => [...open.values(), ...made.values()].values()

  const recover = async (ctx?: Context): Promise<boolean> => {
    let found = false
    await opener.prove(open, ctx)
    for (const pack of await refresh(ctx)) {
      const index = await rebuildIndex(backend, pack, ctx)
      if (index === undefined) continue
      found = true
      refused.delete(index.key)
      if (index.written) open.set(index.key, wholeIndexFile(index.key, index.bytes))
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
      if (!skip.has(location.pack) && !gone.has(location.pack)) return location
    }
    return undefined
  }

  const search = async (id: Uint8Array, skip: SkippedPacks, ctx?: Context): Promise<Location | undefined> => {
    for (const index of all()) {
      try {
        const found = located(index, index.findNow(id) ?? (await index.find(id, ctx)), skip)
        if (found !== undefined) return found
      } catch (error) {
        if (!isQuiltError(error, 'CORRUPT') || refused.has(index.key)) throw error
        refused.set(index.key, error)
        open.delete(index.key)
        await recover(ctx)
        return search(id, skip, ctx)
      }
    }
    return undefined
  }

  return {
    get damaged() {
      return damaged
    },
    get gone() {
      return gone
    },
    refresh: async (ctx) => {
      await refresh(ctx)
      loaded = Promise.resolve()
    },
    find: async (id, skip = none, ctx) => {
      await load(ctx)
      try {
        return await search(idToBytes(id), skip, ctx)
      } catch (error) {
        if (!isQuiltError(error, 'NOT_FOUND')) throw error
        await refresh(ctx) // an index was merged into another one under our hands
        return search(idToBytes(id), skip, ctx)
      }
    },
    findNow: (id, skip = none) => {
      if (loaded === undefined) return 'unknown'
      const bytes = idToBytes(id)
      let sure = true
      for (const index of made.size === 0 ? open.values() : all()) {
        const entries = index.findNow(bytes)
        if (entries === undefined) sure = false
        const found = entries === undefined ? undefined : located(index, entries, skip)
        if (found !== undefined) return found
      }
      return sure ? undefined : 'unknown'
    },
    adopt: (key, index) => {
      const file = adoptIndexFile(backend, key, index, memory)
      for (const listed of [open, ...adopting]) listed.set(key, file)
    },
    indexes: async (ctx) => {
      await load(ctx)
      return [...all()]
    },
    recover,
  }
}

/** Opens indexes, and remembers which of them are damaged though they look whole at their beginning. */
interface IndexOpener {
  readonly memory: IndexMemory
  readonly refused: Map<string, QuiltError>
  openInto(into: Opened, key: string, ctx?: Context): Promise<void>
  /** Proves what was not read whole yet: from an entry with a flipped bit its object could not be found. */
  prove(open: Map<string, IndexFile>, ctx?: Context): Promise<void>
}

/** Indexes by key, and what is wrong with those that are damaged. */
interface Opened {
  readonly listed: Map<string, IndexFile>
  readonly broken: Map<string, QuiltError>
}

function indexOpener(backend: Backend): IndexOpener {
  const refused = new Map<string, QuiltError>()
  const proved = new WeakSet<IndexFile>()
  const memory = indexMemory()
  return {
    memory,
    refused,
    openInto: async ({ listed, broken }, key, ctx) => {
      try {
        const known = refused.get(key)
        if (known !== undefined) throw known
        listed.set(key, await openIndexFile(backend, key, memory, ctx))
      } catch (error) {
        if (isQuiltError(error, 'NOT_FOUND')) return // merged away by another process since it was listed
        // The repository's format is known, so an index of another one is damage too.
        if (!isQuiltError(error, 'CORRUPT') && !isQuiltError(error, 'UNSUPPORTED')) throw error
        broken.set(key, error)
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
