// The process in which untrusted SQL runs: Node with no environment, a folder of its own, one pipe and nothing else,
// killed with its group when it takes too long, needs too much, or is no longer wanted. Its program is a constant
// text, so that it needs no file beside the bundle and no data can start it.
import { spawn, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { platform } from 'node:os'
import type { Duplex, Readable } from 'node:stream'
import { checkSignal, type Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { SandboxLimits } from './limits.ts'
import { makeDatabases, makeServer, type Job, type JobAnswer } from './serve-jobs.ts'

/** What only the edge of the program knows. */
export interface SandboxHost {
  /** The program that runs Node. */
  readonly execPath: string
  /** Where throw-away folders are made. */
  readonly folder: string
  /** Ends a process and all of its group at once; one that is gone already is fine. */
  readonly killGroup: (pid: number) => void
}

/** A running process. Jobs are asked one at a time. */
export interface SandboxProcess {
  /** For tests, and for messages. */
  readonly pid: number
  /**
   * @throws INVALID when the job needs more than it may, UNAVAILABLE when the process ended by itself, and the
   * signal's reason; the process is then gone
   */
  ask(job: Job, ctx?: Context, milliseconds?: number): Promise<JobAnswer>
  /** Why it is gone; `undefined` while it is there. */
  readonly ended: Ending | undefined
  close(): Promise<void>
}

/** Why a process is gone: a limit of `time`, `memory` or its `answer`, by `itself`, or `closed` by its owner. */
export type Ending = 'time' | 'memory' | 'answer' | 'itself' | 'closed'

/** What the child runs beside the functions that it is sent. */
const frame = (parts: {
  readonly duckdb: string
  readonly folder: string
  readonly limits: SandboxLimits
}) => `
'use strict'
const fs = require('node:fs')
const net = require('node:net')
const limits = ${JSON.stringify(parts.limits)}
const end = (why) => {
  try { fs.writeSync(3, JSON.stringify({ ended: why }) + '\\n') } catch {}
  process.kill(process.pid, 'SIGKILL')
}
const link = new net.Socket({ fd: 3, readable: true, writable: true })
link.on('end', () => end('closed')).on('close', () => end('closed')).on('error', () => end('closed'))
setInterval(() => { if (process.memoryUsage.rss() > limits.residentBytes) end('memory') }, 20)
const parts = { duckdb: require(${JSON.stringify(parts.duckdb)}), limits, folder: ${JSON.stringify(`${parts.folder}/spill`)} }
const serve = (${makeServer.toString()})(parts, (${makeDatabases.toString()})(parts))
let text = ''
link.setEncoding('utf8')
link.on('data', (more) => {
  text += more
  const lines = text.split('\\n')
  text = lines.pop()
  for (const line of lines)
    serve(JSON.parse(line)).then((answer) => link.write(JSON.stringify(answer) + '\\n'), () => end('itself'))
})
`

/** Beyond memory in RAM: address space that Node and DuckDB reserve without using it. */
const reservedBytes = 8 * 1024 * 1024 * 1024

/** Starts a process in a folder that is its own. @throws UNAVAILABLE */
export async function startProcess(
  host: SandboxHost,
  folder: string,
  limits: SandboxLimits,
): Promise<SandboxProcess> {
  const program = frame({ duckdb: duckdbPath(), folder, limits })
  const child = spawn(...commandOf(host, program, limits), {
    cwd: folder,
    env: environment(folder),
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => {
      reject(new QuiltError('UNAVAILABLE', `the process for checks cannot be started: ${cause.message}`))
    })
  })
  return processOf(child, host, limits)
}

/** Where DuckDB lies, found from this module and never from a working folder. */
function duckdbPath(): string {
  try {
    return createRequire(import.meta.url).resolve('@duckdb/node-api')
  } catch (cause) {
    const hint = 'install it with quilt-ts: npm install'
    throw new QuiltError('UNAVAILABLE', 'DuckDB is not installed, so that no check can run', { hint, cause })
  }
}

/** Nothing of the user's. With one arena glibc keeps a third less of what DuckDB gives back (measured). */
function environment(folder: string): Readonly<Record<string, string>> {
  return { HOME: folder, TZ: 'UTC', MALLOC_ARENA_MAX: '1' }
}

type Command = [file: string, args: readonly string[]]

/** Where there is a shell, it sets the limits of the system that go on after exec. What it lacks, it passes over. */
function commandOf(host: SandboxHost, program: string, limits: SandboxLimits): Command {
  const args = ['--input-type=commonjs', '--no-warnings', '--max-old-space-size=256', '--eval', program]
  if (platform() === 'win32') return [host.execPath, args]
  const kibibytes = Math.ceil((limits.residentBytes + reservedBytes) / 1024)
  const blocks = Math.ceil(limits.spillBytes / 512)
  const bounds = [`-c 0`, `-v ${String(kibibytes)}`, `-f ${String(blocks)}`]
  const script = `${bounds.map((bound) => `ulimit ${bound} 2>/dev/null`).join('; ')}; exec "$0" "$@"`
  return ['/bin/sh', ['-c', script, host.execPath, ...args]]
}

interface Waiting {
  readonly resolve: (answer: JobAnswer) => void
  readonly reject: (error: unknown) => void
}

function processOf(child: ChildProcess, host: SandboxHost, limits: SandboxLimits): SandboxProcess {
  const pid = child.pid as number
  const link = child.stdio[3] as Duplex
  let ending: Ending | undefined
  let waiting: Waiting | undefined
  let words = ''
  const exited = new Promise<void>((resolve) => {
    child.once('close', resolve)
  })
  const end = (why: Ending): void => {
    if (ending !== undefined) return
    ending = why
    host.killGroup(pid)
    const asked = waiting
    waiting = undefined
    if (asked !== undefined) void exited.then(() => asked.reject(endingError(why, limits, words)))
  }
  const answer = (line: string): void => {
    const value = parseAnswer(line)
    if (value === undefined) end('itself')
    else if ('ended' in value) end(value.ended === 'memory' ? 'memory' : 'itself')
    else {
      waiting?.resolve(value)
      waiting = undefined
    }
  }
  readLines(link, limits.answerBytes, answer, end)
  link.on('error', () => end('itself'))
  child.once('close', () => end('itself')) // not `exit`: what it said last is read first
  const errors = child.stderr as Readable
  errors.setEncoding('utf8').on('data', (more: string) => {
    if (words.length < 4096) words += more
  })

  const send = (job: Job, ctx: Context | undefined, milliseconds: number): Promise<JobAnswer> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => end('time'), milliseconds)
      const stop = (): void => end('closed')
      ctx?.signal?.addEventListener('abort', stop)
      const settle = (): void => {
        clearTimeout(timer)
        ctx?.signal?.removeEventListener('abort', stop)
      }
      waiting = {
        resolve: (value) => {
          settle()
          resolve(value)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      }
      link.write(`${JSON.stringify(job)}\n`)
    })

  return {
    pid,
    get ended() {
      return ending
    },
    ask: async (job, ctx, milliseconds = limits.milliseconds) => {
      checkSignal(ctx)
      if (ending !== undefined) throw endingError(ending, limits, words)
      if (waiting !== undefined) throw new Error('a job is being done: ask one after the other')
      try {
        return await send(job, ctx, milliseconds)
      } catch (error) {
        checkSignal(ctx)
        throw error
      }
    },
    close: async () => {
      end('closed')
      await exited
    },
  }
}

