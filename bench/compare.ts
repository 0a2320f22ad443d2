// Runs the tools through the steps of a workload, alternating step by step, so that the machine's drift is shared.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from './environment.ts'
import { difference, usage, type Usage } from './folder.ts'
import { type Measure, type Meter } from './measure.ts'
import { stepNames, type Plan, type Step, type StepName, type Tool } from './tool.ts'
import { type Workload } from './workload.ts'

/** One step of one tool in one run. */
export interface Sample extends Measure {
  readonly stored?: Usage
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
  for (let run = 0; run < runs; run++) {
    const place = join(folder, `run-${run + 1}`)
    await runOnce({ workload, comparison, input, place, run, rows })
    if (!keep || run < runs - 1) rmSync(place, { recursive: true, force: true })
  }
  if (!keep) rmSync(folder, { recursive: true, force: true })
  const had = stepsOf(workload).filter((step) => [...rows.keys()].some((key) => key.startsWith(`${step} `)))
  return had.flatMap((step) =>
    comparison.tools.map((tool) => ({
      workload: workload.name,
      step,
      tool: tool.name,
      ...(rows.get(`${step} ${tool.name}`) ?? { samples: [] }),
    })),
  )
}

function stepsOf(workload: Workload): readonly StepName[] {
  return stepNames.filter((step) => step !== 'changed' || workload.change !== undefined)
}

interface Run {
  readonly workload: Workload
  readonly comparison: Comparison
  readonly input: string
  readonly place: string
  readonly run: number
  readonly rows: Rows
}

async function runOnce({ workload, comparison, input, place, run, rows }: Run): Promise<void> {
  const { tools, runs, meter, say } = comparison
  const entrants = rotated(tools, run).map((tool): Entrant => {
    const root = join(place, tool.name)
    const env = environment(root, comparison.path)
    const plan = tool.plan({ input, root, changes: workload.change !== undefined, env })
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
    if (name === 'changed') workload.change?.(input, run)
    for (const entrant of entrants) {
      const step = entrant.plan.steps[name]
      if (step === undefined || entrant.failed) continue
      await attempt(entrant, name, async () => {
        const sample = await runStep(step, workload, { input, comparison })
        rowOf(rows, name, entrant.tool).samples.push(sample)
        say(
          `${workload.name} run ${run + 1}/${runs} ${name} ${entrant.tool.name}: ${sample.wall.toFixed(2)} s`,
        )
      })
    }
  }
}

async function runStep(
  step: Step,
  workload: Workload,
  { input, comparison }: { readonly input: string; readonly comparison: Comparison },
): Promise<Sample> {
  spawnSync('sync') // what others wrote before does not weigh on this step
  const measure = await comparison.meter.run(step.command)
  const stored = step.stores === undefined ? undefined : usage(step.stores)
  if (stored !== undefined && stored.bytes < workload.bytes) {
    // Random bytes cannot be stored in less: something was not done.
    throw new Error(`stored ${stored.bytes} bytes of ${workload.bytes}`)
  }
  if (step.restores !== undefined) {
    const path = difference(input, step.restores)
    if (path !== undefined) throw new Error(`did not give back the same bytes: ${path}`)
  }
  if (!comparison.keep)
    for (const folder of step.drops ?? []) rmSync(folder, { recursive: true, force: true })
  return { ...measure, ...(stored === undefined ? {} : { stored }) }
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
