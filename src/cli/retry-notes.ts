// Tells a person that a remote does not answer and is tried again: else a command seems to hang for minutes.
import type { Retry } from '../core/base/context.ts'
import type { Output } from './output.ts'
import { formatSeconds } from './printable.ts'

/** No more than one note in so many milliseconds: many requests may be under way. All are told with --verbose. */
const beat = 10_000

/** Notes for what is tried again; `now` is a clock in milliseconds. */
export function retryNotes(out: Pick<Output, 'note' | 'detail'>, now: () => number): (event: Retry) => void {
  let last = -Infinity
  return ({ error, attempt, attempts, pause }) => {
    const when = pause < 1000 ? '' : ` in ${formatSeconds(pause / 1000)}`
    const text = `${error.message}; trying again${when} (${String(attempt)} of ${String(attempts)})`
    if (now() - last < beat) out.detail(text)
    else {
      last = now()
      out.note(text)
    }
  }
}
