// What untrusted SQL may use: time, memory, disk, and how much it may say.

/** Bounds of one sandbox. */
export interface SandboxLimits {
  /** For each statement, from the outside; then the process is killed. */
  readonly milliseconds: number
  /** Of DuckDB's own memory: beyond it a statement fails, and the sandbox goes on. */
  readonly memoryBytes: number
  /** Of the whole process in RAM: beyond it the process ends. */
  readonly residentBytes: number
  /** Of what DuckDB spills to disk. */
  readonly spillBytes: number
  /** Of a statement's text. */
  readonly sqlCharacters: number
  /** Of each value that is given back, in characters; longer ones are cut. */
  readonly valueCharacters: number
  /** Of one answer, in bytes; more ends the process. */
  readonly answerBytes: number
}

const mebibyte = 1024 * 1024

/** The bounds where nothing else is said. */
export const defaultLimits: SandboxLimits = {
  milliseconds: 60_000,
  memoryBytes: 320 * mebibyte,
  residentBytes: 576 * mebibyte,
  spillBytes: 4096 * mebibyte,
  sqlCharacters: 262_144,
  valueCharacters: 200,
  answerBytes: 16 * mebibyte,
}
