// A file's text as UTF-8 by range: the file itself, or what its gzip, zstd or other encoding makes, on disk.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { Readable } from 'node:stream'
import { checkSignal, type Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { ByteSource } from '../core/base/source.ts'

/** Text, and whether it is the file's very bytes. */
export interface TextSource extends ByteSource {
  readonly isPlain: boolean
  close(): void
}

/** Bytes read at once. */
const blockBytes = 4 * 1024 * 1024

/**
 * The text of a file. `path` is where it may be written when it is not plain.
 * @throws INVALID for damaged compression and for bytes that the encoding does not have
 */
export async function openText(
  source: ByteSource,
  { encoding, path }: { readonly encoding: string; readonly path: string },
  ctx?: Context,
): Promise<TextSource> {
  const head = await source.slice(0, Math.min(4, source.size), ctx)
  const packed = compressionOf(head)
  const wide = packed === undefined ? wideEncoding(head) : undefined
  const label = wide ?? encoding
  if (packed === undefined && label === 'utf-8')
    return {
      size: source.size,
      isPlain: true,
      slice: (a, b, c) => source.slice(a, b, c),
      close: () => undefined,
    }
  const bytes = unpacked(source, packed, ctx)
  return writeText(label === 'utf-8' ? bytes : transcoded(bytes, label), path, ctx)
}

type Compression = 'gzip' | 'zstd' | undefined

function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  return head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd ? 'zstd' : undefined
}

/** UTF-16 says so by its byte-order mark. */
function wideEncoding(head: Uint8Array): string | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined
}

/** A source's bytes in their order. */
export async function* blocksOf(source: ByteSource, ctx?: Context): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += blockBytes) {
    checkSignal(ctx)
    yield await source.slice(at, Math.min(source.size, at + blockBytes), ctx)
  }
}

async function* unpacked(source: ByteSource, packed: Compression, ctx?: Context): AsyncGenerator<Uint8Array> {
  if (packed === undefined) return yield* blocksOf(source, ctx)
  try {
    if (packed === 'gzip') yield* Readable.from(blocksOf(source, ctx)).pipe(createGunzip())
    else yield* unzstd(source, ctx)
  } catch (cause) {
    if (cause instanceof QuiltError) throw cause
    throw new QuiltError('INVALID', `the ${packed} stream is damaged: ${(cause as Error).message}`, { cause })
  }
}

/** By fzstd, which streams on every Node. */
async function* unzstd(source: ByteSource, ctx?: Context): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd')
  let ready: Uint8Array[] = []
  const stream = new Decompress((part) => ready.push(part.slice()))
  let at = 0
  for await (const block of blocksOf(source, ctx)) {
    at += block.length
    stream.push(block, at === source.size)
    yield* ready
    ready = []
  }
}

async function* transcoded(bytes: AsyncIterable<Uint8Array>, label: string): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(label, { fatal: true })
  const encoder = new TextEncoder()
  let at = 0
  try {
    for await (const block of bytes) {
      yield encoder.encode(decoder.decode(block, { stream: true }))
      at += block.length
    }
    yield encoder.encode(decoder.decode())
  } catch (cause) {
    if (cause instanceof QuiltError) throw cause
    throw new QuiltError('INVALID', `after byte ${String(at)}: the text is no ${label}`, { cause })
  }
}

async function writeText(parts: AsyncIterable<Uint8Array>, path: string, ctx?: Context): Promise<TextSource> {
  const handle = openSync(path, 'w+', 0o600)
  let size = 0
  try {
    for await (const part of parts) {
      checkSignal(ctx)
      for (let at = 0; at < part.length;) at += writeSync(handle, part, at)
      size += part.length
    }
  } catch (error) {
    closeSync(handle)
    throw error
  }
  return {
    size,
    isPlain: false,
    slice: (start, end) => {
      const bytes = new Uint8Array(end - start)
      for (let at = 0; at < bytes.length;) {
        const count = readSync(handle, bytes, at, bytes.length - at, start + at)
        if (count === 0) return Promise.reject(new QuiltError('UNAVAILABLE', `"${path}" has become shorter`))
        at += count
      }
      return Promise.resolve(bytes)
    },
    close: () => {
      closeSync(handle)
    },
  }
}
