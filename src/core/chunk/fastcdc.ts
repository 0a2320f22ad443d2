// FastCDC with normalised chunking (Xia et al., USENIX ATC 2016; TPDS 2020), on 32-bit arithmetic.
// docs/format.md section "Chunks" gives the same constants; they never change within a format version.

/** Shortest chunk but for a blob's last, in bytes. */
export const chunkMin: number = 16 * 1024
/** The length at which cutting becomes likely, in bytes. */
export const chunkAverage: number = 64 * 1024
/** Longest chunk, in bytes. */
export const chunkMax: number = 256 * 1024
/** Blobs longer than this are kept as chunks. */
export const chunkThreshold: number = chunkMax

/** Before the average length a cut needs 18 zero bits, after it 14 (normalisation level 2). */
const maskBefore = 0xffffc000 | 0
const maskAfter = 0xfffc0000 | 0

/** The gear table: 256 words, word i = fmix32(i × 0x9e3779b9 + 0x51554c54), with murmur3's finaliser fmix32. */
export const gear: Int32Array = Int32Array.from({ length: 256 }, (_, i) => {
  let h = (Math.imul(i, 0x9e3779b9) + 0x51554c54) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) | 0
})

/**
 * Where the chunk that begins at `start` ends, given the bytes up to `end`.
 * When fewer than `chunkMax` bytes are given they must be the blob's last.
 * @returns the position after the chunk's last byte, `start` < position <= `end`
 */
export function cut(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length <= chunkMin) return end
  const limit = start + Math.min(length, chunkMax)
  const middle = start + Math.min(length, chunkAverage)
  let print = 0
  let i = start + chunkMin
  for (; i < middle; i++) {
    print = ((print << 1) + (gear[bytes[i] as number] as number)) | 0
    if ((print & maskBefore) === 0) return i + 1
  }
  for (; i < limit; i++) {
    print = ((print << 1) + (gear[bytes[i] as number] as number)) | 0
    if ((print & maskAfter) === 0) return i + 1
  }
  return limit
}
