// Disks as they are at bad times: full, read-only, another file system, gone. With real mounts, where one may mount.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { person, program } from '../support/built-cli.ts'
import { noise } from '../support/store-bench.ts'
import { tempDir } from '../support/temp-dir.ts'

// Many processes each: on a machine that does other things as well, that takes a while.
vi.setConfig({ testTimeout: 120_000 })

const isRoot = process.getuid?.() === 0

/** Mounts until the test has ended; false where that is not allowed. */
function mount(...argv: readonly string[]): boolean {
  const done = spawnSync('mount', argv).status === 0
  if (done) onTestFinished(() => void spawnSync('umount', [argv.at(-1) ?? '']))
  return done
}

const canMount = ((): boolean => {
  if (!isRoot) return false
  const script =
    'd=$(mktemp -d) && mount -t tmpfs -o nr_inodes=20 tmpfs "$d"; s=$?; umount "$d"; rmdir "$d"; exit $s'
  return spawnSync('bash', ['-c', script]).status === 0
})()

function files(root: string, folder: string, count: number): void {
  mkdirSync(join(root, folder))
  for (let i = 0; i < count; i++) writeFileSync(join(root, folder, String(i)), String(i))
}

test.runIf(canMount)(
  'H56: a disk without inodes says so, loses nothing, and goes on when it has some again',
  () => {
    const root = tempDir()
    const ada = person(join(root, 'ada'), root)
    files(root, 'src', 3)
    mkdirSync(join(root, 'small'))
    mount('-t', 'tmpfs', '-o', 'nr_inodes=20', 'tmpfs', join(root, 'small'))
    const store = ['--store', 'small/store']
    let failed
    let built = 0
    for (; failed === undefined && built < 20; built++) {
      const done = ada.run('build', `ada/n${String(built)}`, 'src', ...store)
      if (done.status !== 0) failed = done
    }
    expect([failed?.status, failed?.stderr]).toEqual([
      8,
      expect.stringMatching(/^error: .*small\/store.*the disk is full\n/),
    ])
    expect(ada.json<{ problems: [] }>('verify', ...store).problems).toEqual([])
    expect(ada.json<unknown[]>('ls', ...store)).toHaveLength(built - 1)
    spawnSync('mount', ['-o', 'remount,nr_inodes=10000', join(root, 'small')])
    ada.json('build', `ada/n${String(built)}`, 'src', ...store)
    ada.json('gc', ...store)
    expect(readdirSync(join(root, 'small', 'store', 'tmp'))).toEqual([])
    expect(ada.json<{ problems: [] }>('verify', ...store).problems).toEqual([])
  },
)

test.runIf(canMount)('H57: a read-only store can be read, sent and verified, and refuses what writes', () => {
  const root = tempDir()
  const ada = person(join(root, 'ada'), root)
  files(root, 'src', 3)
  ada.json('build', 'ada/wine', 'src', '--store', 'rw')
  mkdirSync(join(root, 'ro'))
  mount('--bind', join(root, 'rw'), join(root, 'ro'))
  spawnSync('mount', ['-o', 'remount,ro,bind', join(root, 'ro')])
  const store = ['--store', 'ro']
  const reading = [
    ['ls'],
    ['log', 'ada/wine'],
    ['export', 'ada/wine', 'out'],
    ['verify'],
    ['push', 'ada/wine', '--remote', './shared'],
  ]
  for (const argv of reading) expect([argv, ada.run(...argv, ...store).status]).toEqual([argv, 0])
  ada.json('install', 'ada/wine', '--remote', './ro', '--store', 'other')
  const writing = [['build', 'ada/wine', 'out', '--force'], ['rm', 'ada/wine', '--yes'], ['gc']]
  for (const argv of writing) {
    const { status, stderr } = ada.run(...argv, ...store)
    expect([argv, status, stderr]).toEqual([
      argv,
      6,
      expect.stringMatching(/^error: .*the file system is read-only\n$/),
    ])
  }
})

test.runIf(isRoot)('H58: a file and a folder that may not be read are named, and nothing is built', () => {
  const root = tempDir()
  const ada = person(join(root, 'ada'), root)
  files(root, 'src', 2)
  files(root, 'src/closed', 1)
  chmodSync(root, 0o777)
  const build = () =>
    spawnSync(process.execPath, [program, 'build', 'ada/wine', 'src', '--store', 'own'], {
      env: ada.env,
      cwd: root,
      encoding: 'utf8',
      uid: 65_534,
      gid: 65_534,
    })
  chmodSync(join(root, 'src', '1'), 0)
  expect(build()).toMatchObject({
    status: 6,
    stderr: expect.stringContaining('src/1": permission denied') as string,
  })
  chmodSync(join(root, 'src', '1'), 0o644)
  chmodSync(join(root, 'src', 'closed'), 0o700)
  expect(build()).toMatchObject({
    status: 6,
    stderr: expect.stringContaining('src/closed": permission denied') as string,
  })
  expect(ada.json('ls', '--store', 'own')).toEqual([])
})

