// What every workload on a remote is given.
import { type Row } from '../compare.ts'
import { type Meter } from '../measure.ts'

/** Where to work, with what, and how often. */
export interface RemoteParts {
  /** The repository's own folder. */
  readonly home: string
  readonly folder: string
  readonly path: string
  readonly runs: number
  readonly scale: number
  readonly keep: boolean
  /** Names of programs that take part beside ours. */
  readonly peers: readonly string[]
  readonly meter: Meter
  readonly signal: AbortSignal
  say(line: string): void
  /** Told all rows so far, after each sample. */
  note?(rows: readonly Row[]): void
}
