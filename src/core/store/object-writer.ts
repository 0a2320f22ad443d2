// What a batch hands out: hashes, looks whether the object is here, packs it if not.
import type { Bytes } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import { bytesReader, resumedReader, type ByteReader } from '../base/source.ts'
import { chunkThreshold } from '../chunk/fastcdc.ts'
import { encodeRecipePayload, objectBytes } from '../codec/pack.ts'
import { compressionMayPay } from '../codec/zstd-probe.ts'
import type { Id, Kind } from '../model/id.ts'
import type { KnownBlob, ObjectWriter, PackedPayload, StoredBlob } from './object-store.ts'
import { lookUp } from './packs/look-up.ts'
import type { PackSet } from './packs/pack-set.ts'
import type { PackWriter } from './packs/pack-writer.ts'
import { packPayload, rawPayload } from './packs/payload.ts'
import { recipeBuilder } from './recipe-tree.ts'
import { blobCutter } from './threads/blob-cutter.ts'
import { packQueue } from './threads/pack-queue.ts'
import { hashBytes } from '#hash'

/** What a writer of objects stands on. */
export interface WriterParts {
  readonly out: PackWriter
  readonly packs: PackSet
  /** Packs that gc is about to delete: what lies only there is written again. */
  readonly condemned: ReadonlySet<string>
}

/** A writer of one batch, and what it leaves behind. */
export interface BatchWriter extends ObjectWriter {
  /** True for what it has written or is about to write. */
  has(id: Id): boolean
  /** An object that is not on disk yet. */
  pending(id: Id): Promise<ReturnType<PackWriter['pending']>>
  /** Writes what is left; all that was added is durable when this returns. */
  flush(): Promise<void>
  /** Ends what helps it. */
  close(): Promise<void>
}

/** So many bytes of a batch are compressed well; what comes after, and blobs that are larger still, fast. */
const closeBytes = 256 * 1024 * 1024

