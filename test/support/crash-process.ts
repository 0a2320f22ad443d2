// Runs the worker, ends it in some way, and looks at what it left.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import { log } from '../../src/package/log.ts'
import { verify } from '../../src/package/verify.ts'
import { openSession } from '../../src/session/open-session.ts'
import { bundle } from './crash-sources.ts'
import type { WorkerLine } from './crash-worker.ts'
import { collect } from './ref-bench.ts'

/** The worker, ready to run. */
export const workerScript = (): Promise<string> => bundle(new URL('./crash-worker.ts', import.meta.url))

/** How a worker is run: `command` before node's own, such as strace. */
export interface WorkerRun {
  readonly script: string
  readonly folder: string
  readonly seed: number
  readonly once?: boolean
  readonly command?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Told each line. */
  readonly onLine?: (line: WorkerLine, child: ChildProcess) => void
}

/** Runs a worker to its end, whatever that is; gives its lines. */
export async function runWorker(run: WorkerRun): Promise<readonly WorkerLine[]> {
  const { script, folder, seed, once = false, command = [], env = {}, onLine } = run
  const [program, ...args] = [
    ...command,
    process.execPath,
    script,
    folder,
    String(seed),
    ...(once ? ['once'] : []),
  ]
  const child = spawn(program as string, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve())
  })
  const lines: WorkerLine[] = []
  const errors = text(child.stderr as NodeJS.ReadableStream)
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const said = JSON.parse(line) as WorkerLine
    lines.push(said)
    onLine?.(said, child)
  }
  await ended
  if (lines.length === 0 && (await errors) !== '') throw new Error(await errors)
  return lines
}

/** The codes of the errors that a worker has met. */
export function codesOf(lines: readonly WorkerLine[]): readonly string[] {
  return lines.flatMap((line) => ('error' in line ? [`${line.code}: ${line.error}`] : []))
}

/** Both stores open and are whole, and hold all that was reported. */
export async function expectWhole(folder: string, lines: readonly WorkerLine[]): Promise<void> {
  for (const store of ['store', 'remote']) {
    const reported = lines.flatMap((line) => ('done' in line && line.store === store ? [line] : []))
    if (!existsSync(`${folder}/${store}/format`)) {
      expect(reported).toEqual([])
      continue
    }
    const session = await openSession({ store: `${folder}/${store}`, folder, env: { HOME: '/nonexistent' } })
    try {
      const { problems } = await verify(session, [])
      expect(problems.map((problem) => JSON.stringify(problem))).toEqual([])
      if (reported.length === 0) continue
      const known = new Set<string>(
        (await collect(log(session, 'w/data', { local: true }))).map(({ commit }) => commit),
      )
      expect(reported.filter(({ commit }) => !known.has(commit))).toEqual([])
    } finally {
      await session.close()
    }
  }
}

/** Another process then does it all from the beginning to the end. */
export async function expectGoesOn(run: WorkerRun): Promise<void> {
  const lines = await runWorker({ ...run, once: true })
  expect(codesOf(lines)).toEqual([])
  expect(lines.at(-1)).toEqual({ end: true })
  await expectWhole(run.folder, lines)
}
