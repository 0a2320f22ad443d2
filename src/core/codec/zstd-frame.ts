// What a zstd frame says of itself before it is decompressed (RFC 8878, 3.1.1).
import { QuiltError } from '../base/error.ts'

/**
 * Refuses a frame that says it holds another number of bytes than `size`.
 * @throws CORRUPT, also when this is no frame
 */
export function checkContentSize(frame: Uint8Array, size: number): void {
  const claimed = frameContentSize(frame)
  if (claimed === undefined || claimed === size) return
  throw new QuiltError('CORRUPT', `a zstd frame claims ${String(claimed)} bytes where ${String(size)} belong`)
}

/**
 * What a frame's header says of its content's length, `undefined` where it says nothing (RFC 8878, 3.1.1.1).
 * @throws CORRUPT when this is no zstd frame
 */
export function frameContentSize(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  if (frame.length < 6 || view.getUint32(0, true) !== 0xfd2fb528) {
    throw new QuiltError('CORRUPT', 'no zstd frame where one belongs')
  }
  const descriptor = frame[4] as number
  const singleSegment = (descriptor & 0x20) !== 0
  const at = 5 + (singleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] as number)
  const flag = descriptor >> 6
  const length = flag === 0 ? (singleSegment ? 1 : 0) : 1 << flag
  if (at + length > frame.length) throw new QuiltError('CORRUPT', 'a zstd frame is cut short')
  switch (length) {
    case 1:
      return frame[at]
    case 2:
      return view.getUint16(at, true) + 256
    case 4:
      return view.getUint32(at, true)
    case 8:
      return Number(view.getBigUint64(at, true))
    default:
      return undefined
  }
}
