// How often to try again what was UNAVAILABLE, and how long to wait before: for wrappers, and for backends that
// go on with one part of a call.
import type { Ambient } from '../base/ambient.ts'
import { checkSignal, type Context } from '../base/context.ts'
import { isQuiltError, QuiltError } from '../base/error.ts'

/** How often to try, and how to wait: the engine has neither a timer nor dice of its own. */
export interface RetryOptions {
  /** How often a call is tried in all, the first time included: at least 1. */
  readonly attempts: number
  /** Waits that long. Once the signal fires it rejects, or returns at once. */
  readonly delay: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>
  /** From 0 to below 1, evenly. */
  readonly random: () => number
  /** The first pause in milliseconds, doubled with each further one: 100 without it. A quarter to all of it is waited. */
  readonly firstPause?: number
  /** No pause is longer: 10,000 without it. */
  readonly longestPause?: number
  /** No pause that the other side asks for is longer: 60,000 without it. */
  readonly longestWait?: number
}

/** Counts the failures of one call. */
export interface Patience {
  /** Waits for the next attempt; throws when `error` is not one to try again, or the last was. */
  again(error: unknown): Promise<void>
}

/** Six attempts within about four seconds, with the machine's timers and names. */
export function networkPatience(ambient: Pick<Ambient, 'randomName' | 'sleep'>): RetryOptions {
  return {
    attempts: 6,
    firstPause: 200,
    delay: (milliseconds, signal) => ambient.sleep(milliseconds, signal),
    random: () => Number.parseInt(ambient.randomName().slice(0, 12), 16) / 2 ** 48,
  }
}

/** Calls until it succeeds, fails otherwise than UNAVAILABLE, or has failed too often. */
export async function persist<T>(
  options: RetryOptions,
  ctx: Context | undefined,
  call: (attempt: number) => Promise<T>,
): Promise<T> {
  const patience = patient(options, ctx)
  for (let attempt = 1; ; attempt++) {
    try {
      return await call(attempt)
    } catch (error) {
      await patience.again(error)
    }
  }
}

/**
 * The patience for one call. What is thrown at last says how often it was tried, and carries the last error as its
 * cause; nobody above tries it again.
 */
export function patient(options: RetryOptions, ctx: Context | undefined): Patience {
  const { firstPause = 100, longestPause = 10_000, longestWait = 60_000 } = options
  let failures = 0
  return {
    async again(error) {
      checkSignal(ctx)
      failures++
      if (!isQuiltError(error, 'UNAVAILABLE') || error.retryAfter === Infinity) throw error
      if (failures >= options.attempts) throw givenUp(error, failures)
      const longest = Math.min(longestPause, firstPause * 2 ** (failures - 1))
      const uneven = longest * (0.25 + 0.75 * options.random())
      const pause = Math.max(uneven, Math.min(error.retryAfter ?? 0, longestWait))
      ctx?.onRetry?.({ error, attempt: failures + 1, attempts: options.attempts, pause })
      await options.delay(pause, ctx?.signal)
      checkSignal(ctx)
    },
  }
}

function givenUp(error: QuiltError, failures: number): QuiltError {
  if (failures === 1) return error
  return new QuiltError('UNAVAILABLE', `${error.message} (tried ${failures} times)`, {
    hint: error.hint,
    cause: error,
    retryAfter: Infinity,
  })
}
