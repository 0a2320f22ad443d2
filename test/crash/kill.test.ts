// Real processes, really killed: at random instants, and at every system call that changes a disk. QUILT_CRASH_ALL=1
// takes a hundred rounds and all calls, else a few.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { codesOf, expectGoesOn, expectWhole, runWorker, workerScript } from '../support/crash-process.ts'
import { dice } from '../support/crash-world.ts'
import { tempDir } from '../support/temp-dir.ts'

const all = process.env['QUILT_CRASH_ALL'] === '1'
const seed = Number(process.env['QUILT_CRASH_SEED'] ?? 1)
const timeout = 3_600_000
let script = ''

beforeAll(async () => {
  script = await workerScript()
  return () => rmSync(script, { force: true })
})

test('SIGKILL at random instants, round after round on one store', { timeout }, async () => {
  const folder = tempDir()
  const roll = dice(seed + 77)
  const ats = new Set<string>()
  for (let round = 0; round < (all ? 100 : 8); round++) {
    let works = 1 + roll(8)
    let last = ''
    const lines = await runWorker({
      script,
      folder,
      seed: round,
      onLine: (line, child) => {
        if (!('at' in line)) return
        last = line.at
        if (--works === 0) setTimeout(() => child.kill('SIGKILL'), roll(line.at === 'gc' ? 150 : 60))
      },
    })
    ats.add(last)
    expect(codesOf(lines)).toEqual([])
    await expectWhole(folder, lines)
  }
  expect(ats.size).toBeGreaterThan(1)
  await expectGoesOn({ script, folder, seed: 1000 })
})

const calls = ['rename', 'link', 'unlink', 'fsync', 'pwrite64', 'mkdir', 'write']
/** Calls, and how they fail. */
const errors = [
  ['fsync', 'error=EIO'],
  ['pwrite64', 'error=ENOSPC'],
  ['pwrite64', 'retval=10'],
  ['rename', 'error=EIO'],
  ['link', 'error=EIO'],
  ['openat', 'error=EMFILE'],
] as const
const hasStrace = spawnSync('strace', ['-V']).status === 0

/** One thread makes all calls on files, or `when` would count those of each by itself. */
const env = { UV_THREADPOOL_SIZE: '1' }

/** How often a worker makes each call, counted once. */
async function countAll(): Promise<ReadonlyMap<string, number>> {
  const folder = tempDir()
  const out = `${folder}/trace`
  const traced = [...new Set([...calls, ...errors.map(([call]) => call)])]
  const command = ['strace', '-f', '-qq', '-o', out, '-e', `trace=${traced.join(',')}`]
  await runWorker({ script, folder, seed, once: true, command, env })
  const lines = readFileSync(out, 'utf8').split('\n')
  return new Map(traced.map((call) => [call, lines.filter((line) => line.includes(` ${call}(`)).length]))
}

let counting: ReturnType<typeof countAll> | undefined
const count = async (call: string): Promise<number> => (await (counting ??= countAll())).get(call) ?? 0

async function inject(
  call: string,
  what: string,
): Promise<{ folder: string; lines: Awaited<ReturnType<typeof runWorker>> }> {
  const folder = tempDir()
  const command = [
    'strace',
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${call}:${what}`,
  ]
  return { folder, lines: await runWorker({ script, folder, seed, once: true, command, env }) }
}

describe.skipIf(!hasStrace)('at system calls (needs strace)', () => {
  test.each(calls)('SIGKILL at %s', { timeout }, async (call) => {
    const most = await count(call)
    expect(most).toBeGreaterThan(1)
    const roll = dice(seed + call.length)
    for (const when of all ? Array.from({ length: most }, (_, i) => i + 1) : [1 + roll(most)]) {
      const { folder, lines } = await inject(call, `signal=SIGKILL:when=${String(when)}`)
      await expectWhole(folder, lines)
      await expectGoesOn({ script, folder, seed: 1000 })
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test.each(errors)('%s that gives %s', { timeout }, async (call, what) => {
    const most = await count(call)
    const roll = dice(seed + what.length)
    // Node itself opens files while it starts.
    const first = call === 'openat' ? Math.floor(most / 2) : 0
    for (const when of all
      ? Array.from({ length: most - first }, (_, i) => first + i + 1)
      : [first + 1 + roll(most - first)]) {
      const { folder, lines } = await inject(call, `${what}:when=${String(when)}`)
      // Some calls are the worker's own: it writes its source, and loads packages.
      for (const code of codesOf(lines)) expect(code).toMatch(/^UNAVAILABLE|\/source\/|node_modules/)
      await expectWhole(folder, lines)
      await expectGoesOn({ script, folder, seed: 1000 })
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
