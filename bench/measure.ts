// Runs a command and measures it: wall time here, peak memory by GNU time or, without it, by looking at /proc.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Command } from './tool.ts'

/** Seconds, and bytes where they could be had. */
export interface Measure {
  readonly wall: number
  /** User and system time of the processes together. */
  readonly cpu?: number
  /** The resident memory of the largest process, at its peak. */
  readonly peak?: number
}

/** How peak memory is found. */
export type MemoryMethod = 'gnu-time' | 'proc' | 'none'

/** Runs commands, one at a time. */
export interface Meter {
  readonly memory: MemoryMethod
  /** Throws with the end of what the command said where it fails. */
  run(command: Command): Promise<Measure>
}

const gnuTime = '/usr/bin/time'
const pollMilliseconds = 20

/** The best way that this machine has. */
export function memoryMethod(): MemoryMethod {
  if (existsSync(gnuTime)) {
    const { stdout, stderr } = spawnSync(gnuTime, ['--version'], { encoding: 'utf8' })
    if (`${stdout}${stderr}`.includes('GNU')) return 'gnu-time'
  }
  return existsSync('/proc/self/status') ? 'proc' : 'none'
}

/** A meter that keeps its notes in `scratch` and stops what runs when `signal` is aborted. */
export function createMeter(scratch: string, signal: AbortSignal, memory = memoryMethod()): Meter {
  const notes = join(scratch, 'time.txt')
  return {
    memory,
    async run(command) {
      signal.throwIfAborted()
      rmSync(notes, { force: true })
      const argv: readonly string[] =
        memory === 'gnu-time' ? [gnuTime, '-o', notes, '-f', '%M %U %S', ...command.argv] : command.argv
      const begin = performance.now()
      // A group of its own, so that all of it can be stopped.
      const child = spawn(argv[0] ?? '', argv.slice(1), {
        cwd: command.cwd,
        env: command.env,
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const peak = memory === 'proc' ? watchMemory(child.pid) : undefined
      const { failure, end } = await ended(child, signal).finally(() => peak?.stop())
      signal.throwIfAborted()
      if (failure !== undefined) throw new Error(`${command.argv.join(' ')}: ${failure}`)
      const wall = (end - begin) / 1000
      if (memory === 'gnu-time') return { wall, ...readNotes(notes) }
      return peak === undefined ? { wall } : { wall, peak: peak.bytes() }
    },
  }
}

/** When and how a child ended; `failure` has the end of its stderr. */
function ended(
  child: ChildProcess,
  signal: AbortSignal,
): Promise<{ readonly end: number; readonly failure: string | undefined }> {
  return new Promise((resolve, reject) => {
    let said = ''
    let end = 0
    const stop = (): void => {
      if (child.pid !== undefined) killGroup(child.pid)
    }
    signal.addEventListener('abort', stop, { once: true })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000)
    })
    child.once('error', reject)
    child.once('exit', () => {
      end = performance.now()
    })
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop)
      const how = killedBy === null ? `exit ${code}` : `killed by ${killedBy}`
      resolve({ end, failure: code === 0 ? undefined : `${how}: ${said.trim()}` })
    })
  })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended in between.
  }
}

/** GNU time writes a line about a failure before ours. */
function readNotes(path: string): { readonly cpu: number; readonly peak: number } {
  const line = readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? ''
  const [kibibytes = NaN, user = NaN, system = NaN] = line.split(' ').map(Number)
  return { cpu: user + system, peak: kibibytes * 1024 }
}

/** Looks at a process and all below it until stopped; what lives less than a look apart is missed. */
function watchMemory(pid: number | undefined): { bytes(): number; stop(): void } {
  let most = 0
  const look = (): void => {
    const waiting = pid === undefined ? [] : [pid]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const kibibytes = /^VmHWM:\s*(\d+)/m.exec(readProc(`${next}/status`))?.[1]
      most = Math.max(most, Number(kibibytes ?? 0) * 1024)
      waiting.push(...readProc(`${next}/task/${next}/children`).split(' ').filter(Boolean).map(Number))
    }
  }
  look()
  const timer = setInterval(look, pollMilliseconds)
  return { bytes: () => most, stop: () => clearInterval(timer) }
}

function readProc(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, 'utf8')
  } catch {
    return '' // it ended in between
  }
}
