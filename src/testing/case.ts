// The form of every conformance suite: data that any test runner can run.

/**
 * One promise, and how to see whether it is kept.
 * @example for (const c of backendCases) test(c.name, () => c.run(() => openMyBackend()))
 */
export interface Case<T> {
  readonly name: string
  /** Makes as many as it needs, each a new and empty one, and closes them; rejects if the promise is broken. */
  run(make: () => Promise<T>): Promise<void>
}
