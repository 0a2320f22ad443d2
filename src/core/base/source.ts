// The read seam: whoever reads bytes by range cannot tell a local file from a chunked blob in a remote pack.
import { type Bytes } from './bytes.ts'
import type { Context } from './context.ts'

/**
 * Random access to bytes.
 * `slice` gives exactly `end - start` bytes; both must lie within 0 and `size`, else it throws INVALID.
 */
export interface ByteSource {
  readonly size: number
  slice(start: number, end: number, ctx?: Context): Promise<Uint8Array>
  /** At least these bytes, and what is read with them anyway: `bytes` begin at `start`. Absent where that is no more. */
  around?(start: number, end: number, ctx?: Context): Promise<PlacedBytes>
}

/** Bytes, and where they begin. */
export interface PlacedBytes {
  readonly start: number
  readonly bytes: Uint8Array
}

/** Bytes in memory as a source. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    slice: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  }
}

/** Bytes in their order, read into memory that the caller has: for what is too large to be held. */
export interface ByteReader {
  /** How many bytes there should be. There may turn out to be more, or fewer. */
  readonly size: number
  /** Places, ascending, between which the bytes will be read apart: a chunk ends there, where they lie not too near. */
  readonly edges?: readonly number[]
  /** Fills `into` from its start, and gives how many bytes that were: fewer than fit only at the end. */
  read(into: Uint8Array, ctx?: Context): Promise<number>
  /** Lets go of what is read from. */
  close?(): Promise<void>
}

/** A body of either form as a reader; `size` is what is known of its length. */
export function bytesReader(body: Bytes, size: number): ByteReader {
  const parts = body instanceof Uint8Array ? undefined : body[Symbol.asyncIterator]()
  let part = body instanceof Uint8Array ? body : new Uint8Array(0)
  return {
    size,
    read: async (into) => {
      let at = 0
      while (at < into.length) {
        if (part.length === 0) {
          const next = await parts?.next()
          if (next === undefined || next.done === true) break
          part = next.value
        }
        const some = part.subarray(0, into.length - at)
        into.set(some, at)
        at += some.length
        part = part.subarray(some.length)
      }
      return at
    },
    close: async () => {
      await parts?.return?.()
    },
  }
}

/** A reader whose first bytes have been read already. */
export function resumedReader(head: Uint8Array, rest: ByteReader): ByteReader {
  let left = head
  return {
    size: rest.size,
    ...(rest.edges === undefined ? undefined : { edges: rest.edges }),
    read: async (into, ctx) => {
      const some = left.subarray(0, into.length)
      into.set(some)
      left = left.subarray(some.length)
      return some.length === into.length
        ? some.length
        : some.length + (await rest.read(into.subarray(some.length), ctx))
    },
  }
}

/** What a reader gives, in parts whose bytes are lent until the next is asked for. */
export async function* readerParts(reader: ByteReader, ctx?: Context): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(256 * 1024)
  for (let count = block.length; count === block.length;) {
    count = await reader.read(block, ctx)
    yield block.subarray(0, count)
  }
}
