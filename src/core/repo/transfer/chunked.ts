// Moves one blob that is kept as chunks: those that the other side lacks, in order, and proves that all of them make up
// the blob.
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import { inGroups } from '../../base/pool.ts'
import type { Id } from '../../model/id.ts'
import type { StoredObject } from '../../store/object-store.ts'
import { recipeNodes } from '../../store/recipe-nodes.ts'
import { recipeChunks, type PlacedChunk } from '../../store/recipe-tree.ts'
import { keepArrived } from './keep-arrived.ts'
import type { Ends, TransferProgress } from './ends.ts'
import { missingThere } from './missing-there.ts'
import { createHasher } from '#hash'

/** A blob and its recipe; `base` is the recipe of one that the other side has, and that it may share chunks with. */
export interface ChunkedBlob {
  readonly id: Id
  readonly size: number
  readonly recipe: Id
  readonly base?: Id | undefined
}

/** Chunks of a blob moved at once. */
const chunksAtOnce = 128
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
  const whole = createHasher()
  const known = await chunksOf(ends, blob.base, ctx)
  let done = 0
  for await (const group of inGroups(recipeChunks(from, blob.recipe, undefined, ctx), chunksAtOnce)) {
    checkSignal(ctx)
    const bodies = await moveChunks(ends, group, known, ctx)
    for (const { id, size } of group) {
      const body = bodies.get(id)?.body
      if (body?.length !== size)
        throw new QuiltError('CORRUPT', `chunk ${id} has another length than its recipe says`)
      whole.update(body)
      done += size
      progress.sent('blob', size)
    }
    if (done > blob.size) break
  }
  if (done !== blob.size || whole.digest() !== blob.id) {
    throw new QuiltError('CORRUPT', `blob ${blob.id} is damaged: its recipe ${blob.recipe} gives other bytes`)
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

/** The bodies of chunks: those that are missing on the other side are sent, the rest is read from nearby. */
async function moveChunks(
  ends: Ends,
  group: readonly PlacedChunk[],
  known: ReadonlySet<Id>,
  ctx?: Context,
): Promise<Map<Id, StoredObject>> {
  const { from, out, near } = ends
  const bodies = new Map<Id, StoredObject>()
  const sizes = new Map(group.map(({ id, size }) => [id, { kind: 'blob' as const, size }]))
  const unknown = new Map([...sizes].filter(([id]) => !known.has(id)))
  const missing = new Set(unknown.size === 0 ? [] : await missingThere(out, unknown, ctx))
  for await (const object of from.readMany([...missing], ctx)) {
    await out.copy(object)
    await keepArrived(ends)
    bodies.set(object.id, object)
  }
  const here = [...sizes.keys()].filter((id) => !missing.has(id))
  for await (const object of near.readMany(here, ctx)) bodies.set(object.id, object)
  return bodies
}
