// The real time, timers and randomness, for sessions that are given none.
import { randomBytes } from 'node:crypto'
import type { Ambient } from '../core/base/ambient.ts'

/** The machine's own. Its timers keep no process alive. */
export const machineAmbient: Ambient = {
  now: () => new Date(),
  randomName: () => randomBytes(16).toString('hex'),
  every: (milliseconds, act) => {
    const timer = setInterval(act, milliseconds)
    timer.unref()
    return () => {
      clearInterval(timer)
    }
  },
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    }),
}
