// A thread that answers jobs one after the other. Its program is a text, so that it needs no file of its own,
// wherever the module that starts it is bundled. Knows nothing of what the jobs are.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { QuiltError } from './error.ts'

/** A thread. Memory that moves with a job is gone until its answer is there. */
export interface Thread<Job, Answer> {
  /** Gives a job; answers come in the order of the jobs. @throws UNAVAILABLE when the thread has ended */
  ask(job: Job, moved: readonly ArrayBuffer[]): Promise<Answer>
  close(): Promise<void>
}

/** What a thread runs. */
export interface ThreadProgram {
  /** CommonJS, as a text. */
  readonly text: string
  /** Shown by debuggers. */
  readonly name: string
  /** What the program finds as `workerData`. */
  readonly data?: unknown
}

/** How many threads have a processor of their own beside this one. */
export function usefulThreads(): number {
  return availableParallelism() - 1
}

/**
 * Starts a thread. At once `undefined` where it would have no processor of its own; later, when the system gives
 * none.
 */
export function startThread<Job, Answer>(
  program: ThreadProgram,
): Promise<Thread<Job, Answer> | undefined> | undefined {
  return usefulThreads() < 1 ? undefined : start<Job, Answer>(program).catch(() => undefined)
}

async function start<Job, Answer>({ text, name, data }: ThreadProgram): Promise<Thread<Job, Answer>> {
  const worker = new Worker(text, { eval: true, name, execArgv: [], workerData: data })
  await new Promise<void>((resolve, reject) => {
    worker.once('online', resolve)
    worker.once('error', reject)
    worker.once('exit', reject)
  })
  worker.removeAllListeners()
  return threadOf<Job, Answer>(worker)
}

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: QuiltError) => void
}

function threadOf<Job, Answer>(worker: Worker): Thread<Job, Answer> {
  const waiting: Waiting<Answer>[] = []
  let ended: QuiltError | undefined
  const end = (cause?: unknown): void => {
    ended ??= new QuiltError('UNAVAILABLE', 'a thread that reads or hashes has ended before its work', {
      hint: 'is there enough memory? Try again',
      cause,
    })
    for (const { reject } of waiting.splice(0)) reject(ended)
  }
  worker.on('error', end)
  worker.on('exit', () => {
    end()
  })
  worker.on('message', (answer: Answer) => {
    waiting.shift()?.resolve(answer)
    if (waiting.length === 0) worker.unref()
  })
  worker.unref() // only while it has work does it keep the process alive

  return {
    ask: (job, moved) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended)
          return
        }
        worker.ref()
        waiting.push({ resolve, reject })
        worker.postMessage(job, [...moved])
      }),
    close: async () => {
      await worker.terminate()
    },
  }
}
