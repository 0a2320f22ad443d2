// One of a crowd on one store, in a process of its own: `crash-crowd.ts ROLE NUMBER FOLDER MILLISECONDS`. Works until
// its time is over, then prints what was reported done and what went wrong.
import { createHash } from 'node:crypto'
import * as nodeFs from 'node:fs'
import { isQuiltError, type ErrorCode } from '../../src/core/base/error.ts'
import { build } from '../../src/package/build.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { exportPackage } from '../../src/package/export.ts'
import { gc } from '../../src/package/gc.ts'
import { ls } from '../../src/package/list.ts'
import { rm } from '../../src/package/remove.ts'
import { verify } from '../../src/package/verify.ts'
import type { Session } from '../../src/package/session.ts'
import { openSession } from '../../src/session/open-session.ts'
import { dice } from './crash-world.ts'
import { writeSource } from './crash-sources.ts'

/** What one of the crowd says at its end. */
export interface CrowdReport {
  readonly role: string
  /** Turns taken. */
  readonly turns: number
  readonly conflicts: number
  /** Packs that its collections have deleted. */
  readonly deleted: number
  /** Commits reported done, by package. */
  readonly done: Readonly<Record<string, readonly string[]>>
  readonly errors: readonly string[]
}

const [role = '', numberText = '0', folder = '', time = '0'] = process.argv.slice(2)
const number = Number(numberText)
const end = Date.now() + Number(time)
const roll = dice(number + 1)
const done: Record<string, string[]> = {}
const errors: string[] = []
const counts = { turns: 0, conflicts: 0, deleted: 0 }
const scratch = `${folder}/scratch-${role}-${numberText}`

function session(store: string): Promise<Session> {
  const who = `${role}${numberText}`
  const env = {
    HOME: `${folder}/home-${who}`,
    QUILT_AUTHOR_NAME: who,
    QUILT_AUTHOR_EMAIL: `${who}@example.org`,
  }
  return openSession({ store: `${folder}/${store}`, folder, env })
}

async function within<T>(store: string, work: (session: Session) => Promise<T>): Promise<T> {
  const one = await session(store)
  try {
    return await work(one)
  } finally {
    await one.close()
  }
}

/** A folder of files that others have too, and one that no other has. */
function source(): string {
  return writeSource(`${scratch}/source`, roll, `${role} ${numberText} ${String(counts.turns)}`)
}

function digest(path: string): string {
  const hash = createHash('sha256')
  for (const name of nodeFs.readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()) {
    hash.update(`${name}\n`)
    if (nodeFs.statSync(`${path}/${name}`).isFile()) hash.update(nodeFs.readFileSync(`${path}/${name}`))
  }
  return hash.digest('hex')
}

/** Runs; says false for an error that may come here. */
async function unless(allowed: readonly ErrorCode[], work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (!isQuiltError(error) || !allowed.includes(error.code)) throw error
    if (error.code === 'CONFLICT') counts.conflicts++
    return false
  }
}

async function buildOne(pkg: string, store = 'store'): Promise<boolean> {
  const path = source()
  return unless(['CONFLICT'], async () => {
    const { commit } = await within(store, (one) => build(one, { handle: pkg, path }))
    ;(done[pkg] ??= []).push(commit as string)
  })
}

/** Exports and compares with what went in, where that is known. */
async function readOne(one: Session, pkg: string, expected: string | undefined): Promise<void> {
  const to = `${scratch}/out`
  nodeFs.rmSync(to, { recursive: true, force: true })
  await exportPackage(one, { handle: pkg, destination: to })
  if (expected !== undefined && digest(to) !== expected) errors.push(`${pkg} has other bytes`)
}

async function collect(store: string, joinSmall: boolean): Promise<void> {
  const { packsDeleted } = await within(store, (one) => gc(one, { patience: 200, joinSmall }))
  counts.deleted += packsDeleted
}

const roles: Readonly<Record<string, () => Promise<void>>> = {
  /** Its own package must never conflict; the one that all share may. */
  builder: async () => {
    const own = `own/p${numberText}`
    if (!(await buildOne(own))) errors.push(`CONFLICT over ${own}, which nobody else builds`)
    const expected = digest(`${scratch}/source`)
    await within('store', (one) => readOne(one, own, expected))
    await buildOne('all/shared')
  },
  /** Keeps its session, so that what it knows is old; only what rm takes away may vanish before its eyes. */
  reader: async () => {
    reading ??= await session('store')
    const packages: string[] = []
    for await (const row of ls(reading)) packages.push(row.package)
    const pkg = packages[roll(Math.max(packages.length, 1))]
    if (pkg === undefined) return
    await unless(pkg.startsWith('gone/') ? ['NOT_FOUND'] : [], () =>
      readOne(reading as Session, pkg, undefined),
    )
  },
  remover: async () => {
    const pkg = `gone/g${String(counts.turns % 3)}`
    await buildOne(pkg)
    if (counts.turns % 2 === 0) await within('store', (one) => rm(one, pkg))
  },
  collector: async () => {
    await collect('store', counts.turns % 3 === 2)
  },
  /** Pushes to the package that others push to; who comes second is told, keeps its build, and starts anew. */
  pusher: async () => {
    const store = `store-${numberText}`
    const pkg = 'team/data'
    const path = source()
    const { commit } = await within(store, (one) => build(one, { handle: pkg, path }))
    const pushed = await unless(['CONFLICT'], () =>
      within(store, (one) => push(one, pkg, { remote: './remote' })),
    )
    if (pushed) {
      ;(done[pkg] ??= []).push(commit as string)
      return
    }
    await within(store, async (one) => {
      const [row] = await all(ls(one))
      if (row?.commit !== commit) errors.push(`the build that was not pushed is not latest any more`)
      for (const { what } of (await verify(one, [])).problems) errors.push(`after a CONFLICT: ${what}`)
      await rm(one, pkg)
      await install(one, pkg, { remote: './remote' })
    })
  },
  'remote-collector': async () => {
    if (!nodeFs.existsSync(`${folder}/remote/format`)) return
    await collect('remote', counts.turns % 2 === 1)
  },
}

let reading: Session | undefined

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

nodeFs.mkdirSync(scratch, { recursive: true })
while (Date.now() < end) {
  try {
    await roles[role]?.()
  } catch (error) {
    errors.push(
      error instanceof Error ? `${role}: ${String(error.stack)} ${String(error.cause)}` : String(error),
    )
    if (errors.length > 3) break
  }
  counts.turns++
}
await reading?.close()
const report: CrowdReport = { role, done, errors, ...counts }
process.stdout.write(JSON.stringify(report))
