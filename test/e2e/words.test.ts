// Words that are nearly right, and what is asked of help and of verify, through the built program.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bugExitCode, exitCodes, interruptedExitCode } from '../../src/cli/exit-code.ts'
import { person, program, type Person } from '../support/built-cli.ts'
import { tempDir } from '../support/temp-dir.ts'

function ada(): { readonly folder: string; readonly ada: Person } {
  const folder = tempDir()
  return { folder, ada: person(join(folder, 'ada'), folder) }
}

test('help of what is no command says which was meant, and --json holds what was asked', () => {
  const { ada: she } = ada()
  expect(she.run('help', 'buid')).toMatchObject({ status: 2, stdout: '' })
  expect(she.run('help', 'buid').stderr).toContain('did you mean: quilt build')
  expect(she.run('help', 'tag', 'ad').stderr).toContain('did you mean: quilt tag add')
  expect(she.json<{ command: string }[]>('help', 'build').map(({ command }) => command)).toEqual(['build'])
  expect(she.json<{ command: string }[]>('help', 'tag').map(({ command }) => command)).toContain('tag add')
  expect(she.run('help', 'tag').stdout).toContain('USAGE')
})

test('completion in bash offers packages, revisions, nodes, remotes and flags, and never makes a store', () => {
  const { folder, ada: she } = ada()
  const complete = (...lines: readonly string[]): readonly string[] => {
    const asked = lines.map((line) => {
      const words = line.split(' ').map((word) => `"${word}"`)
      const at = words.length - 1
      return `COMP_WORDS=(${words.join(' ')}) COMP_CWORD=${String(at)} COMP_LINE="${line}" COMP_POINT=${String(line.length)}
        COMPREPLY=(); _quilt_completion; echo "\${COMPREPLY[*]}"`
    })
    const { stdout, stderr } = she.shell(`eval "$(quilt completion bash)"; ${asked.join('\n')}`)
    expect(stderr).toBe('')
    return stdout.split('\n').slice(0, -1)
  }
  expect(complete('quilt push ', 'quilt pu')).toEqual(['', 'push'])
  expect(existsSync(join(folder, 'ada', '.local'))).toBe(false)
  mkdirSync(join(folder, 'wine', 'sub'), { recursive: true })
  writeFileSync(join(folder, 'wine', 'sub', 'a.txt'), 'a')
  she.run('build', 'ada/wine', 'wine')
  she.run('tag', 'add', 'ada/wine', 'best', 'latest')
  she.run('remote', 'add', 'lab', './shared')
  expect(
    complete(
      'quilt push ada/',
      'quilt export ada/wine@b',
      'quilt export ada/wine/su',
      'quilt push ada/wine --remote l',
      'quilt push ada/wine --remote=',
      'quilt export ada/wine --format=j',
      'quilt tag remove ada/wine ',
    ),
  ).toEqual(['ada/wine', 'best', 'ada/wine/sub/', 'lab', 'lab', 'json', 'best'])
})

test('completion has a script for each shell, and says so of another one', () => {
  const { ada: she } = ada()
  for (const shell of ['bash', 'fish', 'pwsh', 'zsh']) {
    const { script } = she.json<{ script: string }>('completion', shell)
    expect(script).toContain('completion-server')
    expect(she.run('completion', shell).stdout.trim()).toBe(script.trim())
  }
  expect(she.run('completion', 'tcsh')).toMatchObject({ status: 2, stdout: '' })
  const { stderr } = spawnSync(process.execPath, [program, 'completion'], {
    env: { ...she.env, SHELL: '/bin/tcsh' },
    encoding: 'utf8',
  })
  expect(stderr).toContain('no completion for the shell "tcsh"')
})

test('verify names the way to mend, and --repair goes it', () => {
  const { folder, ada: she } = ada()
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data', 'x'), Buffer.alloc(5000, 7))
  she.run('build', 'ada/p', 'data')
  she.run('push', 'ada/p', '--remote', './shared')
  const packs = join(folder, 'ada', '.local', 'share', 'quilt', 'store', 'packs')
  for (const name of readdirSync(packs, { recursive: true, encoding: 'utf8' })) {
    const path = join(packs, name)
    try {
      const bytes = readFileSync(path)
      bytes[100]! ^= 1
      writeFileSync(path, bytes)
    } catch {
      // a folder
    }
  }
  const damaged = she.run('verify')
  expect(damaged).toMatchObject({ status: 4 })
  expect(damaged.stderr).toContain('quilt verify --repair')
  expect(she.run('verify', '--repair')).toMatchObject({ status: 0 })
  expect(she.run('verify').stdout).toContain('all is well')
})

test('flags written together count like those written apart', () => {
  const { folder, ada: she } = ada()
  mkdirSync(join(folder, 'data'))
  expect(she.run('build', 'ada/p', 'data', '-fq')).toMatchObject({ status: 0, stderr: '' })
})

test('the first page of help says the first steps and every exit status; flags stand in line', () => {
  const { ada: she } = ada()
  const { stdout } = she.run('help')
  expect(stdout).toContain('$ quilt build ada/wine ./wine')
  for (const status of [0, bugExitCode, ...Object.values(exitCodes), interruptedExitCode])
    expect(stdout).toMatch(new RegExp(`^  ${String(status)} +\\w`, 'm'))
  for (const words of [
    ['help', 'install'],
    ['install', '--help'],
    ['help', 'ls'],
    ['help', 'diff'],
  ]) {
    const text = she.run(...words).stdout
    const flags = text.slice(text.indexOf('\nFLAGS')).match(/^ +(?:-\w, )?--\w.*$/gm) ?? []
    expect(flags.length).toBeGreaterThan(3)
    for (const flag of flags) expect(flag).toMatch(/^ {2}(?:-\w, | {4})?--/)
  }
  expect(she.run('help', 'ls').stdout).toContain('GLOBAL FLAGS\n      --json       print')
})
