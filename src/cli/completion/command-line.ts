// What stands on a command line that is being typed, as the shells' completion scripts say it.

/** The words behind the program's name: those before the cursor's, and what is typed of that one. */
export interface CommandLine {
  readonly before: readonly string[]
  readonly current: string
}

/**
 * The command line of `COMP_LINE` up to `COMP_POINT`, both in characters; `undefined` where `program` is not what is being
 * typed. Words are split at blanks alone, since bash's own list of words is cut at `=` and `@`, too.
 *
 * @example commandLine({ COMP_LINE: 'quilt push ada/w', COMP_POINT: '16' }, 'quilt') // { before: ['push'], current: 'ada/w' }
 */
export function commandLine(
  env: Readonly<Record<string, string | undefined>>,
  program: string,
): CommandLine | undefined {
  const line = env['COMP_LINE'] ?? ''
  const point = Number(env['COMP_POINT'] || line.length)
  // Of several commands the last one is being typed.
  const typed =
    line
      .slice(0, Number.isSafeInteger(point) ? point : line.length)
      .split(/[|;&\n]/)
      .at(-1) ?? ''
  const words = typed.trimStart().split(/\s+/)
  const at = words.findIndex(
    (word) =>
      word
        .split(/[/\\]/)
        .at(-1)
        ?.replace(/\.(cmd|exe|ps1)$/, '') === program,
  )
  if (at < 0 || at === words.length - 1) return undefined
  return { before: words.slice(at + 1, -1), current: words.at(-1) ?? '' }
}
