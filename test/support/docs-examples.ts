// Runs the examples of a document: every block marked ```sh, in order, in one shell with a home of its own.
// A line `#> text` in a block says what the command above prints; `…` in it stands for anything.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fenced block of a document. */
export interface Block {
  readonly language: string
  readonly line: number
  readonly lines: readonly string[]
}

/** A part of an example: what to run, and the lines that it must print where the document says. */
export interface Step {
  readonly line: number
  readonly script: string
  readonly prints: readonly string[] | undefined
}

/** Where examples run: the repository whose program they call, the files that they find. */
export interface Place {
  readonly home: string
  readonly files: readonly string[]
}

/** The fenced blocks of a Markdown text. */
export function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { readonly language: string; readonly line: number; readonly lines: string[] } | undefined
  markdown.split('\n').forEach((text, i) => {
    const fence = /^```\s*(\S*)/.exec(text)
    if (fence !== null && open === undefined) open = { language: fence[1] ?? '', line: i + 1, lines: [] }
    else if (text.startsWith('```') && open !== undefined) {
      blocks.push(open)
      open = undefined
    } else open?.lines.push(text)
  })
  return blocks
}

/** The steps of a document's `sh` blocks. */
export function stepsOf(markdown: string): readonly Step[] {
  return blocksOf(markdown)
    .filter((block) => block.language === 'sh')
    .flatMap(stepsOfBlock)
}

function stepsOfBlock(block: Block): readonly Step[] {
  const steps: { line: number; script: string[]; prints: string[] | undefined }[] = []
  block.lines.forEach((text, i) => {
    const last = steps.at(-1)
    const expected = /^#>(?: (.*))?$/.exec(text)
    if (expected !== null && last !== undefined) (last.prints ??= []).push(expected[1] ?? '')
    else if (last === undefined || last.prints !== undefined) {
      steps.push({ line: block.line + 1 + i, script: [text], prints: undefined })
    } else last.script.push(text)
  })
  return steps.map((step) => ({ ...step, script: step.script.join('\n') }))
}

/** Runs a document's examples; what went wrong, a sentence each. */
export function runExamples(markdown: string, place: Place): readonly string[] {
  const steps = stepsOf(markdown)
  if (steps.length === 0) return []
  const folder = mkdtempSync(join(tmpdir(), 'quilt-docs-'))
  try {
    return runSteps(steps, folder, place)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runSteps(steps: readonly Step[], folder: string, place: Place): readonly string[] {
  const [bin, work] = [join(folder, 'bin'), join(folder, 'work')]
  mkdirSync(bin)
  mkdirSync(work)
  const program = `#!/bin/sh\nexec '${process.execPath}' '${join(place.home, 'bin', 'run.js')}' "$@"\n`
  writeFileSync(join(bin, 'quilt'), program, { mode: 0o755 })
  for (const file of place.files) {
    cpSync(join(place.home, file), join(work, file), { recursive: true, verbatimSymlinks: true })
  }
  const { stdout, stderr, status } = spawnSync('bash', ['-euo', 'pipefail', '-c', scriptOf(steps)], {
    cwd: work,
    encoding: 'utf8',
    timeout: 120_000,
    env: { HOME: folder, PATH: `${bin}:${process.env['PATH'] ?? ''}`, LANG: 'C.UTF-8', NO_COLOR: '1' },
  })
  const outputs = stdout.split(separator)
  const failed = steps[outputs.length - 1]
  if (status !== 0 && failed !== undefined) {
    return [`line ${String(failed.line)}: ${failed.script}\nended with ${String(status)}: ${stderr}`]
  }
  return steps.flatMap((step, i) => problemOf(step, outputs[i] ?? '') ?? [])
}

const separator = '\u001e\n'

function scriptOf(steps: readonly Step[]): string {
  return steps.map((step) => `${step.script}\nprintf '\\036\\n'`).join('\n')
}

function problemOf(step: Step, output: string): string | undefined {
  if (step.prints === undefined) return undefined
  const lines = output.trimEnd().split('\n')
  const same =
    lines.length === step.prints.length && step.prints.every((line, i) => matches(line, lines[i] as string))
  if (same) return undefined
  return `line ${String(step.line)}: ${step.script}\nprinted:\n${output}instead of:\n${step.prints.join('\n')}`
}

/** True when a printed line is as expected; runs of spaces count as one. */
function matches(expected: string, printed: string): boolean {
  const pattern = expected
    .trim()
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+'))
  return new RegExp(`^${pattern.join('.*')}\\s*$`, 'u').test(printed.trimStart())
}
