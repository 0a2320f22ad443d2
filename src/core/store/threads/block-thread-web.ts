// No threads in a browser: everything is cut and hashed where it is. Node's twin is block-thread-node.ts.
import type { BlockThread } from './block-thread-node.ts'

/** None. */
export function startBlockThread(): Promise<BlockThread | undefined> | undefined {
  return undefined
}
