// zstd on Node: the runtime's own where it has one (22.15 and later), else WebAssembly. Loaded when first used.
import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import { QuiltError } from '../base/error.ts'
import { checkContentSize } from './zstd-frame.ts'

/** Compresses and decompresses whole objects. */
export interface Zstd {
  /** One frame. `fast` where there is much to compress. */
  compress(bytes: Uint8Array, fast?: boolean): Uint8Array
  /**
   * The `size` bytes that a frame holds; memory is bounded by `size`, whatever the frame claims.
   * @throws CORRUPT when it is no frame, or holds another number of bytes
   */
  decompress(frame: Uint8Array, size: number): Uint8Array
}

interface Level {
  readonly params: Record<number, number>
}

interface NativeZstd {
  zstdCompressSync?: (bytes: Uint8Array, options: Level) => Uint8Array
  zstdDecompressSync?: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array
  constants: { ZSTD_c_compressionLevel?: number }
}

/** 1.7 % less than level 5 leaves of mixed files, in 6 % more time (measured); level 1 leaves 7 % more than 5. */
const closeLevel = 6
/** For what is large: the disk is to be the slower of the two. */
const fastLevel = 1

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
  const [close, fast] = [closeLevel, fastLevel].map((level) => ({ params: { [key]: level } })) as [
    Level,
    Level,
  ]
  return Promise.resolve({
    compress: (bytes, hurry) => zstdCompressSync(bytes, hurry === true ? fast : close),
    decompress: (frame, size) =>
      checkedDecompress(frame, size, () => zstdDecompressSync(frame, { maxOutputLength: Math.max(size, 1) })),
  })
}

/** What a thread's program is given to compress with. */
export interface ZstdThreadData {
  /** Where the WebAssembly codec lies, for a runtime without one of its own. */
  readonly codec: string
  readonly closeLevel: number
  readonly fastLevel: number
}

/** The data of `zstdThread`. */
export function zstdThreadData(): ZstdThreadData {
  const codec = createRequire(import.meta.url).resolve('@bokuweb/zstd-wasm')
  return { codec, closeLevel, fastLevel }
}

/**
 * Compresses as the codec does, in a thread: it uses nothing from outside itself, since threads are sent its text.
 */
export async function zstdThread({
  load,
  codec,
  closeLevel,
  fastLevel,
}: ZstdThreadData & { readonly load: (name: string) => unknown }): Promise<
  (bytes: Uint8Array, fast: boolean) => Uint8Array
> {
  const { zstdCompressSync, constants } = load('node:zlib') as NativeZstd
  const key = constants.ZSTD_c_compressionLevel
  if (zstdCompressSync !== undefined && key !== undefined) {
    const close = { params: { [key]: closeLevel } }
    const fastest = { params: { [key]: fastLevel } }
    return (bytes, fast) => zstdCompressSync(bytes, fast ? fastest : close)
  }
  const { init, compress } = load(codec) as {
    init: () => Promise<void>
    compress: (bytes: Uint8Array, level: number) => Uint8Array
  }
  await init()
  return (bytes, fast) => compress(bytes, fast ? fastLevel : closeLevel)
}

async function wasm(): Promise<Zstd> {
  const codec = await import('@bokuweb/zstd-wasm')
  await codec.init()
  return {
    compress: (bytes, fast) => codec.compress(bytes, fast === true ? fastLevel : closeLevel),
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