test('H59: 64 open files are enough for 10,000', () => {
  const root = tempDir()
  const ada = person(join(root, 'ada'), root)
  files(root, 'src', 10_000)
  const { status, stderr } = ada.shell('ulimit -n 64; quilt build ada/many src -q')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test.runIf(canMount)(
  'H60: store, source, export and temporary folder may lie on different file systems',
  () => {
    const root = tempDir()
    files(root, 'src', 3)
    mkdirSync(join(root, 'other'))
    mount('-t', 'tmpfs', 'tmpfs', join(root, 'other'))
    for (const [TMPDIR, store, out] of [
      [join(root, 'other'), 'near', 'other/out'],
      [root, 'other/far', 'out'],
      ['/nowhere', 'third', 'out3'],
    ] as const) {
      const ada = person(join(root, 'ada'), root, { TMPDIR })
      ada.json('build', 'ada/wine', 'src', '--store', store)
      ada.json('export', 'ada/wine', out, '--store', store)
      expect(readdirSync(join(root, out))).toEqual(['0', '1', '2'])
    }
  },
)

describe('H62: a store whose folder is taken away while it is written', () => {
  test.each(['removed', 'renamed'])('%s: the build ends, says so, and makes nothing anew', async (how) => {
    const root = tempDir()
    const ada = person(join(root, 'ada'), root)
    mkdirSync(join(root, 'src'))
    for (let i = 0; i < 3; i++) writeFileSync(join(root, 'src', String(i)), noise(8_000_000, i + 1))
    const store = join(root, 'store')
    const child = spawn(process.execPath, [program, 'build', 'ada/big', 'src', '--store', store], {
      env: ada.env,
      cwd: root,
    })
    let told = ''
    child.stderr.on('data', (text: Buffer) => (told += text.toString()))
    const ended = once(child, 'exit') as Promise<[number]>
    while (!existsSync(join(store, 'writers'))) await new Promise((resolve) => setTimeout(resolve, 5))
    // While it is being written into, a folder is not empty for long.
    if (how === 'renamed') renameSync(store, join(root, 'moved'))
    while (existsSync(store)) spawnSync('rm', ['-rf', store])
    const [status] = await ended
    expect([status, told]).toEqual([8, expect.stringMatching(/^error: .*store.*(gone|went away)/)])
    expect(existsSync(store)).toBe(false)
  })

  test.each(['push', 'export', 'gc'])('%s: it ends as well, and says so or is done', async (verb) => {
    const root = tempDir()
    const ada = person(join(root, 'ada'), root)
    mkdirSync(join(root, 'src'))
    for (let i = 0; i < 3; i++) writeFileSync(join(root, 'src', String(i)), noise(8_000_000, i + 1))
    const local = ['--store', join(root, 'store')]
    ada.json('build', 'ada/big', 'src', ...local)
    const gone = join(root, verb === 'push' ? 'remote' : 'store')
    const argv = {
      push: ['push', 'ada/big', '--remote', './remote'],
      export: ['export', 'ada/big', 'out'],
      gc: ['gc'],
    }[verb] as string[]
    const child = spawn(process.execPath, [program, ...argv, ...local], { env: ada.env, cwd: root })
    let told = ''
    child.stderr.on('data', (text: Buffer) => (told += text.toString()))
    const ended = once(child, 'exit') as Promise<[number]>
    const hasBegun = (): boolean =>
      verb === 'push'
        ? existsSync(join(gone, 'writers'))
        : verb === 'gc' || readdirSync(root).some((name) => name.startsWith('.quilt-'))
    while (child.exitCode === null && !hasBegun()) await new Promise((resolve) => setTimeout(resolve, 5))
    while (existsSync(gone)) spawnSync('rm', ['-rf', gone])
    const [status] = await ended
    // Who was done before that has said so; an export may have opened all that it needs.
    if (status === 0) expect(verb).not.toBe('push')
    else expect([[3, 4, 8].includes(status), told]).toEqual([true, expect.stringMatching(/^error: .+\n/)])
    expect(told).not.toMatch(/\n {4}at /)
    expect(existsSync(join(root, 'out'))).toBe(verb === 'export' && status === 0)
  })
})
