// A thread that cuts and hashes blocks of bytes, whose memory moves there and back. Its program is the text of the
// functions that do the same without a thread, so that it needs no file of its own, wherever this module is bundled.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { QuiltError } from '../../base/error.ts'
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

interface Waiting {
  readonly resolve: (answer: BlockAnswer) => void
  readonly reject: (error: QuiltError) => void
}

/** What the thread runs: CommonJS, for a program that is a text. */
const program = `'use strict'
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
  return availableParallelism() < 2 ? undefined : start().catch(() => undefined)
}

async function start(): Promise<BlockThread> {
  const worker = new Worker(program, {
    eval: true,
    name: 'quilt blocks',
    execArgv: [],
    workerData: cutTable,
  })
  await new Promise<void>((resolve, reject) => {
    worker.once('online', resolve)
    worker.once('error', reject)
    worker.once('exit', reject)
  })
  worker.removeAllListeners()
  return threadOf(worker)
}

function threadOf(worker: Worker): BlockThread {
  const waiting: Waiting[] = []
  let ended: QuiltError | undefined
  const end = (cause?: unknown): void => {
    ended ??= new QuiltError('UNAVAILABLE', 'a thread that hashes has ended before its work', {
      hint: 'is there enough memory? Try again',
      cause,
    })
    for (const { reject } of waiting.splice(0)) reject(ended)
  }
  worker.on('error', end)
  worker.on('exit', () => {
    end()
  })
  worker.on('message', (answer: BlockAnswer) => {
    waiting.shift()?.resolve(answer)
    if (waiting.length === 0) worker.unref()
  })
  worker.unref() // only while it has work does it keep the process alive

  const ask = (job: BlockJob): Promise<BlockAnswer> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) {
        reject(ended)
        return
      }
      worker.ref()
      waiting.push({ resolve, reject })
      worker.postMessage(job, [job.block.bytes.buffer])
    })

  return {
    cut: async (block) => (await ask({ task: 'cut', block })) as CutBlock,
    hash: async (block) => (await ask({ task: 'hash', block })) as HashedBlock,
    close: async () => {
      await worker.terminate()
    },
  }
}
