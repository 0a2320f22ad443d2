// Moves one blob that is kept as chunks: those that the other side lacks, in order, and proves that all of them make up
// the blob.
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import { inGroups, mapOrdered } from '../../base/pool.ts'
import { groupMemory, type GroupMemory } from '../../base/read-memory.ts'
import type { Id } from '../../model/id.ts'
import type { StoredObject } from '../../store/object-store.ts'
import { recipeNodes } from '../../store/recipe-nodes.ts'
import { recipeChunks, type PlacedChunk } from '../../store/recipe-tree.ts'
import { blobProver } from '../../store/threads/blob-prover.ts'
import { keepArrived } from './keep-arrived.ts'
import type { Ends, TransferProgress } from './ends.ts'
import { missingThere } from './missing-there.ts'

/** A blob and its recipe; `base` is the recipe of one that the other side has, and that it may share chunks with. */
export interface ChunkedBlob {
  readonly id: Id
  readonly size: number
  readonly recipe: Id
  readonly base?: Id | undefined
}

/** Chunks of a blob moved at once: about 8 MiB. */
const chunksAtOnce = 128
/** Groups that are read while one is moved. */
const groupsAhead = 2
/** Of a base so many chunks are known at most. */
const mostKnown = 262_144

/** Moves a chunked blob: its chunks in order, proved to make up the blob, then its recipe. */
export async function sendChunked(
  ends: Ends,
  blob: ChunkedBlob,
  progress: TransferProgress,
  ctx?: Context,
): Promise<void> {
  const { from, out } = ends
  const whole = blobProver(blob.size)
  try {
    let done = 0
    for await (const body of movedChunks(ends, blob, ctx)) {
      await whole.add(body)
      done += body.length
      progress.sent('blob', body.length)
      if (done > blob.size) break
    }
    if (done !== blob.size || (await whole.id()) !== blob.id) {
      throw new QuiltError(
        'CORRUPT',
        `blob ${blob.id} is damaged: its recipe ${blob.recipe} gives other bytes`,
      )
    }
  } finally {
    await whole.close()
  }
  const nodes = new Map<Id, { readonly kind: 'recipe' }>()
  for await (const id of recipeNodes(from, blob.recipe, ctx)) nodes.set(id, { kind: 'recipe' })
  for await (const object of from.readMany(await missingThere(out, nodes, ctx), ctx)) await out.copy(object)
  await out.writeChunked(blob.id, blob.size, blob.recipe)
}

/** The chunks that the other side has of a base. What cannot be read of it only means that more is asked for. */
async function chunksOf({ near }: Ends, base: Id | undefined, ctx?: Context): Promise<ReadonlySet<Id>> {
  const known = new Set<Id>()
  if (base === undefined || (await near.missing([base], ctx)).length > 0) return known
  for await (const { id } of recipeChunks(near, base, undefined, ctx)) {
    known.add(id)
    if (known.size === mostKnown) break
  }
  return known
}

/**
 * The chunks of a blob in order, each lent until the next is asked for: those that are missing on the other side are
 * sent, the rest is read from nearby. Two groups are read ahead.
 */
async function* movedChunks(ends: Ends, blob: ChunkedBlob, ctx?: Context): AsyncGenerator<Uint8Array> {
  const { from, out } = ends
  const known = await chunksOf(ends, blob.base, ctx)
  const groups = inGroups(recipeChunks(from, blob.recipe, undefined, ctx), chunksAtOnce)
  const free: GroupMemory[] = []
  const read = mapOrdered(groups, groupsAhead, async (group) => {
    const memory = free.pop() ?? groupMemory()
    return { group, memory, ...(await readChunks(ends, { group, known, memory }, ctx)) }
  })
  for await (const { group, memory, bodies, missing } of read) {
    checkSignal(ctx)
    for (const { id, size } of group) {
      const object = bodies.get(id)
      if (object?.body.length !== size)
        throw new QuiltError('CORRUPT', `chunk ${id} has another length than its recipe says`)
      if (missing.delete(id)) {
        await out.copy(object)
        await keepArrived(ends)
      }
      yield object.body
    }
    memory.reuse()
    free.push(memory)
  }
}

interface ChunkGroup {
  readonly group: readonly PlacedChunk[]
  /** What the other side is known to have. */
  readonly known: ReadonlySet<Id>
  readonly memory: GroupMemory
}

/** The bodies of a group's chunks, and which of them the other side lacks. */
async function readChunks(
  { from, out, near }: Ends,
  { group, known, memory }: ChunkGroup,
  ctx?: Context,
): Promise<{ readonly bodies: ReadonlyMap<Id, StoredObject>; readonly missing: Set<Id> }> {
  const bodies = new Map<Id, StoredObject>()
  const sizes = new Map(group.map(({ id, size }) => [id, { kind: 'blob' as const, size }]))
  const unknown = new Map([...sizes].filter(([id]) => !known.has(id)))
  const missing = new Set(unknown.size === 0 ? [] : await missingThere(out, unknown, ctx))
  const here = [...sizes.keys()].filter((id) => !missing.has(id))
  for await (const object of from.readMany([...missing], ctx, { memory })) bodies.set(object.id, object)
  for await (const object of near.readMany(here, ctx, { memory })) bodies.set(object.id, object)
  return { bodies, missing }
}
