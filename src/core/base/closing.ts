// Closing what was opened: all of it, whatever fails, and without hiding why it is closed.

/** Closes something. */
export type Closer = () => unknown

/**
 * Closes all, one after the other in this order, also those behind one that fails.
 * @throws the first failure, once all have been called
 */
export async function closeAll(closers: Iterable<Closer>): Promise<void> {
  const failures: unknown[] = []
  for (const close of closers) {
    try {
      await close()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/**
 * What `act` gives, once `close` is done. Where `act` fails, a failure of `close` adds nothing.
 * @throws what `act` throws, else what `close` throws
 * @example await closingAfter(() => run(session), () => session.close())
 */
export async function closingAfter<T>(act: () => T | Promise<T>, close: Closer): Promise<T> {
  let made: T
  try {
    made = await act()
  } catch (error) {
    await closeAll([close]).catch(() => undefined)
    throw error
  }
  await close()
  return made
}
