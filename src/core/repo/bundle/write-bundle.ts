// Writes a bundle: a commit with all that it reaches, but for what an older one has, in packs behind a header. What goes
// in, and in which order, follows from the commit alone, so that the same commit gives the same bytes.
import { concatBytes } from '../../base/bytes.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import { singly } from '../../base/pool.ts'
import { encodeBundleEnd, encodeBundleStart, type BundleHeader } from '../../codec/bundle/frame.ts'
import { encodeRecipePayload, objectBytes, putWord, recipePayloadBytes } from '../../codec/pack.ts'
import type { IndexedPack } from '../../codec/pack-index.ts'
import { readCommit } from '../../history/commits.ts'
import { idToBytes, type Id, type Kind } from '../../model/id.ts'
import type { ObjectReader, PackedPayload, StoredObject } from '../../store/object-store.ts'
import { recipeNodes } from '../../store/recipe-nodes.ts'
import { recipeChunks } from '../../store/recipe-tree.ts'
import { indexMemory, openIndexFile, wholeIndexFile, type IndexFile } from '../../store/packs/index-file.ts'
import { joinedIndex } from '../../store/packs/merge-indexes.ts'
import { packBuilder, type PackBuilder } from '../../store/packs/pack-builder.ts'
import { packPayload } from '../../store/packs/payload.ts'
import { nodeReader } from '../../tree/node.ts'
import { reach, type ReachFrom } from '../reach.ts'
import { spillingIds, type SpillingIds } from '../sets/spilling-set.ts'
import type { Scratch } from '../sets/scratch.ts'
import { createHasher, hashBytes } from '#hash'

/** What to bundle. */
export interface BundlePlan {
  readonly header: BundleHeader
  /** Commits of which only the commit itself goes along. */
  readonly alone: readonly Id[]
}

/** How much was bundled, counted up as it goes. */
export interface BundleCount {
  objects: number
  /** Of the whole file. */
  bytes: number
}

/** What writing needs beside the objects. */
export interface BundleParts {
  readonly count: BundleCount
  /** Where ids go that do not fit in memory, and entries of the index. */
  readonly scratch?: Scratch
}

/** Objects read at once, and about so many of their bytes. */
const objectsAtOnce = 512
const bytesAtOnce = 16 * 1024 * 1024
/** What a tree counts for, before it is read. */
const usualTree = 16 * 1024
/** So many bytes are compressed well; what comes after, fast. */
const closeBytes = 256 * 1024 * 1024

interface Wanted {
  readonly id: Id
  readonly kind: Kind
  readonly size: number | undefined
}

/**
 * A bundle's bytes in their order; each part is lent until the next is asked for. Memory: a pack, and with a scratch
 * place two bytes for each object.
 * @throws NOT_FOUND, CORRUPT naming what the source lacks; INVALID beyond a limit
 */
export async function* bundleParts(
  objects: ObjectReader,
  plan: BundlePlan,
  parts: BundleParts,
  ctx?: Context,
): AsyncGenerator<Uint8Array> {
  const { count } = parts
  const known = spillingIds(parts.scratch)
  const packing = packer(objects, encodeBundleStart(plan.header), parts, ctx)
  const seal = createHasher()
  try {
    for await (const part of body(objects, plan, { known, packing }, ctx)) {
      checkSignal(ctx)
      seal.update(part)
      count.bytes += part.length
      ctx?.onProgress?.({ task: 'pack', unit: 'bytes', done: count.bytes })
      yield part
    }
    const hash = idToBytes(seal.digest())
    count.bytes += hash.length
    yield hash
  } finally {
    await known.drop()
    await packing.drop()
  }
}

interface Run {
  readonly known: SpillingIds
  readonly packing: Packing
}

async function* body(
  objects: ObjectReader,
  { header, alone }: BundlePlan,
  { known, packing }: Run,
  ctx?: Context,
): AsyncGenerator<Uint8Array> {
  yield packing.start
  const than = header.since === undefined ? undefined : await readCommit(objects, header.since, ctx)
  if (than !== undefined) await note(objects, than, known, ctx)
  for (const id of [header.commit, ...alone]) {
    if (await known.add(id)) yield* packing.add({ id, kind: 'commit', size: undefined })
  }
  const { tree, derived } = await readCommit(objects, header.commit, ctx)
  const nodes = nodeReader(objects)
  const from: ReachFrom = { tree, derived, than }
  // What says what there is comes before all that there is.
  for await (const object of singly(reach(nodes, from, ctx))) {
    if (object.kind === 'tree') {
      if (await known.add(object.id)) yield* packing.add({ id: object.id, kind: 'tree', size: undefined })
    } else if (object.recipe !== undefined && (await known.add(object.recipe))) {
      for await (const id of recipeNodes(objects, object.recipe, ctx)) {
        if (id === object.recipe || (await known.add(id)))
          yield* packing.add({ id, kind: 'recipe', size: undefined })
      }
    }
  }
  for await (const object of singly(reach(nodes, from, ctx))) {
    if (object.kind !== 'blob' || !(await known.add(object.id))) continue
    const { id, size, recipe } = object
    if (recipe === undefined) {
      yield* packing.add({ id, kind: 'blob', size })
      continue
    }
    for await (const chunk of recipeChunks(objects, recipe, undefined, ctx)) {
      if (await known.add(chunk.id)) yield* packing.add({ id: chunk.id, kind: 'blob', size: chunk.size })
    }
    yield* packing.addChunked(id, size, recipe)
  }
  yield* packing.finish()
}

