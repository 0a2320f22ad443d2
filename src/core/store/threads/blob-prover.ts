// The id of a blob whose parts go elsewhere: hashed in a thread, while they are written, where the blob is large.
import type { Id } from '../../model/id.ts'
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
  const starting = threads ? startBlockThread(places * blockBytes) : undefined
  if (starting === undefined) return passAlone(blob, take)
  const { memory, ready } = starting
  const alone = createHasher()
  const underWay: Promise<string | undefined>[] = []
  const hash = async (
    start: number,
    end: number,
    first: boolean,
    last: boolean,
  ): Promise<string | undefined> => {
    const thread = await ready
    if (thread !== undefined) return thread.hash({ start, end, first, last })
    alone.update(memory.subarray(start, end))
    return last ? alone.digest() : undefined
  }
  let block = 0
  let filled = 0
  const send = async (last: boolean): Promise<void> => {
    const start = (block % places) * blockBytes
    const hashing = hash(start, start + filled, block === 0, last)
    hashing.catch(() => undefined) // thrown where it is awaited
    underWay.push(hashing)
    take(memory.subarray(start, start + filled))
    block++
    filled = 0
    if (underWay.length >= places) await underWay.shift()
  }
  try {
    for await (const part of blob.parts) {
      for (let at = 0; at < part.length;) {
        const some = part.subarray(at, at + blockBytes - filled)
        memory.set(some, (block % places) * blockBytes + filled)
        filled += some.length
        at += some.length
        if (filled === blockBytes) await send(false)
      }
    }
    await send(true)
    return (await Promise.all(underWay)).at(-1) as Id
  } finally {
    await Promise.allSettled(underWay)
    await (await ready)?.close()
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
