// zstd on Node: the runtime's own where it has one (22.15 and later), else WebAssembly. Loaded when first used.
import * as zlib from 'node:zlib'
import { QuiltError } from '../base/error.ts'
import { checkContentSize } from './zstd-frame.ts'

/** Compresses and decompresses whole objects. */
export interface Zstd {
  /** One frame, at a level that costs little. */
  compress(bytes: Uint8Array): Uint8Array
  /**
   * The `size` bytes that a frame holds; memory is bounded by `size`, whatever the frame claims.
   * @throws CORRUPT when it is no frame, or holds another number of bytes
   */
  decompress(frame: Uint8Array, size: number): Uint8Array
}

interface NativeZstd {
  zstdCompressSync?: (bytes: Uint8Array, options: { params: Record<number, number> }) => Uint8Array
  zstdDecompressSync?: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array
  constants: { ZSTD_c_compressionLevel?: number }
}

/** Level 1: twice as fast as 3 for 3 % more bytes on CSV (measured, docs/decisions/dependencies.md). */
const level = 1

let loaded: Promise<Zstd> | undefined

/** The codec, made once. */
export function loadZstd(): Promise<Zstd> {
  loaded ??= native() ?? wasm()
  return loaded
}

function native(): Promise<Zstd> | undefined {
  const { zstdCompressSync, zstdDecompressSync, constants } = zlib as unknown as NativeZstd
  const key = constants.ZSTD_c_compressionLevel
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined || key === undefined)
    return undefined
  const params = { [key]: level }
  return Promise.resolve({
    compress: (bytes) => zstdCompressSync(bytes, { params }),
    decompress: (frame, size) =>
      checkedDecompress(frame, size, () => zstdDecompressSync(frame, { maxOutputLength: Math.max(size, 1) })),
  })
}

async function wasm(): Promise<Zstd> {
  const codec = await import('@bokuweb/zstd-wasm')
  await codec.init()
  return {
    compress: (bytes) => codec.compress(bytes, level),
    decompress: (frame, size) =>
      checkedDecompress(frame, size, () => codec.decompress(frame, { defaultHeapSize: size })),
  }
}

function checkedDecompress(frame: Uint8Array, size: number, run: () => Uint8Array): Uint8Array {
  checkContentSize(frame, size)
  let bytes: Uint8Array
  try {
    bytes = run()
  } catch (cause) {
    throw new QuiltError('CORRUPT', 'a zstd frame is damaged', { cause })
  }
  if (bytes.length !== size) throw new QuiltError('CORRUPT', 'a zstd frame holds another number of bytes')
  return bytes
}
