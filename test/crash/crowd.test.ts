// Many processes on one store, and on one remote: nobody meets an error but CONFLICT where two move one ref, nothing
// that was reported is lost, nothing is missing. Some seconds; with QUILT_CRASH_ALL=1 a minute.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { beforeAll, expect, test } from 'vitest'
import { gc } from '../../src/package/gc.ts'
import { log } from '../../src/package/log.ts'
import { verify } from '../../src/package/verify.ts'
import type { Session } from '../../src/package/session.ts'
import { openSession } from '../../src/session/open-session.ts'
import type { CrowdReport } from '../support/crash-crowd.ts'
import { bundle } from '../support/crash-sources.ts'
import { collect } from '../support/ref-bench.ts'
import { tempDir } from '../support/temp-dir.ts'

const all = process.env['QUILT_CRASH_ALL'] === '1'
const timeout = 240_000
let script = ''

beforeAll(async () => {
  script = await bundle(new URL('../support/crash-crowd.ts', import.meta.url))
  return () => rmSync(script, { force: true })
})

/** Runs a crowd, and gives what each says. */
async function crowd(
  folder: string,
  milliseconds: number,
  roles: Readonly<Record<string, number>>,
): Promise<readonly CrowdReport[]> {
  const names = Object.entries(roles).flatMap(([role, count]) =>
    Array.from({ length: count }, (_, i) => [role, String(i)] as const),
  )
  return Promise.all(
    names.map(async ([role, number]) => {
      const child = spawn(process.execPath, [script, role, number, folder, String(milliseconds)], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
      if (out === '') throw new Error(`${role} ${number} died: ${err}`)
      return JSON.parse(out) as CrowdReport
    }),
  )
}

async function within<T>(folder: string, store: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession({ store: `${folder}/${store}`, folder, env: { HOME: folder } })
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

function expectCalm(reports: readonly CrowdReport[]): void {
  expect(reports.flatMap(({ errors }) => errors)).toEqual([])
  for (const { role, turns } of reports) expect([role, turns > 0]).toEqual([role, true])
  // The collector was not only there: it took packs away under the others.
  expect(reports.reduce((sum, { deleted }) => sum + deleted, 0)).toBeGreaterThan(0)
}

/** Every commit that was reported is in the package's log, and reachable from where it is now. */
async function expectLogged(session: Session, reports: readonly CrowdReport[]): Promise<number> {
  const reported = new Map<string, string[]>()
  for (const { done } of reports) {
    for (const [pkg, commits] of Object.entries(done)) {
      if (!pkg.startsWith('gone/')) reported.set(pkg, [...(reported.get(pkg) ?? []), ...commits])
    }
  }
  for (const [pkg, commits] of reported) {
    for (const options of [{ local: true }, { commits: true }]) {
      const known = new Set<string>((await collect(log(session, pkg, options))).map(({ commit }) => commit))
      expect([pkg, commits.filter((commit) => !known.has(commit))]).toEqual([pkg, []])
    }
  }
  return [...reported.values()].flat().length
}

test('8 builders, 4 readers, a remover and a collector on one store', { timeout }, async () => {
  const folder = tempDir()
  const reports = await crowd(folder, all ? 60_000 : 8_000, {
    builder: 8,
    reader: 4,
    remover: 1,
    collector: 1,
  })
  expectCalm(reports)
  await within(folder, 'store', async (session) => {
    expect((await verify(session, [])).problems).toEqual([])
    expect(await expectLogged(session, reports)).toBeGreaterThan(16)
    const { waiting } = await gc(session, { patience: 0 })
    expect(waiting).toBe(0)
    expect((await verify(session, [])).problems).toEqual([])
  })
})

test('two pushers to one package of a remote, whose waste is collected meanwhile', { timeout }, async () => {
  const folder = tempDir()
  const reports = await crowd(folder, all ? 60_000 : 5_000, { pusher: 2, 'remote-collector': 1 })
  expectCalm(reports)
  expect(reports.reduce((sum, { conflicts }) => sum + conflicts, 0)).toBeGreaterThan(0)
  await within(folder, 'remote', async (session) => {
    expect((await verify(session, [])).problems).toEqual([])
    expect(await expectLogged(session, reports)).toBeGreaterThan(2)
  })
})
