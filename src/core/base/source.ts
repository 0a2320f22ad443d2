// The read seam: whoever reads bytes by range cannot tell a local file from a chunked blob in a remote pack.
import type { Context } from './context.ts'

/**
 * Random access to bytes.
 * `slice` gives exactly `end - start` bytes; both must lie within 0 and `size`, else it throws INVALID.
 */
export interface ByteSource {
  readonly size: number
  slice(start: number, end: number, ctx?: Context): Promise<Uint8Array>
}

/** Bytes in memory as a source. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    slice: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  }
}
