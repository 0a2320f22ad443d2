// SIGKILL in the middle of pushes and installs: nothing half-pushed can be seen, the store that was written to is clean,
// and the next run sends no more than what was on its way once more. QUILT_CRASH_ALL=1 makes 50 rounds of each.
import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { beforeAll, expect, test } from 'vitest'
import { openRepository, type PackRepository } from '../../src/core/repo/open-repository.ts'
import { parsePackageName } from '../../src/core/model/package-name.ts'
import { build } from '../../src/package/build.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { inspect } from '../../src/package/inspect.ts'
import { folderBackend } from '../../src/plugins/builtin.ts'
import { openSession, type ConfiguredSession } from '../../src/session/open-session.ts'
import { machineAmbient } from '../../src/session/ambient.ts'
import { randomBytes } from '../../bench/data/random.ts'
import { faultProxy } from '../../src/testing/fault-proxy.ts'
import { bundle } from '../support/crash-sources.ts'
import { problemsOf } from '../support/store-bench.ts'
import { dice } from '../support/crash-world.ts'
import { serveFolder } from '../support/web-server.ts'

const all = process.env['QUILT_CRASH_ALL'] === '1'
const rounds = all ? 50 : 2
const blobs = all ? 4 : 3
const roll = dice(Number(process.env['QUILT_CRASH_SEED'] ?? 1) + 5)
const timeout = 7_200_000
/** The largest pack, and the most that is on its way at once: what one process may lose. */
const mebibyte = 1024 * 1024
const part = 32 * mebibyte
const pkg = parsePackageName('ada/wine')
const folder = mkdtempSync(join(tmpdir(), 'quilt-test-'))
let script = ''

/** 36 or 48 MiB: two packs for a push, four or five for an install; and small files. */
async function makePackage(): Promise<void> {
  mkdirSync(`${folder}/wine/small`, { recursive: true })
  const next = randomBytes('exchange')
  for (let i = 0; i < blobs; i++) {
    const parts = Array.from({ length: 12 }, () => Buffer.from(next(1024 * 1024)))
    writeFileSync(`${folder}/wine/big${String(i)}.bin`, Buffer.concat(parts))
  }
  for (let i = 0; i < 300; i++) writeFileSync(`${folder}/wine/small/${String(i)}`, next(2000))
  const ada = await sessionOf('ada')
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine', { remote: './whole' })
  await ada.close()
}

beforeAll(async () => {
  script = await bundle(new URL('../support/exchange-worker.ts', import.meta.url))
  await makePackage()
  return () => {
    rmSync(script, { force: true })
    rmSync(folder, { recursive: true, force: true })
  }
}, timeout)

const sessionOf = (store: string): Promise<ConfiguredSession> =>
  openSession({
    store: `${folder}/${store}`,
    folder,
    env: { HOME: `${folder}/home`, QUILT_AUTHOR_NAME: 'w', QUILT_AUTHOR_EMAIL: 'w@example.org' },
  })

/**
 * Runs a verb, and kills it after so many milliseconds, counted from its begin or from when something has begun; how
 * long it ran, and whether it said that it was done.
 */
async function run(
  args: readonly string[],
  killAfter: number,
  isBegun: () => boolean = () => true,
): Promise<{ readonly took: number; readonly isDone: boolean }> {
  const child = spawn(process.execPath, [script, folder, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  let begun = 0
  let ended = 0
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'begin') {
      begun = performance.now()
      const looking = setInterval(() => {
        if (!isBegun() && child.exitCode === null) return
        clearInterval(looking)
        setTimeout(() => child.kill('SIGKILL'), killAfter)
      }, 1)
    } else ended = performance.now()
  }
  return { took: ended - begun, isDone: ended > 0 }
}

/** Bytes of whole packs in a store, and of files that are half written. */
function bytesIn(store: string): { readonly packs: number; readonly torn: number } {
  const sum = (path: string): number =>
    existsSync(path)
      ? readdirSync(path).reduce(
          (bytes, name) => bytes + (statSync(`${path}/${name}`, { throwIfNoEntry: false })?.size ?? 0),
          0,
        )
      : 0
  return { packs: sum(`${folder}/${store}/packs`), torn: sum(`${folder}/${store}/tmp`) }
}

async function openStore(store: string): Promise<PackRepository> {
  const backend = await folderBackend(`${folder}/${store}`, {
    randomName: () => machineAmbient.randomName(),
  })
  return openRepository(backend, machineAmbient)
}

