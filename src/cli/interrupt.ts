// Ctrl-C and requests to terminate: first ask to stop, then stop.

/** Signals that end a command in order. */
const signals = ['SIGINT', 'SIGTERM'] as const

/** How long a command may take to stop, in milliseconds: it is to be gone within a second. */
const grace = 800

/** What to do when asked to stop: `stop` at first, `force` on the second signal or when the time is up. */
export interface Interruption {
  readonly stop: () => void
  readonly force: () => void
}

/** Listens until the function that it returns is called. */
export function onInterrupt(handlers: Interruption): () => void {
  let timer: NodeJS.Timeout | undefined
  const listener = (): void => {
    if (timer !== undefined) {
      handlers.force()
      return
    }
    timer = setTimeout(handlers.force, grace)
    handlers.stop()
  }
  for (const signal of signals) process.on(signal, listener)
  return () => {
    clearTimeout(timer)
    for (const signal of signals) process.off(signal, listener)
  }
}
