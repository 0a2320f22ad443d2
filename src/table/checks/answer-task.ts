// One check of one table: its question, the answer, and what is told when it does not hold.
import { checkSignal, type Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Verdict } from '../sandbox/gate.ts'
import { refusalError, type Sandbox } from '../sandbox/sandbox.ts'
import type { CheckForm } from './check.ts'
import { expressionQuestion } from './expression-question.ts'
import { suggestion } from './fields.ts'
import { formQuestion } from './form-question.ts'
import { ask, rowCount, type FailedRow, type LoadedTable, type Question, type Subject } from './question.ts'
import { schemaProblems } from './schema-check.ts'
import type { CheckWork, Task } from './work.ts'

/** A check that did not hold. */
export interface CheckFailure {
  readonly check: string
  /** The table's path in the package. */
  readonly path: string
  readonly description?: string
  /** `broken`: the data break it. `unanswered`: it could not be asked, or needs more than it may. */
  readonly reason: 'broken' | 'unanswered'
  readonly message: string
  readonly hint?: string
  /** How many rows break it; absent where it is not about rows. */
  readonly count?: number
  /** The first of them. */
  readonly rows: readonly FailedRow[]
}

/** The tables in the sandbox by their paths. */
export type Loaded = ReadonlyMap<string, LoadedTable>

/** A task, and what its sandbox holds. */
export interface TaskInSandbox {
  readonly task: Task
  /** The gate's word on it, or why there is none. */
  readonly verdict: Verdict | QuiltError
  readonly work: CheckWork
  readonly loaded: Loaded
  /** So many breaking rows are wanted. */
  readonly rows: number
}

/** Asks one check; `undefined` when it holds. A check that cannot be asked is a failure as well. */
export async function answerTask(
  sandbox: Sandbox,
  { task, verdict, work, loaded, rows }: TaskInSandbox,
  ctx: Context | undefined,
): Promise<CheckFailure | undefined> {
  if (verdict instanceof QuiltError) return unanswered(task, verdict)
  const answer = async (): Promise<CheckFailure | undefined> => {
    const subject = subjectOf(task, { loaded, verdict, work })
    return await answerForm(sandbox, { task, subject, verdict, rows }, ctx)
  }
  const found = await caught(answer, ctx)
  return found instanceof QuiltError ? unanswered(task, found) : found
}

function subjectOf(
  { table, check: { form } }: Task,
  { loaded, verdict, work }: Pick<TaskInSandbox, 'loaded' | 'work'> & { readonly verdict: Verdict },
): Subject {
  const own = loaded.get(table.path)
  if (own === undefined) throw new QuiltError('INVALID', `"${table.path}" has no rows that could be read`)
  if (form.kind === 'foreign_key' && !work.tables.some(({ path }) => path === form.table)) {
    const paths = work.tables.map(({ path }) => path)
    throw new QuiltError(
      'INVALID',
      `there is no table "${form.table}" in this package${suggestion(form.table, paths)}`,
    )
  }
  const named =
    form.kind === 'foreign_key' ? verdict.tables : verdict.tables.filter((path) => path !== 'data')
  return { table: own, others: named.flatMap((path) => loaded.get(path) ?? []) }
}

interface Asked {
  readonly task: Task
  readonly subject: Subject
  readonly verdict: Verdict
  readonly rows: number
}

async function answerForm(
  sandbox: Sandbox,
  { task, subject, verdict, rows }: Asked,
  ctx: Context | undefined,
): Promise<CheckFailure | undefined> {
  const { form } = task.check
  if (form.kind === 'schema') {
    const problems = schemaProblems(form, task.table.columns)
    return problems.length === 0 ? undefined : broken(task, problems.join('; '))
  }
  const total = await rowCount(sandbox, subject, ctx)
  if (form.kind === 'rows') {
    const { min = 0, max = Infinity } = form
    const word = total < min ? `fewer than ${String(min)}` : `more than ${String(max)}`
    return total >= min && total <= max ? undefined : broken(task, `it has ${rowWords(total)}, ${word}`)
  }
  const question = await questionOf(sandbox, { form, subject, verdict }, ctx)
  const answer = await ask(sandbox, subject, { question, rows }, ctx)
  if (answer.broken === 0) return undefined
  if (question.kind === 'value') {
    const { value = null } = answer
    const told = question.name === undefined ? 'what it says' : `the ${question.name}`
    const found = question.name === undefined && value !== null ? '' : `: ${told} is ${String(value)}`
    return broken(task, `it does not hold for the table${found}`)
  }
  const message =
    question.kind === 'query'
      ? `it gives ${rowWords(answer.broken)}`
      : `${String(answer.broken)} of ${rowWords(total)} break${answer.broken === 1 ? 's' : ''} it`
  return { ...broken(task, message), count: answer.broken, rows: answer.rows }
}

async function questionOf(
  sandbox: Sandbox,
  {
    form,
    subject,
    verdict,
  }: { form: Exclude<CheckForm, { readonly kind: 'rows' | 'schema' }>; subject: Subject; verdict: Verdict },
  ctx: Context | undefined,
): Promise<Question> {
  if (form.kind === 'expression')
    return await expressionQuestion(sandbox, subject, { sql: form.sql, verdict }, ctx)
  if (form.kind === 'query') {
    if (verdict.refusals.length > 0) throw refusalError(verdict.refusals, form.sql)
    return { kind: 'query', sql: form.sql }
  }
  return formQuestion(form, subject)
}

function broken(task: Task, message: string): CheckFailure {
  return { ...headOf(task), reason: 'broken', message, rows: [] }
}

function unanswered(task: Task, error: QuiltError): CheckFailure {
  const hint = error.hint === undefined ? {} : { hint: error.hint }
  return { ...headOf(task), reason: 'unanswered', message: error.message, ...hint, rows: [] }
}

function headOf({ check, table }: Task): Pick<CheckFailure, 'check' | 'path' | 'description'> {
  const description = check.description === undefined ? {} : { description: check.description }
  return { check: check.name, path: table.path, ...description }
}

function rowWords(count: number): string {
  return `${String(count)} row${count === 1 ? '' : 's'}`
}
/** Errors of the check as values; those of this program, and the caller's wish to stop, go on. */
export async function caught<T>(run: () => Promise<T>, ctx: Context | undefined): Promise<T | QuiltError> {
  try {
    return await run()
  } catch (error) {
    checkSignal(ctx)
    if (error instanceof QuiltError) return error
    throw error
  }
}
