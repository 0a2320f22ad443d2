// Questions, on a terminal only. Elsewhere the command fails and names the flag that answers.
import { QuiltError } from '../core/base/error.ts'

/** A yes-or-no question, and the flag that says yes beforehand. */
export interface Question {
  readonly text: string
  /** For example `--yes`. */
  readonly flag: string
  /** True where a person can answer. */
  readonly interactive: boolean
  readonly signal?: AbortSignal
}

/**
 * The answer, or `undefined` when the person pressed Ctrl-C instead.
 * @throws INVALID when nobody can be asked, naming the flag
 */
export async function confirm(question: Question): Promise<boolean | undefined> {
  const { text, flag, interactive, signal } = question
  if (!interactive) throw nobodyToAsk(text, flag)
  const prompts = await import('@clack/prompts')
  const output = process.stderr // stdout is for data
  const answer = await prompts.confirm({
    message: text,
    initialValue: false,
    output,
    ...(signal === undefined ? {} : { signal }),
  })
  return prompts.isCancel(answer) ? undefined : answer
}

/**
 * True when a person types `expected` exactly; `undefined` when they pressed Ctrl-C instead.
 * @throws INVALID when nobody can be asked, naming the flag
 */
export async function confirmByTyping(question: Question, expected: string): Promise<boolean | undefined> {
  const { text, flag, interactive, signal } = question
  if (!interactive) throw nobodyToAsk(text, flag)
  const prompts = await import('@clack/prompts')
  const answer = await prompts.text({
    message: text,
    output: process.stderr,
    ...(signal === undefined ? {} : { signal }),
  })
  return prompts.isCancel(answer) ? undefined : answer === expected
}

function nobodyToAsk(text: string, flag: string): QuiltError {
  return new QuiltError('INVALID', `this needs a yes, and there is no terminal to ask on: ${text}`, {
    hint: `answer with ${flag}`,
  })
}
