// One call of a library function: in the session that is given, or in one that is opened for it and closed.
import { closingAfter } from '../core/base/closing.ts'
import type { Context } from '../core/base/context.ts'
import type { Session } from '../package/session.ts'
import { openSession, type ConfiguredSession, type SessionOptions } from '../session/open-session.ts'

/** What every function takes beside its own options: which session to use or open, how to stop, whom to tell. */
export interface CallOptions extends SessionOptions, Context {
  /** A session to use; it is not closed. Without one, a session is opened with the other options and closed. */
  readonly session?: Session | undefined
}

/** What the functions take that read or set the configuration: a session that `openSession` made. */
export interface ConfigurationOptions extends CallOptions {
  readonly session?: ConfiguredSession | undefined
}

/** Runs in the session given, or in one that is opened for this call. */
export async function within<S extends Session, T>(
  options: SessionOptions & { readonly session?: S | undefined },
  run: (session: S | ConfiguredSession) => T | Promise<T>,
): Promise<T> {
  if (options.session !== undefined) return run(options.session)
  const session = await openSession(options)
  return closingAfter(
    () => run(session),
    () => session.close(),
  )
}

/** All of them, in a list. */
export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
