// A thread that cuts and hashes blocks of bytes in memory that it shares with us. Its program is the text of the
// functions that do the same without a thread, so that it needs no file of its own, wherever this module is bundled.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { QuiltError } from '../../base/error.ts'
import { makeChunker, type Block, type CutBlock } from '../../chunk/chunker.ts'
import { cutTable, makeCut } from '../../chunk/fastcdc.ts'
import { serveBlocks, type BlockAnswer, type BlockJob } from './serve-blocks.ts'

/** A thread that shares a memory with us. Jobs are done in the order in which they are given. */
export interface BlockThread {
  /** As a chunker does. @throws UNAVAILABLE when the thread has ended */
  cut(block: Block): Promise<CutBlock>
  /** Hashes a block of a blob; the last gives the blob's id in hexadecimal. @throws UNAVAILABLE */
  hash(block: Block): Promise<string | undefined>
  close(): Promise<void>
}

/** A thread that is being started. The memory can be filled meanwhile. */
export interface StartingThread {
  readonly memory: Uint8Array
  /** `undefined` when the system gives no thread. */
  readonly ready: Promise<BlockThread | undefined>
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
const memory = new Uint8Array(workerData.memory)
const cut = (${makeCut.toString()})(workerData.table)
const chunk = (${makeChunker.toString()})({ memory, cut, max: workerData.table.max, hash })
const serve = (${serveBlocks.toString()})({ memory, chunk, createHasher })
parentPort.on('message', (job) => parentPort.postMessage(serve(job)))
`

/** Starts a thread with a memory of so many bytes; `undefined` where it would have no processor of its own. */
export function startBlockThread(bytes: number): StartingThread | undefined {
  if (availableParallelism() < 2) return undefined
  const shared = new SharedArrayBuffer(bytes)
  return { memory: new Uint8Array(shared), ready: start(shared).catch(() => undefined) }
}

async function start(memory: SharedArrayBuffer): Promise<BlockThread> {
  const worker = new Worker(program, {
    eval: true,
    name: 'quilt blocks',
    execArgv: [],
    workerData: { memory, table: cutTable },
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
      worker.postMessage(job)
    })

  return {
    cut: async (block) => (await ask({ task: 'cut', block })) as CutBlock,
    hash: async (block) => (await ask({ task: 'hash', block })) as string | undefined,
    close: async () => {
      await worker.terminate()
    },
  }
}
