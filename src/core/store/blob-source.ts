// A blob by range: a small one whole and verified, a chunked one through its recipe, chunk by chunk.
import { concatBytes } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import { inGroups, mapOrdered } from '../base/pool.ts'
import { groupMemory, type GroupMemory, type ReadMemory } from '../base/read-memory.ts'
import { bytesSource, type ByteSource } from '../base/source.ts'
import type { Id } from '../model/id.ts'
import type { ObjectReader, StoredObject } from './object-store.ts'
import { readRecipe, recipeChunks, type PlacedChunk } from './recipe-tree.ts'
import { passBlob } from './threads/blob-prover.ts'
import { createHasher } from '#hash'

/** Chunks read together: about 2 MiB. Memory of 4 MiB comes fresh from the system each time: a tenth slower. */
const chunksAtOnce = 32
/** Groups that are read while one is used. */
const groupsAhead = 2

/**
 * Opens a blob. Through the recipe that a commit names, every range is vouched for by the commit.
 * @throws NOT_FOUND, CORRUPT
 */
export async function openBlob(
  objects: ObjectReader,
  blob: Id,
  recipe?: Id,
  ctx?: Context,
): Promise<ByteSource> {
  const root = recipe ?? (await ownRecipe(objects, blob, ctx))
  if (root instanceof Uint8Array) return bytesSource(root)
  const { size } = await readRecipe(objects, root, ctx)
  const check = (start: number, end: number): void => {
    if (start >= 0 && end >= start && end <= size) return
    throw new QuiltError('INVALID', `bytes ${String(start)} to ${String(end)} are not within ${String(size)}`)
  }
  return {
    size,
    around: async (start, end, context) => {
      check(start, end)
      const wanted = { recipe: root, range: { start, end }, proved: true, lent: false }
      const parts: Uint8Array[] = []
      let from = start
      for await (const { chunk, body } of readChunks(objects, wanted, context)) {
        from = Math.min(from, chunk.start)
        parts.push(body)
      }
      return { start: from, bytes: concatBytes(parts) }
    },
    slice: async (start, end, context) => {
      check(start, end)
      const out = new Uint8Array(end - start)
      if (start === end) return out
      for await (const { chunk, body } of readChunks(
        objects,
        { recipe: root, range: { start, end }, proved: true, lent: true },
        context,
      )) {
        const from = Math.max(start - chunk.start, 0)
        const to = Math.min(end - chunk.start, body.length)
        out.set(body.subarray(from, to), chunk.start + from - start)
      }
      return out
    },
  }
}

/** The whole of a blob that is kept in one piece, or the recipe of one that is not. */
async function ownRecipe(objects: ObjectReader, blob: Id, ctx?: Context): Promise<Uint8Array | Id> {
  for await (const object of objects.readMany([blob], ctx)) return object.recipe ?? object.body
  throw new QuiltError('NOT_FOUND', `blob ${blob} is not here`)
}

/**
 * A whole blob as a stream, in order. It throws CORRUPT at its end when the bytes do not have the blob's id:
 * whoever writes them shows them to nobody before.
 */
export async function* streamBlob(
  objects: ObjectReader,
  blob: Id,
  recipe?: Id,
  ctx?: Context,
): AsyncGenerator<Uint8Array> {
  const root = recipe ?? (await ownRecipe(objects, blob, ctx))
  if (root instanceof Uint8Array) {
    yield root
    return
  }
  const whole = createHasher()
  for await (const { body } of readChunks(objects, { recipe: root, proved: false, lent: false }, ctx)) {
    whole.update(body)
    yield body
  }
  if (whole.digest() !== blob) throw otherBytes(blob, root)
}

/** A blob to be sent somewhere, and the recipe that a commit names for it. */
export interface BlobWanted {
  readonly blob: Id
  readonly recipe?: Id | undefined
}

/**
 * The same to `take`, in parts whose bytes are lent until it returns: a large blob is hashed in a thread meanwhile.
 * When it throws, what has been taken is worth nothing.
 * @throws CORRUPT, NOT_FOUND, what `take` throws
 */
export async function sendBlob(
  objects: ObjectReader,
  { blob, recipe }: BlobWanted,
  take: (bytes: Uint8Array) => void,
  ctx?: Context,
): Promise<void> {
  const root = recipe ?? (await ownRecipe(objects, blob, ctx))
  if (root instanceof Uint8Array) {
    take(root)
    return
  }
  const { size } = await readRecipe(objects, root, ctx)
  const id = await passBlob({ parts: bodies(objects, root, ctx), size }, take)
  if (id !== blob) throw otherBytes(blob, root)
}

async function* bodies(objects: ObjectReader, recipe: Id, ctx?: Context): AsyncGenerator<Uint8Array> {
  for await (const { body } of readChunks(objects, { recipe, proved: false, lent: true }, ctx)) yield body
}

function otherBytes(blob: Id, recipe: Id): QuiltError {
  return new QuiltError('CORRUPT', `blob ${blob} is damaged: its recipe ${recipe} gives other bytes`, {
    hint: 'find out what else is: quilt verify',
  })
}

/** The chunks of a range in order; read in groups, so that packs are read in long runs, and one group ahead. */
async function* readChunks(
  objects: ObjectReader,
  { recipe, range, proved, lent }: ChunksWanted,
  ctx?: Context,
): AsyncGenerator<{ readonly chunk: PlacedChunk; readonly body: Uint8Array }> {
  const groups = inGroups(recipeChunks(objects, recipe, range, ctx), chunksAtOnce)
  const free: GroupMemory[] = []
  const read = mapOrdered(groups, groupsAhead, async (group) => {
    const memory = lent ? (free.pop() ?? groupMemory()) : undefined
    return { group, memory, bodies: await readBodies(objects, group, { proved, memory }, ctx) }
  })
  for await (const { group, memory, bodies } of read) {
    for (const chunk of group) {
      const body = bodies.get(chunk.id)?.body
      if (body?.length !== chunk.size) {
        throw new QuiltError('CORRUPT', `chunk ${chunk.id} has another length than its recipe says`)
      }
      yield { chunk, body }
    }
    memory?.reuse()
    if (memory !== undefined) free.push(memory)
  }
}

interface ChunksWanted {
  readonly recipe: Id
  readonly range?: { readonly start: number; readonly end: number }
  /** False where the caller proves the whole. */
  readonly proved: boolean
  /** True where a body is not used after the next has been asked for. */
  readonly lent: boolean
}

async function readBodies(
  objects: ObjectReader,
  group: readonly PlacedChunk[],
  { proved, memory }: { readonly proved: boolean; readonly memory: ReadMemory | undefined },
  ctx?: Context,
): Promise<ReadonlyMap<Id, StoredObject>> {
  const bodies = new Map<Id, StoredObject>()
  const ids = [...new Set(group.map((chunk) => chunk.id))]
  const options = { proved, ...(memory === undefined ? undefined : { memory }) }
  for await (const object of objects.readMany(ids, ctx, options)) bodies.set(object.id, object)
  return bodies
}
