// Real disks that are full, read-only, or lose their power. They are mounted, so this needs root on Linux; where a
// mount is refused the test says so and is skipped.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterEach, beforeAll, expect, test, type TestContext } from 'vitest'
import { exportPackage } from '../../src/package/export.ts'
import { push } from '../../src/package/exchange/push.ts'
import { build } from '../../src/package/build.ts'
import { verify } from '../../src/package/verify.ts'
import type { Session } from '../../src/package/session.ts'
import { openSession } from '../../src/session/open-session.ts'
import {
  codesOf,
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
const timeout = 3_600_000
let script = ''
const mounted: string[] = []

beforeAll(async () => {
  script = await workerScript()
  return () => rmSync(script, { force: true })
})
afterEach(() => {
  for (const folder of mounted.splice(0).reverse()) spawnSync('umount', [folder])
})

/** Runs a command; gives what it complained about. */
function run(program: string, ...args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  return status === 0 ? undefined : `${program} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`
}

/** Mounts, or skips the test and says why. */
function mount(context: TestContext, folder: string, ...args: readonly string[]): void {
  const refused = run('mount', ...args, folder)
  if (refused !== undefined) context.skip(`this machine cannot mount: ${refused}`)
  mounted.push(folder)
}

async function within<T>(store: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession({ store, folder: store, env: { HOME: '/nonexistent' } })
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

const limits = [
  [
    'bytes',
    all ? ['size=300k', 'size=700k', 'size=1m', 'size=2500k', 'size=4m'] : ['size=2500k'],
    'size=200m',
  ],
  ['inodes', all ? ['nr_inodes=12', 'nr_inodes=30', 'nr_inodes=40'] : ['nr_inodes=40'], 'nr_inodes=10000'],
] as const

test.for(limits)('a disk that is out of %s', { timeout }, async ([, small, large], context) => {
  const disk = tempDir()
  const env = { CRASH_SOURCES: tempDir() }
  let refusals = 0
  for (const limit of small) {
    mount(context, disk, '-t', 'tmpfs', '-o', limit, 'tmpfs')
    const lines: WorkerLine[] = []
    for (let round = 0; round < 2; round++) {
      const said = await runWorker({ script, folder: disk, seed: seed + round, env })
      for (const code of codesOf(said)) expect(code).toMatch(/^UNAVAILABLE.*the disk is full/)
      refusals += codesOf(said).length
      lines.push(...said)
      await expectWhole(disk, lines)
    }
    // With room again it all goes on, and what was left lying is no matter.
    expect(run('mount', '-o', `remount,${large}`, disk)).toBeUndefined()
    await expectGoesOn({ script, folder: disk, seed: 1000, env }, lines)
    expect(run('umount', disk)).toBeUndefined()
    mounted.pop()
  }
  expect(refusals).toBe(2 * small.length)
})

test('a disk that is mounted read-only', { timeout }, async (context) => {
  const [disk, view, elsewhere] = [tempDir(), tempDir(), tempDir()]
  await runWorker({ script, folder: disk, seed, once: true })
  mount(context, view, '--bind', disk)
  expect(run('mount', '-o', 'remount,ro,bind', view)).toBeUndefined()
  const denied = { code: 'DENIED', message: expect.stringContaining('read-only') as string }
  await within(`${view}/store`, async (session) => {
    await expect(build(session, { handle: 'w/data' }, { force: true })).rejects.toMatchObject(denied)
    await exportPackage(session, { handle: 'w/data', destination: `${elsewhere}/out` })
    expect(readdirSync(`${elsewhere}/out`).length).toBeGreaterThan(2)
    expect((await verify(session, [])).problems).toEqual([])
  })
  await within(`${disk}/store`, async (session) => {
    await build(session, { handle: 'w/data', path: `${disk}/source` }, { force: true, message: 'more' })
    await expect(push(session, 'w/data', { remote: `${view}/remote` })).rejects.toMatchObject({
      code: 'DENIED',
    })
    await push(session, 'w/data')
  })
  await expectGoesOn({ script, folder: disk, seed: 1000 })
})

test('a process that may open only few files', { timeout }, async () => {
  for (const limit of all ? [24, 28, 36, 48, 64] : [28, 64]) {
    const folder = tempDir()
    const command = ['bash', '-c', `ulimit -n ${String(limit)}; exec "$@"`, 'bash']
    const lines = await runWorker({ script, folder, seed, once: true, command }).catch((error: unknown) => {
      // Node itself does not start with so few.
      expect([limit < 36, String(error)]).toEqual([true, String(error)])
      return []
    })
    for (const code of codesOf(lines)) expect(code).toMatch(/^UNAVAILABLE.*too many open files/)
    if (limit >= 64) expect(codesOf(lines)).toEqual([])
    await expectWhole(folder, lines)
    await expectGoesOn({ script, folder, seed: 1000 }, lines)
  }
})

/**
 * Takes the power away when told by a line: EXT4_IOC_SHUTDOWN without a flush of the journal. Runs beforehand, so that
 * nothing goes on while Python starts.
 */
const cut = `import fcntl, os, struct, sys
print('ready', flush=True)
if sys.stdin.readline():
    fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))
    print('cut', flush=True)`

interface Switch {
  /** Cuts the power; 'cut' when the kernel did. */
  readonly cut: () => Promise<string>
  /** Comes back when nothing holds the disk any more. */
  readonly end: () => Promise<void>
}

async function powerSwitch(disk: string): Promise<Switch> {
  const python = spawn('python3', ['-c', cut, disk], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => python.on('close', resolve))
  const failed = text(python.stderr)
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const { value, done } = (await lines.next()) as IteratorResult<string, undefined>
    return done === true ? await failed : value
  }
  await next()
  return {
    cut: () => {
      python.stdin.write('now\n')
      return next()
    },
    end: async () => {
      python.stdin.end()
      await ended
    },
  }
}

const moments = ['build', 'push', 'install', 'gc'] as const
/** A build of so many bytes that nobody has seen takes a tenth of a second. */
const more = 6_000_000

interface PowerCut {
  readonly moment: (typeof moments)[number]
  /** Which of the moments of one worker, and how many milliseconds into it. */
  readonly nth: number
  readonly delay: number
  readonly round: number
}

/** Cuts the power, looks at what is left, and goes on there. True when it was in the middle of the moment. */
async function cutAt(context: TestContext, { moment, nth, delay, round }: PowerCut): Promise<boolean> {
  const [place, disk] = [tempDir(), tempDir()]
  const image = `${place}/image`
  for (const refused of [run('truncate', '-s', '256M', image), run('mkfs.ext4', '-q', image)]) {
    if (refused !== undefined) context.skip(`no ext4 here: ${refused}`)
  }
  const env = { CRASH_SOURCES: place, CRASH_BYTES: String(more) }
  mount(context, disk, '-o', 'loop', image)
  const folder = `${disk}/work`
  mkdirSync(folder)
  const power = await powerSwitch(disk)
  let left = nth
  let answer: Promise<string> | undefined
  const lines = await runWorker({
    script,
    folder,
    seed: round,
    env,
    onLine: (line, child) => {
      if (!('at' in line) || line.at !== moment || --left !== 0) return
      setTimeout(() => {
        answer = power.cut().finally(() => child.kill('SIGKILL'))
      }, delay)
    },
  })
  const said = await answer
  await power.end()
  if (said !== 'cut') context.skip(`this kernel cannot cut the power: ${String(said)}`)
  expect(run('umount', disk)).toBeUndefined()
  mounted.pop()
  mount(context, disk, '-o', 'loop', image)
  for (const code of codesOf(lines)) expect(code).toMatch(/^(UNAVAILABLE|DENIED)/)
  await expectWhole(folder, lines)
  await expectGoesOn({ script, folder, seed: 1000 + round, env }, lines)
  expect(run('umount', disk)).toBeUndefined()
  mounted.pop()
  const { at, isDone } = lastWork(lines)
  return at === moment && !isDone
}

test.for(moments)('a power cut in the middle of a %s', { timeout }, async (moment, context) => {
  const roll = dice(seed + moment.length)
  const [wanted, most] = all ? [25, 100] : [1, 12]
  let inTheMiddle = 0
  let tries = 0
  for (; inTheMiddle < wanted && tries < most; tries++) {
    const delay = roll(moment === 'gc' ? 40 : 90)
    if (await cutAt(context, { moment, nth: 1 + roll(3), delay, round: tries })) inTheMiddle++
  }
  expect([inTheMiddle, `of ${String(tries)} cuts`]).toEqual([wanted, `of ${String(tries)} cuts`])
})
