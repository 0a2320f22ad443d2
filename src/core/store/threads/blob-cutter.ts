// Large blobs into chunks: reads blocks, hashes the whole, and hands out each chunk with its id. A large enough blob
// is cut, and its chunks are hashed, in a thread, while the next block is read and the chunks before are packed.
import { checkSignal, type Context } from '../../base/context.ts'
import { turnsByWeight } from '../../base/pool.ts'
import type { ByteReader } from '../../base/source.ts'
import { makeChunker, type Block, type CutBlock } from '../../chunk/chunker.ts'
import { chunkMax, chunkMin, cut } from '../../chunk/fastcdc.ts'
import type { Id } from '../../model/id.ts'
import { createHasher, hashBytes } from '#hash'
import { startBlockThread } from '#threads'

/** Cuts blobs, one after the other, however many are given at once: a chunker carries what a block left to the next. */
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

/** What cuts blocks, and memory for some: what lies in one place is being cut while the next is filled. */
interface Workshop {
  readonly places: number
  readonly free: Uint8Array<ArrayBuffer>[]
  readonly cut: (block: Block) => CutBlock | Promise<CutBlock>
  readonly close: () => Promise<void>
}

/** Bytes of a block. */
const blockBytes = 1024 * 1024
/** Before each block is room for what the one before it left over. */
const placeBytes = chunkMax + blockBytes
/** Blocks that a thread may have before it, or whose chunks are still being packed. */
const places = 8
/** So many bytes of large blobs are worth the start of a thread: 30 ms, in which 16 MiB are cut without (measured). */
const threadBytes = 48 * 1024 * 1024

/** A cutter of blobs. Its thread, if there is one, stays for the next blob until it is closed. */
export function blobCutter(options: CutterOptions = {}): BlobCutter {
  let workshop: Workshop | undefined
  let seen = 0
  const alone = turnsByWeight(1)

  const workshopFor = (size: number): Workshop => {
    seen += size
    const wanted = options.threads ?? seen >= threadBytes
    if (wanted && workshop?.places !== places) workshop = threadWorkshop() ?? workshop
    return (workshop ??= localWorkshop())
  }

  return {
    cut: (blob, take, ctx) => alone(1, () => cutIn(workshopFor(blob.size), blob, take, ctx)),
    close: async () => {
      await workshop?.close()
      workshop = undefined
    },
  }
}

function localWorkshop(): Workshop {
  const cutBlock = makeChunker({ cut, max: chunkMax, hash: hashBytes })
  return { places: 1, free: [], cut: cutBlock, close: () => Promise.resolve() }
}

function threadWorkshop(): Workshop | undefined {
  const starting = startBlockThread()
  if (starting === undefined) return undefined
  const local = localWorkshop()
  return {
    places,
    free: [],
    cut: async (block) => ((await starting) ?? local).cut(block),
    close: async () => (await starting)?.close(),
  }
}

async function cutIn(
  { places: room, free, cut: cutBlock }: Workshop,
  blob: ByteReader,
  take: TakeChunk,
  ctx?: Context,
): Promise<{ readonly id: Id; readonly size: number }> {
  const whole = createHasher()
  const edges = wideEdges(blob.edges ?? [])
  const underWay: Promise<CutBlock>[] = []
  const takeOldest = async (): Promise<void> => {
    const { bytes, start, ends, ids } = await (underWay.shift() as Promise<CutBlock>)
    let at = start
    for (const [i, end] of ends.entries()) {
      await take(ids[i] as Id, bytes.subarray(at, end))
      at = end
    }
    free.push(bytes)
  }
  let size = 0
  try {
    for (let block = 0, last = false; !last; block++) {
      checkSignal(ctx)
      if (underWay.length >= room) await takeOldest()
      const bytes = free.pop() ?? new Uint8Array(placeBytes)
      const count = await blob.read(bytes.subarray(chunkMax), ctx)
      const end = chunkMax + count
      last = end < placeBytes
      whole.update(bytes.subarray(chunkMax, end)) // before the block's memory moves to the thread
      const inside = edges.filter((edge) => edge > size && edge <= size + count)
      const cutting = Promise.resolve(
        cutBlock({
          bytes,
          start: chunkMax,
          end,
          first: block === 0,
          last,
          edges: inside.map((edge) => edge - size + chunkMax),
        }),
      )
      cutting.catch(() => undefined) // thrown where it is awaited
      underWay.push(cutting)
      size += count
      ctx?.onProgress?.({ task: 'hash', unit: 'bytes', done: size })
    }
    while (underWay.length > 0) await takeOldest()
    return { id: whole.digest(), size }
  } finally {
    await Promise.allSettled(underWay) // the next blob's blocks come after these
  }
}

/** Edges that lie as far apart as a chunk is long at least: what is shorter goes with what follows it. */
function wideEdges(edges: readonly number[]): readonly number[] {
  let before = 0
  return edges.filter((edge) => {
    const isWide = edge - before >= chunkMin
    if (isWide) before = edge
    return isWide
  })
}
