// What the engine may not take by itself: it is told the time, and handed names that nobody else has.

/** The time, timers and randomness, given by the edge. Tests give their own. */
export interface Ambient {
  now(): Date
  /** 32 lower-case hex digits, never the same twice. */
  randomName(): string
  /** Calls `act` every so many milliseconds until the function returned is called; keeps no process alive. */
  every(milliseconds: number, act: () => void): () => void
  /** Resolves after so many milliseconds, at once when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}
