// Pushes to a bucket and installs from it over a bad line: connections cut at each kind of place, answers that fail or lie.
// They survive what a retry can, end in UNAVAILABLE, DENIED or CORRUPT otherwise, and go on where they stopped.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isQuiltError } from '../../../src/core/base/error.ts'
import { build } from '../../../src/package/build.ts'
import { inspect } from '../../../src/package/inspect.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { verify } from '../../../src/package/verify.ts'
import { machineAmbient } from '../../../src/session/ambient.ts'
import type { ConfiguredSession } from '../../../src/session/open-session.ts'
import { remoteAdd } from '../../../src/session/remotes.ts'
import { faultProxy, type FaultProxy } from '../../../src/testing/fault-proxy.ts'
import type { ProxyFault, ProxyRule } from '../../../src/testing/proxy-fault.ts'
import { startS3rver, type S3Server } from '../../support/s3-server.ts'
import { disks, noise, type Disk } from '../../support/two-disks.ts'

const [, makeDisk] = disks[0] as (typeof disks)[number]
/** Nobody waits between attempts. */
const ambient = { ...machineAmbient, sleep: () => Promise.resolve() }
const step = process.env['QUILT_CRASH_ALL'] === '1' ? 1 : 5
let server: S3Server
let proxy: FaultProxy
let places = 0

beforeAll(async () => {
  server = await startS3rver()
  proxy = await faultProxy(server.endpoint)
})

afterAll(async () => {
  await proxy.close()
  await server.stop()
})

const sessionOf = (disk: Disk, name: string): Promise<ConfiguredSession> =>
  disk.session(name, {
    ambient,
    env: {
      ...server.env,
      AWS_ENDPOINT_URL: proxy.url,
      HOME: `${disk.root}/home`,
      QUILT_AUTHOR_NAME: name,
      QUILT_AUTHOR_EMAIL: `${name}@example.org`,
    },
  })

/** A bucket's folder that has one writer, and a package that is pushed there once and has been changed since. */
async function world(): Promise<{ disk: Disk; remote: string; first: string; second: string }> {
  proxy.clear()
  const disk = makeDisk()
  const remote = `s3://quilt/${String(++places)}`
  disk.write({ 'wine/a.csv': 'n\n1\n', 'wine/b/big.bin': noise(600_000), 'wine/b/c.txt': 'c' })
  const ada = await sessionOf(disk, 'ada')
  await remoteAdd(ada, { name: 'lab', address: remote }, { singleWriter: true })
  const { topHash: first } = await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine', { remote })
  disk.write({ 'wine/a.csv': 'n\n2\n', 'wine/new.bin': noise(300_000) })
  const { topHash: second } = await build(ada, { handle: 'ada/wine', path: 'wine' })
  proxy.clear()
  return { disk, remote, first, second }
}

const lies = ({ kind }: ProxyFault): boolean => kind === 'flip' || kind === 'truncate'

const cuts: readonly ProxyFault[] = [
  { kind: 'cut', place: 'request-head' },
  { kind: 'cut', place: 'request-body', after: 1000 },
  { kind: 'cut', place: 'answer-lost' },
  { kind: 'cut', place: 'answer-head' },
  { kind: 'cut', place: 'answer-body', after: 500 },
  { kind: 'answer', status: 500 },
  { kind: 'answer', status: 503, headers: { 'Retry-After': '1' } },
  { kind: 'answer', status: 500, done: true },
  { kind: 'length', off: 10 },
]

