// What is wrong in a build file: collected, so that all of it is told at once.
import { closest } from '../../core/base/closest.ts'
import { QuiltError, type FileProblem } from '../../core/base/error.ts'

/** A place in a file; both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Collects what is wrong in one file. */
export interface Problems {
  /** The file, as people are told of it. */
  readonly file: string
  readonly found: readonly FileProblem[]
  add(at: Position, message: string): void
  /** Takes over what is wrong in another file. */
  include(others: readonly FileProblem[]): void
  /** @throws INVALID listing every problem, if there is any */
  check(): void
}

/** As many problems are kept: whoever mends these will see the rest. */
const mostProblems = 100

/** An empty collection for a file. */
export function problemsOf(file: string): Problems {
  const found: FileProblem[] = []
  const seen = new Set<string>()
  return {
    file,
    found,
    add: ({ line, column }, message) => {
      const key = `${String(line)}:${String(column)}:${message}`
      if (found.length >= mostProblems || seen.has(key)) return
      seen.add(key)
      found.push({ file, line, column, message })
    },
    include: (others) => {
      found.push(...others.slice(0, mostProblems - found.length))
    },
    check: () => {
      if (found.length > 0) throw problemsError(file, found)
    },
  }
}

/** Problems as one error: its message lists them in the file's order. */
export function problemsError(file: string, found: readonly FileProblem[], hint?: string): QuiltError {
  const own = (problem: FileProblem): number => (problem.file === file ? 0 : 1)
  const problems = found.toSorted((a, b) => own(a) - own(b) || a.line - b.line || a.column - b.column)
  const lines = problems.map(formatProblem)
  const count = `${String(lines.length)} problems${lines.length < mostProblems ? '' : ', or more'}`
  const message = lines.length === 1 ? (lines[0] as string) : [`${file} has ${count}`, ...lines].join('\n')
  return new QuiltError('INVALID', message, { hint, problems })
}

/** A problem in one line: `file:line:column: what`. */
function formatProblem({ file, line, column, message }: FileProblem): string {
  return `${file}:${String(line)}:${String(column)}: ${message}`
}

/** The end of a sentence about a word that nobody knows: the nearest that is known, or all of them. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = closest(word, known)
  if (near !== undefined) return `; did you mean "${near}"?`
  return known.length === 0 || known.length > 12 ? '' : `; there is ${known.join(', ')}`
}

/** Text from a file, quoted and short enough for a message; line breaks in it are escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
