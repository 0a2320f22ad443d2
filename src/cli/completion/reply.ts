// The answer to a shell's completion script: a line for each word, in the form that the script reads.
import type { Candidates } from './candidates.ts'

/** The scripts are @pnpm/tabtab's: this tells them to complete files. */
const anyFile = '__tabtab_complete_files__'

/** Shells that a script is there for. */
export const shells = ['bash', 'fish', 'pwsh', 'zsh'] as const
/** One of them. */
export type Shell = (typeof shells)[number]

/** The shell of a name or a path, as $SHELL has it; `undefined` for another one. */
export function shellNamed(text: string): Shell | undefined {
  const name = text
    .split(/[/\\]/)
    .at(-1)
    ?.replace(/\.exe$/, '')
  return shells.find((shell) => shell === name || (shell === 'pwsh' && name === 'powershell'))
}

/**
 * What every shell takes as it stands. The others are left out: bash puts a word into the line as it is given, and names
 * come from whoever made a package.
 */
const plain = /^[\p{L}\p{M}\p{N}_./@=:+,%-]+$/u

/**
 * The lines for the candidates that begin with what is typed, and that no shell reads as anything else.
 * bash replaces only what stands behind the last `=`, `@` or `:` of a word, so it is given no more.
 *
 * @example reply('bash', 'ada/wine@', [{ word: 'ada/wine@1.0' }]) // ['1.0']
 */
export function reply(shell: Shell, current: string, found: Candidates): readonly string[] {
  if (found === 'files') return [anyFile]
  const fitting = found.filter(({ word }) => word.startsWith(current) && plain.test(word))
  if (shell === 'bash') {
    const kept = /^.*[=@:]/s.exec(current)?.[0].length ?? 0
    return fitting.map(({ word }) => word.slice(kept))
  }
  const escaped = (text: string): string => (shell === 'zsh' ? text.replaceAll(':', '\\:') : text)
  const between = shell === 'zsh' ? ':' : '\t'
  return fitting.map(({ word, about = '' }) => {
    const [line = ''] = about.split('\n')
    return line === '' ? escaped(word) : `${escaped(word)}${between}${escaped(line)}`
  })
}
