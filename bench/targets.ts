// What is to be reached, beside what was: design and issue say the limits, the rows say the figures. Pure.
import { type Row, type Sample } from './compare.ts'
import { type FigureRow } from './library/figures.ts'
import { quickRclone } from './remote/tools.ts'
import { type StartRow } from './start-up.ts'
import { median, medianOf } from './statistics.ts'
import { type StepName } from './tool.ts'

/** All rows that a target may look at. */
export interface Measured {
  readonly rows: readonly Row[]
  readonly figures: readonly FigureRow[]
  readonly starts: readonly StartRow[]
}

/** One target: what is measured, the most that it may be, and the unit. */
export interface Target {
  readonly workload: string
  readonly what: string
  readonly most: number
  readonly unit: '×' | 'MB' | 'MiB' | 'KiB' | 'kB' | 's' | 'ms' | 'ns' | '%' | ''
  readonly read: (measured: Measured) => number | undefined
}

/** A value of one run. */
export type Read = (sample: Sample) => number | undefined

export const wall: Read = (sample) => sample.wall
export const stored: Read = (sample) => sample.stored?.bytes
const files: Read = (sample) => sample.stored?.files
export const peak: Read = (sample) => sample.peak

/** Names a step of a tool. */
interface Place {
  readonly workload: string
  readonly step: StepName
  readonly tool?: string
}

export function valueOf(
  { rows }: Measured,
  { workload, step, tool = 'quilt' }: Place,
  read: Read,
): number | undefined {
  const row = rows.find((one) => one.workload === workload && one.step === step && one.tool === tool)
  return row === undefined ? undefined : medianOf(row.samples, read)
}

function ratio(ours: Place, peer: Place, read: Read = wall): Target['read'] {
  return (measured) => {
    const [a, b] = [valueOf(measured, ours, read), valueOf(measured, peer, read)]
    return a === undefined || b === undefined || b === 0 ? undefined : a / b
  }
}

export function figure(workload: string, what: string): Target['read'] {
  return ({ figures }) => {
    const row = figures.find((one) => one.workload === workload && one.what === what)
    return row === undefined ? undefined : median(row.samples)
  }
}

function above(command: string): Target['read'] {
  return ({ starts }) => {
    const [bare, ours] = [starts[0], starts.find(({ name }) => name.startsWith(command))]
    const [least, middle] = [bare, ours].map((row) => row && medianOf(row.samples, (sample) => sample.wall))
    return least === undefined || middle === undefined ? undefined : (middle - least) * 1000
  }
}

const against = (workload: string, step: StepName, tool: string, most: number): Target => ({
  workload,
  what: `${step}, time / ${tool}`,
  most,
  unit: '×',
  read: ratio({ workload, step }, { workload, step, tool }),
})

const toBuild = (workload: string, step: StepName, most: number): Target => ({
  workload,
  what: `${step}, time / first build`,
  most,
  unit: '×',
  read: ratio({ workload, step }, { workload, step: 'build' }),
})

const fewFiles = (workload: string): Target => ({
  workload,
  what: 'push, files made on the remote',
  most: 99,
  unit: '',
  read: (measured) => valueOf(measured, { workload, step: 'push' }, files),
})

const requests = (workload: string, step: StepName, most: number): Target => ({
  workload,
  what: `${step}, requests`,
  most,
  unit: '',
  read: (measured) => valueOf(measured, { workload, step }, ({ traffic }) => traffic?.requests),
})

const bytes = (workload: string, step: StepName, most: number): Target => ({
  workload,
  what: `${step}, sent and received`,
  most,
  unit: 'kB',
  read: (measured) => {
    const both: Read = ({ traffic }) => traffic && traffic.sent + traffic.received
    const found = valueOf(measured, { workload, step }, both)
    return found === undefined ? undefined : found / 1000
  },
})

