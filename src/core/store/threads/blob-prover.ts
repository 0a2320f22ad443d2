// The id of a blob whose parts go elsewhere: hashed in a thread meanwhile, where the blob is large.
import type { Block } from '../../chunk/chunker.ts'
import type { Id } from '../../model/id.ts'
import type { HashedBlock } from './serve-blocks.ts'
import { createHasher } from '#hash'
import { startBlockThread } from '#threads'

/** Tells the id of a blob of which it is given one part after the other. */
export interface BlobProver {
  /** Takes the next part, whose bytes are lent until this is done. @throws UNAVAILABLE when the thread ends */
  add(part: Uint8Array): Promise<void>
  /** The id of all parts; nothing is added after it. @throws UNAVAILABLE when the thread ends */
  id(): Promise<Id>
  /** Ends the thread. */
  close(): Promise<void>
}

/** How to hash, for tests: `undefined` leaves it to the size. */
export interface ProverOptions {
  readonly threads?: boolean | undefined
  /** Is given all parts, in blocks whose bytes are lent until it returns. */
  readonly onBlock?: (bytes: Uint8Array) => void
}

/** A thread takes parts in blocks of this many bytes. */
const blockBytes = 1024 * 1024
/** Blocks that may wait for the thread. */
const places = 8
/** A smaller blob is hashed before a thread has begun (measured: 30 ms). */
const threadBytes = 32 * 1024 * 1024

/** A prover of one blob of about `size` bytes. */
export function blobProver(
  size: number,
  { threads = size >= threadBytes, onBlock }: ProverOptions = {},
): BlobProver {
  const starting = threads ? startBlockThread() : undefined
  const alone = createHasher()
  if (starting === undefined) {
    return {
      add: (part) => {
        alone.update(part)
        onBlock?.(part)
        return Promise.resolve()
      },
      id: () => Promise.resolve(alone.digest()),
      close: () => Promise.resolve(),
    }
  }
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
    onBlock?.(block.subarray(0, filled)) // before the block's memory moves to the thread
    const hashing = hash({ bytes: block, start: 0, end: filled, first: blocks === 0, last })
    hashing.catch(() => undefined) // thrown where it is awaited
    underWay.push(hashing)
    blocks++
    filled = 0
    if (last) return
    const done = underWay.length < places ? undefined : await underWay.shift()
    block = done?.bytes ?? new Uint8Array(blockBytes)
  }
  return {
    add: async (part) => {
      for (let at = 0; at < part.length;) {
        const some = part.subarray(at, at + blockBytes - filled)
        block.set(some, filled)
        filled += some.length
        at += some.length
        if (filled === blockBytes) await send(false)
      }
    },
    id: async () => {
      await send(true)
      return (await Promise.all(underWay)).at(-1)?.id as Id
    },
    close: async () => {
      await Promise.allSettled(underWay)
      await (await starting)?.close()
    },
  }
}

/** A blob on its way. */
export interface PassingBlob {
  readonly parts: AsyncIterable<Uint8Array>
  /** How many bytes there should be. */
  readonly size: number
}

/**
 * Gives all parts to `take`, in blocks whose bytes are lent until it returns, and then tells their id.
 * @throws what the parts and `take` throw; UNAVAILABLE when the thread ends
 */
export async function passBlob(
  { parts, size }: PassingBlob,
  take: (bytes: Uint8Array) => void,
  { threads }: ProverOptions = {},
): Promise<Id> {
  const prover = blobProver(size, { threads, onBlock: take })
  try {
    for await (const part of parts) await prover.add(part)
    return await prover.id()
  } finally {
    await prover.close()
  }
}
