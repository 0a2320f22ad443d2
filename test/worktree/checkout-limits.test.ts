// Snapshots and checkouts at the limits of a machine: a disk that is full, little memory, few open files.
import { execFileSync, spawnSync } from 'node:child_process'
import nodeFs from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../support/temp-dir.ts'

const home = fileURLToPath(new URL('../..', import.meta.url))

/** Runs a program of test/support in a shell that first does `prepare`. */
function run(prepare: string, program: string, ...args: readonly string[]): unknown {
  const command = `${prepare} exec "$0" scripts/run-ts.js "$@"`
  const all = ['-c', command, process.execPath, join('test', 'support', program), ...args]
  return JSON.parse(execFileSync('bash', all, { cwd: home, encoding: 'utf8' }))
}

const isLinux = process.platform === 'linux'
/** Where one may mount a small disk of one's own. */
const mounts = isLinux && spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0

describe('H51: a disk that is too small', () => {
  const unchanged = { left: ['there', 'there/f07'], mine: 'mine' }

  test.runIf(isLinux)('for one file leaves nothing behind, and what was there as it was', () => {
    // The limit on a file's size stands in for a file system that takes none so large.
    const why = expect.stringMatching(/cannot write ".*f40": the file is too large/) as string
    const said = run("ulimit -f 2000; trap '' XFSZ;", 'checkout-child.ts', tempDir())
    expect(said).toEqual({
      ends: [
        ['UNAVAILABLE', why],
        ['UNAVAILABLE', why],
      ],
      ...unchanged,
    })
  })

  test.runIf(mounts)('for all files leaves nothing behind, and what was there as it was', () => {
    const folder = tempDir()
    const inside = `mount -t tmpfs -o size=1500k tmpfs "${folder}" &&`
    const why = expect.stringMatching(/cannot write ".*f\d\d": the disk is full/) as string
    expect(inNamespace(inside, folder)).toEqual({
      ends: [
        ['UNAVAILABLE', why],
        ['UNAVAILABLE', why],
      ],
      ...unchanged,
    })
  })

  test.runIf(mounts)('H56: with too few inodes too', () => {
    const folder = tempDir()
    const inside = `mount -t tmpfs -o nr_inodes=20 tmpfs "${folder}" &&`
    const why = expect.stringMatching(/cannot write ".*f\d\d": the disk is full/) as string
    expect(inNamespace(inside, folder)).toEqual({
      ends: [
        ['UNAVAILABLE', why],
        ['UNAVAILABLE', why],
      ],
      ...unchanged,
    })
  })

  function inNamespace(prepare: string, folder: string): unknown {
    const command = `${prepare} exec "$0" scripts/run-ts.js test/support/checkout-child.ts "$1"`
    const all = ['-rm', 'bash', '-c', command, process.execPath, folder]
    return JSON.parse(execFileSync('unshare', all, { cwd: home, encoding: 'utf8' }))
  }
})

test.runIf(isLinux)('H34: a large file goes in and comes out in bounded memory', () => {
  const root = tempDir()
  nodeFs.writeFileSync(`${root}/sparse`, '')
  nodeFs.truncateSync(`${root}/sparse`, 192 * 1024 * 1024)
  const said = run('', 'worktree-child.ts', 'large', root) as { rssMegabytes: number }
  expect(said).toMatchObject({ files: 1, same: 1 })
  expect(said.rssMegabytes).toBeLessThan(180)
})

test.runIf(isLinux && process.env['QUILT_CRASH_ALL'] === '1')(
  'H34: so does one of 5 GiB and a byte',
  { timeout: 3_600_000 },
  () => {
    const root = tempDir()
    nodeFs.writeFileSync(`${root}/sparse`, '')
    nodeFs.truncateSync(`${root}/sparse`, 5 * 1024 ** 3 + 1)
    const said = run('', 'worktree-child.ts', 'large', root) as { rssMegabytes: number }
    expect(said).toMatchObject({ files: 1, same: 1 })
    expect(said.rssMegabytes).toBeLessThan(300)
  },
)

test.runIf(isLinux)('H59: four thousand files go in and come out with 64 open at most', () => {
  const said = run('ulimit -n 64;', 'worktree-child.ts', 'many', tempDir())
  expect(said).toMatchObject({ files: 4000, same: 1 })
})
