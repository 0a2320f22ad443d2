// No threads in a browser: everything is cut, hashed and compressed where it is. Node's twin is threads-node.ts.
import type { BlockThread } from './block-thread-node.ts'
import type { FrameThread } from './frame-thread-node.ts'

/** None. */
export function startBlockThread(): Promise<BlockThread | undefined> | undefined {
  return undefined
}

/** None. */
export function startFrameThread(): Promise<FrameThread | undefined> | undefined {
  return undefined
}

/** None. */
export function usefulThreads(): number {
  return 0
}