/** Hands on whole lines; more than `most` bytes without an end of a line is no answer. */
function readLines(
  link: Duplex,
  most: number,
  take: (line: string) => void,
  end: (why: Ending) => void,
): void {
  let parts: Buffer[] = []
  let size = 0
  link.on('data', (more: Buffer) => {
    for (let at = 0; at < more.length;) {
      const stop = more.indexOf(10, at)
      const part = more.subarray(at, stop < 0 ? more.length : stop)
      parts.push(part)
      size += part.length
      if (size > most) {
        end('answer')
        return
      }
      if (stop < 0) return
      take(Buffer.concat(parts).toString('utf8'))
      parts = []
      size = 0
      at = stop + 1
    }
  })
}

/** What a process says is not trusted either: it must be an object of the kinds that there are. */
function parseAnswer(line: string): JobAnswer | { readonly ended: string } | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const answer = value as Record<string, unknown>
  if (typeof answer['ended'] === 'string') return { ended: answer['ended'] }
  const known =
    typeof answer['tree'] === 'string' ||
    Array.isArray(answer['tables']) ||
    (Array.isArray(answer['columns']) && Array.isArray(answer['rows'])) ||
    (typeof answer['error'] === 'string' && typeof answer['message'] === 'string')
  return known ? (value as JobAnswer) : undefined
}

function endingError(why: Ending, limits: SandboxLimits, words: string): QuiltError {
  const mebibytes = (bytes: number): string => `${String(Math.round(bytes / 1024 / 1024))} MiB`
  const hint = 'look at less: fewer rows, fewer columns, no join of everything with everything'
  switch (why) {
    case 'time':
      return new QuiltError('INVALID', `it was stopped after ${String(limits.milliseconds / 1000)} s`, {
        hint,
      })
    case 'memory':
      return new QuiltError('INVALID', `it needs more memory than ${mebibytes(limits.residentBytes)}`, {
        hint,
      })
    case 'answer':
      return new QuiltError('INVALID', `its answer is longer than ${mebibytes(limits.answerBytes)}`, { hint })
    case 'closed':
      return new QuiltError('UNAVAILABLE', 'the process for checks was ended')
    case 'itself': {
      const last = words.trim().split('\n').at(-1) ?? ''
      const told = last === '' ? '' : `: ${last.slice(0, 300)}`
      return new QuiltError('UNAVAILABLE', `the process for checks has ended by itself${told}`)
    }
  }
}
