// Moves what commits reach from one store to another. Push, install and bundles are this, and a move of refs.
import { checkSignal, type Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import type { Extent } from '../model/extent.ts'
import { inGroups } from '../base/pool.ts'
import type { Id, Kind } from '../model/id.ts'
import { readCommit } from '../history/commits.ts'
import type { ObjectReader, ObjectStore, ObjectWriter, StoredObject } from '../store/object-store.ts'
import { recipeNodes } from '../store/recipe-nodes.ts'
import { recipeChunks, type PlacedChunk } from '../store/recipe-tree.ts'
import { nodeReader } from '../tree/node.ts'
import { reach, type Reached } from './reach.ts'
import { createHasher } from '#hash'

/** What is asked for. */
export interface Want {
  /** Each commit with what it reaches; not its parents. Older ones first. */
  readonly commits: readonly WantedCommit[]
  /**
   * Where chunks are read that need not be sent, to prove the blobs that they belong to: the nearer of the two
   * stores. The one that is written to unless told.
   */
  readonly near?: ObjectReader
  /** What progress calls it; sending, unless told. */
  readonly task?: 'send' | 'receive'
  /** Moves the refs once all is there, before gc may forget it. */
  readonly publish?: () => Promise<void>
}

/** One commit that is asked for. */
export interface WantedCommit {
  readonly id: Id
  /** Absent: all that it reaches. */
  readonly extent?: Extent | undefined
  /** A commit that the other side has whole, or that comes before this one in the list. */
  readonly than?: Id | undefined
}

/** What was moved: objects and their bytes as they are kept. */
export interface Moved {
  readonly objects: number
  readonly bytes: number
}

/** Objects whose presence is asked for at once. */
const objectsAtOnce = 4096
/** Chunks of a blob moved at once. */
const chunksAtOnce = 128

/**
 * Moves commits and what they reach. What the other side has is not sent. Every object is checked against its
 * id on the way, and a chunked blob as a whole.
 * @throws NOT_FOUND, CORRUPT naming what the source lacks; whatever `publish` throws
 */
export function transfer(from: ObjectReader, to: ObjectStore, want: Want, ctx?: Context): Promise<Moved> {
  return to.batch(
    async (out) => {
      const run = sender({ from, out, near: want.near ?? to, task: want.task ?? 'send' }, ctx)
      for (const commit of want.commits) await run.commit(commit)
      await run.finish()
      return { ...out.written }
    },
    want.publish,
    ctx,
  )
}

/**
 * Writes objects of one store with the writer of another, as `transfer` does, within a batch of the caller's. Gives
 * the recipes of the chunked blobs among them.
 * @throws NOT_FOUND, CORRUPT naming what the source lacks
 */
export async function sendPart(
  ends: Ends,
  objects: AsyncIterable<Reached>,
  ctx?: Context,
): Promise<ReadonlyMap<Id, { readonly id: Id; readonly size: number }>> {
  const recipes = new Map<Id, { readonly id: Id; readonly size: number }>()
  const run = sender(ends, ctx)
  for await (const object of objects) {
    await run.take(object)
    if (object.kind === 'blob' && object.recipe !== undefined) {
      recipes.set(object.id, { id: object.recipe, size: object.size })
    }
  }
  await run.finish()
  return recipes
}

/** The two stores of a transfer: `near` is where chunks are read that need not be sent. */
export interface Ends {
  readonly task: 'send' | 'receive'
  readonly from: ObjectReader
  readonly out: ObjectWriter
  readonly near: ObjectReader
}

interface Sender {
  take(object: Reached): Promise<void>
  commit(wanted: WantedCommit): Promise<void>
  finish(): Promise<void>
}

function sender(ends: Ends, ctx?: Context): Sender {
  const { from, out, task } = ends
  const nodes = nodeReader(from)
  let waiting = new Map<Id, Expected>()
  let done = 0

  const flush = async (): Promise<void> => {
    const expected = waiting
    waiting = new Map()
    const ids = await out.missing([...expected.keys()], ctx)
    if (ids.length === 0) return
    for await (const object of from.readMany(ids, ctx)) {
      checkExpected(object, expected.get(object.id))
      if (object.recipe !== undefined) throw unnamedRecipe(object.id)
      await out.copy(object)
      done += object.body.length
      ctx?.onProgress?.({ task, unit: 'bytes', done })
    }
  }

  const note = async (id: Id, is: Expected): Promise<void> => {
    const other = waiting.get(id)
    if (other !== undefined && (other.kind !== is.kind || other.size !== is.size)) throw otherwise(id)
    waiting.set(id, is)
    if (waiting.size >= objectsAtOnce) await flush()
  }

  const take = async (object: Reached): Promise<void> => {
    if (object.kind === 'tree' || object.recipe === undefined) return note(object.id, object)
    if ((await out.missing([object.id], ctx)).length === 0) return
    const { id, size, recipe } = object
    done = await sendChunked(ends, { id, size, recipe }, done, ctx)
  }

  return {
    take,
    commit: async ({ id, extent, than }) => {
      const { tree, derived } = await readCommit(from, id, ctx)
      const known = than === undefined ? undefined : await readCommit(from, than, ctx)
      for await (const object of reach(nodes, { tree, derived, extent, than: known }, ctx)) await take(object)
      await note(id, { kind: 'commit' })
    },
    finish: flush,
  }
}

/** What an object must be by what names it; a blob's size in bytes. */
interface Expected {
  readonly kind: Kind
  readonly size?: number
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

interface ChunkedBlob {
  readonly id: Id
  readonly size: number
  readonly recipe: Id
}

/** Moves a chunked blob: its chunks in order, proved to make up the blob, then its recipe. */
async function sendChunked(ends: Ends, blob: ChunkedBlob, before: number, ctx?: Context): Promise<number> {
  const { from, out, task } = ends
  const whole = createHasher()
  let done = before
  for await (const group of inGroups(recipeChunks(from, blob.recipe, undefined, ctx), chunksAtOnce)) {
    checkSignal(ctx)
    const bodies = await moveChunks(ends, group, ctx)
    for (const { id, size } of group) {
      const body = bodies.get(id)?.body
      if (body?.length !== size)
        throw new QuiltError('CORRUPT', `chunk ${id} has another length than its recipe says`)
      whole.update(body)
      done += size
    }
    ctx?.onProgress?.({ task, unit: 'bytes', done })
  }
  if (whole.digest() !== blob.id || done - before !== blob.size) {
    throw new QuiltError('CORRUPT', `blob ${blob.id} is damaged: its recipe ${blob.recipe} gives other bytes`)
  }
  const nodes: Id[] = []
  for await (const id of recipeNodes(from, blob.recipe, ctx)) nodes.push(id)
  for await (const object of from.readMany(await out.missing(nodes, ctx), ctx)) await out.copy(object)
  await out.writeChunked(blob.id, blob.size, blob.recipe)
  return done
}

/** The bodies of chunks: those that are missing on the other side are sent, the rest is read from nearby. */
async function moveChunks(
  ends: Ends,
  group: readonly PlacedChunk[],
  ctx?: Context,
): Promise<Map<Id, StoredObject>> {
  const { from, out, near } = ends
  const bodies = new Map<Id, StoredObject>()
  const ids = [...new Set(group.map((chunk) => chunk.id))]
  const missing = new Set(await out.missing(ids, ctx))
  for await (const object of from.readMany([...missing], ctx)) {
    await out.copy(object)
    bodies.set(object.id, object)
  }
  const here = ids.filter((id) => !missing.has(id))
  for await (const object of near.readMany(here, ctx)) bodies.set(object.id, object)
  return bodies
}
