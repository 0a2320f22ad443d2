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

/** The gear table: 256 words, word i = fmix32(i × 0x9e3779b9 + 0x51554c54), with murmur3's finaliser fmix32. */
export const gear: Int32Array = Int32Array.from({ length: 256 }, (_, i) => {
  let h = (Math.imul(i, 0x9e3779b9) + 0x51554c54) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) | 0
})

/** What a cut goes by. */
export interface CutTable {
  readonly gear: Int32Array
  readonly min: number
  readonly average: number
  readonly max: number
}

/** The table of format 1. */
export const cutTable: CutTable = { gear, min: chunkMin, average: chunkAverage, max: chunkMax }

/**
 * Where the chunk that begins at `start` ends, given the bytes up to `end`. When fewer than `chunkMax` bytes are
 * given they must be the blob's last. Gives the position after the chunk's last byte, `start` < position <= `end`.
 */
export type Cut = (bytes: Uint8Array, start: number, end: number) => number

/**
 * Makes a cut. The function uses nothing from outside itself: threads are sent its text.
 * Before the average length a cut needs 18 zero bits, after it 14 (normalisation level 2).
 */
export function makeCut({ gear, min, average, max }: CutTable): Cut {
  const maskBefore = 0xffffc000 | 0
  const maskAfter = 0xfffc0000 | 0
  return (bytes, start, end) => {
    const length = end - start
    if (length <= min) return end
    const limit = start + Math.min(length, max)
    const middle = start + Math.min(length, average)
    let print = 0
    let i = start + min
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
}

/** The cut of format 1. */
export const cut: Cut = makeCut(cutTable)
