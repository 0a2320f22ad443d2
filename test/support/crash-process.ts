// Runs the worker, ends it in some way, and looks at what it left.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, utimesSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import { gc } from '../../src/package/gc.ts'
import { log } from '../../src/package/log.ts'
import { verify } from '../../src/package/verify.ts'
import type { Session } from '../../src/package/session.ts'
import { openSession } from '../../src/session/open-session.ts'
import { bundle } from './crash-sources.ts'
import type { Work, WorkerLine } from './crash-worker.ts'
import { collect } from './ref-bench.ts'

/** The worker, ready to run. */
export const workerScript = (): Promise<string> => bundle(new URL('./crash-worker.ts', import.meta.url))

/** How a worker is run: `command` before node's own. */
export interface WorkerRun {
  readonly script: string
  readonly folder: string
  readonly seed: number
  readonly once?: boolean
  readonly command?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Arguments of a strace that takes hold of the worker before its work, when Node has started. */
  readonly strace?: readonly string[]
  /** Told each line. */
  readonly onLine?: (line: WorkerLine, child: ChildProcess) => void
}

/** Runs a worker to its end, whatever that is; gives its lines. */
export async function runWorker(run: WorkerRun): Promise<readonly WorkerLine[]> {
  const { script, folder, seed, once = false, command = [], env = {}, strace, onLine } = run
  const [program, ...args] = [
    ...command,
    process.execPath,
    script,
    folder,
    String(seed),
    ...(once ? ['once'] : []),
  ]
  const child = spawn(program as string, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      ...(strace === undefined ? {} : { CRASH_WAIT: '1', UV_THREADPOOL_SIZE: '1' }),
      ...env,
    },
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve())
  })
  const lines: WorkerLine[] = []
  const errors = text(child.stderr as NodeJS.ReadableStream)
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const said = JSON.parse(line) as WorkerLine
    if (strace !== undefined && 'at' in said && said.at === 'ready') {
      await attach(strace, child.pid as number)
      child.stdin?.on('error', () => undefined) // it may be killed before it has read this
      child.stdin?.write('go\n')
      continue
    }
    lines.push(said)
    onLine?.(said, child)
  }
  await ended
  if (lines.length === 0 && (await errors) !== '') throw new Error(await errors)
  return lines
}

/** Lets strace take hold of all threads of a process; comes back when it has. */
async function attach(args: readonly string[], pid: number): Promise<void> {
  const tracer = spawn('strace', ['-f', ...args, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    tracer.on('error', reject)
    tracer.on('close', () => reject(new Error(`strace ended: ${said}`)))
    tracer.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('attached')) resolve()
    })
  })
}

/** The codes of the errors that a worker has met. */
export function codesOf(lines: readonly WorkerLine[]): readonly string[] {
  return lines.flatMap((line) => ('error' in line ? [`${line.code}: ${line.error}`] : []))
}

/** What a worker was last about to do, and whether it says that it did. */
export function lastWork(lines: readonly WorkerLine[]): { readonly at: string; readonly isDone: boolean } {
  const index = lines.findLastIndex((line) => 'at' in line)
  const line = lines[index]
  const at = line !== undefined && 'at' in line ? line.at : ''
  return { at, isDone: lines.slice(index).some((later) => 'done' in later || 'end' in later) }
}

const storeNames = ['store', 'remote', 'other'] as const

/** All stores open and are whole, and hold all that was reported, in this round and in those before. */
export async function expectWhole(folder: string, lines: readonly WorkerLine[]): Promise<void> {
  for (const store of storeNames) {
    const done = lines.flatMap((line) => ('done' in line && line.store === store ? [line] : []))
    if (!existsSync(`${folder}/${store}/format`)) {
      expect(done).toEqual([])
      continue
    }
    await within(folder, store, async (session) => {
      expect((await problemsOf(session)).slice(0, 3)).toEqual([])
      const { repository } = await session.local()
      const refs = new Map<string, ReadonlyMap<string, string>>()
      for await (const state of repository.refs.packages()) {
        refs.set(`${state.pkg.owner}/${state.pkg.name}`, new Map<string, string>(state.refs))
      }
      const lost = done.filter(
        ({ done: what, pkg }) => ['build', 'push', 'install'].includes(what) && !refs.has(pkg ?? ''),
      )
      expect(lost).toEqual([])
      if (refs.has('w/data') && done.length > 0) await expectCommits(session, store, done)
      expectTags(store, lines, refs.get('w/data') ?? new Map())
      expectRemoved(store, lines, refs.has('w/waste'))
    })
  }
}

/** A store with damaged files: which, and what is told of it. */
interface DamagedStore {
  readonly files: readonly string[]
  readonly told: readonly string[]
}

