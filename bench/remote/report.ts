// What the page says of remotes. Pure.
import { type Row, type Sample } from '../compare.ts'
import { median, medianOf } from '../statistics.ts'
import { markdownTable } from '../table.ts'
import { type Tool } from '../tool.ts'
import { noServer } from './server.ts'
import { delay } from './small.ts'

const stepTitles: Readonly<Partial<Record<Row['step'], string>>> = {
  push: 'pushed',
  install: 'installed',
}

/** The section; empty where no remote was measured. */
export function remoteSection(
  rows: readonly Row[],
  tools: readonly Tool[],
  server: string | undefined,
): readonly string[] {
  if (rows.length === 0) return []
  return ['## Remotes', note(server), remoteTable(rows), mappingTable(tools), remarks(tools)]
}

function note(server: string | undefined): string {
  if (server === undefined) return `Not measured: ${noServer}.`
  return `On ${server} on the loopback, all in memory, a new one for each run; it shares this machine's cores. The times of R1 and R2
are straight to the server, and their requests and bytes were counted in one run of their own through a proxy. R3 and R4
go through the proxy, which delays each request by ${String(delay)} ms. Bytes are those on the wire, with the heads of requests and
answers. Where nothing is said of requests they were not counted: there are one or more for each file. What was pushed is
compared with its input, byte for byte, after it came back as files; of a store or repository its size is checked.`
}

function remoteTable(rows: readonly Row[]): string {
  const head = ['', 'step', 'tool', 'wall s', 'min–max', 'CPU s', 'peak MB', 'requests', 'sent kB']
  const body = rows.map((row, index) => {
    const ours = rows.find(({ workload, step }) => workload === row.workload && step === row.step) as Row
    const before = rows[index - 1]
    const first = before?.step !== row.step || before.workload !== row.workload
    const walls = row.samples.map(({ wall }) => wall)
    const range = walls.length === 0 ? '–' : [Math.min(...walls), Math.max(...walls)].map(seconds).join('–')
    const [a, b] = [ours, row].map(({ samples }) => median(samples.map(({ wall }) => wall)))
    return [
      first ? row.workload : '',
      first ? (stepTitles[row.step] ?? row.step) : '',
      row.tool,
      wallText(row),
      range,
      seconds(medianOf(row.samples, ({ cpu }) => cpu)),
      whole(row, ({ peak }) => peak, 1e6),
      whole(row, ({ traffic }) => traffic?.requests),
      whole(row, ({ traffic }) => traffic?.sent, 1000),
      whole(row, ({ traffic }) => traffic?.received, 1000),
      row === ours || a === undefined || b === undefined ? '' : (a / b).toFixed(2),
    ]
  })
  return markdownTable([...head, 'received kB', 'wall ×'], body, 'lllrrrrrrrr')
}

function wallText({ samples, problem }: Row): string {
  if (problem === undefined) return seconds(median(samples.map(({ wall }) => wall)))
  return problem === noServer ? 'no server' : 'failed'
}

function seconds(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(value < 1 ? 3 : 2)
}

function whole({ samples }: Row, read: (sample: Sample) => number | undefined, unit = 1): string {
  const value = medianOf(samples, read)
  return value === undefined ? '–' : (value / unit).toFixed(0)
}

function mappingTable(tools: readonly Tool[]): string {
  const steps = ['push', 'install'] as const
  return markdownTable(
    ['', ...steps.map((step) => stepTitles[step] ?? step)],
    tools.map(({ name, mapping }) => [name, ...steps.map((step) => mapping[step] ?? '–')]),
    'lll',
  )
}

function remarks(tools: readonly Tool[]): string {
  return tools.map(({ name, remarks: text }) => `- **${name}**: ${text}`).join('\n')
}
