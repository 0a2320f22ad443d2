// The frame of the command line, through a built program whose commands are this test's own.
import { execFileSync, spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorCodes } from '../../src/core/base/error.ts'
import { exitCodes } from '../../src/cli/exit-code.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'quilt-frame-'))
const program = join(root, 'bin', 'run.js')
const env = { PATH: process.env['PATH'], HOME: root }

beforeAll(() => {
  const pjson = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { oclif: object }
  writeFileSync(
    join(root, 'package.json'),
    JSON.stringify({ ...pjson, oclif: { ...pjson.oclif, plugins: [] } }),
  )
  mkdirSync(join(root, 'bin'))
  copyFileSync(join(home, 'bin', 'run.js'), program)
  const build = join(home, 'scripts', 'build.js')
  execFileSync(process.execPath, [build, 'cli', root, join(home, 'test', 'fixtures', 'frame')], {
    stdio: 'inherit',
  })
})

afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

function quilt(...argv: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [program, ...argv], { env, encoding: 'utf8', timeout: 20_000 })
}

function shell(script: string): SpawnSyncReturns<string> {
  const quiltIs = `quilt() { ${process.execPath} ${program} "$@"; }`
  return spawnSync('bash', ['-c', `${quiltIs}; set -o pipefail; ${script}`], {
    env,
    encoding: 'utf8',
    timeout: 20_000,
  })
}

describe('version and help', () => {
  test.each([['--version'], ['-v']])('%s names quilt, Node and the platform', (flag) => {
    const { stdout, status } = quilt(flag)
    expect(stdout).toMatch(/^quilt \d+\.\d+\.\d+ node-v\d+\.\d+\.\d+ [a-z0-9]+-[a-z0-9]+\n$/)
    expect(status).toBe(0)
  })

  test('a command has help with its flags and the global ones', () => {
    for (const argv of [
      ['echo', '--help'],
      ['echo', '-h'],
    ]) {
      const { stdout, status } = quilt(...argv)
      expect(stdout).toContain('Give names back')
      for (const flag of ['--times', '--json', '--quiet', '--verbose', '--no-color', '--store']) {
        expect(stdout).toContain(flag)
      }
      expect(status).toBe(0)
    }
  })

  test('a topic is typed with a space, and shows its commands', () => {
    expect(quilt('tag', 'add', '--json').stdout).toBe('{\n  "tag": "prod"\n}\n')
    expect(quilt('tag', 'add').stdout).toBe('TAG   SIZE\nprod   5 B\n')
    expect(quilt('tag').stdout).toContain('tag add')
  })
})

describe('a command', () => {
  test('prints data to stdout and notes to stderr', () => {
    const { stdout, stderr, status } = quilt('echo', 'a\u001b[2J', '--times', '2', '--store', '/s')
    expect(stdout).toBe('a\\x1b[2J\t0\na\\x1b[2J\t1\n')
    expect(stderr).toBe('store /s\n')
    expect(status).toBe(0)
  })

  test('prints one JSON value with --json, exact', () => {
    const { stdout, stderr } = quilt('echo', 'a\u202e', '--json', '--quiet', '--verbose')
    expect(JSON.parse(stdout)).toEqual([{ name: 'a\u202e', i: 0 }])
    expect(stderr).toBe('closed\n')
  })

  test('takes what follows -- as it is', () => {
    expect(quilt('echo', '--', '--json').stdout).toBe('--json\t0\n')
  })
})

describe('errors', () => {
  test.each(errorCodes)('%s ends with its exit status, message and hint', (code) => {
    const people = quilt('fail', code)
    expect(people).toMatchObject({ status: exitCodes[code], stdout: '' })
    expect(people.stderr).toBe(`error: failed with ${code}\nhint: try again\n`)
    const programs = quilt('fail', code, '--json')
    expect(programs).toMatchObject({ status: exitCodes[code], stdout: '' })
    expect(JSON.parse(programs.stderr)).toEqual({
      error: { code, message: `failed with ${code}`, hint: 'try again' },
    })
  })

  test.each([['bug'], ['later']])(
    'a %s says so and how to report it; its stack only with --verbose',
    (kind) => {
      const { status, stderr } = quilt('fail', kind)
      expect(status).toBe(1)
      expect(stderr).toMatch(/^error: this is a bug in quilt: .*\nhint: please report it .*\n$/)
      expect(quilt('fail', kind, '--verbose').stderr).toMatch(/\n +at /)
    },
  )

  test.each([
    [['echo'], 'missing argument: NAME (what to give back)', 'see: quilt echo --help'],
    [['echo', 'a', 'b'], 'unexpected argument: b', 'see: quilt echo --help'],
    [['echo', 'a', '--nope'], 'nonexistent flag: --nope', 'see: quilt echo --help'],
    [['echo', 'a', '--times', 'x'], 'expected an integer', 'see: quilt echo --help'],
    [['ehco', 'a'], 'no command \\"ehco\\"', 'did you mean: quilt echo'],
    [['tag', 'ad'], 'no command \\"tag ad\\"', 'did you mean: quilt tag add'],
    [['ask', 'ada/wine'], 'quilt ask takes no argument, and got \\"ada/wine\\"', 'see: quilt ask --help'],
    [['xyzzy'], 'no command \\"xyzzy\\"', 'list the commands with: quilt help'],
  ])('%j is wrong usage', (argv, message, hint) => {
    const { status, stderr, stdout } = quilt(...argv, '--json')
    expect(stdout).toBe('')
    expect(status).toBe(2)
    expect(stderr).toContain(`"code":"INVALID"`)
    expect(stderr.toLowerCase()).toContain(message.toLowerCase())
    expect(stderr).toContain(hint)
  })

  test('a question without a terminal names the flag that answers it', () => {
    const { status, stderr } = quilt('ask')
    expect(status).toBe(2)
    expect(stderr).toContain('answer with --yes')
    expect(quilt('ask', '-y').stdout).toBe('removed\n')
  })

  test('H134: an old Node gets one line', () => {
    const source = readFileSync(program, 'utf8').replaceAll('process.versions.node', "'18.20.0'")
    const old = join(root, 'bin', 'old.js')
    writeFileSync(old, source)
    const { status, stderr } = spawnSync(process.execPath, [old, 'echo'], { env, encoding: 'utf8' })
    expect(stderr).toMatch(/^error: quilt needs Node 20\.19 or later.*\n$/)
    expect(status).toBe(7)
  })

  test('a program that is not built says how to build it', () => {
    const bare = join(root, 'bare', 'bin')
    mkdirSync(bare, { recursive: true })
    copyFileSync(program, join(bare, 'run.js'))
    writeFileSync(join(root, 'bare', 'package.json'), '{"type":"module"}')
    const { status, stderr } = spawnSync(process.execPath, [join(bare, 'run.js'), 'ls'], {
      env,
      encoding: 'utf8',
    })
    expect(stderr).toContain('npm run build')
    expect(status).toBe(1)
  })
})