/** Writes objects into the packs of one batch. */
export function objectWriter({ out, packs, condemned }: WriterParts): BatchWriter {
  const written = { objects: 0, bytes: 0 }
  let compressed = 0
  const cutter = blobCutter()

  const queue = packQueue((id, packed) => (out.has(id) ? undefined : add(id, 'blob', packed)))
  const has = (id: Id): boolean => queue.has(id) || out.has(id)

  const isHereNow = (id: Id): boolean | 'unknown' => {
    if (has(id)) return true
    const now = packs.findNow(id, condemned)
    return now === 'unknown' ? now : now !== undefined
  }

  const isHere = async (id: Id, ctx?: Context): Promise<boolean> => {
    const now = isHereNow(id)
    return now === 'unknown' ? (await packs.find(id, condemned, ctx)) !== undefined : now
  }

  const writeSmall = async (kind: Kind, body: Uint8Array): Promise<Id> => {
    const id = hashBytes(body)
    if (await isHere(id)) return id
    const packed = await packPayload(body, compressed > closeBytes)
    if (packed.encoding === 'zstd') compressed += body.length
    await add(id, kind, packed)
    return id
  }

  const add = (id: Id, kind: Kind, packed: PackedPayload): Promise<void> | undefined => {
    written.objects++
    written.bytes += packed.payload.length
    return out.add(id, kind, packed)
  }

  const writeChunked = async (blob: Id, size: number, recipe: Id): Promise<void> => {
    if (isHereNow(blob) === true) return // whoever calls this from outside has asked what is missing
    const payload = encodeRecipePayload(recipe, size)
    await add(blob, 'blob', { encoding: 'recipe', size: payload.length, payload })
  }

  const writeQueued = (blob: KnownBlob, fast = false): Promise<void> => {
    const hurry = fast || compressed > closeBytes
    if (blob.mayPay) compressed += blob.body.length
    return queue.add(blob, hurry)
  }

  const writeLarge = async (blob: ByteReader, ctx?: Context): Promise<StoredBlob> => {
    const recipe = recipeBuilder((body) => writeSmall('recipe', body))
    const { id, size } = await cutter.cut(
      blob,
      async (id, bytes) => {
        if (!(await isHere(id)))
          await writeQueued({ id, body: bytes, mayPay: compressionMayPay(bytes) }, blob.size > closeBytes)
        await recipe.add({ id, size: bytes.length })
      },
      ctx,
    )
    await queue.drain() // the blob's record relies on its chunks
    const recipeId = await recipe.finish()
    if (!(await isHere(id, ctx))) await writeChunked(id, size, recipeId)
    return { id, size, recipe: recipeId }
  }

  return {
    written,
    missing: async (ids, ctx) => {
      const unique = [...new Set(ids)]
      const here = await lookUp(packs, unique, { now: isHereNow, later: (id) => isHere(id, ctx) }, ctx)
      return unique.filter((_, i) => here[i] === false)
    },
    missingAsKnown: (ids) => {
      let sure = true
      const absent = [...new Set(ids)].filter((id) => {
        const now = isHereNow(id)
        if (now === 'unknown') sure = false
        return now !== true
      })
      return { absent, sure }
    },
    ...packNames({ out, packs, condemned }, () => queue.drain()),
    write: async (kind, body) => {
      if (kind === 'commit') await queue.drain() // it is the last: all that was written before counts
      if (body.length > objectBytes)
        throw new QuiltError('INVALID', `a ${kind} of ${String(body.length)} bytes is too large`)
      return writeSmall(kind, body)
    },
    writeBlob: async (body, ctx) => {
      if (body instanceof Uint8Array && body.length <= chunkThreshold)
        return { id: await writeSmall('blob', body), size: body.length }
      const blob = readerOf(body)
      try {
        const head = new Uint8Array(chunkThreshold + 1)
        const size = await blob.read(head, ctx)
        if (size > chunkThreshold) return await writeLarge(resumedReader(head, blob), ctx)
        return { id: await writeSmall('blob', head.subarray(0, size)), size }
      } finally {
        await blob.close?.()
      }
    },
    writeBlobs: async (blobs, ctx) => {
      for (const blob of blobs) {
        const { id, body, mayPay } = blob
        const here = isHereNow(id)
        if (here === 'unknown' ? await isHere(id, ctx) : here) continue
        const full = mayPay ? writeQueued(blob) : add(id, 'blob', rawPayload(body))
        if (full !== undefined) await full
      }
    },
    copy: ({ id, kind, packed }) => {
      if (packed.encoding === 'recipe')
        throw new QuiltError('INVALID', 'a chunked blob is copied through its recipe')
      // Whoever copies has asked what is missing.
      return isHereNow(id) === true ? undefined : add(id, kind, packed)
    },
    keep: (bytes) => out.keep(bytes),
    writeChunked,
    has,
    pending: async (id) => {
      if (queue.has(id)) await queue.drain()
      return out.pending(id)
    },
    flush: async () => {
      await queue.drain()
      await out.flush()
    },
    close: async () => {
      await cutter.close()
      await queue.close()
    },
  }
}

/** What a writer says of packs: those in which objects lie, and whether some are here. */
function packNames(
  { out, packs, condemned }: WriterParts,
  drain: () => Promise<void>,
): Pick<Required<ObjectWriter>, 'packsOf' | 'hasPacks'> {
  /** The packs that were here when they were first asked for, without those that gc is about to delete. */
  let here: Set<string> | undefined
  const packsHere = async (ctx?: Context): Promise<Set<string>> => {
    const names = (await packs.indexes(ctx)).flatMap(({ header }) => header.packs.map(({ name }) => name))
    return new Set(names.filter((name) => !condemned.has(name) && !packs.gone.has(name)))
  }
  return {
    packsOf: async (ids, ctx) => {
      const names = new Set<string>()
      await drain()
      for (const id of ids) {
        const now = out.packOf(id) ?? packs.findNow(id, condemned)
        const found = now === 'unknown' ? await packs.find(id, condemned, ctx) : now
        if (found === undefined) return undefined
        names.add(typeof found === 'string' ? found : found.pack)
      }
      return names
    },
    hasPacks: async (names, ctx) => {
      here ??= await packsHere(ctx)
      for (const name of names) if (!here.has(name)) return false
      return true
    },
  }
}

function readerOf(body: Bytes | ByteReader): ByteReader {
  if ('read' in body) return body
  return bytesReader(body, body instanceof Uint8Array ? body.length : chunkThreshold)
}
