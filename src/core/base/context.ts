// Cancel and progress: what a caller hands to every long call. Knows nothing of terminals.
import { QuiltError } from './error.ts'

/** Last argument of every long call: how to stop it, and whom to tell how far it is. */
export interface Context {
  readonly signal?: AbortSignal
  readonly onProgress?: (event: Progress) => void
  /** Told that a remote failed in a way that may pass, before it is tried again. */
  readonly onRetry?: (event: Retry) => void
  /**
   * Told of a value's bytes as they arrive over a line that may break, and where in the value they begin. They are lent
   * until it returns. After a failure they may come again, from further before.
   */
  readonly onArrival?: (start: number, bytes: Uint8Array) => void
}

/** A failure that is not the last word: after `pause` milliseconds comes attempt number `attempt` of `attempts`. */
export interface Retry {
  readonly error: QuiltError
  readonly attempt: number
  readonly attempts: number
  readonly pause: number
}

/** How far one task is. `done` and `total` count `unit`s; `total` is absent while unknown. */
export interface Progress {
  readonly task: 'scan' | 'hash' | 'parse' | 'pack' | 'send' | 'receive' | 'checkout' | 'verify'
  readonly unit: 'objects' | 'bytes' | 'rows'
  readonly done: number
  readonly total?: number
}

/**
 * Stops here when the caller has asked to.
 * @throws the signal's own reason, or UNAVAILABLE "stopped" when it carries none
 */
export function checkSignal(ctx: Context | undefined): void {
  if (ctx?.signal?.aborted !== true) return
  const reason: unknown = ctx.signal.reason
  throw reason instanceof Error ? reason : new QuiltError('UNAVAILABLE', 'stopped')
}

/** Lets timers and signals run: for loops that work synchronously for long. Call it a few times a second. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
