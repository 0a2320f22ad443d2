// What is done with bodies that may be worth compressing.
// The function uses nothing from outside itself: threads are sent its text.

/** Bodies that lie one behind the other. */
export interface FrameJob {
  readonly bodies: Uint8Array<ArrayBuffer>
  /** Where each ends; it begins where the one before ends, the first at 0. */
  readonly ends: readonly number[]
  /** Those that are to stay as they are. */
  readonly raw: readonly boolean[]
  /** Where their frames are to lie: as much memory as theirs. */
  readonly frames: Uint8Array<ArrayBuffer>
  /** Little effort for each. */
  readonly fast: boolean
}

/** Frames that lie one behind the other. */
export interface FrameAnswer {
  /** The job's memory, which is its owner's again. */
  readonly bodies: Uint8Array<ArrayBuffer>
  readonly frames: Uint8Array<ArrayBuffer>
  /** Length of each body's frame; 0 for a body that is kept as it is. */
  readonly lengths: readonly number[]
}

/** What the work is done with. */
export interface FrameParts {
  readonly compress: (bytes: Uint8Array, fast: boolean) => Uint8Array
  /** True when a frame is enough smaller than what it holds. */
  readonly paid: (size: number, compressed: number) => boolean
}

/** Does jobs. */
export function serveFrames({ compress, paid }: FrameParts): (job: FrameJob) => FrameAnswer {
  return ({ bodies, ends, raw, frames, fast }) => {
    const lengths: number[] = []
    let [start, at] = [0, 0]
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i] as number
      const frame = raw[i] === true ? undefined : compress(bodies.subarray(start, end), fast)
      if (frame !== undefined && paid(end - start, frame.length)) {
        frames.set(frame, at)
        at += frame.length
        lengths.push(frame.length)
      } else lengths.push(0)
      start = end
    }
    return { bodies, frames, lengths }
  }
}
