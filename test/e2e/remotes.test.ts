// Remotes, pins and bundles through the built program: names, a default, prompts, exit statuses, JSON.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { person, type Person } from '../support/built-cli.ts'
import { tempDir } from '../support/temp-dir.ts'

interface Place {
  readonly folder: string
  readonly ada: Person
  readonly ben: Person
}

function place(): Place {
  const folder = tempDir()
  mkdirSync(join(folder, 'wine'))
  writeFileSync(join(folder, 'wine', 'a.txt'), 'a\n')
  writeFileSync(join(folder, 'wine', 'README.md'), '# Reds and whites\n')
  return { folder, ada: person(join(folder, 'ada'), folder), ben: person(join(folder, 'ben'), folder) }
}

const failure = (stderr: string): { code: string; hint?: string; message: string } =>
  (JSON.parse(stderr) as { error: { code: string; hint?: string; message: string } }).error

beforeAll(() => {
  expect(person('/nowhere', '/').run('--version').status).toBe(0)
})

test('a named remote is the default, is searched, listed, proved, tidied, and gives a package up', () => {
  const { ada, ben } = place()
  ada.run('build', 'ada/wine', 'wine')
  for (const one of [ada, ben]) {
    one.run('remote', 'add', 'lab', './shared')
    one.run('config', 'set', 'remote', 'lab')
  }
  expect(ada.json('push', 'ada/wine')).toMatchObject({ package: 'ada/wine' })
  expect(ben.json('ls', '--remote', 'lab')).toMatchObject([{ package: 'ada/wine', tags: [], versions: [] }])
  expect(ben.json('ls')).toEqual([])
  expect(ben.json('search', 'red')).toMatchObject([{ package: 'ada/wine', matches: ['readme'] }])
  expect(ben.json('search', 'red', '--local')).toEqual([])
  expect(ben.run('search', 'nothing').stderr).toContain('no package says')
  ben.run('install', 'ada/wine')
  expect(ben.json('diff', 'ada/wine', '--remote', 'lab')).toMatchObject({ added: [], modified: [] })
  expect(ben.json('verify', '--remote', 'lab')).toMatchObject({ problems: [] })
  expect(ben.run('verify', '--remote', 'lab', '--views')).toMatchObject({ status: 2 })

  const asked = ada.run('delete', 'ada/wine', '--json')
  expect(asked.status).toBe(2)
  expect(failure(asked.stderr)).toMatchObject({ code: 'INVALID', hint: 'answer with --yes' })
  expect(ada.json('ls', '--remote', 'lab')).toHaveLength(1)
  expect(ada.json('delete', 'ada/wine', '--yes')).toMatchObject({ deleted: 'ada/wine' })
  expect(ada.run('delete', 'ada/wine', '--yes')).toMatchObject({ status: 3 })
  expect(ada.json<{ freedBytes: number }>('gc', '--remote', 'lab').freedBytes).toBeGreaterThan(0)
  expect(ada.json('ls', '--remote', 'lab')).toEqual([])
  expect(ben.run('export', 'ada/wine', 'out')).toMatchObject({ status: 0 })
})

