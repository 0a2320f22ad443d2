// Cuts a stream of bytes into chunks, whatever the sizes in which the bytes arrive.
import { concatBytes } from '../base/bytes.ts'
import { chunkMax, cut } from './fastcdc.ts'

/**
 * Takes the next bytes of a blob and gives the chunks that are complete; `end` gives the rest.
 * The views may share memory with the bytes given.
 */
export interface Chunker {
  push(bytes: Uint8Array): Uint8Array[]
  end(): Uint8Array[]
}

/** A chunker by content. The chunks depend on the bytes alone, not on how they were handed over. */
export function contentChunker(): Chunker {
  let rest: Uint8Array = new Uint8Array(0)

  const take = (last: boolean): Uint8Array[] => {
    const chunks: Uint8Array[] = []
    let at = 0
    while (rest.length - at >= chunkMax || (last && at < rest.length)) {
      const next = cut(rest, at, rest.length)
      chunks.push(rest.subarray(at, next))
      at = next
    }
    rest = rest.subarray(at)
    return chunks
  }

  return {
    push: (bytes) => {
      rest = rest.length === 0 ? bytes : concatBytes([rest, bytes])
      return take(false)
    },
    end: () => take(true),
  }
}
