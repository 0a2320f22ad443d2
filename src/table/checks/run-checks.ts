// Runs checks over tables: brings a batch of tables into a sandbox, asks what each check asks, and starts another
// sandbox when one had to be ended. Gives what broke; what a check does is never this program's failure.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import type { SandboxHost } from '../sandbox/child-process.ts'
import type { Verdict } from '../sandbox/gate.ts'
import { defaultLimits, type SandboxLimits } from '../sandbox/limits.ts'
import { openSandbox, type Sandbox } from '../sandbox/sandbox.ts'
import { answerTask, caught, type CheckFailure, type Loaded } from './answer-task.ts'
import { expressionText } from './expression-question.ts'
import {
  batchesOf,
  nameablePaths,
  neededTables,
  tasksOf,
  type CheckedTable,
  type CheckWork,
  type Task,
} from './work.ts'

/** With what. */
export interface CheckTools {
  readonly host: SandboxHost
  readonly limits?: SandboxLimits
  /** So many breaking rows are shown of each check; 5 where nothing is said. */
  readonly rows?: number
}

/** How it went. */
export interface CheckReport {
  /** How often a check was asked of a table. */
  readonly asked: number
  readonly failures: readonly CheckFailure[]
}

/** What is the same for all checks of one call. */
interface Run {
  readonly work: CheckWork
  readonly host: SandboxHost
  readonly limits: SandboxLimits
  readonly rows: number
  readonly verdicts: Map<Task, Verdict | QuiltError>
  readonly failures: CheckFailure[]
}

/**
 * Asks every check of its tables, in the order of the assignments.
 * @throws NOT_FOUND for a path or a name that is not there, CORRUPT for files that are no tables, UNAVAILABLE when no
 * process can be started, and the signal's reason
 */
export async function runChecks(work: CheckWork, tools: CheckTools, ctx?: Context): Promise<CheckReport> {
  const tasks = tasksOf(work)
  const { host, limits = defaultLimits, rows = 5 } = tools
  const run: Run = { work, host, limits, rows, verdicts: new Map(), failures: [] }
  let done = 0
  for (const batch of batchesOf(tasks)) {
    let open = batch
    while (open.length > 0) {
      const answered = await runBatch(open, run, ctx)
      open = open.slice(answered)
      done += answered
      ctx?.onProgress?.({ task: 'verify', unit: 'objects', done, total: tasks.length })
    }
  }
  return { asked: tasks.length, failures: run.failures }
}

/** Asks until all are answered or the sandbox has ended; gives how many were. */
async function runBatch(tasks: readonly Task[], run: Run, ctx: Context | undefined): Promise<number> {
  const { work, verdicts } = run
  const sandbox = await openSandbox(run.host, run.limits, ctx)
  try {
    for (const task of tasks) {
      if (verdicts.has(task)) continue
      verdicts.set(task, await caught(() => judged(sandbox, task, work, ctx), ctx))
      if (sandbox.ended !== undefined) return 0 // the parser did not survive this text; its error is kept, the next sandbox goes on
    }
    const loaded = await loadTables(sandbox, neededTables(tasks, verdicts, work), ctx)
    for (const [i, task] of tasks.entries()) {
      const verdict = verdicts.get(task) as Verdict | QuiltError
      const failure = await answerTask(sandbox, { task, verdict, work, rows: run.rows, loaded }, ctx)
      // Memory is not given back between statements: after others a check is asked again, alone, before it is blamed.
      if (i > 0 && (sandbox.ended === 'memory' || sandbox.ended === 'itself')) return i
      if (failure !== undefined) run.failures.push(failure)
      if (sandbox.ended !== undefined) return i + 1
    }
    return tasks.length
  } finally {
    await sandbox.close()
  }
}

/** The gate's word on a text of the user's; nothing for the forms that have none. */
async function judged(
  sandbox: Sandbox,
  { table, check: { form } }: Task,
  work: CheckWork,
  ctx: Context | undefined,
): Promise<Verdict> {
  if (form.kind !== 'expression' && form.kind !== 'query')
    return { refusals: [], tables: form.kind === 'foreign_key' ? [form.table] : [], expression: undefined }
  const sql = form.kind === 'expression' ? expressionText(form.sql) : form.sql
  const columns = table.columns.map(({ name }) => name)
  return await sandbox.judge(sql, { tables: ['data', ...nameablePaths(work)], columns }, ctx)
}

async function loadTables(
  sandbox: Sandbox,
  tables: readonly CheckedTable[],
  ctx: Context | undefined,
): Promise<Loaded> {
  const named: { readonly path: string; readonly name: string; readonly parts: readonly string[] }[] = []
  for (const [i, { path, parts }] of tables.entries()) {
    const files = typeof parts === 'function' ? await parts(ctx) : parts
    if (files.length > 0) named.push({ path, name: `#${String(i)}`, parts: files })
  }
  try {
    const columns = await sandbox.load(named, ctx)
    return new Map(
      named.map(({ path, name }, i) => [path, { path, inside: name, columns: columns[i] ?? [] }]),
    )
  } catch (error) {
    if (!isQuiltError(error, 'INVALID')) throw error
    const paths = named.map(({ path }) => `"${path}"`)
    const told = paths.length > 3 ? `one of ${String(paths.length)} tables` : paths.join(' or ')
    throw new QuiltError('CORRUPT', `${told} cannot be read: ${error.message}`, { cause: error })
  }
}
