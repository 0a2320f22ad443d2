// Servers and lines as they are: for both backends that talk to servers, through a proxy before a real one.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { networkPatience } from '../../../src/core/backend/patience.ts'
import { retrying } from '../../../src/core/backend/retrying.ts'
import { isQuiltError } from '../../../src/core/base/error.ts'
import { encodeListing } from '../../../src/core/codec/remotes/listing.ts'
import type { BackendPlugin, PluginAmbient } from '../../../src/plugins/api.ts'
import http from '../../../src/plugins/backends/http.ts'
import s3 from '../../../src/plugins/backends/s3.ts'
import { refuses, someBytes } from '../../../src/testing/backend-fixture.ts'
import { faultProxy, type FaultProxy } from '../../../src/testing/fault-proxy.ts'
import type { ProxyFault, ProxyRule } from '../../../src/testing/proxy-fault.ts'
import { randomName } from '../../support/file-store.ts'
import { startS3rver, type S3Server } from '../../support/s3-server.ts'
import { serveFolder, type WebServer } from '../../support/web-server.ts'

const body = someBytes(300_000)
const env = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' }

/** A server with one key, `packs/p`, which can be put anew. */
interface Kind {
  readonly name: string
  readonly plugin: BackendPlugin
  start(): Promise<{ readonly target: string; put(bytes: Uint8Array): Promise<void>; stop(): Promise<void> }>
  url(proxy: FaultProxy): URL
}

const kinds: readonly Kind[] = [
  {
    name: 'web',
    plugin: http,
    async start() {
      const folder = mkdtempSync(join(tmpdir(), 'quilt-lines-'))
      let time = 1_700_000_000
      const server: WebServer = await serveFolder(folder)
      const put = async (bytes: Uint8Array): Promise<void> => {
        writeFileSync(`${folder}/p`, bytes)
        utimesSync(`${folder}/p`, ++time, time)
        const listed = { key: 'p', size: bytes.length, modified: new Date(time * 1000) }
        writeFileSync(`${folder}/listing`, encodeListing([listed]))
      }
      const stop = async (): Promise<void> => {
        await server.stop()
        rmSync(folder, { recursive: true, force: true })
      }
      return { target: server.address, put, stop }
    },
    url: ({ url }) => new URL(`${url}/`),
  },
  {
    name: 's3 on s3rver',
    plugin: s3,
    async start() {
      const server: S3Server = await startS3rver()
      const direct = await s3.open(new URL('s3://quilt'), server.env, ambientOf().ambient)
      const stop = async (): Promise<void> => {
        await direct.close()
        await server.stop()
      }
      return { target: server.endpoint, put: (bytes) => direct.put('p', bytes), stop }
    },
    url: ({ url }) => new URL(`s3://quilt?endpoint=${url}`),
  },
]

/** Waits for nothing, and says how long it should have. */
function ambientOf(): { readonly ambient: PluginAmbient; readonly slept: number[] } {
  const slept: number[] = []
  const sleep = async (milliseconds: number): Promise<void> => void slept.push(milliseconds)
  return { ambient: { now: () => new Date(), randomName, sleep }, slept }
}

const answer = (status: number, headers: Readonly<Record<string, string>> = {}, text = ''): ProxyFault => ({
  kind: 'answer',
  status,
  headers: { 'content-type': 'application/xml', ...headers },
  body: text,
})
const reset: ProxyFault = { kind: 'cut', place: 'request-head' }
const cutAfter = (after: number): ProxyFault => ({ kind: 'cut', place: 'answer-body', after })
/** Befalls every request. */
const always = (fault: ProxyFault): ProxyRule => ({ fault, times: Infinity })

