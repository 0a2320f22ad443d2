// The main job through the built command line, on the example data: what the demo shows, checked.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { once } from 'node:events'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { person, program, repositoryFolder } from '../support/built-cli.ts'
import { tempDir } from '../support/temp-dir.ts'

const v1 = join(repositoryFolder, 'examples', 'v1')
const v2 = join(repositoryFolder, 'examples', 'v2')

/** Throws where two folders differ in names, bytes, links or modes. */
function expectSame(a: string, b: string): void {
  execFileSync('diff', ['-r', '--no-dereference', a, b])
  const modes = (folder: string): string =>
    execFileSync('find', ['.', '-type', 'f', '-printf', '%m %p\\n'], { cwd: folder, encoding: 'utf8' })
      .split('\n')
      .map((line) => line.replace(/^(\d)\d\d/, '$1'))
      .sort()
      .join('\n')
  expect(modes(a)).toBe(modes(b))
}

describe('the main job', () => {
  const root = tempDirForFile()
  const ada = person(join(root, 'ada'), root)
  const ben = person(join(root, 'ben'), root)

  test('build, version, tag, push', () => {
    const built = ada.json<Record<string, unknown>>('build', 'ada/nature', v1, '--message', 'first')
    expect(Object.keys(built)).toEqual(
      expect.arrayContaining(['package', 'topHash', 'commit', 'files', 'tables', 'bytes', 'newBytes']),
    )
    expect(ada.run('version', 'add', 'ada/nature', '1.0', 'latest').stderr).toContain('--yes')
    expect(ada.run('version', 'add', 'ada/nature', '1.0', 'latest', '--yes').status).toBe(0)
    expect(ada.run('tag', 'add', 'ada/nature', 'prod', 'latest').status).toBe(0)
    const sent = ada.json<Record<string, unknown>>('push', 'ada/nature', '--remote', `file://${root}/shared`)
    expect(sent).toMatchObject({ package: 'ada/nature', topHash: built['topHash'], commit: built['commit'] })
  })

  test('install and export elsewhere give the same bytes, executable bits and links', () => {
    const got = ben.json<{ fetchedObjects: number }>('install', 'ada/nature', '--remote', `${root}/shared`)
    expect(got.fetchedObjects).toBeGreaterThan(10)
    const out = ben.json<Record<string, unknown>>('export', 'ada/nature', 'v1')
    expect(out).toMatchObject({ destination: join(root, 'v1'), files: 10 })
    expectSame(v1, join(root, 'v1'))
  })

  test('the next version travels as what is new, and every revision can be had', () => {
    ada.json('build', 'ada/nature', v2, '-m', 'second')
    const changes = ada.json<Record<string, { from?: string; to?: string }[]>>('diff', 'ada/nature')
    expect(changes['renamed']).toEqual([{ from: 'airports.csv', to: 'us-airports.csv', size: 210365 }])
    ada.json('push', 'ada/nature')
    ben.json('install', 'ada/nature')
    ben.json('export', 'ada/nature', 'v2')
    expectSame(v2, join(root, 'v2'))
    const rows = ben.json<{ topHash: string; versions: string[] }[]>('log', 'ada/nature')
    expect(rows.map(({ versions }) => versions)).toEqual([[], ['1.0']])
    for (const revision of ['1.0', 'prod', 'latest~1', rows[1]?.topHash.slice(0, 10) ?? '']) {
      ben.json('export', `ada/nature@${revision}`, `old-${revision.replace('~', '-')}`)
      expectSame(v1, join(root, `old-${revision.replace('~', '-')}`))
    }
    ben.json('export', 'ada/nature', 'by-tag', '--tag', 'prod')
    expectSame(v1, join(root, 'by-tag'))
  })

  test('what people read names the same things', () => {
    expect(ben.run('ls').stdout).toMatch(
      /^package +top hash +versions +tags\nada\/nature +[0-9a-f]{12} +1\.0 +prod\n$/,
    )
    expect(ben.run('inspect', 'ada/nature', '--depth', '1').stdout).toContain('├─ birdstrikes.csv  (1.2 MB, ')
    expect(ben.run('tag', 'list', 'ada/nature').stdout).toMatch(/^prod: [0-9a-f]{64}\n$/)
    expect(ben.run('version', 'list', 'ada/nature').stdout).toMatch(/^1\.0: [0-9a-f]{64}\n$/)
    expect(ben.run('log', 'ada/nature').stdout).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +ada .*second\n/)
    expect(ben.run('diff', 'ada/nature@1.0', '@latest', '--exit-code').status).toBe(1)
    expect(ben.run('verify').stdout).toMatch(/^all is well: \d+ objects/)
    expect(ben.run('config', 'set', 'author.name', 'Ben').status).toBe(0)
    expect(ben.json<{ key: string; source: string }[]>('config', 'list')).toContainEqual({
      key: 'author.name',
      value: 'ben',
      source: 'QUILT_AUTHOR_NAME',
    })
    expect(ben.run('remote', 'add', 'team', `${root}/shared`).status).toBe(0)
    expect(ben.run('install', 'ada/nature', '--remote', 'team').status).toBe(0)
    expect(ben.json('remote', 'list')).toMatchObject([{ name: 'team', address: `file://${root}/shared` }])
    expect(ben.run('remote', 'remove', 'team').status).toBe(0)
  })

  test('rm and gc take it away again', () => {
    expect(ben.run('rm', 'ada/nature').status).toBe(2)
    expect(ben.json('rm', 'ada/nature', '--yes')).toEqual({ removed: 'ada/nature' })
    expect(ben.json<{ freedBytes: number }>('gc').freedBytes).toBeGreaterThan(100_000)
    expect(ben.json('ls')).toEqual([])
    expect(ben.json<{ problems: [] }>('verify').problems).toEqual([])
  })
})

