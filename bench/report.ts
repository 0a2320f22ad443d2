// The page that a reader gets: the machine, the table, and what each tool was asked to do. Pure.
import { type Row, type Sample } from './compare.ts'
import { type Machine } from './machine.ts'
import { type MemoryMethod } from './measure.ts'
import { type FigureRow } from './library/figures.ts'
import { isRemote } from './remote/remotes.ts'
import { remoteSection } from './remote/report.ts'
import { noServer } from './remote/server.ts'
import { notBuilt, type StartRow } from './start-up.ts'
import { median, medianOf } from './statistics.ts'
import { markdownTable } from './table.ts'
import { tableTargets } from './table-targets.ts'
import { targets } from './targets.ts'
import { stepNames, type StepName, type Tool } from './tool.ts'

/** All that was found, as results.json holds it (without the tools' commands). */
export interface Results {
  readonly machine: Machine
  readonly memory: MemoryMethod
  readonly runs: number
  readonly scale: number
  readonly workloads: readonly { readonly name: string; readonly title: string }[]
  readonly versions: Readonly<Record<string, string>>
  /** Peers that this machine does not have. */
  readonly missing: readonly string[]
  readonly rows: readonly Row[]
  readonly figures: readonly FigureRow[]
  readonly starts: readonly StartRow[]
  /** The S3 server of the remotes, where one was wanted and is here. */
  readonly server?: string
  /** What a reader must know of the figures of this run, where they are not as they were measured. */
  readonly remark?: string
}

/** Those that are compared, ours first: on this machine, and with remotes. */
export interface Compared {
  readonly local: readonly Tool[]
  readonly remote: readonly Tool[]
}

const stepTitles: Readonly<Record<StepName, string>> = {
  build: 'built first',
  again: 'built again, unchanged',
  changed: 'built again, changed',
  export: 'exported',
  push: 'pushed to a folder',
  install: 'installed from it',
}

/** The page of some runs, the newest first: what each measured bears its number, and is compared within it. */
export function renderReport(runs: readonly Results[], { local, remote }: Compared): string {
  const results = runs[0] as Results
  const remotes = numbered(runs, ({ rows }) => rows.filter(({ workload }) => isRemote(workload)))
  const stored = numbered(runs, ({ rows }) => rows.filter(({ workload }) => !isRemote(workload)))
  const figures = numbered(runs, (run) => run.figures)
  const server = runs.find((run) => run.server !== undefined)?.server
  const parts = [
    '# Benchmarks',
    'Written by `npm run bench` (`npm run bench -- --help` for its options); its figures lie beside it as JSON.',
    ...quickTry(results),
    machineTable(results),
    ...runTable(runs),
    conditions(results),
    '## What is to be reached',
    workloadList(runs),
    targetTable(runs),
    ...(stored.length === 0 ? [] : ['## Storing', mainTable(stored)]),
    ...(figures.length === 0 ? [] : ['## Through the library', libraryNote, figureTable(figures)]),
    ...remoteSection(remotes, remote, server),
    ...runs.flatMap(({ starts }, i) =>
      starts.length === 0 ? [] : [`## Starting${mark(runs, i)}`, startTable(starts)],
    ),
    ...problems(runs),
    '## What each was asked to do',
    mappingTable(local),
    local.map(({ name, remarks }) => `- **${name}**: ${remarks}`).join('\n'),
  ]
  return `${parts.join('\n\n')}\n`
}

/** What stands behind a workload's name to say of which run its figures are: nothing where there is one. */
function mark(runs: readonly Results[], index: number): string {
  return runs.length === 1 ? '' : ` [${index + 1}]`
}

/** Rows of all runs, the name of each one's workload with the number of its run, in the order of the workloads. */
function numbered<T extends { readonly workload: string }>(
  runs: readonly Results[],
  read: (run: Results) => readonly T[],
): readonly T[] {
  const all = runs.flatMap((run, i) => read(run).map((row) => ({ row, i })))
  const order = [...new Set(all.map(({ row }) => row.workload))]
  return order.flatMap((name) =>
    all
      .filter(({ row }) => row.workload === name)
      .map(({ row, i }) => ({ ...row, workload: `${name}${mark(runs, i)}` })),
  )
}

/** When and where each run was made, where there are several. */
function runTable(runs: readonly Results[]): readonly string[] {
  if (runs.length === 1) return []
  const body = runs.map(({ machine, runs: times, workloads, starts }, i) => [
    mark(runs, i).trim(),
    machine.date,
    `${machine.cores} cores, ${machine.processor}, ${(machine.memory / 1e9).toFixed(1)} GB, Node ${machine.node}`,
    machine.load.toFixed(2),
    String(times),
    [...workloads.map(({ name }) => name), ...(starts.length === 0 ? [] : ['start'])].join(', '),
  ])
  return [
    'Several runs stand here, each figure with the number of its run; nothing is compared across runs.',
    markdownTable(
      ['run', 'date', 'machine', 'load', 'runs of each step', 'of which is shown'],
      body,
      'lllrrl',
    ),
    ...remarks(runs),
  ]
}