test('--dry-run of push, delete and rm says what would be done, asks nothing and does nothing', () => {
  const { folder, ada } = place()
  ada.run('build', 'ada/wine', 'wine')
  const dry = ada.run('push', 'ada/wine', '--remote', './shared', '--dry-run')
  expect(dry.stdout).toMatch(/^would push ada\/wine [0-9a-f]{64} to file:.*shared \(\d+ objects, /)
  expect(existsSync(join(folder, 'shared'))).toBe(false)
  const told = ada.json('push', 'ada/wine', '--remote', './shared', '-n')
  expect(ada.json('push', 'ada/wine', '--remote', './shared')).toEqual(told)
  expect(ada.run('delete', 'ada/wine', '--dry-run').stdout).toMatch(/^would delete ada\/wine from file:/)
  expect(ada.run('rm', 'ada/wine', '-n').stdout).toBe('would remove ada/wine\n')
  expect(ada.json('ls')).toHaveLength(1)
  expect(ada.json('ls', '--remote', './shared')).toHaveLength(1)
})

test('quilt.yml and quilt.lock: what each exit status says', () => {
  const { folder, ada, ben } = place()
  const yml = join(folder, 'quilt.yml')
  const lock = join(folder, 'quilt.lock')
  ada.run('build', 'ada/wine', 'wine')
  ada.run('push', 'ada/wine', '--remote', './shared')
  expect(ben.run('install')).toMatchObject({ status: 3 })
  writeFileSync(yml, 'packages: [ada/wine]\n')
  expect(ben.run('install')).toMatchObject({ status: 2 })
  expect(ben.run('install', '--frozen', '--remote', './shared')).toMatchObject({ status: 3 })
  const done = ben.json<{ locked: boolean; packages: object[] }>('install', '--remote', './shared')
  expect(done).toMatchObject({ locked: true, packages: [{ package: 'ada/wine' }] })
  expect(ben.json('install', '--frozen')).toMatchObject({ locked: false })
  expect(ben.json('outdated')).toEqual([])
  ada.run('build', 'ada/wine')
  ada.run('push', 'ada/wine')
  expect(ben.json('outdated')).toMatchObject([{ package: 'ada/wine', path: '', current: { version: null } }])
  expect(ben.run('outdated', '--exit-code')).toMatchObject({ status: 1 })
  writeFileSync(yml, 'packages: [ada/wine, ben/none]\n')
  const frozen = ben.run('install', '--frozen', '--json')
  expect([frozen.status, failure(frozen.stderr).code]).toEqual([5, 'CONFLICT'])
  writeFileSync(yml, 'packages:\n  - 1\n  - wine\n')
  const wrong = ben.run('install', '--json')
  expect(wrong.status).toBe(2)
  expect(failure(wrong.stderr)).toMatchObject({
    problems: [
      { file: 'quilt.yml', line: 2, column: 5 },
      { file: 'quilt.yml', line: 3, column: 5 },
    ],
  })
  writeFileSync(lock, readFileSync(lock, 'utf8').replace('"lockVersion": 1', '"lockVersion": 9'))
  writeFileSync(yml, 'packages: [ada/wine]\n')
  expect(ben.run('install')).toMatchObject({ status: 7 })
  expect(ben.run('install', 'ada/wine', '--frozen')).toMatchObject({ status: 2 })
  expect(ben.run('install', '--as', 'ben/wine')).toMatchObject({ status: 2 })
})

test('bundles: made, listed, proved, installed; a damaged one ends with 4', () => {
  const { folder, ada, ben } = place()
  ada.run('build', 'ada/wine', 'wine')
  expect(ada.json('bundle', 'create', 'ada/wine', 'w.bundle')).toMatchObject({
    package: 'ada/wine',
    since: null,
  })
  expect(ada.run('bundle', 'create', 'ada/wine', 'w.bundle')).toMatchObject({ status: 5 })
  expect(ben.json('bundle', 'list', 'w.bundle')).toMatchObject([{ package: 'ada/wine', file: 'w.bundle' }])
  expect(ben.json('bundle', 'verify', 'w.bundle')).toMatchObject([{ whole: true }])
  const path = join(folder, 'w.bundle')
  const bytes = readFileSync(path)
  writeFileSync(join(folder, 'cut.bundle'), bytes.subarray(0, bytes.length - 1))
  for (const verb of ['install', 'list', 'verify']) {
    const run = ben.run('bundle', verb, 'cut.bundle', '--json')
    expect([verb, run.status, failure(run.stderr).code]).toEqual([verb, 4, 'CORRUPT'])
  }
  expect(ben.json('ls')).toEqual([])
  expect(ben.json('bundle', 'install', 'w.bundle')).toMatchObject([{ package: 'ada/wine', latest: true }])
})

test('a remote that does not answer is told of before it is given up', () => {
  const { ada } = place()
  const { status, stderr } = ada.run('ls', '--remote', 'http://127.0.0.1:1/shared')
  expect(status).toBe(8)
  const [note, ...end] = stderr.split('\n')
  expect(note).toMatch(/it refuses the connection \(ECONNREFUSED\); trying again \(2 of 6\)$/)
  expect(end.join('\n')).toMatch(/^error: .*\(tried 6 times\)\n/)
})
