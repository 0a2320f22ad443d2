// Where SQL that comes from data is answered: every text goes through the gate, then to a process that holds copies of
// the tables and can reach nothing else. Made for one set of tables, thrown away after.
import { chmod, constants, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkSignal, type Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import { startProcess, type Ending, type SandboxHost, type SandboxProcess } from './child-process.ts'
import { judge, type GateNames, type Refusal, type Verdict } from './gate.ts'
import { defaultLimits, type SandboxLimits } from './limits.ts'
import type { Job, JobAnswer, SqlColumn, SqlValue } from './serve-jobs.ts'

/** A table as a query in the sandbox names it, and its Parquet files, which stay untouched. */
export interface SandboxTable {
  readonly name: string
  readonly parts: readonly string[]
}

/** The answer to a query; each row has its values in the order of the columns. */
export interface SandboxRows {
  readonly columns: readonly SqlColumn[]
  readonly rows: readonly (readonly SqlValue[])[]
}

/** A place for untrusted SQL. All calls throw UNAVAILABLE when it has ended by itself. */
export interface Sandbox {
  /** Judges a text without running it. Needs no tables. */
  judge(sql: string, names: GateNames, ctx?: Context): Promise<Verdict>
  /** Brings the tables in, once; then no other can be. Gives the columns of each. @throws INVALID, NOT_FOUND */
  load(tables: readonly SandboxTable[], ctx?: Context): Promise<readonly (readonly SqlColumn[])[]>
  /** The columns that a query would have. @throws INVALID when it is refused or wrong */
  describe(sql: string, names: GateNames, ctx?: Context): Promise<readonly SqlColumn[]>
  /** At most so many rows of a query. @throws INVALID when it is refused, is wrong, or needs more than it may */
  query(sql: string, names: GateNames, rows: number, ctx?: Context): Promise<SandboxRows>
  /** Why the process is gone, after a limit was reached, say; then another sandbox is needed. */
  readonly ended: Ending | undefined
  close(): Promise<void>
}

/** To start, load DuckDB and parse a first text; what fails in it is no check's fault. */
const startMilliseconds = 60_000

/** Opens a sandbox: starts its process in a new folder. @throws UNAVAILABLE */
export async function openSandbox(
  host: SandboxHost,
  limits: SandboxLimits = defaultLimits,
  ctx?: Context,
): Promise<Sandbox> {
  checkSignal(ctx)
  const folder = await makeFolder(host.folder)
  let child: SandboxProcess | undefined
  try {
    child = await startProcess(host, folder, limits)
    const first = await child.ask({ job: 'parse', sql: 'SELECT 1' }, ctx, startMilliseconds)
    if ('error' in first) throw answerError(first)
    return sandboxOf({ child, folder, limits })
  } catch (error) {
    await child?.close()
    await rm(folder, { recursive: true, force: true })
    if (!isQuiltError(error, 'INVALID')) throw error
    throw new QuiltError('UNAVAILABLE', `the process for checks did not start: ${error.message}`, {
      cause: error,
    })
  }
}

interface SandboxParts {
  readonly child: SandboxProcess
  readonly folder: string
  readonly limits: SandboxLimits
}

function sandboxOf({ child, folder, limits }: SandboxParts): Sandbox {
  const ask = async (job: Job, ctx: Context | undefined): Promise<JobAnswer> => {
    const answer = await child.ask(job, ctx)
    if ('error' in answer) throw answerError(answer)
    return answer
  }
  const judged = async (sql: string, names: GateNames, ctx: Context | undefined): Promise<Verdict> => {
    const refused = textRefusal(sql, limits)
    if (refused !== undefined)
      return { refusals: [{ message: refused, at: undefined }], tables: [], expression: undefined }
    const answer = await ask({ job: 'parse', sql }, ctx)
    return judge('tree' in answer ? parsedTree(answer.tree) : undefined, names)
  }
  const passed = async (sql: string, names: GateNames, ctx: Context | undefined): Promise<string> => {
    const { refusals } = await judged(sql, names, ctx)
    if (refusals.length > 0) throw refusalError(refusals, sql)
    return sql
  }
  return {
    judge: judged,
    load: async (tables, ctx) => {
      const copies = []
      for (const [i, table] of tables.entries())
        copies.push(await copyTable(table, join(folder, `t${String(i)}`)))
      const answer = await ask({ job: 'load', tables: copies }, ctx)
      return 'tables' in answer ? answer.tables : []
    },
    describe: async (sql, names, ctx) => {
      const answer = await ask({ job: 'describe', sql: await passed(sql, names, ctx) }, ctx)
      return 'columns' in answer ? answer.columns : []
    },
    query: async (sql, names, rows, ctx) => {
      const answer = await ask({ job: 'query', sql: await passed(sql, names, ctx), rows }, ctx)
      return 'rows' in answer ? answer : { columns: [], rows: [] }
    },
    get ended() {
      return child.ended
    },
    close: async () => {
      await child.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Texts that no parser is given: too long ones, and with a NUL, where one reader would stop and another go on. */
function textRefusal(sql: string, { sqlCharacters }: SandboxLimits): string | undefined {
  if (sql.length > sqlCharacters) return `it is longer than ${String(sqlCharacters)} characters`
  return sql.includes('\0') ? 'there is a NUL in it' : undefined
}

/** INVALID for a text that the gate did not let through: all reasons, the first one with its place. */
export function refusalError(refusals: readonly Refusal[], sql: string): QuiltError {
  const [first] = refusals
  const at = first?.at === undefined ? '' : placeIn(sql, first.at)
  const message = [...new Set(refusals.map(({ message }) => message))].join('; ')
  return new QuiltError('INVALID', `${message}${at}`, {
    hint: 'a check may be one SELECT or one expression, over the tables of its package, with functions that only compute: see docs/checks.md',
  })
}

/** A place that counts bytes, for people: line and column. */
function placeIn(sql: string, at: number): string {
  const before = new TextDecoder().decode(new TextEncoder().encode(sql).subarray(0, at)).split('\n')
  return ` (line ${String(before.length)}, column ${String((before.at(-1) ?? '').length + 1)})`
}

function parsedTree(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function answerError(answer: Extract<JobAnswer, { readonly error: string }>): QuiltError {
  const told = answer.message
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^(LINE \d+:|\s*\^)/.test(line))
  const message = told
    .slice(0, 2)
    .join(' ')
    .replace(/^[A-Z][A-Za-z ]* Error: /, '')
    .slice(0, 500)
  switch (answer.error) {
    case 'memory':
      return new QuiltError('INVALID', 'it needs more memory, or room on the disk, than it may', {
        hint: 'look at less: fewer rows, fewer columns, no join of everything with everything',
      })
    case 'sandbox':
      return new QuiltError('UNAVAILABLE', `the database for checks could not be closed off: ${message}`)
    case 'sql':
      return new QuiltError('INVALID', message)
  }
}

async function makeFolder(parent: string): Promise<string> {
  try {
    await mkdir(parent, { recursive: true })
    const folder = await mkdtemp(join(parent, 'quilt-checks-'))
    return folder
  } catch (cause) {
    throw copyError(parent, cause)
  }
}

/** Copies a table's files, or shares their blocks where the file system can: DuckDB may write to what it may read. */
async function copyTable(
  { name, parts }: SandboxTable,
  folder: string,
): Promise<{ name: string; files: string[] }> {
  const files: string[] = []
  for (const [i, part] of parts.entries()) {
    const copy = join(folder, `${String(i)}.parquet`)
    try {
      if (i === 0) await mkdir(folder)
      await copyFile(part, copy, constants.COPYFILE_FICLONE)
      await chmod(copy, 0o400)
    } catch (cause) {
      throw copyError(part, cause)
    }
    files.push(copy)
  }
  return { name, files }
}

function copyError(path: string, cause: unknown): QuiltError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const missing = (cause as { readonly code?: unknown } | undefined)?.code === 'ENOENT'
  return new QuiltError(
    missing ? 'NOT_FOUND' : 'UNAVAILABLE',
    `"${path}" cannot be prepared for checks: ${why}`,
    {
      hint: 'is there room on the disk for temporary files?',
      cause,
    },
  )
}
