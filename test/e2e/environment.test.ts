// The program where the machine is not as it should be: no home, no terminal, a full stdout, odd locales, a
// working directory that is gone. Cases of the hostile list by number.
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { person, program, type Person } from '../support/built-cli.ts'
import { tempDir } from '../support/temp-dir.ts'

// Many processes each: on a machine that does other things as well, that takes a while.
vi.setConfig({ testTimeout: 120_000 })

const isRoot = process.getuid?.() === 0

interface Place {
  readonly root: string
  readonly ada: Person
}

/** A person with a folder `src` of one file. */
function place(more: Readonly<Record<string, string>> = {}): Place {
  const root = tempDir()
  mkdirSync(join(root, 'src'))
  writeFileSync(join(root, 'src', 'a.txt'), 'hi\n')
  return { root, ada: person(join(root, 'ada'), root, more) }
}

/** Everything below a folder: mode bits and path. */
function modesBelow(folder: string): readonly (readonly [number, string])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => [
    lstatSync(join(folder, path)).mode & 0o777,
    path,
  ])
}

describe('H127: a home', () => {
  test('that is a file is said with the way out, and another store serves', () => {
    const { root, ada } = place()
    const odd = person(join(root, 'src', 'a.txt'), root)
    const { status, stderr } = odd.run('build', 'ada/wine', 'src')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error: .*a\.txt.*\nhint: .*--store DIR or QUILT_STORE\n$/)
    expect(odd.run('build', 'ada/wine', 'src', '--store', 'own').status).toBe(0)
    expect(ada.json<unknown[]>('ls', '--store', 'own')).toHaveLength(1)
  })

  test.each(['', 'relative/home'])('that is %j never means the working directory', (home) => {
    const { root, ada } = place({ HOME: 'x' })
    const before = readdirSync(root)
    const { HOME: _, ...env } = ada.env
    const { stderr, status } = spawnSync(process.execPath, [program, 'config', 'list'], {
      env: { ...env, HOME: home },
      cwd: root,
      encoding: 'utf8',
    })
    expect([stderr, status]).toEqual(['', 0])
    expect(readdirSync(root)).toEqual(before)
  })

  test('is where XDG says', () => {
    const { root } = place()
    const env = { XDG_DATA_HOME: join(root, 'data'), XDG_CONFIG_HOME: join(root, 'config') }
    const ada = person(join(root, 'ada'), root, env)
    ada.json('build', 'ada/wine', 'src')
    ada.json('config', 'set', 'author.name', 'Ada')
    expect(readdirSync(join(root, 'data', 'quilt'))).toEqual(['store'])
    expect(readdirSync(join(root, 'config', 'quilt'))).toEqual(['config.json'])
    expect(existsSync(join(root, 'ada'))).toBe(false)
  })

  test.runIf(isRoot)(
    'that nobody knows, of a user without an entry in the system: a store can be named',
    () => {
      const { root, ada } = place()
      chmodSync(root, 0o777)
      const { HOME: _, ...env } = ada.env
      const run = (...argv: string[]) =>
        spawnSync(process.execPath, [program, ...argv], {
          env,
          cwd: root,
          encoding: 'utf8',
          uid: 54_321,
          gid: 54_321,
        })
      expect(run('ls').stderr).toMatch(/^error: .*no home.*\nhint: .*--store DIR or QUILT_STORE\n$/)
      expect(run('ls').status).toBe(2)
      expect(run('config', 'set', 'author.name', 'Ada').stderr).toMatch(/^error: .*no home/)
      expect(run('build', 'ada/wine', 'src', '--store', 'own').status).toBe(0)
      expect(run('ls', '--store', 'own').stdout).toContain('ada/wine')
    },
  )

  test.runIf(isRoot)('in which one may not write', () => {
    const { root, ada } = place()
    chmodSync(root, 0o755)
    const { stderr, status } = spawnSync(process.execPath, [program, 'build', 'ada/wine', 'src'], {
      env: ada.env,
      cwd: root,
      encoding: 'utf8',
      uid: 65_534,
      gid: 65_534,
    })
    expect(status).toBe(6)
    expect(stderr).toMatch(/^error: .*permission denied\nhint: .*--store DIR or QUILT_STORE\n$/)
  })
})

