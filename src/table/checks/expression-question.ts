// An expression in SQL as a question: about each row, or about the whole table. Which of them, its parsed form says.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Verdict } from '../sandbox/gate.ts'
import { refusalError, type Sandbox } from '../sandbox/sandbox.ts'
import { infoOf, typeOf, type Question, type Subject } from './question.ts'

/** The text that is judged: what a check says must be one expression and nothing else, wherever it is put later. */
export function expressionText(sql: string): string {
  return `SELECT (\n${sql}\n)`
}

/**
 * What an expression asks. It is about the whole table where it calls an aggregate outside of a window and of a
 * sub-query, or names none of the table's columns; else about each row.
 * @throws INVALID when it is refused, wrong, or neither true nor false
 */
export async function expressionQuestion(
  sandbox: Sandbox,
  subject: Subject,
  { sql, verdict }: { readonly sql: string; readonly verdict: Verdict },
  ctx: Context | undefined,
): Promise<Question> {
  const { expression, refusals } = verdict
  if (refusals.length > 0) throw refusalError(movedUp(refusals), sql)
  if (expression === undefined) {
    const hint = 'for a whole SELECT that gives the rows that break it, write: query: SELECT …'
    throw new QuiltError('INVALID', 'it is more than one expression', { hint })
  }
  const own = new Set(subject.table.columns.map(({ name }) => name.toLowerCase()))
  const named = expression.columns
  const info = infoOf(subject, named)
  const foreign = named.filter((name) => !own.has(name) && !['data', 'rows', 'columns'].includes(name))
  const ofRows =
    !expression.aggregate && (named.some((name) => own.has(name) || name === 'data') || foreign.length > 0)
  const value = expression.aggregate ? `(SELECT (\n${sql}\n) FROM "data")` : `(\n${sql}\n)`
  const from = info === '' ? '' : ` FROM ${info}`
  const select = ofRows
    ? `SELECT (\n${sql}\n) FROM "data"${info === '' ? '' : `, ${info}`}`
    : `SELECT ${value}${from}`
  const type = await typeOf(sandbox, subject, select, ctx)
  if (type !== 'BOOLEAN') {
    const hint = 'a check is true or false: compare it with something'
    throw new QuiltError('INVALID', `it is neither true nor false, but of type ${type}`, { hint })
  }
  if (!ofRows)
    return {
      kind: 'value',
      value: `SELECT ${value}${from}`,
      broken: '"#value" IS DISTINCT FROM true',
    }
  const columns = subject.table.columns.filter(({ name }) => named.includes(name.toLowerCase()))
  return {
    kind: 'rows',
    broken: `NOT (\n${sql}\n)`,
    columns: columns.map(({ name }) => name),
    ...(info === '' ? {} : { from: `, ${info}` }),
  }
}

/** Places in the judged text, as places in what the check says. */
function movedUp(refusals: Verdict['refusals']): Verdict['refusals'] {
  const before = 'SELECT (\n'.length
  return refusals.map(({ message, at }) => ({
    message,
    at: at === undefined ? at : Math.max(0, at - before),
  }))
}
