// Packages as trees in code: `load`, which keeps its session open until the tree is closed.
import { load as loadIn, type LoadOptions } from '../package/load.ts'
import type { Loaded, LoadedNode } from '../package/load/node-types.ts'
import { openSession } from '../session/open-session.ts'
import { types as typesIn, type TypesOptions, type WrittenTypes } from '../package/declare/types.ts'
import { within, type CallOptions } from './call.ts'

declare global {
  /** Packages whose nodes and columns are known, by their handles: `quilt types` writes them. */
  interface QuiltPackages {}
}

/** What `load` gives for a handle: a node of known children, where `quilt types` has written it down. */
export type LoadedHandle<Handle extends string> = Loaded<
  Handle extends keyof QuiltPackages ? QuiltPackages[Handle] : LoadedNode
>

/**
 * The node at a handle, as a tree that reads nothing before it is asked: groups, files and tables (docs/load.md). Close
 * it, or use `await using`, when it is done with; one that came with a `session` lives as long as that.
 * @throws QuiltError NOT_FOUND, AMBIGUOUS, INVALID; UNAVAILABLE when what is not here cannot be fetched
 * @example for await (const row of (await load('ada/wine@1.0')).train.rows()) console.log(row)
 */
export async function load<const Handle extends string>(
  handle: Handle,
  options: LoadOptions & CallOptions = {},
): Promise<LoadedHandle<Handle>> {
  const given = options.session
  const session = given ?? (await openSession(options))
  let ending: Promise<void> | undefined
  const end = (): Promise<void> => (ending ??= given === undefined ? session.close() : Promise.resolve())
  try {
    return (await loadIn(session, { handle, options }, end, options)) as LoadedHandle<Handle>
  } catch (error) {
    await end()
    throw error
  }
}

/**
 * Writes TypeScript declarations, `quilt.d.ts` unless told: with them, what `load` gives and `quilt:` modules have
 * typed nodes and columns. Without handles, of all installed packages and their versions.
 * @throws QuiltError NOT_FOUND, INVALID for a handle; DENIED, UNAVAILABLE when the file cannot be written
 * @example await types(['ada/wine@1.0'])
 */
export function types(
  handles: readonly string[] = [],
  options: TypesOptions & CallOptions = {},
): Promise<WrittenTypes> {
  return within(options, (session) => typesIn(session, handles, options, options))
}