describe.each(kinds)('$name', (kind) => {
  let server: Awaited<ReturnType<Kind['start']>>
  beforeAll(async () => {
    server = await kind.start()
    await server.put(body)
  })
  afterAll(() => server.stop())

  /** A backend behind a proxy, on which faults befall it; tried again as in a session, without waiting. */
  async function behind(
    ...rules: readonly ProxyRule[]
  ): Promise<{ backend: Backend; requests: FaultProxy['requests']; slept: number[] }> {
    const proxy = await faultProxy(server.target)
    for (const rule of rules) proxy.inject(rule)
    const { ambient, slept } = ambientOf()
    const inner = await kind.plugin.open(kind.url(proxy), env, ambient)
    onTestFinished(async () => {
      await inner.close()
      await proxy.close()
      await server.put(body)
    })
    return { backend: retrying(inner, networkPatience(ambient)), requests: proxy.requests, slept }
  }

  const isBody = (bytes: Uint8Array): boolean => Buffer.from(bytes).equals(body)

  test('H72: a body that is cut at every tenth goes on at the byte', async () => {
    for (let tenth = 0; tenth <= 10; tenth++) {
      const at = Math.min(tenth * 30_000, 299_999)
      const { backend, requests } = await behind({ fault: cutAfter(at) })
      expect(isBody(await backend.get('p'))).toBe(true)
      expect(requests.map(({ headers }) => headers['range'])).toEqual([undefined, `bytes=${at}-299999`])
    }
  })

  test('H72: a body that is cut again and again arrives, as long as it gets on', async () => {
    const { backend, requests } = await behind(always(cutAfter(70_000)))
    expect(isBody(await backend.get('p'))).toBe(true)
    expect(requests.length).toBe(5)
    const range = { start: 100_000, end: 290_000 }
    expect(Buffer.from(await backend.get('p', range)).equals(body.subarray(100_000, 290_000))).toBe(true)
    const into = new Uint8Array(190_000).fill(7)
    expect(
      Buffer.from(await backend.get('p', { ...range, into })).equals(body.subarray(100_000, 290_000)),
    ).toBe(true)
  })

  test('H72: a body that does not get on is given up, naming how often it was tried', async () => {
    const { backend, requests } = await behind(always(cutAfter(0)))
    const error: unknown = await backend.get('p').catch((thrown: unknown) => thrown)
    expect(isQuiltError(error, 'UNAVAILABLE') && error.message).toContain('tried 6 times')
    expect(requests.length).toBe(6)
  })

  test('H72: a listing that is cut in its text is asked for again', async () => {
    const { backend } = await behind({ fault: cutAfter(20) })
    const keys: string[] = []
    for await (const { key } of backend.list('')) keys.push(key)
    expect(keys).toEqual(['p'])
    const { backend: lost } = await behind(always(cutAfter(0)))
    await expect(
      (async () => {
        for await (const { key } of lost.list('')) keys.push(key)
      })(),
    ).rejects.toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|CORRUPT/) as string })
  })

  test('H73: bytes that change between two parts are read anew, once', async () => {
    const other = someBytes(300_000, 7)
    const meanwhile: ProxyRule = {
      fault: { kind: 'delay', milliseconds: 0 },
      at: 2,
      before: () => server.put(other),
    }
    const once = await behind({ fault: cutAfter(100_000) }, meanwhile)
    expect(Buffer.from(await once.backend.get('p')).equals(other)).toBe(true)
    let version = 8
    const change = (): Promise<void> => server.put(someBytes(300_000, version++))
    const ever = await behind({ ...always(cutAfter(100_000)), before: change })
    await refuses('CORRUPT', ever.backend.get('p'))
  })

  test('H74: lengths that lie, and bytes that came compressed, are refused', async () => {
    const longer = await behind(always({ kind: 'length', off: 100_000 }))
    await refuses('CORRUPT', longer.backend.get('p'))
    const shorter = await behind(always({ kind: 'length', off: -299_000 }))
    const outcome = await shorter.backend.get('p').catch((error: unknown) => error)
    expect(outcome instanceof Uint8Array ? outcome.length : isQuiltError(outcome)).not.toBe(300_000)
    const nonsense = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\netag: "x"\r\n\r\nzz\r\nnonsense'
    const garbage = await behind(always({ kind: 'raw', bytes: nonsense }))
    await refuses('UNAVAILABLE', garbage.backend.get('p'))
    const endless = await behind(always({ kind: 'length', off: 2 ** 40 }))
    await refuses('CORRUPT', endless.backend.get('p'))
    if (kind.plugin !== http) return
    const packed = await behind(always({ kind: 'headers', headers: { 'content-encoding': 'gzip' } }))
    await refuses('UNAVAILABLE', packed.backend.get('p'))
    expect(packed.requests[0]?.headers['accept-encoding']).toBe('identity')
  })

  test('H75: what passes is tried again with growing pauses, so many times; other failures are not', async () => {
    for (const code of [500, 502, 503, 429]) {
      const { backend, requests, slept } = await behind({ fault: answer(code), times: 3 })
      expect(isBody(await backend.get('p'))).toBe(true)
      expect(requests.length).toBe(4)
      slept.forEach((pause, i) => expect(pause).toBeGreaterThanOrEqual(50 * 2 ** i))
      slept.forEach((pause, i) => expect(pause).toBeLessThanOrEqual(200 * 2 ** i))
    }
    const resets = await behind({ fault: reset, times: 2 })
    expect(isBody(await resets.backend.get('p'))).toBe(true)
    const never = await behind(always(answer(503)))
    await refuses('UNAVAILABLE', never.backend.get('p'))
    expect(never.requests.length).toBe(6)
    for (const [code, as] of [
      [400, undefined],
      [401, 'DENIED'],
      [403, 'DENIED'],
      [404, 'NOT_FOUND'],
    ] as const) {
      const isOther = ({ url }: { readonly url: string }): boolean => !url.includes('listing')
      const { backend, requests } = await behind({ ...always(answer(code)), when: isOther })
      const error: unknown = await backend.get('p').catch((thrown: unknown) => thrown)
      expect(isQuiltError(error, as)).toBe(true)
      expect(requests.filter(isOther).length).toBe(1)
    }
  })

  test('H75: Retry-After is honoured, in seconds and as a date by the clock of the server, up to a minute', async () => {
    const date = { date: new Date(Date.UTC(2031, 0, 1)).toUTCString() }
    const waits = [
      { 'retry-after': '7' },
      { ...date, 'retry-after': new Date(Date.UTC(2031, 0, 1, 0, 0, 9)).toUTCString() },
      { 'retry-after': '86400' },
      { 'retry-after': 'soon' },
    ]
    const { backend, slept } = await behind(
      ...waits.map((headers, i) => ({ fault: answer(503, headers), at: i + 1 })),
    )
    expect(isBody(await backend.get('p'))).toBe(true)
    expect(slept.slice(0, 3)).toEqual([7000, 9000, 60_000])
    expect(slept[3]).toBeLessThan(2000)
  })

  test('H78: a login page for an answer is no remote, and is not taken for an empty one', async () => {
    const page = '<!DOCTYPE html><html><body><form action="/login"></form></body></html>'
    const { backend, requests } = await behind(always(answer(200, { 'content-type': 'text/html' }, page)))
    const list = async (): Promise<void> => {
      for await (const { key } of backend.list('')) throw new Error(`listed ${key}`)
    }
    await refuses('UNAVAILABLE', list())
    await refuses('UNAVAILABLE', backend.head('p'))
    if (kind.plugin === s3) await refuses('UNAVAILABLE', backend.put('q', body))
    expect(requests.length).toBeLessThanOrEqual(4)
  })

  test('H83: a range beyond the end is refused, and an answer of other bytes than were asked for', async () => {
    const { backend, requests } = await behind()
    await refuses('INVALID', backend.get('p', { start: 400_000, end: 500_000 }))
    await refuses('INVALID', backend.get('p', { start: 299_999, end: 300_001 }))
    for (const { headers } of requests) expect(headers['range'] ?? '').not.toContain(',')
    const other = await behind(
      always({ kind: 'headers', headers: { 'content-range': 'bytes 200-299/300000' } }),
    )
    await refuses('CORRUPT', other.backend.get('p', { start: 100, end: 200 }))
  })

  test('redirects carry no credentials to other hosts', async () => {
    const elsewhere = await faultProxy(server.target)
    onTestFinished(() => elsewhere.close())
    const location = `${elsewhere.url.replace('127.0.0.1', 'localhost')}/p`
    const { backend } = await behind(always(answer(307, { location })))
    const outcome = await backend.get('p').catch((error: unknown) => error)
    if (kind.plugin === http) expect(outcome instanceof Uint8Array && isBody(outcome)).toBe(true)
    else expect([isQuiltError(outcome, 'INVALID'), elsewhere.requests]).toEqual([true, []])
    for (const { headers } of elsewhere.requests) {
      expect([headers['authorization'], headers['cookie']]).toEqual([undefined, undefined])
    }
    const circle = await behind(always(answer(302, { location: '/p' })))
    expect(isQuiltError(await circle.backend.get('p').catch((error: unknown) => error))).toBe(true)
    expect(circle.requests.length).toBeLessThanOrEqual(6)
  })
})
