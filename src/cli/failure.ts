// Errors as people see them: the message, what to do, and for a bug how to report it. Never a stack unasked.
import { isQuiltError, QuiltError, type ErrorCode } from '../core/base/error.ts'
import { bugExitCode, exitCode, exitCodes } from './exit-code.ts'
import type { Failure } from './output.ts'

/** An error, ready to be shown, and the exit status that it asks for. */
export interface FailureReport extends Failure {
  readonly detail: readonly string[]
  readonly status: number
}

/** What the system's own errors mean where no code of ours has met them first. */
const systemCodes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'UNAVAILABLE',
  EDQUOT: 'UNAVAILABLE',
  EIO: 'UNAVAILABLE',
  EROFS: 'DENIED',
  EMFILE: 'UNAVAILABLE',
  ENFILE: 'UNAVAILABLE',
  ENOMEM: 'UNAVAILABLE',
  EACCES: 'DENIED',
  EPERM: 'DENIED',
}

const bugHint =
  'please report it with what "quilt --version" prints; --verbose shows more (see CONTRIBUTING.md)'

/** How to show an error. `command` is what was typed, for the hint of a wrong usage. */
export function describeFailure(error: unknown, verbose: boolean, command = 'quilt'): FailureReport {
  if (isUsageError(error)) return usageFailure(error, command)
  const known = toQuiltError(error)
  const detail = verbose ? causeLines(error, known === undefined) : []
  if (known === undefined) {
    const message = `this is a bug in quilt: ${error instanceof Error ? error.message : String(error)}`
    return { code: 'BUG', message, hint: bugHint, detail, status: bugExitCode }
  }
  const { code, message, hint, problems } = known
  return { code, message, hint, problems, detail, status: exitCode(known) }
}

/** Our own error for what the system says; `undefined` for what nobody foresaw. */
function toQuiltError(error: unknown): QuiltError | undefined {
  if (isQuiltError(error)) return error
  if (!(error instanceof Error)) return undefined
  const code = systemCodes[(error as NodeJS.ErrnoException).code ?? '']
  return code === undefined ? undefined : new QuiltError(code, error.message, { cause: error })
}

/** oclif marks its own errors so; they are all about how the command was typed. */
function isUsageError(error: unknown): error is Error {
  return error instanceof Error && 'oclif' in error && typeof error.oclif === 'object'
}

function usageFailure(error: Error, command: string): FailureReport {
  const lines = error.message.replace(/\n?See more help with --help/, '').split('\n')
  const [first = '', ...detail] = lines.map((line) => line.replaceAll('\t', '  ').trimEnd())
  const message = first.charAt(0).toLowerCase() + first.slice(1)
  return { code: 'INVALID', message, hint: `see: ${command} --help`, detail, status: exitCodes.INVALID }
}

function causeLines(error: unknown, withStack: boolean): readonly string[] {
  const lines: string[] = []
  let at: unknown = error
  for (let depth = 0; at instanceof Error && depth < 8; depth++) {
    if (depth > 0) lines.push(`cause: ${at.message}`)
    if (withStack || depth > 0) lines.push(...(at.stack ?? '').split('\n').slice(1))
    at = at.cause
  }
  return lines
}