/** Stores in which files begin with zeros, as none of ours does, and what is told of each. */
export async function damagedStores(folder: string): Promise<ReadonlyMap<string, DamagedStore>> {
  const damaged = new Map<string, DamagedStore>()
  for (const store of storeNames) {
    const root = `${folder}/${store}`
    if (!existsSync(root)) continue
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length + 1))
      .filter((path) => /^(format|packs|index|refs|condemned)/.test(path))
      .filter((path) =>
        readFileSync(`${root}/${path}`)
          .subarray(0, 10)
          .every((byte) => byte === 0),
      )
    if (files.length === 0) continue
    // What gc was about to delete is asked for by whoever writes, and by nobody who reads.
    const told = await within(folder, store, async (session) => {
      if (!files.every((path) => path.startsWith('condemned/'))) return problemsOf(session)
      const { repository } = await session.local()
      await repository.objects.batch(() => Promise.resolve())
      return []
    }).catch((error: unknown) => [String(error)])
    damaged.set(store, { files, told })
  }
  return damaged
}

/** Every commit that was reported is in the log of moves, and is an ancestor of what is latest; an install has one. */
async function expectCommits(session: Session, store: string, done: readonly Work[]): Promise<void> {
  const reported = done.filter(({ pkg, tag }) => pkg === 'w/data' && tag === undefined)
  for (const options of store === 'other' ? [{ local: true }] : [{ local: true }, { commits: true }]) {
    const known = new Set<string>(
      (await collect(log(session, 'w/data', options))).map(({ commit }) => commit),
    )
    expect(reported.filter(({ commit = '' }) => !known.has(commit))).toEqual([])
  }
}

/** A tag is where it was last reported, or where something that did not end was about to set it. */
function expectTags(store: string, lines: readonly WorkerLine[], refs: ReadonlyMap<string, string>): void {
  const allowed = new Map<string, Set<string>>()
  for (const line of lines) {
    if ('error' in line || 'end' in line || line.tag === undefined) continue
    const { tag, commit = '' } = line
    // A tag is set at the remote first, then here: a report speaks for both.
    if ('done' in line) allowed.set(tag, new Set([commit]))
    else allowed.set(tag, (allowed.get(tag) ?? new Set(['none'])).add(commit))
  }
  if (store === 'other') return
  for (const [tag, commits] of allowed) {
    expect([...commits], `tag ${tag} in ${store}`).toContain(refs.get(`tag/${tag}`) ?? 'none')
  }
}

/** What was removed stays so, unless something was about to build it again. */
function expectRemoved(store: string, lines: readonly WorkerLine[], isThere: boolean): void {
  const last = lines.findLast((line) => !('error' in line) && !('end' in line) && line.pkg === 'w/waste')
  if (store !== 'store' || last === undefined || !('done' in last)) return
  expect(isThere, 'w/waste').toBe(last.done !== 'rm')
}

/**
 * Another process then does it all from the beginning to the end; after that, and two days, gc has swept whatever
 * was left lying. `before` is what was reported until now.
 */
export async function expectGoesOn(
  run: WorkerRun,
  before: readonly WorkerLine[] = [],
): Promise<readonly WorkerLine[]> {
  const lines = await runWorker({ ...run, once: true })
  expect(codesOf(lines)).toEqual([])
  expect(lines.at(-1)).toEqual({ end: true })
  await expectWhole(run.folder, [...before, ...lines])
  for (const store of storeNames) await expectSwept(run.folder, store)
  return [...before, ...lines]
}

/** As if days had gone by: two runs of gc leave nothing that is unfinished. */
async function expectSwept(folder: string, store: string): Promise<void> {
  for (let times = 0; times < 2; times++) {
    age(`${folder}/${store}`)
    await within(folder, store, (session) => gc(session, { patience: 0 }))
  }
  const left = ['tmp', 'writers', 'condemned', 'lapsed'].flatMap((name) =>
    filesIn(`${folder}/${store}/${name}`),
  )
  expect(left).toEqual([])
  await within(folder, store, async (session) => expect((await problemsOf(session)).slice(0, 3)).toEqual([]))
}

/** Dates what is unfinished two days back. */
function age(store: string): void {
  const then = new Date(Date.now() - 48 * 60 * 60 * 1000)
  for (const name of ['tmp', 'writers', 'condemned', 'lapsed', 'packs'])
    for (const path of filesIn(`${store}/${name}`)) utimesSync(path, then, then)
}

function filesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : []
}

async function problemsOf(session: Session): Promise<readonly string[]> {
  return (await verify(session, [])).problems.map((problem) => JSON.stringify(problem))
}

async function within<T>(folder: string, store: string, act: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession({ store: `${folder}/${store}`, folder, env: { HOME: '/nonexistent' } })
  try {
    return await act(session)
  } finally {
    await session.close()
  }
}