/** Each remark once, with the runs that it is about. */
function remarks(runs: readonly Results[]): readonly string[] {
  const about = new Map<string, string[]>()
  for (const [i, { remark }] of runs.entries())
    if (remark !== undefined) about.set(remark, [...(about.get(remark) ?? []), mark(runs, i).trim()])
  return Array.from(about, ([remark, marks]) => `${marks.join(', ')}: ${remark}`)
}

function quickTry({ scale, runs }: Results): readonly string[] {
  if (scale === 1)
    return runs >= 3 ? [] : ['Not all were run three times: then a figure is one of a few, or the only one.']
  return [
    `**A quick try, at a scale of ${scale} with ${runs} run(s): it shows that the harness works, no more.**`,
  ]
}

function machineTable({ machine, versions, missing }: Results): string {
  const named = Object.entries(versions).map(([name, version]) =>
    version.includes(name) ? version : `${name}: ${version}`,
  )
  return markdownTable(
    ['machine', ''],
    [
      ['processor', `${machine.cores} cores, ${machine.processor}`],
      ['memory', `${(machine.memory / 1e9).toFixed(1)} GB`],
      ['system', `${machine.system}, ${machine.kernel}, file system ${machine.fileSystem}`],
      ['Node', machine.node],
      ['compared', named.join(' · ')],
      ...(missing.length === 0 ? [] : [['not installed', missing.join(', ')]]),
      ['date', `${machine.date}, load before the first step ${machine.load.toFixed(2)}`],
    ],
    'll',
  )
}

const memoryText: Readonly<Record<MemoryMethod, string>> = {
  'gnu-time': 'GNU time’s maximum resident set: that of the largest process, where a tool starts several',
  proc: 'the highest VmHWM seen in /proc every 20 ms: that of the largest process, where a tool starts several',
  none: 'not measured here',
}

function conditions({ runs, memory }: Results): string {
  return `Medians of ${runs} run(s). Within a run each step is taken by one tool after the other, in an order that moves on with
each run, so that the machine's drift is shared. Most of the memory was written to once before the first step, since a
virtual machine gets it page by page. The page cache is warm (what is read was just written), and \`sync\` runs before
each timed step, so that earlier writes do not weigh in. Wall time is from starting the process to its end. Peak memory is
${memory === 'none' ? memoryText.none : memoryText[memory]}. Stored are the bytes of all files in the
tool's repository after the step (on the remote for a push, in the new store for an install), without caches.
MB are 10⁶ bytes. Ratios are ours / peer: below 1 ours is better. Every export is compared with its input, byte for byte
(\`cp\`'s is not).`
}

function workloadList(runs: readonly Results[]): string {
  const titles = new Map(
    runs.toReversed().flatMap(({ workloads }) => workloads.map((one) => [one.name, one.title])),
  )
  return Array.from(titles, ([name, title]) => `- **${name}**: ${title}`).join('\n')
}

/** Targets of what was measured; a target that compares with what was left out this time is left out too. */
function targetTable(runs: readonly Results[]): string {
  const found = [...targets, ...tableTargets].flatMap((target) => {
    const values = runs.map((run) => target.read(run))
    const newest = values.findIndex((value) => value !== undefined)
    const value = values[newest]
    return value === undefined
      ? []
      : [{ ...target, workload: `${target.workload}${mark(runs, newest)}`, value }]
  })
  return markdownTable(
    ['', 'what', 'at most', 'measured', 'of the target'],
    found.map(({ workload, what, most, unit, value }, index) => [
      found[index - 1]?.workload === workload ? '' : workload,
      what,
      withUnit(most, unit),
      withUnit(value, unit),
      `${value <= most ? '' : 'missed: '}${(value / most).toFixed(2)}`,
    ]),
    'llrrr',
  )
}

function withUnit(value: number, unit: string): string {
  const text = value.toFixed(unit === '×' ? 2 : unit === '' || value >= 100 ? 0 : 1)
  return unit === '×' || unit === '' ? `${text}${unit}` : `${text} ${unit}`
}

const libraryNote =
  'Each step is a process of its own on a store that another process made. Times are those of the call alone, ' +
  'without the start of Node; before the edit the entry was looked up once. Peak memory is that of the process.'

function figureTable(figures: readonly FigureRow[]): string {
  return markdownTable(
    ['', 'what', 'median', 'min–max'],
    figures.map(({ workload, what, unit, samples }, index) => {
      const range =
        samples.length === 0
          ? '–'
          : `${withUnit(Math.min(...samples), '')}–${withUnit(Math.max(...samples), '')}`
      const middle = median(samples)
      return [
        figures[index - 1]?.workload === workload ? '' : workload,
        what,
        middle === undefined ? '–' : withUnit(middle, unit),
        range,
      ]
    }),
    'llrr',
  )
}

