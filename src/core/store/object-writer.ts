// What a batch hands out: hashes, looks whether the object is here, packs it if not.
import { concatBytes, iterateBytes, type Bytes } from '../base/bytes.ts'
import { checkSignal, type Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import { contentChunker } from '../chunk/chunker.ts'
import { chunkThreshold } from '../chunk/fastcdc.ts'
import { encodeRecipePayload, objectBytes } from '../codec/pack.ts'
import type { Id, Kind } from '../model/id.ts'
import type { ObjectWriter, PackedPayload, StoredBlob } from './object-store.ts'
import type { PackSet } from './packs/pack-set.ts'
import type { PackWriter } from './packs/pack-writer.ts'
import { packPayload } from './packs/payload.ts'
import { recipeBuilder } from './recipe-tree.ts'
import { createHasher, hashBytes } from '#hash'

/** What a writer of objects stands on. */
export interface WriterParts {
  readonly out: PackWriter
  readonly packs: PackSet
  /** Packs that gc is about to delete: what lies only there is written again. */
  readonly condemned: ReadonlySet<string>
}

/** Writes objects into the packs of one batch. */
export function objectWriter({ out, packs, condemned }: WriterParts): ObjectWriter {
  const written = { objects: 0, bytes: 0 }

  const isHere = async (id: Id, ctx?: Context): Promise<boolean> => {
    if (out.has(id)) return true
    const now = packs.findNow(id, condemned)
    return (now === 'unknown' ? await packs.find(id, condemned, ctx) : now) !== undefined
  }

  const writeSmall = async (kind: Kind, body: Uint8Array): Promise<Id> => {
    const id = hashBytes(body)
    if (!(await isHere(id))) await add(id, kind, await packPayload(body))
    return id
  }

  const add = (id: Id, kind: Kind, packed: PackedPayload): Promise<void> => {
    written.objects++
    written.bytes += packed.payload.length
    return out.add(id, kind, packed)
  }

  const writeChunked = async (blob: Id, size: number, recipe: Id): Promise<void> => {
    if (await isHere(blob)) return
    const payload = encodeRecipePayload(recipe, size)
    await add(blob, 'blob', { encoding: 'recipe', size: payload.length, payload })
  }

  const writeLarge = async (parts: AsyncIterable<Uint8Array>, ctx?: Context): Promise<StoredBlob> => {
    const whole = createHasher()
    const chunker = contentChunker()
    const recipe = recipeBuilder((body) => writeSmall('recipe', body))
    let size = 0
    const take = async (chunks: readonly Uint8Array[]): Promise<void> => {
      for (const chunk of chunks) {
        await recipe.add({ id: await writeSmall('blob', chunk), size: chunk.length })
      }
    }
    for await (const part of parts) {
      checkSignal(ctx)
      whole.update(part)
      size += part.length
      await take(chunker.push(part))
      ctx?.onProgress?.({ task: 'hash', unit: 'bytes', done: size })
    }
    await take(chunker.end())
    const id = whole.digest()
    const recipeId = await recipe.finish()
    await writeChunked(id, size, recipeId)
    return { id, size, recipe: recipeId }
  }

  return {
    written,
    missing: async (ids, ctx) => {
      const absent: Id[] = []
      for (const id of new Set(ids)) if (!(await isHere(id, ctx))) absent.push(id)
      return absent
    },
    write: (kind, body) => {
      if (body.length > objectBytes)
        throw new QuiltError('INVALID', `a ${kind} of ${String(body.length)} bytes is too large`)
      return writeSmall(kind, body)
    },
    writeBlob: async (body, ctx) => {
      const { head, rest } = await begin(body)
      if (rest === undefined) return { id: await writeSmall('blob', head), size: head.length }
      return writeLarge(rest, ctx)
    },
    copy: async ({ id, kind, packed }) => {
      if (packed.encoding === 'recipe')
        throw new QuiltError('INVALID', 'a chunked blob is copied through its recipe')
      if (!(await isHere(id))) await add(id, kind, packed)
    },
    writeChunked,
  }
}

/** The whole of a body that is not above the threshold, or all its parts again. */
async function begin(
  body: Bytes,
): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> | undefined }> {
  const none = new Uint8Array(0)
  if (body instanceof Uint8Array) {
    return body.length <= chunkThreshold
      ? { head: body, rest: undefined }
      : { head: none, rest: iterateBytes(body) }
  }
  const parts: Uint8Array[] = []
  const source = body[Symbol.asyncIterator]()
  let size = 0
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    parts.push(next.value)
    size += next.value.length
    if (size > chunkThreshold) return { head: none, rest: again(parts, source) }
  }
  return { head: concatBytes(parts), rest: undefined }
}

async function* again(parts: Uint8Array[], source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* parts.splice(0)
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value
  } finally {
    await source.return?.()
  }
}
