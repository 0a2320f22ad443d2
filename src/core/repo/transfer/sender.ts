// Takes objects as they are reached and moves those that the other side lacks: small ones many at a time, in the order
// in which they lie in their packs; large ones chunk by chunk.
import type { Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import { passingMemory } from '../../base/read-memory.ts'
import { readCommit } from '../../history/commits.ts'
import type { Id } from '../../model/id.ts'
import type { StoredObject } from '../../store/object-store.ts'
import { nodeReader } from '../../tree/node.ts'
import { reach, type Reached } from '../reach.ts'
import { sendChunked, type ChunkedBlob } from './chunked.ts'
import { keepArrived } from './keep-arrived.ts'
import type { Ends, Expected, TransferProgress, WantedCommit } from './ends.ts'
import { missingThere } from './missing-there.ts'

/** Moves what it is given. */
export interface Sender {
  take(reached: readonly Reached[]): Promise<void>
  /** A commit, and what it reaches. */
  commit(wanted: WantedCommit): Promise<void>
  /** Moves what is left. */
  finish(): Promise<void>
}

/** Trees moved at once. */
const treesAtOnce = 4096
/** Blobs moved at once: so that some long ranges of packs are read for them. */
const blobsAtOnce = 8192
/** Blobs that wait until all is reached, so that it is known how much there is: 20 MB of memory. */
const mostWaiting = 131_072
/** Large blobs asked for at once. */
const largeAtOnce = 64

/** A sender between two stores. */
export function sender(ends: Ends, ctx?: Context): Sender {
  const { from, out } = ends
  const nodes = nodeReader(from)
  const progress = counter(ends.task, ctx)
  const memory = passingMemory()
  let trees = new Map<Id, Expected>()
  const blobs = new Map<Id, Expected & { readonly size: number }>()
  let large: ChunkedBlob[] = []

  const send = async (expected: ReadonlyMap<Id, Expected>): Promise<void> => {
    if (expected.size === 0) return
    const ids = await missingThere(out, expected, ctx)
    if (ids.length > 0) {
      for await (const object of from.readMany(ids, ctx, { memory })) {
        checkExpected(object, expected.get(object.id))
        if (object.recipe !== undefined) throw unnamedRecipe(object.id)
        const full = out.copy(object)
        if (full !== undefined) await full
        const kept = keepArrived(ends)
        if (kept !== undefined) await kept
        progress.sent(object.kind, object.body.length)
      }
    }
    const moved = new Set(ids)
    for (const [id, { kind, size }] of expected) if (!moved.has(id)) progress.sent(kind, size ?? 0)
  }

  const sendTrees = async (): Promise<void> => {
    const expected = trees
    trees = new Map()
    await send(expected)
  }

  const sendBlobs = async (): Promise<void> => {
    const group = new Map<Id, Expected>()
    for (const [id, is] of blobs) {
      if (group.size === blobsAtOnce) break
      group.set(id, is)
    }
    for (const id of group.keys()) blobs.delete(id)
    await send(group)
  }

  const sendLarge = async (): Promise<void> => {
    const all = large
    large = []
    const missing = new Set(await out.missing([...new Set(all.map(({ id }) => id))], ctx))
    for (const blob of all) {
      if (missing.delete(blob.id)) await sendChunked(ends, blob, progress, ctx)
      else progress.sent('blob', blob.size)
    }
  }

  /** Comes back at once where there is room. */
  const note = (id: Id, is: Expected): Promise<void> | undefined => {
    const other = trees.get(id) ?? blobs.get(id)
    if (other !== undefined && (other.kind !== is.kind || other.size !== is.size)) throw otherwise(id)
    if (is.kind === 'blob' && is.size !== undefined) {
      if (other === undefined) progress.expect(is.size)
      blobs.set(id, { ...is, size: is.size })
      return blobs.size >= mostWaiting ? sendBlobs() : undefined
    }
    trees.set(id, is)
    return trees.size >= treesAtOnce ? sendTrees() : undefined
  }

  const takeOne = (object: Reached): Promise<void> | undefined => {
    if (object.kind === 'tree') return note(object.id, { kind: 'tree' })
    const { id, size, recipe, base } = object
    if (recipe === undefined) return note(id, { kind: 'blob', size })
    progress.expect(size)
    large.push({ id, size, recipe, base })
    return large.length >= largeAtOnce ? sendLarge() : undefined
  }

  const take = async (reached: readonly Reached[]): Promise<void> => {
    for (const object of reached) {
      const full = takeOne(object)
      if (full !== undefined) await full
    }
  }

  return {
    take,
    commit: async ({ id, extent, than }) => {
      const { tree, derived } = await readCommit(from, id, ctx)
      const known = than === undefined ? undefined : await readCommit(from, than, ctx)
      const reached = reach(nodes, { tree, derived, extent, than: known }, ctx)
      for await (const group of reached) await take(group)
      await note(id, { kind: 'commit' })
    },
    finish: async () => {
      progress.allIsKnown()
      // What is little goes together, and is asked for together.
      if (trees.size + blobs.size <= treesAtOnce) {
        for (const [id, is] of blobs) trees.set(id, is)
        blobs.clear()
      }
      await sendTrees()
      while (blobs.size > 0) await sendBlobs()
      if (large.length > 0) await sendLarge()
    },
  }
}

function counter(task: Ends['task'], ctx?: Context): TransferProgress {
  let total = 0
  let done = 0
  let objects = 0
  let isKnown = false
  return {
    expect: (bytes) => {
      total += bytes
    },
    sent: (kind, bytes) => {
      if (kind === 'blob') {
        done += bytes
        ctx?.onProgress?.({ task, unit: 'bytes', done, ...(isKnown ? { total } : undefined) })
      } else ctx?.onProgress?.({ task, unit: 'objects', done: ++objects })
    },
    allIsKnown: () => {
      isKnown = true
    },
  }
}

function checkExpected({ id, kind, recipe, packed }: StoredObject, is: Expected | undefined): void {
  if (is === undefined || recipe !== undefined) return // a recipe that is not named is told of below
  if (kind !== is.kind || (is.size !== undefined && packed.size !== is.size)) throw otherwise(id)
}

function otherwise(id: Id): QuiltError {
  return new QuiltError('CORRUPT', `object ${id} is of another kind or size than what names it says`, {
    hint: 'find out what else is damaged: quilt verify',
  })
}

/** A blob that is kept as chunks must be vouched for by its commit. */
function unnamedRecipe(blob: Id): QuiltError {
  return new QuiltError('CORRUPT', `blob ${blob} is kept as chunks, but its commit names no recipe for it`, {
    hint: 'find out what else is damaged: quilt verify',
  })
}
