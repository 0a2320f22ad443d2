// Works on two stores and a remote in a process that is to be killed: `crash-worker.ts FOLDER SEED [once]`. Before each
// piece of work it says what it is about to do, after it what it reports done, a line each. CRASH_SOURCES: where sources
// and exports lie. CRASH_BYTES: so many bytes more in each source. CRASH_WAIT: say so, and begin when told.
import { once as next } from 'node:events'
import { writeFileSync } from 'node:fs'
import { isQuiltError } from '../../src/core/base/error.ts'
import { build } from '../../src/package/build.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { exportPackage } from '../../src/package/export.ts'
import { gc } from '../../src/package/gc.ts'
import { tagAdd } from '../../src/package/names/naming.ts'
import { rm } from '../../src/package/remove.ts'
import type { Session } from '../../src/package/session.ts'
import { openSession } from '../../src/session/open-session.ts'
import { writeSource } from './crash-sources.ts'
import { dice } from './crash-world.ts'
import { noise } from './store-bench.ts'

/** What a worker is about to do, or reports done: to a package of a store, or to a tag of it. */
export interface Work {
  readonly store?: string
  readonly pkg?: string
  readonly commit?: string
  readonly tag?: string
}

/** A line of a worker's. */
export type WorkerLine =
  | ({ readonly at: string } & Work)
  | ({ readonly done: string } & Work)
  | { readonly error: string; readonly code: string }
  | { readonly end: true }

const [folder = '', seed = '0', once] = process.argv.slice(2)
const elsewhere = process.env['CRASH_SOURCES'] ?? folder
const more = Number(process.env['CRASH_BYTES'] ?? 0)
const roll = dice(Number(seed) + 1)

function say(line: WorkerLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** Says what is to be done, does it, and says that it is done. */
async function work(name: string, what: Work, act: () => Promise<string | undefined>): Promise<string> {
  say({ at: name, ...what })
  const commit = (await act()) ?? what.commit
  say({ done: name, ...what, ...(commit === undefined ? {} : { commit }) })
  return commit ?? ''
}

async function within<T>(store: string, act: (session: Session) => Promise<T>): Promise<T> {
  const env = { HOME: `${folder}/home`, QUILT_AUTHOR_NAME: 'w', QUILT_AUTHOR_EMAIL: 'w@example.org' }
  const session = await openSession({ store: `${folder}/${store}`, folder, env })
  try {
    return await act(session)
  } finally {
    await session.close()
  }
}

function source(own: string, number: number): string {
  const path = writeSource(`${elsewhere}/source`, roll, own)
  if (more > 0) writeFileSync(`${path}/more`, noise(more, Number(seed) * 100 + number + 1))
  return path
}

async function turn(number: number): Promise<void> {
  const data = { store: 'store', pkg: 'w/data' }
  const path = source(`${seed} ${String(number)}`, number)
  await within('store', async (one) => {
    const commit = await work(
      'build',
      data,
      async () => (await build(one, { handle: 'w/data', path })).commit,
    )
    const there = { store: 'remote', pkg: 'w/data' }
    await work('push', there, async () => (await push(one, 'w/data', { remote: './remote' })).commit)
    const tag = `t${String(number % 5)}`
    await work('tag', { ...data, tag, commit }, async () => {
      return (await tagAdd(one, { pkg: 'w/data', tag, revision: commit })).commit
    })
  })
  const other = { store: 'other', pkg: 'w/data' }
  await within('other', async (one) => {
    await work('install', other, async () => (await install(one, 'w/data', { remote: './remote' })).commit)
    const destination = `${elsewhere}/out`
    await work('export', {}, async () => {
      await exportPackage(one, { handle: 'w/data', destination }, { force: true, symlinks: number % 2 === 1 })
      return undefined
    })
  })
  const waste = { store: 'store', pkg: 'w/waste' }
  await within('store', async (one) => {
    const wasted = source('waste', number)
    await work('waste', waste, async () => (await build(one, { handle: 'w/waste', path: wasted })).commit)
    await work('rm', waste, async () => void (await rm(one, 'w/waste')))
    await work('gc', {}, async () => void (await gc(one, { patience: 0, joinSmall: number % 2 === 1 })))
  })
  await within('remote', (one) =>
    work('gc', {}, async () => void (await gc(one, { patience: 0, joinSmall: true }))),
  )
}

try {
  if (process.env['CRASH_WAIT'] !== undefined) {
    say({ at: 'ready' })
    await next(process.stdin, 'data')
    process.stdin.destroy()
  }
  for (let number = 0; number === 0 || once === undefined; number++) await turn(number)
  say({ end: true })
} catch (error) {
  say({ error: String(error), code: isQuiltError(error) ? error.code : 'none' })
  process.exitCode = 9
}