/** Notes all that a commit has: whoever gets the bundle has it too. */
async function note(
  objects: ObjectReader,
  { tree, derived }: ReachFrom,
  known: SpillingIds,
  ctx?: Context,
): Promise<void> {
  for await (const object of singly(reach(nodeReader(objects), { tree, derived }, ctx))) {
    await known.put(object.id)
    if (object.kind === 'tree' || object.recipe === undefined) continue
    if (!(await known.add(object.recipe))) continue
    if ((await objects.missing([object.recipe], ctx)).length > 0) continue // it has the chunks, and we cannot name them
    for await (const id of recipeNodes(objects, object.recipe, ctx)) await known.put(id)
    for await (const { id } of recipeChunks(objects, object.recipe, undefined, ctx)) await known.put(id)
  }
}

/** Reads what is added, in groups, and lays it into packs in the order in which it was added. */
interface Packing {
  readonly start: Uint8Array
  add(wanted: Wanted): AsyncGenerator<Uint8Array>
  addChunked(blob: Id, size: number, recipe: Id): AsyncGenerator<Uint8Array>
  /** The last pack, the index and the footer. */
  finish(): AsyncGenerator<Uint8Array>
  drop(): Promise<void>
}

function packer(objects: ObjectReader, start: Uint8Array, parts: BundleParts, ctx?: Context): Packing {
  const { count, scratch } = parts
  const packs: IndexedPack[] = []
  const indexes: IndexFile[] = []
  const memory = indexMemory()
  let waiting: Wanted[] = []
  let waitingBytes = 0
  let builder: PackBuilder | undefined
  let packed = 0
  let offset = start.length

  const close = async function* (): AsyncGenerator<Uint8Array> {
    if (builder === undefined) return
    const { name, bytes, index } = builder.finish()
    packs.push({ name, size: bytes.length })
    indexes.push(await keep(index))
    offset += bytes.length
    yield bytes
    const { buffer } = builder // free now: the part was lent until here
    builder = packBuilder(packName(start, packs.length), buffer)
  }

  const keep = async (index: Uint8Array): Promise<IndexFile> => {
    if (scratch === undefined) return wholeIndexFile(String(packs.length), index)
    const [backend, key] = [await scratch.open(), scratch.newKey()]
    await backend.put(key, index)
    return openIndexFile(backend, key, { memory }, ctx)
  }

  const lay = async function* (id: Id, kind: Kind, object: PackedPayload): AsyncGenerator<Uint8Array> {
    builder ??= packBuilder(packName(start, 0))
    if (!builder.fits(object.payload.length)) yield* close()
    builder.add({ id, kind, encoding: object.encoding, size: object.size }, object.payload)
    packed += object.payload.length
    count.objects++
  }

  const flush = async function* (): AsyncGenerator<Uint8Array> {
    const group = waiting
    waiting = []
    waitingBytes = 0
    const read = new Map<Id, StoredObject>()
    const ids = group.map(({ id }) => id)
    for await (const object of objects.readMany(ids, ctx)) read.set(object.id, object)
    for (const wanted of group) {
      const object = checked(read.get(wanted.id), wanted)
      yield* lay(wanted.id, wanted.kind, await packPayload(object.body, packed > closeBytes))
    }
  }

  return {
    start,
    add: async function* (wanted) {
      waiting.push(wanted)
      waitingBytes += wanted.size ?? usualTree
      if (waiting.length >= objectsAtOnce || waitingBytes >= bytesAtOnce) yield* flush()
    },
    addChunked: async function* (blob, size, recipe) {
      yield* flush() // behind its chunks
      const payload = encodeRecipePayload(recipe, size)
      yield* lay(blob, 'blob', { encoding: 'recipe', size: recipePayloadBytes, payload })
    },
    finish: async function* () {
      yield* flush()
      yield* close()
      yield* joinedIndex(indexes, packs, ctx)
      yield encodeBundleEnd(offset)
    },
    drop: async () => {
      if (scratch === undefined) return
      for (const { key } of indexes.splice(0)) await (await scratch.open()).delete(key)
    },
  }
}

/** Names that follow from the header, so that the same bundle has the same ones. */
function packName(start: Uint8Array, number: number): string {
  const word = new Uint8Array(4)
  putWord(word, 0, number)
  return hashBytes(concatBytes([start, word])).slice(0, 32)
}

function checked(object: StoredObject | undefined, { id, kind, size }: Wanted): StoredObject {
  const fits =
    object?.kind === kind &&
    object.recipe === undefined &&
    object.body.length <= objectBytes &&
    (size === undefined || object.body.length === size)
  if (fits) return object
  throw new QuiltError('CORRUPT', `object ${id} is of another kind or size than what names it says`, {
    hint: 'find out what else is damaged: quilt verify',
  })
}
