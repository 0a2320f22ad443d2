// The indexes of a repository as one listing showed them, and those of them that have been opened since. Far away to open
// one is a request, so none is opened before it is needed.
import type { Backend } from '../../backend/backend.ts'
import type { Context } from '../../base/context.ts'
import { isQuiltError, type QuiltError } from '../../base/error.ts'
import { mapOrdered } from '../../base/pool.ts'
import { indexPrefix, packPrefix } from '../layout.ts'
import { indexMemory, openIndexFile, proveIndexFile, type IndexFile, type IndexMemory } from './index-file.ts'

/** Indexes opened at once. */
const openWidth = 4

/** What one listing told, and what of it has been opened since. */
export interface Listed {
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

/** Listings of indexes and packs, and opening. */
export interface ListedIndexes {
  /** What the newest listing told. */
  readonly now: Listed
  /** Indexes that could be made but not written. */
  readonly made: Map<string, IndexFile>
  readonly memory: IndexMemory
  /** Indexes that are damaged though they look whole at their beginning. */
  readonly refused: Map<string, QuiltError>
  /** True once there is a listing, or one is on its way. */
  readonly isLoaded: boolean
  /** Lists, the first time. */
  load(ctx?: Context): Promise<void>
  /** Lists anew. */
  relist(ctx?: Context): Promise<void>
  /** Opens the smallest index that is not open: `undefined` when all are, false when it is not there any more. */
  openNext(ctx?: Context): Promise<boolean | undefined>
  openAll(ctx?: Context): Promise<void>
  /** Takes up an index that was just written, in listings under way too. */
  adopt(key: string, file: IndexFile): void
  /** Every index that is open. */
  all(): IterableIterator<IndexFile>
  /** Proves what was not read whole yet: from an entry with a flipped bit its object could not be found. */
  prove(ctx?: Context): Promise<void>
}

/** The indexes on a backend. Nothing is read before it is asked for. */
export function listedIndexes(backend: Backend): ListedIndexes {
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

  const load = (ctx?: Context): Promise<void> => {
    loaded ??= relist(ctx).catch((error: unknown) => {
      loaded = undefined
      throw error
    })
    return loaded
  }

  const all = (): IterableIterator<IndexFile> => [...now.open.values(), ...made.values()].values()

  return {
    get now() {
      return now
    },
    get isLoaded() {
      return loaded !== undefined
    },
    made,
    memory,
    refused,
    load,
    relist: async (ctx) => {
      await relist(ctx)
      loaded = Promise.resolve()
    },
    openNext: async (ctx) => {
      const next = smallest(now.closed)
      return next === undefined ? undefined : openOne(next, ctx)
    },
    openAll,
    adopt: (key, file) => {
      for (const listed of [now, ...adopting]) {
        listed.closed.delete(key)
        listed.open.set(key, file)
        for (const { name, size } of file.header.packs) listed.present.set(name, size)
      }
    },
    all,
    prove: (ctx) => opener.prove(now.open, ctx),
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
      const open = (): Promise<IndexFile> => openIndexFile(backend, key, { memory, size }, ctx)
      try {
        return await open().catch(async (error: unknown) => {
          if (backend.distrust === undefined || !isQuiltError(error, 'CORRUPT')) throw error
          await backend.distrust(key)
          return open()
        })
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