describe('pipes and disks', () => {
  test('a reader that leaves ends a listing quietly', () => {
    const { stdout, stderr, status } = shell('quilt echo x --times 200000 --quiet | head -n 1')
    expect({ stdout, stderr, status }).toEqual({ stdout: 'x\t0\n', stderr: '', status: 0 })
    expect(shell('quilt echo x --times 200000 --quiet --json | head -n 1')).toMatchObject({
      stderr: '',
      status: 0,
    })
    expect(shell('quilt --help | head -n 1')).toMatchObject({ stderr: '', status: 0 })
  })

  test.skipIf(!existsSync('/dev/full'))('a full disk is an error, never success', () => {
    for (const command of ['echo x --quiet', 'echo x --quiet --json', '--help']) {
      const { stderr, status } = shell(`quilt ${command} > /dev/full`)
      expect(status, command).toBe(8)
      expect(stderr).toMatch(/^(error: |\{"error").*ENOSPC.*\n$/)
    }
  })

  test('a working directory that is gone breaks nothing', () => {
    const { stdout, stderr } = shell('mkdir gone && cd gone && rmdir ../gone && quilt echo x')
    expect(stderr).not.toContain('    at ')
    expect(stdout === 'x\t0\n' || stderr.startsWith('error: ')).toBe(true)
  })
})

describe('Ctrl-C', () => {
  interface Ended {
    readonly code: number | null
    readonly stderr: string
    readonly took: number
  }

  function interrupt(signals: readonly NodeJS.Signals[], ...argv: readonly string[]): Promise<Ended> {
    const child = spawn(process.execPath, [program, ...argv], { env })
    let stderr = ''
    let asked = 0
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
    child.stdout.once('data', () => {
      asked = performance.now()
      signals.forEach((signal, i) => setTimeout(() => child.kill(signal), i * 100))
    })
    return new Promise((resolve) => {
      child.on('close', (code) => {
        resolve({ code, stderr, took: performance.now() - asked })
      })
    })
  }

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s stops a command in order, and says how to go on',
    async (signal) => {
      const { code, stderr, took } = await interrupt([signal], 'wait')
      expect(code).toBe(130)
      expect(stderr).toBe('closed\nerror: interrupted\nhint: go on with: quilt wait\n')
      expect(took).toBeLessThan(1000)
    },
  )

  test('is told as JSON with --json', async () => {
    const child = spawn(process.execPath, [program, 'wait', '--json', '--quiet'], { env })
    const code = new Promise((resolve) => child.on('close', resolve))
    let stderr = ''
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()))
    setTimeout(() => child.kill('SIGINT'), 600)
    expect(await code).toBe(130)
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'INTERRUPTED', message: 'interrupted', hint: 'go on with: quilt wait' },
    })
  })

  test('ends within a second what does not listen', async () => {
    const { code, took } = await interrupt(['SIGINT'], 'wait', '--deaf')
    expect(code).toBe(130)
    expect(took).toBeLessThan(1500)
  })

  test('ends at once the second time', async () => {
    const { code, took } = await interrupt(['SIGINT', 'SIGINT'], 'wait', '--deaf')
    expect(code).toBe(130)
    expect(took).toBeLessThan(600)
  })
})

test('--version needs nothing but the entry and package.json', () => {
  const alone = join(root, 'alone', 'bin')
  mkdirSync(alone, { recursive: true })
  copyFileSync(program, join(alone, 'run.js'))
  copyFileSync(join(root, 'package.json'), join(root, 'alone', 'package.json'))
  const { stdout, stderr } = spawnSync(process.execPath, [join(alone, 'run.js'), '--version'], {
    env,
    encoding: 'utf8',
  })
  expect({ stdout, stderr }).toEqual({ stdout: quilt('--version').stdout, stderr: '' })
})
