// Runs the tools through the steps of a workload, alternating step by step, so that the machine's drift is shared.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from './environment.ts'
import { difference, usage, type Usage } from './folder.ts'
import { type Measure, type Meter } from './measure.ts'
import { type Line, type Traffic } from './remote/proxy.ts'
import { stepNames, type Plan, type Step, type StepName, type Tool } from './tool.ts'
import { type Workload } from './workload.ts'

/** One step of one tool in one run. */
export interface Sample extends Measure {
  readonly stored?: Usage
  /** What went over the line to a server. */
  readonly traffic?: Traffic
}

/** A step of a tool in all runs. */
export interface Row {
  readonly workload: string
  readonly step: StepName
  readonly tool: string
  readonly samples: readonly Sample[]
  /** Why there are fewer samples than runs. */
  readonly problem?: string
}

/** What a comparison needs. */
export interface Comparison {
  readonly tools: readonly Tool[]
  readonly runs: number
  /** An empty folder of its own. */
  readonly folder: string
  readonly path: string
  readonly keep: boolean
  readonly meter: Meter
  /** Makes ready what a run needs, from 0 on; the line on which to count, where one is wanted. */
  readonly prepare?: (run: number) => Promise<Line | undefined>
  /** Told all rows so far, after each sample: what stays when the benchmark is stopped. */
  readonly note?: (rows: readonly Row[]) => void
  say(line: string): void
}

/** A tool in one run. */
interface Entrant {
  readonly tool: Tool
  readonly plan: Plan
  failed: boolean
}

type Rows = Map<string, { samples: Sample[]; problem?: string }>

/** The rows of a workload: by step, then by tool, for steps that one of the tools has. */
export async function compare(workload: Workload, comparison: Comparison): Promise<readonly Row[]> {
  const { folder, runs, keep, say } = comparison
  const input = join(folder, 'input')
  mkdirSync(input, { recursive: true })
  say(`${workload.name}: making ${workload.title}`)
  workload.make(input)
  const rows: Rows = new Map()
  const note = (): void => comparison.note?.(rowsNow(workload, comparison, rows))
  for (let run = 0; run < runs; run++) {
    const place = join(folder, `run-${run + 1}`)
    const line = await comparison.prepare?.(run)
    await runOnce({ workload, comparison, input, place, run, rows, line, note })
    if (!keep || run < runs - 1) rmSync(place, { recursive: true, force: true })
  }
  if (!keep) rmSync(folder, { recursive: true, force: true })
  return rowsNow(workload, comparison, rows)
}

function rowsNow(workload: Workload, comparison: Comparison, rows: Rows): readonly Row[] {
  const had = stepsOf(workload).filter((step) => [...rows.keys()].some((key) => key.startsWith(`${step} `)))
  return had.flatMap((step) =>
    toolsOf(workload, comparison).map((tool) => ({
      workload: workload.name,
      step,
      tool: tool.name,
      ...(rows.get(`${step} ${tool.name}`) ?? { samples: [] }),
    })),
  )
}

function stepsOf({ change, steps = stepNames }: Workload): readonly StepName[] {
  return stepNames.filter((step) => steps.includes(step) && (step !== 'changed' || change !== undefined))
}

function toolsOf(workload: Workload, { tools }: Comparison): readonly Tool[] {
  if (workload.tools === undefined) return tools.filter(({ onlyAsked }) => onlyAsked !== true)
  return workload.tools.flatMap((name) => tools.filter((tool) => tool.name === name))
}

function versionsOf({ change, versions = 1 }: Workload): number {
  return change === undefined ? 0 : versions
}

interface Run {
  readonly workload: Workload
  readonly comparison: Comparison
  readonly input: string
  readonly place: string
  readonly run: number
  readonly rows: Rows
  readonly line: Line | undefined
  readonly note: () => void
}

