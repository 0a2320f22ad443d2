// Progress on a terminal, for what takes longer than a second. Takes the engine's events, draws on stderr.
import type { SingleBar } from 'cli-progress'
import type { Progress } from '../core/base/context.ts'
import type { Sink } from './output.ts'
import { formatBytes, formatCount, formatSeconds } from './printable.ts'

/** Where a command's progress goes. */
export interface ProgressDisplay {
  readonly show: (event: Progress) => void
  /** Takes the bar off its line for now, so that other text can stand there. */
  clear(): void
  /** Takes the bar away; later events are dropped. */
  stop(): void
}

/** Shows nothing: for pipes, --quiet and CI. */
export const noProgress: ProgressDisplay = {
  show: () => undefined,
  clear: () => undefined,
  stop: () => undefined,
}

/** How long a task may take unseen, in milliseconds. */
const patience = 1000
/** Shortest time between two drawings, in milliseconds. */
const beat = 100

interface Task {
  readonly name: Progress['task']
  readonly unit: Progress['unit']
  readonly since: number
}

const verbs: Readonly<Record<Progress['task'], string>> = {
  scan: 'scanning',
  hash: 'hashing',
  parse: 'parsing',
  pack: 'packing',
  send: 'sending',
  receive: 'receiving',
  checkout: 'writing files',
  verify: 'verifying',
}

/** A bar on this terminal; `now` is a clock in milliseconds. */
export function progressBar(stream: Sink, now: () => number): ProgressDisplay {
  const begun = now()
  let bar: SingleBar | undefined
  let loading = false
  let stopped = false
  let task: Task | undefined
  let drawn = 0

  const load = async (): Promise<void> => {
    const { default: library } = await import('cli-progress')
    if (stopped) return
    const format = (_: unknown, __: unknown, payload: { text: string }): string => payload.text
    // `stream` is the terminal itself; cli-progress asks for the whole of NodeJS.WriteStream.
    const terminal = stream as unknown as NodeJS.WriteStream
    bar = new library.SingleBar({
      stream: terminal,
      format,
      clearOnComplete: true,
      hideCursor: null,
      fps: 10,
    })
    bar.start(1, 0, { text: '' })
  }
  return {
    show: (event) => {
      const time = now()
      // What comes in another unit is counted anew: trees by their number, then files by their bytes.
      if (task?.name !== event.task || task.unit !== event.unit)
        task = { name: event.task, unit: event.unit, since: time }
      if (stopped || time - begun < patience || time - drawn < beat) return
      drawn = time
      if (bar !== undefined)
        bar.update(0, { text: progressLine(event, time - task.since, stream.columns ?? 80) })
      else if (!loading) {
        loading = true
        load().catch(() => undefined) // no bar then: progress is never worth failing for
      }
    },
    clear: () => {
      if (bar !== undefined) stream.write('\r\u001b[2K')
    },
    stop: () => {
      stopped = true
      bar?.stop()
      bar = undefined
    },
  }
}

/**
 * One line that says how far a task is after `elapsed` milliseconds, no wider than `columns`.
 * @example 'hashing ███████░░░░░ 58 %  1.2 GB of 2.1 GB  310 MB/s  3 s left'
 */
export function progressLine(event: Progress, elapsed: number, columns: number): string {
  const amount = (n: number): string => (event.unit === 'bytes' ? formatBytes(n) : formatCount(n))
  const rate = elapsed > 0 ? (event.done / elapsed) * 1000 : 0
  const parts: string[] = []
  if (event.total === undefined)
    parts.push(amount(event.done) + (event.unit === 'bytes' ? '' : ` ${event.unit}`))
  else
    parts.push(
      `${amount(event.done)} of ${amount(event.total)}${event.unit === 'bytes' ? '' : ` ${event.unit}`}`,
    )
  if (rate > 0) parts.push(`${amount(rate)}/s`)
  if (event.total !== undefined && rate > 0) {
    parts.push(`${formatSeconds(Math.max(0, event.total - event.done) / rate)} left`)
  }
  const words = parts.join('  ')
  const share = event.total === undefined ? undefined : shareOf(event.done, event.total)
  const bar =
    share === undefined ? '' : ` ${drawBar(share, columns - words.length - verbs[event.task].length - 12)}`
  return `${verbs[event.task]}${bar}  ${words}`.slice(0, Math.max(0, columns - 1))
}

function shareOf(done: number, total: number): number {
  return total <= 0 ? 1 : Math.min(1, done / total)
}

function drawBar(share: number, room: number): string {
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`
  const width = Math.min(30, room)
  if (width < 5) return percent
  const full = Math.round(share * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${percent}`
}