describe('a package that is built', () => {
  const root = tempDirForFile()
  const ada = person(join(root, 'ada'), root)
  mkdirSync(join(root, 'src'))
  writeFileSync(join(root, 'src', 'a.txt'), 'hi\n')

  test('H128: without a terminal nobody is asked, nothing is coloured or drawn', () => {
    const built = ada.run('build', 'ada/wine', 'src')
    const asked = ada.run('rm', 'ada/wine')
    expect(asked.status).toBe(2)
    expect(asked.stderr).toContain('--yes')
    for (const { stdout, stderr } of [built, asked, ada.run('ls')])
      expect(stdout + stderr).not.toMatch(/[\u001b\r]/)
  })

  const hasScript = spawnSync('script', ['--version']).status === 0
  test.runIf(hasScript)(
    'H128: on a terminal there are colours, unless NO_COLOR, TERM=dumb or CI say no',
    () => {
      const onTerminal = (env: Readonly<Record<string, string>>) =>
        spawnSync('script', ['-qec', `${process.execPath} ${program} ls`, '/dev/null'], {
          env: { ...ada.env, TERM: 'xterm', ...env },
          cwd: root,
          encoding: 'utf8',
          input: '',
        }).stdout
      expect(onTerminal({})).toContain('\u001b[1m')
      for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }, { CI: 'true' }])
        expect(onTerminal(env)).not.toContain('\u001b')
    },
  )

  test('H129: a reader that leaves ends a command quietly', () => {
    for (const command of ['ls', 'raw ls-tree ada/wine --json', '--version', 'help']) {
      const { stderr, stdout } = ada.shell(`quilt ${command} | true; echo "\${PIPESTATUS[0]}"`)
      expect([command, stdout, stderr]).toEqual([command, '0\n', ''])
    }
  })

  test.skipIf(!existsSync('/dev/full'))(
    'H132: what could not be printed is no success; what was done stays',
    () => {
      expect(ada.shell('quilt build ada/more src > /dev/full').status).toBe(8)
      expect(ada.json<unknown[]>('ls')).toHaveLength(2)
      const id = '98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4'
      for (const command of ['ls', 'inspect ada/wine --json', `raw cat-object ${id}`, '--version']) {
        const { status, stderr } = ada.shell(`quilt ${command} > /dev/full`)
        expect([command, status]).toEqual([command, 8])
        expect(stderr).toMatch(/^(error: |\{"error".*)cannot write to standard output: ENOSPC.*\n$/)
      }
      expect(ada.shell('quilt help > /dev/full').status).toBe(8)
      expect(ada.shell('quilt ls 2> /dev/full').status).toBe(0)
    },
  )
})

describe('H130: whatever the umask', () => {
  test.each(['000', '077'])(
    '%s: the configuration is for its owner, a store no wider than it says',
    (mask) => {
      const { root, ada } = place()
      const forbidden = Number.parseInt(mask, 8)
      const done = ada.shell(
        `umask ${mask}; quilt build ada/wine src && quilt push ada/wine --remote ./shared && quilt config set remote https://ada:secret@example.org`,
      )
      expect(done.status).toBe(0)
      expect(lstatSync(join(root, 'ada', '.config', 'quilt', 'config.json')).mode & 0o777).toBe(0o600)
      const wide = ['ada', 'shared']
        .flatMap((folder) => modesBelow(join(root, folder)))
        .filter(([mode]) => (mode & forbidden) !== 0)
      expect(wide).toEqual([])
    },
  )
})

