// Blobs on their way into a pack: compressed in threads where that may pay, while the next are read and cut, and handed
// on in the order in which they came.
import { compressionPaid } from '../../codec/zstd-probe.ts'
import type { Id } from '../../model/id.ts'
import type { KnownBlob, PackedPayload } from '../object-store.ts'
import { rawPayload } from '../packs/payload.ts'
import { serveFrames, type FrameAnswer, type FrameJob } from './serve-frames.ts'
import { startFrameThread, usefulThreads, type FrameThread } from '#threads'
import { loadZstd } from '#zstd'

/** A queue of one batch. */
export interface PackQueue {
  /** Takes a blob, whose body is lent until this returns. @throws what handing on throws; UNAVAILABLE */
  add(blob: KnownBlob, fast: boolean): Promise<void>
  /** True while an object is on its way. */
  has(id: Id): boolean
  /** Hands on all that is on its way. */
  drain(): Promise<void>
  /** Ends the threads; what has not been handed on is dropped. */
  close(): Promise<void>
}

/** Takes what has been packed, its payload lent until it returns. */
export type TakePacked = (id: Id, packed: PackedPayload) => Promise<void> | undefined

/** How to pack, for tests: how many threads, and after how many bytes they are started. */
export interface QueueOptions {
  readonly threads?: number
  readonly threadBytes?: number
}

/** Memory of one job: room for the largest chunk, so that each fits in one. */
const jobBytes = 1024 * 1024
/** More threads than this are idle: cutting cannot keep up with them. */
const mostThreads = 4
/** Jobs that a thread has before it, so that it never waits. */
const jobsAhead = 2
/** So many bytes to compress are worth a thread: it takes 60 ms to start, in which as many are compressed without. */
const startBytes = 8 * 1024 * 1024

interface Job {
  readonly ids: readonly Id[]
  readonly ends: readonly number[]
  readonly answer: Promise<FrameAnswer>
}

/** A job, and when it and all before it have been handed on. */
interface SentJob {
  readonly done: Promise<void>
}

/** A job that is being filled. */
interface Filling {
  readonly bodies: Uint8Array<ArrayBuffer>
  readonly ids: Id[]
  readonly ends: number[]
  readonly raw: boolean[]
  readonly fast: boolean
}

interface Worker {
  readonly starting: Promise<FrameThread | undefined>
  thread: FrameThread | undefined
  asked: number
}

function fits(filling: Filling, body: Uint8Array, fast: boolean): boolean {
  return (filling.ends.at(-1) ?? 0) + body.length <= jobBytes && filling.fast === fast
}

/** A queue that hands what it has packed to `take`. */
export function packQueue(take: TakePacked, options: QueueOptions = {}): PackQueue {
  const most = Math.min(options.threads ?? usefulThreads(), mostThreads)
  const enough = options.threadBytes ?? startBytes
  const onTheirWay = new Set<Id>()
  const jobs: SentJob[] = []
  const workers: Worker[] = []
  const spare: Uint8Array<ArrayBuffer>[] = []
  let filling: Filling | undefined
  let seen = 0
  /** True when nothing in the last job was to be compressed. */
  let plain = true
  let serve: ((job: FrameJob) => FrameAnswer) | undefined

  const startThread = (): void => {
    const starting = startFrameThread()
    if (starting === undefined) return
    const worker: Worker = { starting, thread: undefined, asked: 0 }
    workers.push(worker)
    void starting.then((thread) => (worker.thread = thread))
  }

  /** The thread with the least to do, where one has not enough. */
  const idle = (): Worker | undefined => {
    let least: Worker | undefined
    for (const worker of workers) {
      if (worker.thread !== undefined && worker.asked < Math.min(least?.asked ?? jobsAhead, jobsAhead))
        least = worker
    }
    if (least === undefined && seen >= enough && workers.length < most) startThread()
    return least
  }

  const work = async (job: FrameJob): Promise<FrameAnswer> => {
    if (plain) return { ...job, lengths: job.ends.map(() => 0) }
    const worker = idle()
    if (worker?.thread !== undefined) {
      worker.asked++
      try {
        return await worker.thread.ask(job, [job.bodies.buffer, job.frames.buffer])
      } finally {
        worker.asked--
      }
    }
    if (serve === undefined) {
      const zstd = await loadZstd()
      serve = serveFrames({ compress: (bytes, fast) => zstd.compress(bytes, fast), paid: compressionPaid })
    }
    return serve(job)
  }

  const send = (): void => {
    if (filling === undefined) return
    const { ids, ends, raw, bodies, fast } = filling
    filling = undefined
    plain = raw.every(Boolean)
    const frames = spare.pop() ?? new Uint8Array(jobBytes)
    const answer = work({ bodies, ends, raw, frames, fast })
    const before = jobs.at(-1)?.done
    const done = (async () => {
      await before
      await handOn({ ids, ends, answer })
      jobs.shift()
    })()
    for (const promise of [answer, done]) promise.catch(() => undefined) // thrown where the jobs are awaited
    jobs.push({ done })
  }

  const handOn = async ({ ids, ends, answer }: Job): Promise<void> => {
    const { bodies, frames, lengths } = await answer
    let [start, at] = [0, 0]
    for (const [i, id] of ids.entries()) {
      const end = ends[i] as number
      const length = lengths[i] as number
      const packed: PackedPayload =
        length === 0
          ? rawPayload(bodies.subarray(start, end))
          : { encoding: 'zstd', size: end - start, payload: frames.subarray(at, at + length) }
      start = end
      at += length
      const taken = take(id, packed)
      if (taken !== undefined) await taken
      onTheirWay.delete(id)
    }
    spare.push(bodies, frames)
  }

  const finish = async (): Promise<void> => {
    while (jobs.length > 0) await jobs[0]?.done
  }

  return {
    has: (id) => onTheirWay.has(id),
    add: async ({ id, body, mayPay }, fast) => {
      if (!mayPay && filling === undefined && plain) {
        await finish()
        const taken = take(id, rawPayload(body))
        if (taken !== undefined) await taken
        return
      }
      // Others may have added while this waited.
      for (;;) {
        if (filling !== undefined && !fits(filling, body, fast)) send()
        if (jobs.length <= jobsAhead * workers.length + 1) break // one more than the threads take: it is done here
        await jobs[0]?.done
      }
      filling ??= { bodies: spare.pop() ?? new Uint8Array(jobBytes), ids: [], ends: [], raw: [], fast }
      const start = filling.ends.at(-1) ?? 0
      filling.bodies.set(body, start)
      filling.ids.push(id)
      filling.ends.push(start + body.length)
      filling.raw.push(!mayPay)
      onTheirWay.add(id)
      if (mayPay) seen += body.length
    },
    drain: async () => {
      send()
      await finish()
    },
    close: async () => {
      await Promise.allSettled(jobs.map(({ done }) => done))
      for (const { starting } of workers.splice(0)) await (await starting)?.close()
    },
  }
}
