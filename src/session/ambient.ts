// The real time, timers and randomness, for sessions that are given none.
import { randomBytes } from 'node:crypto'
import type { Ambient } from '../core/base/ambient.ts'

/** The machine's own. */
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
      if (signal?.aborted === true) {
        resolve()
        return
      }
      const wake = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake) // one signal may outlive very many pauses
        resolve()
      }
      const timer = setTimeout(wake, milliseconds)
      signal?.addEventListener('abort', wake)
    }),
}