describe('a push and an install over a bad line', () => {
  test.each(cuts)('survive %o', async (fault) => {
    const { disk, remote, second } = await world()
    const rules: ProxyRule[] = [3, 9, 14].map((at) => ({ fault, at }))
    const records = rules.map((rule) => proxy.inject(rule))
    await push(await sessionOf(disk, 'ada'), 'ada/wine', { remote })
    expect(records.some(({ hits }) => hits > 0)).toBe(true)
    proxy.clear()
    for (const rule of rules) proxy.inject(rule)
    const ben = await sessionOf(disk, 'ben')
    expect(await install(ben, 'ada/wine', { remote })).toMatchObject({ topHash: second })
    expect((await verify(ben, [])).problems).toEqual([])
  })

  const lasting: readonly (readonly [ProxyFault, RegExp])[] = [
    [{ kind: 'answer', status: 403, body: '<Error><Code>ExpiredToken</Code></Error>' }, /^DENIED$/],
    [{ kind: 'answer', status: 500 }, /^UNAVAILABLE$/],
    [{ kind: 'cut', place: 'request-head' }, /^UNAVAILABLE$/],
    [{ kind: 'flip', at: 100 }, /^(CORRUPT|UNAVAILABLE)$/],
    [{ kind: 'truncate', keep: 30 }, /^(CORRUPT|UNAVAILABLE)$/],
  ]
  test.each(lasting)('end clearly in %o from some request on, and go on', async (fault, code) => {
    const { disk, remote, first, second } = await world()
    const times = 100_000
    // What lies about packs, nothing else can tell; a listing that is no XML is another matter.
    const when: ProxyRule['when'] = ({ url }) => !lies(fault) || url.includes('/packs/')
    for (let at = 2; at < 14; at += step) {
      const ben = await sessionOf(disk, `ben${String(at)}`)
      proxy.inject({ fault, at: lies(fault) ? 1 : at, times, when })
      const error = await install(ben, 'ada/wine', { remote }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      proxy.clear()
      if (error !== undefined) {
        expect(isQuiltError(error), String(error)).toBe(true)
        expect((error as { code: string }).code, String(error)).toMatch(code)
      } else expect((await inspect(ben, 'ada/wine')).topHash).toBe(first)
      expect((await verify(ben, [])).problems).toEqual([])
      expect(await install(ben, 'ada/wine', { remote })).toMatchObject({ topHash: first })
    }
    proxy.inject({ fault, at: lies(fault) ? 1 : 8, times, when })
    const ada = await sessionOf(disk, 'ada')
    const pushed = push(ada, 'ada/wine', { remote })
    if (lies(fault)) await pushed.catch((error: unknown) => expect(isQuiltError(error)).toBe(true))
    else await expect(pushed).rejects.toSatisfy((error) => isQuiltError(error))
    proxy.clear()
    const cleo = await sessionOf(disk, 'cleo')
    await install(cleo, 'ada/wine', { remote })
    expect([first, second]).toContain((await inspect(cleo, 'ada/wine')).topHash)
    await push(await sessionOf(disk, 'ada'), 'ada/wine', { remote })
    await install(cleo, 'ada/wine', { remote })
    expect((await inspect(cleo, 'ada/wine')).topHash).toBe(second)
    expect((await verify(cleo, [])).problems).toEqual([])
  })

  test('a listing that is stale shows an older state, never half of a newer one', async () => {
    const { disk, remote, first, second } = await world()
    const ben = await sessionOf(disk, 'ben')
    const isListing = ({ url }: { readonly url: string }): boolean => url.includes('list-type=2')
    proxy.inject({ fault: { kind: 'stale' }, when: isListing, at: 20, times: 100_000 })
    await install(ben, 'ada/wine', { remote })
    await push(await sessionOf(disk, 'ada'), 'ada/wine', { remote }).catch(() => undefined)
    const cleo = await sessionOf(disk, 'cleo')
    const error = await install(cleo, 'ada/wine', { remote }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (error === undefined) expect([first, second]).toContain((await inspect(cleo, 'ada/wine')).topHash)
    else expect(isQuiltError(error), String(error)).toBe(true)
    proxy.clear()
    await push(await sessionOf(disk, 'ada'), 'ada/wine', { remote })
    await install(cleo, 'ada/wine', { remote })
    expect((await inspect(cleo, 'ada/wine')).topHash).toBe(second)
    expect((await verify(cleo, [])).problems).toEqual([])
  })
})