test('H131: no locale and no time zone changes bytes, order or spelling', () => {
  const root = tempDir()
  mkdirSync(join(root, 'src'))
  for (const name of ['z', 'ä', 'Z', 'I', 'ı', 'i', 'İ', '_', 'a', '𝒜', '\uffee'])
    writeFileSync(join(root, 'src', name), name)
  const worlds = [
    { LANG: 'C', LC_ALL: 'C', TZ: 'UTC' },
    { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', TZ: 'Pacific/Kiritimati' },
  ]
  const seen = worlds.map((world, i) => {
    const someone = person(join(root, String(i)), root, world)
    const { topHash } = someone.json<{ topHash: string }>('build', 'INI/file', 'src')
    const { stdout } = someone.run('raw', 'ls-tree', 'ini/FILE')
    return { topHash, stdout }
  })
  expect(seen[1]).toEqual(seen[0])
  const order = (seen[0] as { stdout: string }).stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t').at(-1))
  expect(order).toEqual(['I', 'Z', '_', 'a', 'i', 'z', 'ä', 'İ', 'ı', '\uffee', '𝒜'])
})

describe('H133: what belongs to another user', () => {
  test.runIf(isRoot)('does not configure us, and is said', () => {
    const { root, ada } = place()
    const planted = join(root, '.quiltrc')
    writeFileSync(planted, JSON.stringify({ store: './stolen', remote: './stolen' }))
    chownSync(planted, 65_534, 65_534)
    const { stderr, status } = ada.run('build', 'ada/wine', 'src')
    expect([status, existsSync(join(root, 'stolen'))]).toEqual([0, false])
    expect(stderr).toContain(`warning: "${planted}" belongs to another user`)
    chownSync(planted, 0, 0)
    expect(ada.json<{ key: string; value: string }[]>('config', 'list')).toContainEqual(
      expect.objectContaining({ key: 'store', value: join(root, 'stolen') }),
    )
  })

  test.runIf(isRoot)('and is a store: root is told before writing into it', () => {
    const { root, ada } = place()
    ada.json('build', 'ada/wine', 'src')
    expect(ada.run('ls').stderr).toBe('')
    const store = join(root, 'ada', '.local', 'share', 'quilt', 'store')
    chownSync(store, 65_534, 65_534)
    expect(ada.run('build', 'ada/more', 'src').stderr).toContain(
      `you are root, and "${store}" belongs to another`,
    )
  })
})

describe('H134: ends in one line', () => {
  test('in a working directory that is gone', () => {
    const { ada } = place()
    const { stderr, status } = ada.shell('mkdir gone; cd gone; rmdir ../gone; quilt ls')
    expect(status).toBe(3)
    expect(stderr.replace(/^WARNING: .*\n/, '')).toBe(
      'error: the working directory is not there any more\nhint: go to another one: cd\n',
    )
  })

  test('with options for Node that it does not have', () => {
    const { ada } = place()
    const { stderr, status } = ada.shell('NODE_OPTIONS=--no-such-option quilt ls')
    expect(status).not.toBe(0)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})

test('H136: configuration, hooks and ignore files inside a package are data, whatever they say', () => {
  const { root, ada } = place()
  const evil = join(root, 'evil')
  mkdirSync(join(evil, 'hooks'), { recursive: true })
  const code = `require('node:fs').writeFileSync(${JSON.stringify(join(root, 'PWNED'))}, '')\n`
  const files: Readonly<Record<string, string>> = {
    '.quiltrc': JSON.stringify({ store: join(root, 'stolen'), remote: join(root, 'stolen') }),
    '.quiltrc.js': code,
    'quilt.config.js': code,
    'quilt.config.cjs': code,
    'package.json': JSON.stringify({
      quilt: { store: join(root, 'stolen') },
      scripts: { install: 'touch PWNED' },
    }),
    'hooks/post-install': `#!/bin/sh\ntouch ${join(root, 'PWNED')}\n`,
    '.quiltignore': '!.quiltrc*\n',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(evil, name), text, { mode: 0o755 })
  ada.json('build', 'ada/evil', 'evil')
  ada.json('push', 'ada/evil', '--remote', './shared')
  const ben = person(join(root, 'ben'), root)
  ben.json('install', 'ada/evil', '--remote', './shared')
  ben.json('export', 'ada/evil', 'out')
  expect(readFileSync(join(root, 'out', '.quiltrc'), 'utf8')).toBe(files['.quiltrc'])
  expect(ben.json<{ key: string }[]>('config', 'list').map(({ key }) => key)).not.toContain('store')
  expect(existsSync(join(root, 'stolen'))).toBe(false)
  // Code is not run even where somebody works inside of what was exported.
  expect(ada.shell('cd out && quilt config list').stdout).toContain('stolen')
  expect(existsSync(join(root, 'PWNED'))).toBe(false)
})

/** One folder for several tests of a file. */
function tempDirForFile(): string {
  const path = mkdtempSync(join(tmpdir(), 'quilt-e2e-'))
  afterAll(() => {
    rmSync(path, { recursive: true, force: true })
  })
  return path
}