describe('errors and scripts', () => {
  test('each ends in its status, with one JSON object where it is asked for, and no stack', () => {
    const root = tempDir()
    const ada = person(join(root, 'ada'), root)
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [['inspect', 'ada/wine'], 3, 'NOT_FOUND'],
      [['build', 'wine'], 2, 'INVALID'],
      [['build', 'ada/wine', 'nowhere'], 3, 'NOT_FOUND'],
      [['install', 'ada/wine', '--remote', 'gopher://x'], 7, 'UNSUPPORTED'],
      [['frobnicate'], 2, 'INVALID'],
      [['build', 'ada/wine', '--frob'], 2, 'INVALID'],
      [['raw', 'cat-object', 'abcdef'], 3, 'NOT_FOUND'],
    ]
    for (const [argv, status, code] of cases) {
      const done = ada.run(...argv, '--json')
      expect([argv, done.status]).toEqual([argv, status])
      expect((JSON.parse(done.stderr) as { error: { code: string } }).error.code).toBe(code)
      expect(ada.run(...argv).stderr).not.toMatch(/\n\s+at /)
    }
  })

  test('names with control characters are escaped for people and exact in JSON (H14, H17)', () => {
    const root = tempDir()
    const ada = person(join(root, 'ada'), root)
    mkdirSync(join(root, 'src'))
    for (const name of ['a\nb', 'esc\u001b[2J', 'bidi\u202Etxt', '-rf'])
      writeFileSync(join(root, 'src', name), name)
    ada.json('build', 'ada/odd', 'src')
    const shown = ada.run('inspect', 'ada/odd').stdout
    expect(shown).not.toMatch(/[\u001b\u202e]/)
    const { children } = ada.json<{ children: { name: string }[] }>('inspect', 'ada/odd')
    expect(children.map(({ name }) => name)).toEqual(['-rf', 'a\nb', 'bidi\u202Etxt', 'esc\u001b[2J'])
    ada.json('export', 'ada/odd', 'out')
    execFileSync('diff', ['-r', join(root, 'src'), join(root, 'out')])
  })

  test('plumbing builds what porcelain builds, and reads it back', () => {
    const root = tempDir()
    const ada = person(join(root, 'ada'), root)
    const { topHash } = ada.json<{ topHash: string }>('build', 'ada/nature', v1)
    const again = ada.shell('quilt raw ls-tree ada/nature | quilt raw write-tree')
    expect(again.stdout.trim()).toBe(topHash)
    const commit = ada.shell(`quilt raw commit-tree ${topHash} -m again`).stdout.trim()
    expect(ada.run('raw', 'update-ref', 'ada/copy', 'latest', commit).status).toBe(0)
    ada.json('export', 'ada/copy', 'copy')
    expectSame(v1, join(root, 'copy'))
    const big = ada.shell("quilt raw ls-tree ada/nature | grep birdstrikes | cut -d ' ' -f 2").stdout.trim()
    const chunks = ada.json<{ size: number }[]>('raw', 'chunks', big)
    expect(chunks.reduce((sum, { size }) => sum + size, 0)).toBe(statSync(join(v1, 'birdstrikes.csv')).size)
    expect(ada.shell(`quilt raw cat-object ${big} | sha256sum`).stdout.slice(0, 64)).toBe(big)
    expect(ada.shell('quilt raw ls-tree ada/nature -r | head -n 1').status).toBe(0)
    expect(ada.run('raw', 'repack').status).toBe(0)
    expect(ada.json<{ problems: [] }>('verify').problems).toEqual([])
  })

  test('Ctrl-C stops a build within a second, and leaves nothing that a reader sees (H71)', async () => {
    const root = tempDir()
    const ada = person(join(root, 'ada'), root)
    mkdirSync(join(root, 'src'))
    for (let i = 0; i < 6; i++)
      writeFileSync(join(root, 'src', `big-${String(i)}`), randomBytes(64 * 1024 * 1024))
    const child = spawn(process.execPath, [program, 'build', 'ada/big', 'src'], { env: ada.env, cwd: root })
    let told = ''
    child.stderr.on('data', (text: Buffer) => (told += text.toString()))
    const writers = join(ada.env['HOME'] as string, '.local', 'share', 'quilt', 'store', 'writers')
    await vi.waitFor(() => expect(readdirSync(writers)).toHaveLength(1), { timeout: 20_000, interval: 5 })
    const asked = performance.now()
    child.kill('SIGINT')
    const [status] = (await once(child, 'exit')) as [number]
    expect(status).toBe(130)
    expect(performance.now() - asked).toBeLessThan(10_000) // a second, on a machine that does nothing else
    expect(told).toContain('run the same command again')
    expect(ada.json('ls')).toEqual([])
    expect(ada.json<{ problems: [] }>('verify').problems).toEqual([])
    ada.json('build', 'ada/big', 'src')
    expect(ada.json<{ problems: [] }>('verify').problems).toEqual([])
  }, 60_000)
})

/** One folder for several tests of a file. */
function tempDirForFile(): string {
  const path = mkdtempSync(join(tmpdir(), 'quilt-e2e-'))
  afterAll(() => {
    rmSync(path, { recursive: true, force: true })
  })
  return path
}
