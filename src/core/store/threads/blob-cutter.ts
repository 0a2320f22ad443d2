// Large blobs into chunks: reads blocks, hashes the whole, and hands out each chunk with its id. A large enough blob
// is cut, and its chunks are hashed, in a thread, while the next block is read and the chunks before are packed.
import { checkSignal, type Context } from '../../base/context.ts'
import type { ByteReader } from '../../base/source.ts'
import { makeChunker, type Block, type CutBlock } from '../../chunk/chunker.ts'
import { chunkMax, cut } from '../../chunk/fastcdc.ts'
import type { Id } from '../../model/id.ts'
import { createHasher, hashBytes } from '#hash'
import { startBlockThread } from '#threads'

/** Cuts blobs, one at a time. */
export interface BlobCutter {
  /**
   * Cuts a blob; `take` is given its chunks in order, whose bytes are lent until it is done.
   * @throws what reading and `take` throw; UNAVAILABLE when the thread ends
   */
  cut(blob: ByteReader, take: TakeChunk, ctx?: Context): Promise<{ readonly id: Id; readonly size: number }>
  /** Ends the thread. */
  close(): Promise<void>
}

/** Takes a chunk. */
export type TakeChunk = (id: Id, bytes: Uint8Array) => Promise<void>

/** How to cut, for tests: `undefined` leaves it to the sizes. */
export interface CutterOptions {
  readonly threads?: boolean
}

/** A memory of places for blocks, and what cuts them: what lies in one is being cut while the next is filled. */
interface Workshop {
  readonly memory: Uint8Array
  readonly places: number
  readonly cut: (block: Block) => CutBlock | Promise<CutBlock>
  readonly close: () => Promise<void>
}

/** Bytes of a block. */
const blockBytes = 1024 * 1024
/** Before each block is room for what the one before it left over. */
const placeBytes = chunkMax + blockBytes
/** Blocks that a thread may have before it, or whose chunks are still being packed. */
const places = 8
/** So many bytes of large blobs are worth the start of a thread: 30 ms, in which 40 MiB are cut without (measured). */
const threadBytes = 48 * 1024 * 1024

/** A cutter of blobs. Its thread, if there is one, stays for the next blob until it is closed. */
export function blobCutter(options: CutterOptions = {}): BlobCutter {
  let workshop: Workshop | undefined
  let seen = 0

  const workshopFor = (size: number): Workshop => {
    seen += size
    const wanted = options.threads ?? seen >= threadBytes
    if (wanted && workshop?.places !== places) workshop = threadWorkshop() ?? workshop
    return (workshop ??= localWorkshop())
  }

  return {
    cut: (blob, take, ctx) => cutIn(workshopFor(blob.size), blob, take, ctx),
    close: async () => {
      await workshop?.close()
      workshop = undefined
    },
  }
}

function localWorkshop(memory: Uint8Array = new Uint8Array(placeBytes)): Workshop {
  const cutBlock = makeChunker({ memory, cut, max: chunkMax, hash: hashBytes })
  return { memory, places: 1, cut: cutBlock, close: () => Promise.resolve() }
}

function threadWorkshop(): Workshop | undefined {
  const starting = startBlockThread(places * placeBytes)
  if (starting === undefined) return undefined
  const { memory, ready } = starting
  const local = localWorkshop(memory)
  return {
    memory,
    places,
    cut: async (block) => ((await ready) ?? local).cut(block),
    close: async () => (await ready)?.close(),
  }
}

async function cutIn(
  { memory, places: room, cut: cutBlock }: Workshop,
  blob: ByteReader,
  take: TakeChunk,
  ctx?: Context,
): Promise<{ readonly id: Id; readonly size: number }> {
  const whole = createHasher()
  const underWay: Promise<CutBlock>[] = []
  const takeOldest = async (): Promise<void> => {
    const { start, ends, ids } = await (underWay.shift() as Promise<CutBlock>)
    let at = start
    for (const [i, end] of ends.entries()) {
      await take(ids[i] as Id, memory.subarray(at, end))
      at = end
    }
  }
  let size = 0
  try {
    for (let block = 0, last = false; !last; block++) {
      checkSignal(ctx)
      if (underWay.length >= room) await takeOldest()
      const start = (block % room) * placeBytes + chunkMax
      const place = memory.subarray(start, start + blockBytes)
      const count = await blob.read(place, ctx)
      last = count < blockBytes
      const cutting = Promise.resolve(cutBlock({ start, end: start + count, first: block === 0, last }))
      cutting.catch(() => undefined) // thrown where it is awaited
      underWay.push(cutting)
      whole.update(place.subarray(0, count))
      size += count
      ctx?.onProgress?.({ task: 'hash', unit: 'bytes', done: size })
    }
    while (underWay.length > 0) await takeOldest()
    return { id: whole.digest(), size }
  } finally {
    await Promise.allSettled(underWay) // a thread must not write into what is used anew
  }
}
