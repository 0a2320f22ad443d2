// The id of a blob whose parts go elsewhere: hashed in a thread, while they are written, where the blob is large.
import type { Block } from '../../chunk/chunker.ts'
import type { Id } from '../../model/id.ts'
import type { HashedBlock } from './serve-blocks.ts'
import { createHasher } from '#hash'
import { startBlockThread } from '#threads'

/** A blob on its way. */
export interface PassingBlob {
  readonly parts: AsyncIterable<Uint8Array>
  /** How many bytes there should be. */
  readonly size: number
}

/** How to hash, for tests: `undefined` leaves it to the size. */
export interface ProverOptions {
  readonly threads?: boolean
}

/** A thread takes parts in blocks of this many bytes. */
const blockBytes = 1024 * 1024
/** Blocks that may wait for the thread. */
const places = 8
/** A smaller blob is hashed before a thread has begun (measured: 30 ms). */
const threadBytes = 32 * 1024 * 1024

/**
 * Gives all parts to `take`, in blocks whose bytes are lent until it returns, and then tells their id.
 * @throws what the parts and `take` throw; UNAVAILABLE when the thread ends
 */
export async function passBlob(
  blob: PassingBlob,
  take: (bytes: Uint8Array) => void,
  { threads = blob.size >= threadBytes }: ProverOptions = {},
): Promise<Id> {
  const starting = threads ? startBlockThread() : undefined
  if (starting === undefined) return passAlone(blob, take)
  const alone = createHasher()
  const underWay: Promise<HashedBlock>[] = []
  const hash = async (block: Block): Promise<HashedBlock> => {
    const thread = await starting
    if (thread !== undefined) return thread.hash(block)
    alone.update(block.bytes.subarray(0, block.end))
    return { bytes: block.bytes, id: block.last ? alone.digest() : undefined }
  }
  let block: Uint8Array<ArrayBuffer> = new Uint8Array(blockBytes)
  let blocks = 0
  let filled = 0
  const send = async (last: boolean): Promise<void> => {
    take(block.subarray(0, filled)) // before the block's memory moves to the thread
    const hashing = hash({ bytes: block, start: 0, end: filled, first: blocks === 0, last })
    hashing.catch(() => undefined) // thrown where it is awaited
    underWay.push(hashing)
    blocks++
    filled = 0
    if (last) return
    const done = underWay.length < places ? undefined : await underWay.shift()
    block = done?.bytes ?? new Uint8Array(blockBytes)
  }
  try {
    for await (const part of blob.parts) {
      for (let at = 0; at < part.length;) {
        const some = part.subarray(at, at + blockBytes - filled)
        block.set(some, filled)
        filled += some.length
        at += some.length
        if (filled === blockBytes) await send(false)
      }
    }
    await send(true)
    return (await Promise.all(underWay)).at(-1)?.id as Id
  } finally {
    await Promise.allSettled(underWay)
    await (await starting)?.close()
  }
}

async function passAlone({ parts }: PassingBlob, take: (bytes: Uint8Array) => void): Promise<Id> {
  const whole = createHasher()
  for await (const part of parts) {
    whole.update(part)
    take(part)
  }
  return whole.digest()
}
