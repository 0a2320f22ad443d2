// Several processes on one store, one remote or one folder at once: someone wins, nothing is lost, nothing is half.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { person, program, type Person } from '../support/built-cli.ts'
import { noise } from '../support/store-bench.ts'
import { tempDir } from '../support/temp-dir.ts'

// Many processes each: on a machine that does other things as well, that takes a while.
vi.setConfig({ testTimeout: 120_000 })

interface Ended {
  readonly status: number | null
  readonly stderr: string
}

/** Starts a command and goes on. */
function start(who: Person, cwd: string, ...argv: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...argv], {
    env: who.env,
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  return once(child, 'close').then(([status]) => ({ status: status as number | null, stderr }))
}

/** A folder of one file, which says its name. */
function folder(root: string, name: string, bytes: Uint8Array | string = name): void {
  mkdirSync(join(root, name))
  writeFileSync(join(root, name, name), bytes)
}

const clean = (who: Person, ...argv: string[]): void => {
  expect(who.json<{ problems: unknown[] }>('verify', ...argv).problems).toEqual([])
}

test('H63: builds of one package at once: each is in the history, or was told of the conflict', async () => {
  const root = tempDir()
  const ada = person(join(root, 'ada'), root)
  const names = ['a', 'b', 'c']
  for (const name of names) folder(root, name)
  const ended = await Promise.all(
    names.map((name) => start(ada, root, 'build', 'ada/wine', name, '-m', name)),
  )
  for (const { status, stderr } of ended) expect([0, 5], stderr).toContain(status)
  const log = ada.json<{ message: string }[]>('log', 'ada/wine')
  const told = names.filter((_, i) => ended[i]?.status === 0)
  expect(told.length).toBeGreaterThan(0)
  expect(log.map(({ message }) => message).sort()).toEqual(told)
  clean(ada)
})

test('H66: pushes of different commits at once: one is told, loses nothing, and gets there in the end', async () => {
  const root = tempDir()
  const people = ['ada', 'ben'].map((name) => person(join(root, name), root))
  for (const name of ['a', 'b']) folder(root, name)
  for (const [i, name] of ['a', 'b'].entries()) people[i]?.json('build', 'lab/wine', name, '-m', name)
  const ended = await Promise.all(
    people.map((who) => start(who, root, 'push', 'lab/wine', '--remote', './shared')),
  )
  expect(ended.map(({ status }) => status).sort()).toEqual([0, 5])
  const loser = people[ended.findIndex(({ status }) => status === 5)] as Person
  expect(loser.json<unknown[]>('log', 'lab/wine')).toHaveLength(1)
  expect(loser.run('push', 'lab/wine', '--remote', './shared').status).toBe(5)
  loser.json('push', 'lab/wine', '--remote', './shared', '--force')
  clean(loser, '--store', 'shared')
})

test('H67: install and rm of one package at once: one wins, and the store is whole', async () => {
  const root = tempDir()
  const [ada, ben] = ['ada', 'ben'].map((name) => person(join(root, name), root)) as [Person, Person]
  folder(root, 'a', noise(1_000_000))
  ada.json('build', 'ada/wine', 'a')
  ada.json('push', 'ada/wine', '--remote', './shared')
  ben.json('install', 'ada/wine', '--remote', './shared')
  const ended = await Promise.all([
    start(ben, root, 'install', 'ada/wine', '--remote', './shared'),
    start(ben, root, 'rm', 'ada/wine', '--yes'),
    start(ben, root, 'gc'),
  ])
  for (const { status, stderr } of ended) expect([0, 3, 5], stderr).toContain(status)
  clean(ben)
  if (ben.json<unknown[]>('ls').length > 0) ben.json('export', 'ada/wine', 'out')
})

describe('H71: a push that is stopped', () => {
  const signals = [
    ['SIGTERM', 'once'],
    ['SIGINT', 'twice'],
  ] as const
  test.each(signals)(
    'by %s %s: ends soon, nothing is seen of it, and it can be done again',
    async (signal, how) => {
      const root = tempDir()
      const ada = person(join(root, 'ada'), root)
      mkdirSync(join(root, 'src'))
      for (let i = 0; i < 3; i++) writeFileSync(join(root, 'src', String(i)), noise(8_000_000, i + 1))
      ada.json('build', 'ada/wine', 'src')
      const child = spawn(process.execPath, [program, 'push', 'ada/wine', '--remote', './shared'], {
        env: ada.env,
        cwd: root,
      })
      const ended = once(child, 'exit') as Promise<[number | null]>
      while (!existsSync(join(root, 'shared', 'tmp'))) await new Promise((resolve) => setTimeout(resolve, 5))
      const asked = performance.now()
      child.kill(signal)
      if (how === 'twice') setTimeout(() => child.kill(signal), 50)
      const [status] = await ended
      expect(performance.now() - asked).toBeLessThan(5000)
      expect(status).toBe(130)
      expect(ada.run('install', 'ada/wine', '--remote', './shared', '--store', 'other').status).toBe(3)
      ada.json('push', 'ada/wine', '--remote', './shared')
      clean(ada, '--store', 'shared')
    },
  )
})