/** Nothing of the package, or all of it; and nothing damaged in any case. */
async function expectClean(store: string): Promise<boolean> {
  if (!existsSync(`${folder}/${store}/format`)) return false
  const repository = await openStore(store)
  expect(await problemsOf(repository)).toEqual([])
  return (await repository.refs.get(pkg)) !== undefined
}

for (const verb of ['push', 'install'] as const) {
  test(`${verb}: killed at a random instant, and again`, { timeout }, async () => {
    const source = verb === 'push' ? 'ada' : 'whole'
    const total = bytesIn(source).packs
    const probe = await run(
      verb === 'push' ? ['ada', 'push', './probe'] : ['probe2', 'install', './whole'],
      timeout,
    )
    expect(probe.isDone).toBe(true)
    let cutInside = 0
    for (let round = 0; round < rounds; round++) {
      const store = `${verb}${String(round)}`
      // A push notes its origin in the store that it pushes from.
      if (verb === 'push') cpSync(`${folder}/ada`, `${folder}/from${store}`, { recursive: true })
      const args = verb === 'push' ? [`from${store}`, 'push', `./${store}`] : [store, 'install', './whole']
      // Every other round is cut when a part of it is there already.
      const { isDone } = await (round % 2 === 0
        ? run(args, roll(Math.ceil(probe.took)))
        : run(args, roll(verb === 'push' ? 10 : 40), () => bytesIn(store).packs > 0))
      const kept = bytesIn(store)
      if (!isDone && kept.packs > 0) cutInside++
      const isThere = await expectClean(store)
      const session = await sessionOf(verb === 'push' ? `from${store}` : store)
      const again =
        verb === 'push'
          ? (await push(session, 'ada/wine', { remote: `./${store}` })).sentBytes
          : (await install(session, 'ada/wine', { remote: './whole' })).fetchedBytes
      if (isThere) expect(again).toBe(0)
      // What lay there whole is not sent again, but for one pack whose index was not there yet.
      expect(again, JSON.stringify({ kept, again, total })).toBeLessThanOrEqual(total - kept.packs + part)
      expect(bytesIn(store).packs).toBeLessThanOrEqual(total + part)
      await expectClean(store)
      const other = verb === 'push' ? await sessionOf(`check${store}`) : session
      if (other !== session) await install(other, 'ada/wine', { remote: `./${store}`, metaOnly: true })
      expect((await inspect(other, 'ada/wine')).size).toBe(blobs * 12 * 1024 * 1024 + 300 * 2000)
      await other.close()
      await session.close()
      for (const name of [store, `from${store}`, `check${store}`])
        rmSync(`${folder}/${name}`, { recursive: true, force: true })
    }
    if (all) expect(cutInside).toBeGreaterThan(10)
  })
}

test(
  'install from a web server: killed at a random instant, what had arrived before is not asked for again',
  { timeout },
  async () => {
    const server = await serveFolder(`${folder}/whole`)
    const proxy = await faultProxy(server.address)
    const arrived = (): number =>
      proxy.requests
        .filter(({ url }) => url.includes('/packs/'))
        .reduce((sum, { received }) => sum + received, 0)
    // So slow that next to nothing waits in the system's buffers.
    const rate = 12 * mebibyte
    proxy.setPace({ rate: { bytesPerSecond: rate, now: () => performance.now() } })
    try {
      const total = bytesIn('whole').packs
      for (let round = 0; round < (all ? 20 : 2); round++) {
        const store = `web${String(round)}`
        proxy.clear()
        const { isDone } = await run([store, 'install', proxy.url], roll(2000), () => arrived() > mebibyte)
        const before = arrived()
        expect(isDone).toBe(false)
        await expectClean(store)
        const session = await sessionOf(store)
        await install(session, 'ada/wine', { remote: proxy.url })
        // Two reads are under way at once; of each less than one piece is not written down yet, or what half a second brings.
        expect(arrived(), JSON.stringify({ before, total })).toBeLessThan(total + rate / 2 + 3 * mebibyte)
        await expectClean(store)
        expect((await inspect(session, 'ada/wine')).size).toBe(blobs * 12 * mebibyte + 300 * 2000)
        await session.close()
        expect(bytesIn(`${store}/cache/remotes/arriving`).packs).toBe(0)
        rmSync(`${folder}/${store}`, { recursive: true, force: true })
      }
    } finally {
      await proxy.close()
      await server.stop()
    }
  },
)
