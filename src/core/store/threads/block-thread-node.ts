// A thread that cuts and hashes blocks of bytes, whose memory moves there and back. Its program is the text of the
// functions that do the same without a thread.
import { startThread } from '../../base/thread-node.ts'
import { makeChunker, type Block, type CutBlock } from '../../chunk/chunker.ts'
import { cutTable, makeCut } from '../../chunk/fastcdc.ts'
import { serveBlocks, type BlockAnswer, type BlockJob, type HashedBlock } from './serve-blocks.ts'

/** A thread. Jobs are done in the order in which they are given; a block's memory is gone until its answer is there. */
export interface BlockThread {
  /** As a chunker does. @throws UNAVAILABLE when the thread has ended */
  cut(block: Block): Promise<CutBlock>
  /** Hashes a block of a blob. @throws UNAVAILABLE when the thread has ended */
  hash(block: Block): Promise<HashedBlock>
  close(): Promise<void>
}

const text = `'use strict'
const { parentPort, workerData } = require('node:worker_threads')
const crypto = require('node:crypto')
const createHasher = () => crypto.createHash('sha256')
const hash = crypto.hash ? (bytes) => crypto.hash('sha256', bytes, 'hex') : (bytes) => createHasher().update(bytes).digest('hex')
const cut = (${makeCut.toString()})(workerData)
const chunk = (${makeChunker.toString()})({ cut, max: workerData.max, hash })
const serve = (${serveBlocks.toString()})({ chunk, createHasher })
parentPort.on('message', (job) => {
  const answer = serve(job)
  parentPort.postMessage(answer, [answer.bytes.buffer])
})
`

/**
 * Starts a thread. At once `undefined` where it would have no processor of its own; later, when the system gives
 * none.
 */
export function startBlockThread(): Promise<BlockThread | undefined> | undefined {
  return startThread<BlockJob, BlockAnswer>({ text, name: 'quilt blocks', data: cutTable })?.then(
    (thread) => {
      if (thread === undefined) return undefined
      const ask = (job: BlockJob): Promise<BlockAnswer> => thread.ask(job, [job.block.bytes.buffer])
      return {
        cut: async (block) => (await ask({ task: 'cut', block })) as CutBlock,
        hash: async (block) => (await ask({ task: 'hash', block })) as HashedBlock,
        close: () => thread.close(),
      }
    },
  )
}
