// Errors as people see them: the message, what to do, and for a bug how to report it. Never a stack unasked.
import { closest } from '../core/base/closest.ts'
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
  const meant = nearestFlag(error)
  const hint = `${meant === undefined ? 'see' : `did you mean ${meant}? See`}: ${command} --help`
  return { code: 'INVALID', message: usageMessage(error), hint, detail: [], status: exitCodes.INVALID }
}

/** oclif's words in one line, so that whoever reads only `message` has all of them. */
function usageMessage(error: Error): string {
  const missing = missingArguments(error)
  if (missing.length > 0) return `missing argument${missing.length === 1 ? '' : 's'}: ${missing.join(', ')}`
  const text = error.message.replace(/\n?See more help with --help/, '')
  const [first = '', ...more] = text.split('\n').map((line) => line.replaceAll('\t', ' ').trim())
  const rest = more.filter((line) => line !== '').join('; ')
  if (rest === '') return lowerFirst(first)
  return first.startsWith('The following error')
    ? lowerFirst(rest)
    : `${lowerFirst(first)}: ${lowerFirst(rest)}`
}

/** The arguments that a command lacks, as its help shows them. */
function missingArguments(error: Error): readonly string[] {
  if (!error.message.startsWith('Missing ') || !('args' in error) || !Array.isArray(error.args)) return []
  return (error.args as readonly { readonly name: string; readonly description?: string }[]).map(
    ({ name, description }) => `${name.toUpperCase()}${description === undefined ? '' : ` (${description})`}`,
  )
}

/** What may have been meant by a flag that there is not. */
function nearestFlag(error: Error): string | undefined {
  const { flags, parse } = error as { readonly flags?: unknown; readonly parse?: ParsedSoFar }
  const typed: unknown = Array.isArray(flags) ? flags[0] : undefined
  if (typeof typed !== 'string' || !typed.startsWith('--')) return undefined
  const near = closest(typed.slice(2), Object.keys(parse?.input?.flags ?? {}))
  return near === undefined ? undefined : `--${near}`
}

/** What oclif's errors carry of the command. */
interface ParsedSoFar {
  readonly input?: { readonly flags?: object }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
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