const seconds = (workload: string, step: StepName, most: number): Target => ({
  workload,
  what: `${step}, time`,
  most,
  unit: 's',
  read: (measured) => valueOf(measured, { workload, step }, wall),
})

const small = (workload: string, tool: string): Target => ({
  workload,
  what: `ten versions, stored / ${tool}`,
  most: 1,
  unit: '×',
  read: ratio({ workload, step: 'changed' }, { workload, step: 'changed', tool }, stored),
})

const memory = (workload: string): Target => ({
  workload,
  what: 'peak memory of any step',
  most: 300,
  unit: 'MB',
  read: ({ rows }) => {
    const ours = rows.filter((row) => row.workload === workload && row.tool === 'quilt')
    const peaks = ours.map((row) => medianOf(row.samples, peak)).filter((value) => value !== undefined)
    return peaks.length === 0 ? undefined : Math.max(...peaks) / 1e6
  },
})

const through = (workload: string, what: string, most: number, unit: Target['unit']): Target => ({
  workload,
  what,
  most,
  unit,
  read: figure(workload, what),
})

const start = (command: string, most: number): Target => ({
  workload: 'start',
  what: `${command}, above a bare node`,
  most,
  unit: 'ms',
  read: above(command),
})

/** All targets, in the order of the workloads. */
export const targets: readonly Target[] = [
  against('W1', 'build', 'restic', 1 / 2.5),
  against('W1', 'build', 'cp', 1.6),
  against('W1', 'export', 'cp', 1.5),
  against('W2', 'build', 'restic', 1 / 3),
  against('W2', 'build', 'git', 1 / 5),
  against('W2', 'again', 'restic', 1 / 5),
  against('W2', 'again', 'git', 2),
  against('W2', 'changed', 'restic', 1 / 5),
  against('W2', 'export', 'git', 1),
  ...['W1', 'W2'].flatMap((name) => [
    toBuild(name, 'push', 1.5),
    toBuild(name, 'install', 1.5),
    fewFiles(name),
  ]),
  through('W3', 'new tree nodes', 64, 'KiB'),
  through('W3', 'edit', 50, 'ms'),
  through('W3', 'diff', 50, 'ms'),
  {
    workload: 'W4',
    what: 'newly stored for one row',
    most: 1,
    unit: 'MiB',
    read: (measured) => {
      const [before, after] = (['again', 'changed'] as const).map((step) =>
        valueOf(measured, { workload: 'W4', step }, stored),
      )
      return before === undefined || after === undefined ? undefined : (after - before) / 2 ** 20
    },
  },
  {
    workload: 'W4',
    what: 'build, time / that of W1',
    most: 1.2,
    unit: '×',
    read: ratio({ workload: 'W4', step: 'build' }, { workload: 'W1', step: 'build' }),
  },
  ...['W5a', 'W5b'].flatMap((name) => [small(name, 'restic'), small(name, 'borg')]),
  through('W6', 'open, and read one object', 50, 'ms'),
  ...['gc', 'verify', 'repack'].map((verb) => through('W6', `${verb}, peak memory`, 500, 'MB')),
  ...(['push', 'install'] as const).flatMap((step) => [
    requests('R1', step, 99),
    against('R1', step, 'restic', 1),
    against('R1', step, quickRclone, 0.1),
  ]),
  against('R2', 'push', 'rclone', 1.3),
  against('R2', 'install', 'rclone', 1.3),
  requests('R3', 'push', 14),
  bytes('R3', 'push', 150),
  seconds('R3', 'push', 1.5),
  requests('R4', 'install', 19),
  bytes('R4', 'install', 300),
  through('R5', 'bytes read beyond the columns, of those of the table', 5, '%'),
  through('R5', 'columns, peak memory', 300, 'MB'),
  ...['W1', 'W2', 'W4', 'W5a', 'W5b', 'big', 'R1', 'R2', 'R3', 'R4'].map(memory),
  start('quilt --version', 30),
  start('quilt ls', 180),
]
