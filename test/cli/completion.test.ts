// What completion offers, by the commands that there are and names that are made up; and how each shell is answered.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { candidates, type CommandShape, type NamedThings } from '../../src/cli/completion/candidates.ts'
import { commandLine } from '../../src/cli/completion/command-line.ts'
import { reply, shellNamed } from '../../src/cli/completion/reply.ts'
import { repositoryFolder } from '../support/built-cli.ts'

const manifest = JSON.parse(readFileSync(join(repositoryFolder, 'oclif.manifest.json'), 'utf8')) as {
  commands: Record<string, CommandShape>
}
const commands = Object.values(manifest.commands)

const things: NamedThings = {
  packages: () => Promise.resolve(['ada/tea', 'ada/wine']),
  revisions: (pkg) => Promise.resolve(pkg === 'ada/wine' ? ['latest', '1.0', 'best'] : []),
  tags: (pkg) => Promise.resolve(pkg === 'ada/wine' ? ['best'] : []),
  versions: (pkg) => Promise.resolve(pkg === 'ada/wine' ? ['1.0'] : []),
  nodes: (handle) => Promise.resolve(handle === 'ada/wine' ? ['a.txt', 'sub/'] : ['sub/b.txt']),
  remotes: () => Promise.resolve(['lab']),
}

/** The words offered where `typed` ends, of those that go on with what is typed; `files` for any file. */
async function offered(typed: string): Promise<readonly string[] | 'files'> {
  const line = commandLine({ COMP_LINE: `quilt ${typed}`, COMP_POINT: String(typed.length + 6) }, 'quilt')
  if (line === undefined) throw new Error('no command line')
  const found = await candidates(line, commands, () => things)
  if (found === 'files') return found
  return found.map(({ word }) => word).filter((word) => word.startsWith(line.current))
}

test.each([
  ['push ada/w', undefined],
  ['push --store=/s ada/w', '/s'],
  ['push --store /s ada/w', '/s'],
  ['push ada/w --store /a --store ', '/a'],
])('looks into the store that "%s" names', async (typed, store) => {
  const line = commandLine({ COMP_LINE: `quilt ${typed}` }, 'quilt') ?? { before: [], current: '' }
  const asked: unknown[] = []
  await candidates(line, commands, (named) => (asked.push(named), things))
  expect(asked).toEqual([store])
})

describe('offers', () => {
  test.each<readonly [string, readonly string[] | 'files']>([
    ['pu', ['push']],
    ['tag ', ['add', 'list', 'remove']],
    ['tag add ', ['ada/tea', 'ada/wine']],
    ['tag add ada/wine b', ['best']],
    ['tag remove ada/tea ', []],
    ['version add ada/wine 1', ['1.0']],
    ['push ada/w', ['ada/wine']],
    ['push ada/wine@', ['ada/wine@latest', 'ada/wine@1.0', 'ada/wine@best']],
    ['export ada/wine/sub@b', ['ada/wine/sub@best']],
    ['export ada/wine/s', ['ada/wine/sub/']],
    ['export ada/wine/sub/', ['ada/wine/sub/b.txt']],
    ['export ada/wine ', 'files'],
    ['diff ada/wine ada/t', ['ada/tea']],
    ['push ada/wine --remote ', ['lab']],
    ['push ada/wine --remote=', ['--remote=lab']],
    ['push ada/wine --remote ./sha', 'files'],
    ['install ada/wine@1.0 --version ', ['1.0']],
    ['install ada/wine -t ', ['best']],
    ['export ada/wine --format ', ['csv', 'json', 'parquet']],
    ['export ada/wine --format=c', ['--format=csv']],
    ['--json push --quiet ada/w', []], // no command begins with a flag
    ['push --quiet ada/w', ['ada/wine']],
    ['build ada/wine --message text ', 'files'],
    ['push ada/wine --dry', ['--dry-run']],
    ['push ada/wine --dry-run --dry', []],
    ['remote remove ', ['lab']],
    ['completion ', ['bash', 'fish', 'pwsh', 'zsh']],
    ['help tag a', ['add']],
    ['gc ada', []],
    ['nonsense ', []],
  ])('%j: %j', async (typed, expected) => {
    expect(await offered(typed)).toEqual(expected)
  })

  test('hidden commands never, and a word only once', async () => {
    const first = await offered('')
    expect(first).toContain('build')
    expect(first).not.toContain('completion-server')
    expect(new Set(first).size).toBe(first.length)
  })
})

describe('reads the line', () => {
  test.each<readonly [string, string, readonly string[], string]>([
    ['quilt push ada/w', '16', ['push'], 'ada/w'],
    ['quilt push ada/wine --force', '11', ['push'], ''],
    ['ls | quilt  push  a', '', ['push'], 'a'],
    ['QUILT_STORE=/x /usr/bin/quilt push a', '99', ['push'], 'a'],
    ['C:\\bin\\quilt.cmd push a', '', ['push'], 'a'],
  ])('%j up to %j', (line, point, before, current) => {
    expect(commandLine({ COMP_LINE: line, COMP_POINT: point }, 'quilt')).toEqual({ before, current })
  })

  test('of another program, or of none, there is none', () => {
    for (const line of ['', 'quilt', 'git push ', 'quilt push; ls '])
      expect(commandLine({ COMP_LINE: line }, 'quilt')).toBeUndefined()
    expect(commandLine({}, 'quilt')).toBeUndefined()
  })
})

describe('answers', () => {
  const found = [{ word: 'ada/wine@1:0', about: 'red: dry\nmore' }, { word: 'ada/tea' }]
  test('bash with what stands behind the last @, = or :', () => {
    expect(reply('bash', 'ada/wine@1', found)).toEqual(['1:0'])
    expect(reply('bash', 'ada/', found)).toEqual(['ada/wine@1:0', 'ada/tea'])
  })
  test('the others with what it is, in their own way', () => {
    expect(reply('zsh', 'ada/w', found)).toEqual(['ada/wine@1\\:0:red\\: dry'])
    expect(reply('fish', 'ada', found)).toEqual(['ada/wine@1:0\tred: dry', 'ada/tea'])
    expect(reply('pwsh', 'x', found)).toEqual([])
  })
  test('words that a shell would read as something else are left out, and files are left to the shell', () => {
    const odd = [
      'a b',
      'a/$(touch x)',
      'a/`x`',
      'a/*',
      'a/;x',
      'a/x&y',
      "a/'x",
      'a/"x',
      'a/!x',
      'a/x\ny',
      'a/{x,y}',
    ]
    for (const shell of ['bash', 'fish', 'pwsh', 'zsh'] as const)
      expect(
        reply(
          shell,
          'a',
          [...odd, 'a/größe-1.0_x', 'ab'].map((word) => ({ word })),
        ),
      ).toEqual(['a/größe-1.0_x', 'ab'])
    expect(reply('fish', 'x', 'files')).toEqual(['__tabtab_complete_files__'])
  })
  test('a shell is known by its path', () => {
    expect(['/bin/bash', 'C:\\pwsh.exe', 'powershell', '/usr/bin/tcsh', ''].map(shellNamed)).toEqual([
      'bash',
      'pwsh',
      'pwsh',
      undefined,
      undefined,
    ])
  })
})
