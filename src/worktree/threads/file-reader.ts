// Reads many small files: a thread takes some, and whoever waits for them takes the others meanwhile.
// Only for the real disk, since a thread cannot share another one. What it cannot read is left to `read-file`.
import disk, * as nodeFs from 'node:fs'
import type { FileSystem } from '../../core/base/fs-node.ts'
import { startThread, type Thread } from '../../core/base/thread-node.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import { compressionMayPay, makeProbe } from '../../core/codec/zstd-probe.ts'
import { makeServeFiles, rowEnd, rowLength, type FileAnswer, type FileJob } from './serve-files.ts'
import { hashBytes } from '#hash'

/** Reads files of the disk. */
export interface FileReader {
  /** Begins to read some files of a folder; with a thread at hand, at once. */
  begin(folder: string, names: readonly string[]): FileReading
  close(): Promise<void>
}

/** Files being read, in the order in which they were named. */
export interface FileReading {
  /** The next of them; their bytes are lent until the next call. `undefined` after the last. */
  next(): Promise<ReadFiles | undefined>
}

/** Some files, and what was found of each. */
export interface ReadFiles extends FileAnswer {
  /** The moment before they were read. */
  readonly begun: number
}

/** Memory of one job; files are read while `chunkThreshold` bytes are left. */
const jobBytes = 2 * 1024 * 1024
/** Names of a job: at most so many, and so few that the files before would have filled half the memory. */
const mostNames = 256
/** Jobs that the thread may have before it, so that it never waits and always does less than half of what is left. */
const mostAsked = 3
/** So many files are worth the start of a thread: 30 ms, in which as many are read without (measured). */
const threadFiles = 1500

const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = nodeFs.constants
const flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW

const text = `'use strict'
const { parentPort, workerData } = require('node:worker_threads')
const fs = require('node:fs')
const crypto = require('node:crypto')
const hash = crypto.hash ? (bytes) => crypto.hash('sha256', bytes, 'hex') : (bytes) => crypto.createHash('sha256').update(bytes).digest('hex')
const serve = (${makeServeFiles.toString()})({ fs, hash, mayPay: (${makeProbe.toString()})(), ...workerData })
parentPort.on('message', (job) => {
  const answer = serve(job)
  parentPort.postMessage(answer, [answer.memory.buffer, answer.rows.buffer])
})
`

/** How to read, for tests: `undefined` leaves it to the number of files. */
export interface ReaderOptions {
  readonly threads?: boolean
}

/** A reader of this file system's files; `undefined` where it is not the machine's own. */
export function fileReader(
  fs: FileSystem,
  now: () => Date,
  { threads }: ReaderOptions = {},
): FileReader | undefined {
  if (fs !== nodeFs && fs !== disk) return undefined
  const serve = makeServeFiles({
    fs: nodeFs,
    hash: hashBytes,
    mayPay: compressionMayPay,
    flags,
    most: chunkThreshold,
  })
  const free: Uint8Array<ArrayBuffer>[] = []
  let thread: Thread<FileJob, FileAnswer> | undefined
  let starting: Promise<void> | undefined
  let asked = 0
  let seen = 0
  let atOnce = 64

  const start = async (): Promise<void> => {
    thread = await startThread<FileJob, FileAnswer>({
      text,
      name: 'quilt files',
      data: { flags, most: chunkThreshold },
    })
  }

  /** The thread's answer, or nothing where it has enough to do. */
  const askThread = (job: FileJob): Promise<FileAnswer> | undefined => {
    seen += job.names.length
    if (threads ?? seen >= threadFiles) starting ??= start()
    if (thread === undefined || asked >= mostAsked) return undefined
    asked++
    const answer = thread.ask(job, [job.memory.buffer]).finally(() => asked--)
    answer.catch(() => undefined) // thrown where it is awaited
    return answer
  }

  const begin = (folder: string, names: readonly string[]): FileReading => {
    let at = 0
    let memory: Uint8Array<ArrayBuffer> | undefined
    const nextJob = (): FileJob => ({
      folder,
      names: names.slice(at, at + atOnce),
      memory: free.pop() ?? new Uint8Array(jobBytes),
    })
    let ahead:
      { readonly job: FileJob; readonly begun: number; readonly answer: Promise<FileAnswer> } | undefined
    const askAhead = (): void => {
      if (at >= names.length) return
      const job = nextJob()
      const begun = now().getTime()
      const answer = askThread(job)
      if (answer === undefined) free.push(job.memory)
      else ahead = { job, begun, answer }
    }
    askAhead()
    return {
      next: async () => {
        if (memory !== undefined) free.push(memory)
        memory = undefined
        if (at >= names.length) return undefined
        const job = ahead?.job ?? nextJob()
        const begun = ahead?.begun ?? now().getTime()
        const answer = ahead === undefined ? serve(job) : await ahead.answer
        ahead = undefined
        memory = answer.memory
        const done = answer.ids.length
        const end = answer.rows[(done - 1) * rowLength + rowEnd] as number
        atOnce = Math.max(8, Math.min(mostNames, Math.floor((jobBytes / 2) * (done / Math.max(end, 1)))))
        at += done
        askAhead()
        return { ...answer, begun }
      },
    }
  }

  return {
    begin,
    close: async () => {
      await starting
      await thread?.close()
    },
  }
}
