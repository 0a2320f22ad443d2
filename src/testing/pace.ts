// How fast a line is: a delay for each request, and bytes a second that all connections share.
import { setTimeout as sleep } from 'node:timers/promises'

/** How fast a line is; what is absent: no delay, no limit. */
export interface Pace {
  /** Milliseconds that each request waits. */
  readonly delay?: number | undefined
  readonly rate?: LineRate | undefined
}

/** So many bytes a second, both ways and all connections together; `now` is a clock in milliseconds. */
export interface LineRate {
  readonly bytesPerSecond: number
  readonly now: () => number
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
  let free = 0 // when the line has carried all that it was given, by the rate's clock
  return {
    travel: async () => {
      const { delay = 0 } = pace()
      if (delay > 0) await sleep(delay)
    },
    slowed: async function* (body) {
      for await (const part of body) {
        const { rate } = pace()
        if (rate === undefined) {
          yield part
          continue
        }
        for (let at = 0; at < part.length; at += pieceBytes) {
          const piece = part.subarray(at, at + pieceBytes)
          free = Math.max(free, rate.now()) + (piece.length * 1000) / rate.bytesPerSecond
          const wait = free - rate.now()
          if (wait > 1) await sleep(wait)
          yield piece
        }
      }
    },
  }
}
