// Runs of the benchmark: each is kept while it goes on, and those of before stand beside it where that is asked for.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type Results } from './report.ts'

/** What results.json holds: the newest run first. */
interface ResultsFile {
  readonly results: readonly Results[]
}

/**
 * The runs that a results file holds.
 * @throws Error when it is none, or when they were of another size
 */
export function readRuns(path: string, scale: number): readonly Results[] {
  const { results } = JSON.parse(readFileSync(path, 'utf8')) as Partial<ResultsFile>
  if (!Array.isArray(results)) throw new Error(`${path} holds no results`)
  const other = (results as readonly Results[]).find((run) => run.scale !== scale)
  if (other !== undefined)
    throw new Error(`${path} has figures at a scale of ${other.scale}: they do not stand beside ${scale}`)
  return results
}

/**
 * The newest run, and of the others each workload of which they measured something that no newer one did. A workload
 * stays whole, since tools are compared within a run.
 */
export function mergeRuns(newest: Results, others: readonly Results[]): readonly Results[] {
  const met = new Set(measurements(newest).map(({ workload }) => workload))
  const merged = [only(newest, met)]
  for (const run of others) {
    const known = new Set(merged.flatMap(keysOf))
    const fresh = measurements(run).filter(({ workload, key, samples }) => {
      return samples.length > 0 && !known.has(`${workload} ${key}`)
    })
    merged.push(only(run, new Set(fresh.map(({ workload }) => workload))))
  }
  return merged.filter(({ rows, figures, starts }) => rows.length + figures.length + starts.length > 0)
}

/** Writes them whole or not at all. */
export function writeRuns(path: string, results: readonly Results[]): void {
  writeFileSync(`${path}.new`, `${JSON.stringify({ results } satisfies ResultsFile, undefined, 1)}\n`)
  renameSync(`${path}.new`, path)
}

/** Where the raw figures of a page lie: beside it, so that they go where it goes. */
export function rawBeside(page: string): string {
  return page.replace(/(\.md)?$/, '.json')
}

/** Keeps what another run left there, unless it is among those that are written now. */
export function setAside(path: string): void {
  if (existsSync(path)) renameSync(path, path.replace(/(\.json)?$/, '-before.json'))
}

interface Measurement {
  readonly workload: string
  readonly key: string
  readonly samples: readonly unknown[]
}

function measurements({ rows, figures, starts }: Results): readonly Measurement[] {
  return [
    ...rows.map(({ workload, step, tool, samples }) => ({ workload, key: `${step} ${tool}`, samples })),
    ...figures.map(({ workload, what, samples }) => ({ workload, key: what, samples })),
    ...starts.map(({ name, samples }) => ({ workload: 'start', key: name, samples })),
  ]
}

function keysOf(run: Results): readonly string[] {
  return measurements(run)
    .filter(({ samples }) => samples.length > 0)
    .map(({ workload, key }) => `${workload} ${key}`)
}

/** A run with these workloads alone. */
function only(run: Results, kept: ReadonlySet<string>): Results {
  const isKept = ({ workload }: { readonly workload: string }): boolean => kept.has(workload)
  return {
    ...run,
    workloads: run.workloads.filter(({ name }) => kept.has(name)),
    rows: run.rows.filter(isKept),
    figures: run.figures.filter(isKept),
    starts: kept.has('start') ? run.starts : [],
  }
}
