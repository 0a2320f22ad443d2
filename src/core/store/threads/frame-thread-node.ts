// A thread that compresses. Its program is the text of the function that does the same without a thread, and the codec
// that this runtime has.
import { startThread, type Thread } from '../../base/thread-node.ts'
import { zstdThread, zstdThreadData } from '../../codec/zstd-node.ts'
import { compressionPaid } from '../../codec/zstd-probe.ts'
import { serveFrames, type FrameAnswer, type FrameJob } from './serve-frames.ts'

/** A thread that compresses. */
export type FrameThread = Thread<FrameJob, FrameAnswer>

const text = `'use strict'
const { parentPort, workerData } = require('node:worker_threads')
const serving = (${zstdThread.toString()})({ load: require, ...workerData }).then((compress) =>
  (${serveFrames.toString()})({ compress, paid: ${compressionPaid.toString()} }))
parentPort.on('message', async (job) => {
  const serve = await serving
  const answer = serve(job)
  parentPort.postMessage(answer, [answer.bodies.buffer, answer.frames.buffer])
})
`

/**
 * Starts a thread. At once `undefined` where it would have no processor of its own; later, when the system gives
 * none.
 */
export function startFrameThread(): Promise<FrameThread | undefined> | undefined {
  return startThread<FrameJob, FrameAnswer>({ text, name: 'quilt frames', data: zstdThreadData() })
}
