// Cuts a blob that comes in blocks into chunks, and gives each its id; the same in a thread and without one.
import type { Cut } from './fastcdc.ts'

/** A block of a blob: where its bytes lie. Before them there must be room for what the block before it left over. */
export interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly start: number
  readonly end: number
  /** True for a blob's first block, and for its last. */
  readonly first: boolean
  readonly last: boolean
  /** Where a chunk must end, ascending, behind `start` and up to `end`. */
  readonly edges?: readonly number[]
}

/** Chunks that lie one behind the other: the first begins at `start`, each ends at its `end`. */
export interface CutBlock {
  /** The block's memory, which is its owner's again. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly start: number
  readonly ends: readonly number[]
  /** Their SHA-256, in hexadecimal. */
  readonly ids: readonly string[]
}

/** What a chunker works with. */
export interface ChunkerParts {
  readonly cut: Cut
  /** Longest chunk, in bytes, and the room before each block. */
  readonly max: number
  readonly hash: (bytes: Uint8Array) => string
}

/**
 * A chunker of blocks, to be given one after the other. What a block leaves over, always less than
 * `max` bytes, is put before the next one. The chunks depend on the blob's bytes and edges alone, not on the blocks.
 * The function uses nothing from outside itself: threads are sent its text.
 */
export function makeChunker({ cut, max, hash }: ChunkerParts): (block: Block) => CutBlock {
  const rest = new Uint8Array(max)
  let left = 0
  return ({ bytes, start, end, first, last, edges = [] }) => {
    if (first) left = 0
    const from = start - left
    bytes.set(rest.subarray(0, left), from)
    const ends: number[] = []
    const ids: string[] = []
    let at = from
    for (let i = 0; i <= edges.length; i++) {
      const stop = edges[i] ?? end
      const isEnd = last || i < edges.length
      while (stop - at >= max || (isEnd && at < stop)) {
        const next = cut(bytes, at, stop)
        ids.push(hash(bytes.subarray(at, next)))
        ends.push(next)
        at = next
      }
    }
    left = end - at
    rest.set(bytes.subarray(at, end))
    return { bytes, start: from, ends, ids }
  }
}
