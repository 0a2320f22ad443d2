// The threads of this room, on Node. The browser's twin is threads-web.ts.
export { startBlockThread, type BlockThread } from './block-thread-node.ts'
export { startFrameThread, type FrameThread } from './frame-thread-node.ts'
export { usefulThreads } from '../../base/thread-node.ts'
