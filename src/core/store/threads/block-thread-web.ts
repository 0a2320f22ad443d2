// No threads in a browser: everything is cut and hashed where it is. Node's twin is block-thread-node.ts.
import type { StartingThread } from './block-thread-node.ts'

/** None. */
export function startBlockThread(): StartingThread | undefined {
  return undefined
}
