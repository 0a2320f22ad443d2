// Works on a store and a remote in a process that is to be killed: `crash-worker.ts FOLDER SEED [once]`. Before each
// piece of work it says what it is about to do, after it what it reports done, a line each.
import { isQuiltError } from '../../src/core/base/error.ts'
import { build } from '../../src/package/build.ts'
import { push } from '../../src/package/exchange/push.ts'
import { gc } from '../../src/package/gc.ts'
import { tagAdd } from '../../src/package/names/naming.ts'
import { rm } from '../../src/package/remove.ts'
import type { Session } from '../../src/package/session.ts'
import { openSession } from '../../src/session/open-session.ts'
import { writeSource } from './crash-sources.ts'
import { dice } from './crash-world.ts'

/** A line of a worker's. `done` names a commit that `store` has reported. */
export type WorkerLine =
  | { readonly at: string }
  | { readonly done: string; readonly store: string; readonly pkg: string; readonly commit: string }
  | { readonly error: string; readonly code: string }
  | { readonly end: true }

const [folder = '', seed = '0', once] = process.argv.slice(2)
const roll = dice(Number(seed) + 1)

function say(line: WorkerLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function within<T>(store: string, work: (session: Session) => Promise<T>): Promise<T> {
  const env = { HOME: `${folder}/home`, QUILT_AUTHOR_NAME: 'w', QUILT_AUTHOR_EMAIL: 'w@example.org' }
  const session = await openSession({ store: `${folder}/${store}`, folder, env })
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

async function turn(number: number): Promise<void> {
  // Sources lie elsewhere where the disk is the one to break.
  const source = writeSource(
    `${process.env['CRASH_SOURCES'] ?? folder}/source`,
    roll,
    `${seed} ${String(number)}`,
  )
  say({ at: 'build' })
  await within('store', async (one) => {
    const { commit } = await build(one, { handle: 'w/data', path: source })
    say({ done: 'build', store: 'store', pkg: 'w/data', commit: commit as string })
    say({ at: 'push' })
    const pushed = await push(one, 'w/data', { remote: './remote' })
    say({ done: 'push', store: 'remote', pkg: 'w/data', commit: pushed.commit })
    say({ at: 'tag' })
    await tagAdd(one, { pkg: 'w/data', tag: `t${String(number % 5)}`, revision: commit as string })
  })
  await within('store', async (one) => {
    await build(one, { handle: 'w/waste', path: writeSource(source, roll, 'waste') })
    say({ at: 'rm' })
    await rm(one, 'w/waste')
    say({ at: 'gc' })
    await gc(one, { patience: 0, joinSmall: number % 2 === 1 })
  })
  await within('remote', (one) => gc(one, { patience: 0, joinSmall: true }))
}

try {
  for (let number = 0; number === 0 || once === undefined; number++) await turn(number)
  say({ end: true })
} catch (error) {
  say({ error: String(error), code: isQuiltError(error) ? error.code : 'none' })
  process.exitCode = 9
}
