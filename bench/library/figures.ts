// What is measured through the library: each step in a process of its own, so many runs, its figures collected by name.
import { mkdirSync, rmSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** One figure in all runs: milliseconds, seconds, bytes or a count, as `unit` says. */
export interface FigureRow {
  readonly workload: string
  readonly what: string
  readonly unit: Unit
  readonly samples: readonly number[]
  /** Why there are fewer samples than runs. */
  readonly problem?: string
}

export type Unit = 'ms' | 's' | 'ns' | 'MB' | 'KiB' | '%' | ''

/** What the steps need. */
export interface LibraryParts {
  /** The repository's own folder: steps run from source. */
  readonly home: string
  readonly folder: string
  readonly runs: number
  readonly scale: number
  readonly keep: boolean
  readonly signal: AbortSignal
  say(line: string): void
  /** Told all figures so far, after each step. */
  note?(rows: readonly FigureRow[]): void
}

/** A figure of a step: the name under which the step prints it, and how it is shown. */
interface Figure {
  readonly key: string
  readonly what: string
  readonly unit: Unit
}

interface LibraryStep {
  readonly step: string
  readonly figures: readonly Figure[]
}

/** What is made once, and what is measured in each run. */
interface LibraryWorkload {
  readonly name: string
  readonly title: (count: string) => string
  readonly count: number
  /** At the least, however small the scale: 1,000 unless told. */
  readonly least?: number
  readonly make: string
  /** Run before each run, and not measured. */
  readonly prepare?: string
  readonly steps: readonly LibraryStep[]
}

const peak = (what: string): Figure => ({ key: 'peak', what: `${what}, peak memory`, unit: 'MB' })
const seconds = (what: string): Figure => ({ key: 'seconds', what, unit: 's' })

const milliseconds = (key: string, what: string): Figure => ({ key, what, unit: 'ms' })

/** W3, W6, T2 to T4 and R5 at full size. */
export const libraryWorkloads: readonly LibraryWorkload[] = [
  {
    name: 'W3',
    title: (count) => `a folder of ${count} entries, one changed`,
    count: 1e6,
    make: 'w3-make',
    steps: [
      {
        step: 'w3-edit',
        figures: [
          { key: 'nodeBytes', what: 'new tree nodes', unit: 'KiB' },
          { key: 'edit', what: 'edit', unit: 'ms' },
          { key: 'diff', what: 'diff', unit: 'ms' },
          peak('edit and diff'),
        ],
      },
    ],
  },
  {
    name: 'W6',
    title: (count) => `a store of ${count} small objects`,
    count: 1e7,
    make: 'w6-make',
    prepare: 'w6-litter',
    steps: [
      {
        step: 'w6-open',
        figures: [{ key: 'open', what: 'open, and read one object', unit: 'ms' }, peak('open')],
      },
      { step: 'w6-gc', figures: [seconds('gc'), peak('gc')] },
      { step: 'w6-verify', figures: [seconds('verify'), peak('verify')] },
      { step: 'w6-repack', figures: [seconds('repack'), peak('repack')] },
    ],
  },
  {
    name: 'T2',
    title: (count) => `two columns of a table made of ${count} bytes of CSV, and all of its rows`,
    count: 2 ** 30,
    least: 65_536,
    make: 't2-make',
    steps: [
      {
        step: 't2-query',
        figures: [
          milliseconds('first', 'query, the first time'),
          milliseconds('query', 'query'),
          peak('query'),
        ],
      },
      { step: 't2-duckdb', figures: [milliseconds('query', 'the same by DuckDB'), peak('DuckDB')] },
      { step: 't2-rows', figures: [{ key: 'cell', what: 'rows(), a cell', unit: 'ns' }, peak('rows()')] },
    ],
  },
  {
    name: 'T3',
    title: (count) => `two versions of that table of ${count} bytes, a row more in the middle of one`,
    count: 2 ** 30,
    least: 65_536,
    make: 't3-make',
    prepare: 't3-forget',
    steps: [
      { step: 't3-diff', figures: [milliseconds('diff', 'diff --rows'), peak('diff --rows')] },
      {
        step: 't3-duckdb',
        figures: [milliseconds('join', 'full outer join by DuckDB'), peak('full outer join')],
      },
    ],
  },
  {
    name: 'T4',
    title: (count) => `a package of ${count} tables, of which one is touched`,
    count: 10_000,
    least: 20,
    make: 't4-make',
    steps: [{ step: 't4-load', figures: [milliseconds('load', 'load, and read one table'), peak('load')] }],
  },
  {
    name: 'R5',
    title: (count) =>
      `two columns of a table made of ${count} bytes of CSV, which lies on a web server, read through load`,
    count: 2 ** 30,
    least: 65_536,
    make: 'r5-make',
    steps: [
      {
        step: 'r5-columns',
        figures: [
          { key: 'beyond', what: 'bytes read beyond the columns, of those of the table', unit: '%' },
          { key: 'own', what: 'bytes of the columns', unit: 'MB' },
          { key: 'read', what: 'bytes read', unit: 'MB' },
          seconds('columns'),
          peak('columns'),
        ],
      },
    ],
  },
]

/** How it is described to the reader. */
export function libraryTitle(name: string, scale: number): string {
  const workload = libraryWorkloads.find((one) => one.name === name)
  return workload?.title(countOf(workload, scale).toLocaleString('en-US')) ?? name
}

/** Measures one of them. */
export async function measureLibrary(name: string, parts: LibraryParts): Promise<readonly FigureRow[]> {
  const workload = libraryWorkloads.find((one) => one.name === name)
  if (workload === undefined) throw new Error(`there is no ${name}`)
  const { folder, runs, say, keep } = parts
  const count = countOf(workload, parts.scale)
  const rows = workload.steps.flatMap(({ figures }) =>
    figures.map(({ what, unit }) => ({ workload: name, what, unit, samples: [] as number[] })),
  )
  let problem: string | undefined
  mkdirSync(folder, { recursive: true })
  try {
    say(`${name}: making ${libraryTitle(name, parts.scale)}`)
    await runStep(parts, workload.make, count)
    for (let run = 0; run < runs; run++) {
      if (workload.prepare !== undefined) await runStep(parts, workload.prepare, count)
      for (const { step, figures } of workload.steps) {
        const found = await runStep(parts, step, count)
        for (const { key, what, unit } of figures) {
          const value = found[key] ?? NaN
          rows.find((row) => row.what === what)?.samples.push(value / unitSize[unit])
        }
        say(`${name} run ${run + 1}/${runs} ${step}: ${JSON.stringify(found)}`)
        parts.note?.(rows)
      }
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'AbortError') throw error
    problem = error.message
    say(`${name} FAILED: ${problem}`)
  } finally {
    if (!keep) rmSync(folder, { recursive: true, force: true })
  }
  return rows.map((row) => (problem === undefined ? row : { ...row, problem }))
}

const unitSize: Readonly<Record<Unit, number>> = { ms: 1, s: 1, ns: 1, MB: 1e6, KiB: 1024, '%': 1, '': 1 }

function countOf({ count, least = 1000 }: LibraryWorkload, scale: number): number {
  return Math.max(least, Math.round(count * scale))
}

function runStep(
  { home, folder, signal }: LibraryParts,
  step: string,
  count: number,
): Promise<Readonly<Record<string, number>>> {
  signal.throwIfAborted()
  const argv = [
    join('scripts', 'run-ts.js'),
    join('bench', 'library', 'step.ts'),
    step,
    folder,
    String(count),
  ]
  const { NODE_EXTRA_CA_CERTS: _certificates, ...env } = process.env // costs each start 95 ms
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, said] = ['', '']
    const stop = (): void => void child.kill('SIGKILL')
    signal.addEventListener('abort', stop, { once: true })
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
    child.once('error', reject)
    child.once('close', (status) => {
      signal.removeEventListener('abort', stop)
      if (signal.aborted) reject(signal.reason as Error)
      else if (status !== 0) reject(new Error(`${step}: exit ${String(status)}: ${said.trim()}`))
      else resolve(JSON.parse(out.trim().split('\n').at(-1) ?? '{}') as Record<string, number>)
    })
  })
}
