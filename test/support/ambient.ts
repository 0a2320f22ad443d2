// Time, timers and names that a test holds in its hand.
import type { Ambient } from '../../src/core/base/ambient.ts'

/** An ambient whose time stands still until it is moved; sleeping moves it. */
export interface FakeAmbient extends Ambient {
  /** Moves the time on; timers that come due are called, and what they started may run. */
  advance(milliseconds: number): Promise<void>
  /** Milliseconds slept so far. */
  readonly slept: number
  /** Timers that are running. */
  readonly timers: number
  /** Called at each sleep, before time moves: what others do meanwhile. */
  onSleep: (milliseconds: number) => Promise<void> | void
}

interface Timer {
  readonly period: number
  readonly act: () => void
  due: number
}

/** Names begin with `seed`, so that two ambients of different seeds never give the same one. */
export function fakeAmbient(seed = 1, start = Date.UTC(2024, 0, 1)): FakeAmbient {
  let time = start
  let names = 0
  let slept = 0
  const timers = new Set<Timer>()

  const advance = async (milliseconds: number): Promise<void> => {
    const end = time + milliseconds
    for (;;) {
      const [next] = [...timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)
      if (next === undefined) break
      time = next.due
      next.due += next.period
      next.act()
      await settle()
    }
    time = end
    await settle()
  }

  const ambient: FakeAmbient = {
    advance,
    get slept() {
      return slept
    },
    get timers() {
      return timers.size
    },
    onSleep: () => undefined,
    now: () => new Date(time),
    randomName: () => seed.toString(16).padStart(8, '0') + (++names).toString(16).padStart(24, '0'),
    every: (period, act) => {
      const timer: Timer = { period, act, due: time + period }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    sleep: async (milliseconds, signal) => {
      if (signal?.aborted === true) return
      slept += milliseconds
      await ambient.onSleep(milliseconds)
      await advance(milliseconds)
    },
  }
  return ambient
}

/** Lets all that is ready run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}
