// Streams that remember what was printed: the terminal, the pipe or the full disk of a test.
import type { Sink, Streams } from '../../src/cli/output.ts'

/** Streams for a test, and what went to them. */
export interface RecordingStreams extends Streams {
  readonly printed: { stdout: string; stderr: string }
}

/** What a recording is to look like. */
export interface Recording {
  readonly tty?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** The error that stdout gives from the nth write on. */
  readonly fails?: { readonly code: string; readonly from: number }
}

/** Streams as a recording says; a pipe with an empty environment when it says nothing. */
export function recordingStreams({ tty = false, env = {}, fails }: Recording = {}): RecordingStreams {
  const printed = { stdout: '', stderr: '' }
  let writes = 0
  const sink = (name: 'stdout' | 'stderr'): Sink => ({
    isTTY: tty,
    columns: 80,
    on: () => undefined,
    write: (chunk, done) => {
      writes += name === 'stdout' ? 1 : 0
      if (name === 'stdout' && fails !== undefined && writes >= fails.from) {
        done?.(Object.assign(new Error(`${fails.code}: write`), { code: fails.code }))
        return false
      }
      printed[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      done?.()
      return true
    },
  })
  return { stdout: sink('stdout'), stderr: sink('stderr'), stdin: { isTTY: tty }, env, printed }
}
