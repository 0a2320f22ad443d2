// How fast a line is: a delay for each request, and bytes a second that all connections share.
import { setTimeout as sleep } from 'node:timers/promises'

/** A line's delay in milliseconds for each request, and its rate both ways together; absent: none, no limit. */
export interface Pace {
  readonly delay?: number | undefined
  readonly bytesPerSecond?: number | undefined
}

/** A line that keeps to a pace. */
export interface PacedLine {
  /** Waits as long as a request is on its way. */
  travel(): Promise<void>
  /** The same bytes, in pieces, no faster than the rate allows. */
  slowed(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
}

/** Pieces that a line carries at once: so several connections share it evenly. */
const pieceBytes = 16 * 1024

/** A line; `pace` is asked anew each time, so it may change. */
export function pacedLine(pace: () => Pace): PacedLine {
  let free = 0 // when the line has carried all that it was given, by performance.now()
  return {
    travel: async () => {
      const { delay = 0 } = pace()
      if (delay > 0) await sleep(delay)
    },
    slowed: async function* (body) {
      for await (const part of body) {
        const { bytesPerSecond } = pace()
        if (bytesPerSecond === undefined) {
          yield part
          continue
        }
        for (let at = 0; at < part.length; at += pieceBytes) {
          const piece = part.subarray(at, at + pieceBytes)
          free = Math.max(free, performance.now()) + (piece.length * 1000) / bytesPerSecond
          const wait = free - performance.now()
          if (wait > 1) await sleep(wait)
          yield piece
        }
      }
    },
  }
}
