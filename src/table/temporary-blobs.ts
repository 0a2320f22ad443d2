// Blobs as files of their own, which go when the work is done: for tables that are looked at and not kept, and for
// who reads a store's Parquet by paths.
import { closeSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { iterateBytes } from '../core/base/bytes.ts'
import { checkSignal, type Context } from '../core/base/context.ts'
import { readerParts, type ByteSource } from '../core/base/source.ts'
import type { Id } from '../core/model/id.ts'
import { dryRun } from '../core/store/dry-writer.ts'
import type { ObjectReader, ObjectWriter, StoredBlob } from '../core/store/object-store.ts'
import { createHasher } from '#hash'

/** A blob that is wanted as a file; its recipe where it is kept as chunks. */
export interface WantedBlob {
  readonly id: Id
  readonly size: number
  readonly recipe: () => Promise<Id | undefined>
}

/** A writer beside a store, and a reader of both. */
export interface TemporaryBlobs {
  /** Writes nothing to the store: blobs become files, trees stay in memory. */
  readonly out: ObjectWriter
  readonly objects: ObjectReader
  /** The path of a file with a blob's bytes; a copy of what only the store has is made once. @throws NOT_FOUND */
  file(blob: WantedBlob, ctx?: Context): Promise<string>
  /** Removes all files. */
  drop(): void
}

/** Beside `store`; files lie at paths out of `newPath`. */
export function temporaryBlobs(store: ObjectReader, newPath: () => string): TemporaryBlobs {
  const dry = dryRun(store)
  const paths = new Map<Id, string>()

  const add = async (parts: AsyncIterable<Uint8Array>, ctx?: Context): Promise<StoredBlob> => {
    const path = newPath()
    try {
      const blob = await writeParts(path, parts, ctx)
      if (paths.has(blob.id)) rmSync(path, { force: true })
      else paths.set(blob.id, path)
      return blob
    } catch (error) {
      rmSync(path, { force: true })
      throw error
    }
  }

  return {
    out: {
      ...dry.out,
      writeBlob: async (body, ctx) => {
        if (!('read' in body)) return add(iterateBytes(body), ctx)
        try {
          return await add(readerParts(body, ctx), ctx)
        } finally {
          await body.close?.()
        }
      },
    },
    objects: {
      ...dry.objects,
      missing: (ids, ctx) =>
        dry.objects.missing(
          ids.filter((id) => !paths.has(id)),
          ctx,
        ),
      open: async (id, recipe, ctx) => {
        const path = paths.get(id)
        return path === undefined ? dry.objects.open(id, recipe, ctx) : fileSource(path)
      },
    },
    file: async ({ id, recipe }, ctx) => {
      const path = paths.get(id)
      if (path !== undefined) return path
      const copy = await add(sourceParts(await store.open(id, await recipe(), ctx), ctx), ctx)
      return paths.get(copy.id) as string
    },
    drop: () => {
      for (const path of paths.values()) rmSync(path, { force: true })
      paths.clear()
    },
  }
}

async function writeParts(
  path: string,
  parts: AsyncIterable<Uint8Array>,
  ctx?: Context,
): Promise<StoredBlob> {
  const hasher = createHasher()
  const handle = openSync(path, 'w', 0o600)
  let size = 0
  try {
    for await (const part of parts) {
      checkSignal(ctx)
      hasher.update(part)
      for (let at = 0; at < part.length;) at += writeSync(handle, part, at)
      size += part.length
    }
  } finally {
    closeSync(handle)
  }
  return { id: hasher.digest(), size }
}

/** So much is read at once. */
const blockBytes = 1024 * 1024

async function* sourceParts(source: ByteSource, ctx?: Context): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += blockBytes)
    yield await source.slice(at, Math.min(at + blockBytes, source.size), ctx)
}

function fileSource(path: string): ByteSource {
  return {
    size: statSync(path).size,
    slice: (start, end) => {
      const bytes = new Uint8Array(end - start)
      const handle = openSync(path, 'r')
      try {
        for (let at = 0, count = -1; at < bytes.length && count !== 0; at += count)
          count = readSync(handle, bytes, at, bytes.length - at, start + at)
      } finally {
        closeSync(handle)
      }
      return Promise.resolve(bytes)
    },
  }
}