function mainTable(rows: readonly Row[]): string {
  const head = [
    '',
    'step',
    'tool',
    'wall s',
    'min–max',
    'CPU s',
    'peak MB',
    'stored MB',
    'files',
    'wall ×',
    'peak ×',
    'stored ×',
  ]
  const body = rows.map((row, index) => {
    const ours = rows.find(({ workload, step }) => workload === row.workload && step === row.step) as Row
    const first = rows[index - 1]?.step !== row.step || rows[index - 1]?.workload !== row.workload
    const walls = row.samples.map(({ wall }) => wall)
    const range =
      walls.length === 0 ? '–' : [Math.min(...walls), Math.max(...walls)].map(formatSeconds).join('–')
    const ratio = (read: (sample: Sample) => number | undefined): string =>
      row === ours ? '' : formatRatio(medianOf(ours.samples, read), medianOf(row.samples, read))
    return [
      first ? row.workload : '',
      first ? stepTitles[row.step] : '',
      row.tool,
      row.problem === undefined ? formatSeconds(medianOf(row.samples, wallOf)) : 'failed',
      range,
      formatSeconds(medianOf(row.samples, cpuOf)),
      format(medianOf(row.samples, peakOf), 0, 1e6),
      format(medianOf(row.samples, storedOf), 1, 1e6),
      format(medianOf(row.samples, filesOf), 0),
      ratio(wallOf),
      ratio(peakOf),
      ratio(storedOf),
    ]
  })
  return markdownTable(head, body, 'lllrrrrrrrrr')
}

const wallOf = ({ wall }: Sample): number => wall
const peakOf = ({ peak }: Sample): number | undefined => peak
const cpuOf = ({ cpu }: Sample): number | undefined => cpu
const storedOf = ({ stored }: Sample): number | undefined => stored?.bytes
const filesOf = ({ stored }: Sample): number | undefined => stored?.files

function startTable(starts: readonly StartRow[]): string {
  const bare = median(starts[0]?.samples.map(wallOf) ?? [])
  return markdownTable(
    ['command', 'starts', 'median ms', 'min ms', 'above `node -e 0`, ms', 'peak MB'],
    starts.map(({ name, samples, problem }, index) => {
      const walls = samples.map(wallOf)
      const middle = median(walls)
      const above = middle === undefined || bare === undefined || index === 0 ? undefined : middle - bare
      return [
        `\`${name}\``,
        String(samples.length),
        problem === undefined || problem === notBuilt ? (problem ?? format(middle, 0, 1e-3)) : 'failed',
        format(walls.length === 0 ? undefined : Math.min(...walls), 0, 1e-3),
        format(above, 0, 1e-3),
        format(medianOf(samples, peakOf), 0, 1e6),
      ]
    }),
    'lrrrrr',
  )
}

function problems(runs: readonly Results[]): readonly string[] {
  const failed = runs
    .flatMap(({ rows, figures, starts }, i) => [
      ...rows.map((row) => ({
        title: `${row.workload}${mark(runs, i)}, ${titleOf(row)}, ${row.tool}`,
        ...row,
      })),
      ...figures.map((row) => ({ title: `${row.workload}${mark(runs, i)}, ${row.what}`, ...row })),
      ...starts.map((row) => ({ title: `${row.name}${mark(runs, i)}`, ...row })),
    ])
    .filter(({ problem }) => problem !== undefined && problem !== notBuilt && problem !== noServer)
  if (failed.length === 0) return []
  return [
    '## What failed',
    failed
      .map(({ title, problem }) => `- ${title}:\n\n      ${problem?.replaceAll('\n', '\n      ')}`)
      .join('\n'),
  ]
}

function titleOf({ workload, step }: Row): string {
  return isRemote(workload) ? step : stepTitles[step]
}

function mappingTable(tools: readonly Tool[]): string {
  return markdownTable(
    ['step', ...tools.map(({ name }) => name)],
    stepNames.map((step) => [stepTitles[step], ...tools.map(({ mapping }) => mapping[step] ?? '–')]),
    'l'.repeat(tools.length + 1),
  )
}

function format(value: number | undefined, digits: number, unit = 1): string {
  return value === undefined ? '–' : (value / unit).toFixed(digits)
}

/** In hundredths; in thousandths where those would say little. */
function formatSeconds(value: number | undefined): string {
  return format(value, value !== undefined && value < 1 ? 3 : 2)
}

function formatRatio(ours: number | undefined, peer: number | undefined): string {
  return ours === undefined || peer === undefined || peer === 0 ? '–' : (ours / peer).toFixed(2)
}
