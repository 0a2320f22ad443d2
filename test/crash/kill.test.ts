// Real processes, really killed: at random instants, and at every system call that changes a disk. QUILT_CRASH_ALL=1
// takes a hundred rounds and all calls, else a few. strace takes hold of a worker when Node has started, so that calls
// count from there; each thread counts its own.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  codesOf,
  damagedStores,
  expectGoesOn,
  expectWhole,
  lastWork,
  runWorker,
  workerScript,
} from '../support/crash-process.ts'
import type { WorkerLine } from '../support/crash-worker.ts'
import { dice } from '../support/crash-world.ts'
import { tempDir } from '../support/temp-dir.ts'

const all = process.env['QUILT_CRASH_ALL'] === '1'
const seed = Number(process.env['QUILT_CRASH_SEED'] ?? 1)
const timeout = 7_200_000
let script = ''

beforeAll(async () => {
  script = await workerScript()
  return () => rmSync(script, { force: true })
})

test('SIGKILL at random instants, round after round on one store', { timeout }, async () => {
  const folder = tempDir()
  const roll = dice(seed + 77)
  const ats = new Map<string, number>()
  const lines: WorkerLine[] = []
  const rounds = all ? 100 : 8
  for (let round = 0; round < rounds; round++) {
    let works = 1 + roll(14)
    const said = await runWorker({
      script,
      folder,
      seed: round,
      onLine: (line, child) => {
        if (!('at' in line)) return
        if (--works === 0) setTimeout(() => child.kill('SIGKILL'), roll(line.at === 'gc' ? 150 : 60))
      },
    })
    expect(codesOf(said)).toEqual([])
    expect(said.at(-1)).not.toEqual({ end: true })
    const { at, isDone } = lastWork(said)
    if (!isDone) ats.set(at, (ats.get(at) ?? 0) + 1)
    lines.push(...said)
    await expectWhole(folder, lines)
  }
  // In the middle of something, and of different things.
  expect([...ats.keys()].length, JSON.stringify([...ats])).toBeGreaterThan(all ? 6 : 1)
  await expectGoesOn({ script, folder, seed: 1000 }, lines)
})

/** What a worker calls. Node's own file calls have no fdatasync: the stat cache, which is LevelDB, has. */
const calls = [
  'rename',
  'link',
  'unlink',
  'rmdir',
  'mkdir',
  'fsync',
  'fdatasync',
  'pwrite64',
  'write',
  'openat',
  'close',
]
/** Calls, and how they fail. */
const errors = [
  ['fsync', 'error=EIO'],
  ['pwrite64', 'error=ENOSPC'],
  ['rename', 'error=EIO'],
  ['link', 'error=EIO'],
  ['mkdir', 'error=ENOSPC'],
  ['openat', 'error=EMFILE'],
] as const
const hasStrace = spawnSync('strace', ['-V']).status === 0

/** How often the busiest thread of a worker makes each call, counted once. */
async function countAll(): Promise<ReadonlyMap<string, number>> {
  const folder = tempDir()
  const out = `${folder}/trace`
  const lines = await runWorker({
    script,
    folder,
    seed,
    once: true,
    strace: ['-o', out, '-e', `trace=${calls.join(',')}`],
  })
  expect(lines.at(-1)).toEqual({ end: true })
  const counts = new Map<string, number>()
  for (const line of readFileSync(out, 'utf8').split('\n')) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? []
    const key = `${String(thread)} ${String(call)}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return new Map(
    calls.map((call) => [
      call,
      Math.max(0, ...[...counts].flatMap(([key, count]) => (key.endsWith(` ${call}`) ? [count] : []))),
    ]),
  )
}

let counting: ReturnType<typeof countAll> | undefined
const count = async (call: string): Promise<number> => (await (counting ??= countAll())).get(call) ?? 0

interface Injected {
  readonly folder: string
  readonly lines: readonly WorkerLine[]
  readonly isHit: boolean
}

/** Runs a worker in which `call` fails, or kills, the `when`th time that a thread makes it. */
async function inject(call: string, what: string, when: number): Promise<Injected> {
  const folder = tempDir()
  const out = `${tempDir()}/trace`
  const strace = ['-o', out, '-e', `trace=${call}`, '-e', `inject=${call}:${what}:when=${String(when)}`]
  const lines = await runWorker({ script, folder, seed, once: true, strace })
  const trace = readFileSync(out, 'utf8')
  const isHit = what.startsWith('signal')
    ? /\+\+\+ killed by SIGKILL/.test(trace) && !lines.some((line) => 'end' in line)
    : trace.includes('(INJECTED)')
  return { folder, lines, isHit }
}

/** Injects at every call, until a thread makes no more; or at one of them. Gives how often something was hit. */
async function sweep(
  call: string,
  what: string,
  check: (injected: Injected) => Promise<void>,
): Promise<number> {
  const most = await count(call)
  expect(most, `the worker calls ${call}`).toBeGreaterThan(0)
  let hits = 0
  const once = async (when: number): Promise<boolean> => {
    const injected = await inject(call, what, when)
    if (injected.isHit) hits++
    await check(injected)
    rmSync(injected.folder, { recursive: true, force: true })
    return injected.isHit
  }
  if (all) {
    for (let when = 1; (await once(when)) || when < most / 2; when++);
    expect(hits).toBeGreaterThanOrEqual(Math.floor(most * 0.8))
    return hits
  }
  // No two runs make quite as many calls.
  for (
    let when = 1 + dice(seed + call.length + what.length)(most);
    !(await once(when));
    when = Math.ceil(when / 2)
  )
    expect(when, `${call} was never hit`).toBeGreaterThan(1)
  return hits
}

describe.skipIf(!hasStrace)('at system calls (needs strace)', () => {
  test.each(calls)('SIGKILL at %s', { timeout }, async (call) => {
    const hits = await sweep(call, 'signal=SIGKILL', async ({ folder, lines }) => {
      expect(codesOf(lines)).toEqual([])
      await expectWhole(folder, lines)
      await expectGoesOn({ script, folder, seed: 1000 }, lines)
    })
    expect(hits).toBeGreaterThan(0)
  })

  test.each(errors)('%s that gives %s', { timeout }, async (call, what) => {
    const hits = await sweep(call, what, async ({ folder, lines }) => {
      // Some calls are the worker's own: it writes its source, and loads packages.
      for (const code of codesOf(lines)) expect(code).toMatch(/^UNAVAILABLE|\/source\/?|node_modules/)
      await expectWhole(folder, lines)
      await expectGoesOn({ script, folder, seed: 1000 }, lines)
    })
    expect(hits).toBeGreaterThan(0)
  })

  // libuv goes on behind a short write by itself: this one has written nothing, and leaves a hole.
  test('pwrite64 that says ten bytes, and writes none: the hole is told of', { timeout }, async () => {
    let holes = 0
    const hits = await sweep('pwrite64', 'retval=10', async ({ folder, lines }) => {
      for (const code of codesOf(lines)) expect(code).toMatch(/^UNAVAILABLE|^CORRUPT/)
      const damaged = await damagedStores(folder)
      for (const [store, { files, told }] of damaged)
        expect(told, `${store}: ${files.join()}`).not.toEqual([])
      if (damaged.size > 0) holes++
      else await expectGoesOn({ script, folder, seed: 1000 }, lines)
    })
    expect(hits).toBeGreaterThan(0)
    if (all) expect(holes).toBeGreaterThan(5)
  })
})
