// What a program in the comparison is: its commands as data, step by step. It knows of no clock and no table.

/** The steps that are measured, in the order in which they run. */
export const stepNames = ['build', 'again', 'changed', 'export', 'push', 'install'] as const
export type StepName = (typeof stepNames)[number]

/** A process to start. The environment is whole: nothing is inherited. */
export interface Command {
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** One measured command. */
export interface Step {
  readonly command: Command
  /** The folder whose bytes are counted after it. */
  readonly stores?: string
  /** The folder in it that is a cache: not counted, as the caches are not that others keep elsewhere. */
  readonly cache?: string
  /** The folder that must hold the same bytes as the input after it. */
  readonly restores?: string
  /** Folders that no later step needs. */
  readonly drops?: readonly string[]
}

/** Where a tool works in one run: `root` is its own folder, empty; `input` is shared and only read. */
export interface Place {
  readonly input: string
  readonly root: string
  /** How many further versions the workload has: how often the step `changed` is taken. */
  readonly versions: number
  readonly env: Readonly<Record<string, string>>
}

/** All that a tool does to one workload. A step that is not there is one that the tool does not have. */
export interface Plan {
  /** Run first, outside the timing, after the folders are made. */
  readonly setup: readonly Command[]
  readonly folders: readonly string[]
  readonly steps: Readonly<Partial<Record<StepName, Step>>>
  /** The step `changed` of version `version`, from 1, where it is not the same for each. */
  changed?(version: number): Step
}

/** Ours or a peer. */
export interface Tool {
  readonly name: string
  /** What is asked for its version; a tool that does not answer is not installed. */
  readonly version: readonly [string, ...string[]]
  /** What each step runs, for the reader. */
  readonly mapping: Readonly<Partial<Record<StepName, string>>>
  /** True for one that takes part only where a workload names it. */
  readonly onlyAsked?: boolean
  /** Settings that a reader must know to judge the figures. */
  readonly remarks: string
  /** It takes part in so many runs; in all unless told. */
  readonly runs?: number
  plan(place: Place): Plan
}