async function runOnce({ workload, comparison, input, place, run, rows, line, note }: Run): Promise<void> {
  const { runs, meter, say } = comparison
  const tools = toolsOf(workload, comparison).filter((tool) => run < (tool.runs ?? Infinity))
  const entrants = rotated(tools, run).map((tool): Entrant => {
    const root = join(place, tool.name)
    const env = environment(root, comparison.path)
    const plan = tool.plan({ input, root, versions: versionsOf(workload), env })
    return { tool, plan, failed: false }
  })
  const attempt = async (entrant: Entrant, step: StepName, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (meterStopped(error)) throw error
      entrant.failed = true
      rowOf(rows, step, entrant.tool).problem = messageOf(error)
      say(`${workload.name} ${entrant.tool.name} ${step} FAILED: ${messageOf(error)}`)
    }
  }
  for (const entrant of entrants) {
    await attempt(entrant, 'build', async () => {
      for (const folder of entrant.plan.folders) mkdirSync(folder, { recursive: true })
      for (const command of entrant.plan.setup) await meter.run(command)
    })
  }
  for (const name of stepsOf(workload)) {
    const rounds = name === 'changed' ? versionsOf(workload) : 1
    const samples = new Map<Entrant, Sample[]>()
    for (let round = 1; round <= rounds; round++) {
      if (name === 'changed') workload.change?.(input, run * rounds + round)
      for (const entrant of entrants) {
        const { plan } = entrant
        const step = name === 'changed' && plan.changed !== undefined ? plan.changed(round) : plan.steps[name]
        if (step === undefined || plan.steps[name] === undefined || entrant.failed) continue
        await attempt(entrant, name, async () => {
          const sample = await runStep(step, workload, { input, comparison, line })
          const some = [...(samples.get(entrant) ?? []), sample]
          samples.set(entrant, some)
          const of = rounds > 1 ? ` ${String(round)}` : ''
          const took = `${entrant.tool.name}: ${sample.wall.toFixed(2)} s`
          say(`${workload.name} run ${run + 1}/${runs} ${name}${of} ${took}`)
          if (some.length < rounds) return
          rowOf(rows, name, entrant.tool).samples.push(together(some))
          note()
        })
      }
    }
  }
}

/** Several measures as one: times add up, memory is the highest, stored is what is there in the end. */
function together(samples: readonly Sample[]): Sample {
  const sum = (read: (sample: Sample) => number | undefined): number =>
    samples.reduce((total, sample) => total + (read(sample) ?? NaN), 0)
  const last = samples.at(-1) as Sample
  if (samples.length === 1) return last
  const [cpu, peak] = [sum((one) => one.cpu), Math.max(...samples.map((one) => one.peak ?? NaN))]
  return {
    ...last,
    wall: sum((one) => one.wall),
    ...(Number.isNaN(cpu) ? {} : { cpu }),
    ...(Number.isNaN(peak) ? {} : { peak }),
  }
}

async function runStep(
  step: Step,
  workload: Workload,
  { input, comparison, line }: Pick<Run, 'input' | 'comparison' | 'line'>,
): Promise<Sample> {
  spawnSync('sync') // what others wrote before does not weigh on this step
  line?.reset()
  const measure = await comparison.meter.run(step.command)
  const traffic = line?.traffic()
  const stored = step.stores === undefined ? undefined : usage(step.stores, step.cache)
  if (stored !== undefined && stored.bytes < workload.least) {
    // It cannot be stored in less: something was not done.
    throw new Error(`stored ${stored.bytes} bytes of ${workload.bytes}`)
  }
  if (step.restores !== undefined) {
    const path = difference(input, step.restores)
    if (path !== undefined) throw new Error(`did not give back the same bytes: ${path}`)
  }
  if (!comparison.keep)
    for (const folder of step.drops ?? []) rmSync(folder, { recursive: true, force: true })
  return {
    ...measure,
    ...(stored === undefined ? {} : { stored }),
    ...(traffic === undefined ? {} : { traffic }),
  }
}

/** The tools in turn, another first in each run: ours first in the first. */
function rotated(tools: readonly Tool[], by: number): readonly Tool[] {
  const first = by % tools.length
  return [...tools.slice(first), ...tools.slice(0, first)]
}

function rowOf(rows: Rows, step: StepName, tool: Tool): { samples: Sample[]; problem?: string } {
  const key = `${step} ${tool.name}`
  const row = rows.get(key) ?? { samples: [] }
  rows.set(key, row)
  return row
}

function meterStopped(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
