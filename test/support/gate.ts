// Holds one of two processes at a chosen operation, so that every interleaving can be tried.
import type { Backend } from '../../src/core/backend/backend.ts'
import { QuiltError, type ErrorCode } from '../../src/core/base/error.ts'
import { stepping } from './ref-bench.ts'

/** A backend that stops before its operation number `at`, until it is let go. */
export interface Gated {
  readonly backend: Backend
  /** Resolves when it is held. */
  readonly held: Promise<void>
  release(): void
}

/** Holds before operation `at`, counted from 0. */
export function gated(inner: Backend, at: number): Gated {
  let done = 0
  let hold = (): void => undefined
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (hold = resolve))
  const released = new Promise<void>((resolve) => (release = resolve))
  const backend = stepping(inner, async () => {
    if (done++ !== at) return
    hold()
    await released
  })
  return { backend, held, release: () => release() }
}

/** Counts operations. */
export function counting(inner: Backend): { readonly backend: Backend; readonly count: () => number } {
  let done = 0
  return { backend: stepping(inner, async () => void done++), count: () => done }
}

/** Lets whoever waits go on in an order that `seed` says; one operation of one process at a time. */
export function scheduler(seed: number): {
  gate(inner: Backend): Backend
  run(tasks: Promise<unknown>[]): Promise<void>
} {
  const waiting: (() => void)[] = []
  let state = seed >>> 0 || 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  return {
    gate: (inner) => stepping(inner, () => new Promise((resolve) => waiting.push(resolve))),
    run: async (tasks) => {
      let running = tasks.length
      for (const task of tasks)
        task.then(
          () => running--,
          () => running--,
        )
      while (running > 0) {
        for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
        waiting.splice(next() % Math.max(waiting.length, 1), 1)[0]?.()
      }
      await Promise.all(tasks)
    },
  }
}

/** Refuses one kind of operation. */
export function failing(inner: Backend, what: 'put' | 'get' | 'delete', code: ErrorCode): Backend {
  const refuse = (): Promise<never> => Promise.reject(new QuiltError(code, 'refused by the test'))
  return { ...inner, [what]: refuse }
}
