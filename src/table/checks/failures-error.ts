// Failed checks as one error: each with the first rows that break it.
import { QuiltError } from '../../core/base/error.ts'
import type { SqlValue } from '../sandbox/serve-jobs.ts'
import type { CheckFailure } from './answer-task.ts'
import type { FailedRow } from './question.ts'

/** INVALID that lists all failures in their order; `undefined` when there are none. */
export function failuresError(failures: readonly CheckFailure[]): QuiltError | undefined {
  if (failures.length === 0) return undefined
  const count = failures.length === 1 ? 'a check fails' : `${String(failures.length)} checks fail`
  const broken = failures.some(({ reason }) => reason === 'broken')
  return new QuiltError('INVALID', [`${count}:`, ...failures.flatMap(failureLines)].join('\n'), {
    hint:
      failures.find(({ hint }) => hint !== undefined)?.hint ??
      (broken ? 'mend the data, or the check' : undefined),
  })
}

/** A failure in lines: what failed, and below it the rows, indented. */
export function failureLines(failure: CheckFailure): readonly string[] {
  const { path, check, message, description, rows, count } = failure
  const about = description === undefined ? '' : ` (${description})`
  const left = (count ?? rows.length) - rows.length
  const more = rows.length > 0 && left > 0 ? [`  … and ${String(left)} more`] : []
  const head = `${path}: ${check}${about}: ${message}`.replaceAll(/\s*[\r\n]+\s*/g, ' ')
  return [head, ...rows.map((row) => `  ${rowText(row)}`), ...more]
}

function rowText({ row, values }: FailedRow): string {
  const pairs = Object.entries(values).map(([name, value]) => `${shownText(name)} ${shownValue(value)}`)
  return `${row === undefined ? '' : `row ${String(row)}: `}${pairs.join(', ')}`
}

function shownValue(value: SqlValue): string {
  return typeof value === 'string' ? shownText(value) : String(value)
}

/** Plain where nothing can be mistaken, else in quotes and with its control characters escaped. */
function shownText(text: string): string {
  return /^[\p{L}\p{N}_.:+-]([\p{L}\p{N}_.:+ -]*[\p{L}\p{N}_.:+-])?$/u.test(text)
    ? text
    : JSON.stringify(text)
}
