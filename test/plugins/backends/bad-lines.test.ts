// Servers and lines as they are: for both backends that talk to servers, through a proxy before a real one.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
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
import { bendingProxy, type Bending, type BendingProxy, type Passing } from '../../support/bending-proxy.ts'
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
  url(proxy: BendingProxy): URL
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
    url: ({ address }) => new URL(`${address}/`),
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
    url: ({ address }) => new URL(`s3://quilt?endpoint=${address}`),
  },
]

/** Waits for nothing, and says how long it should have. */
function ambientOf(): { readonly ambient: PluginAmbient; readonly slept: number[] } {
  const slept: number[] = []
  const sleep = async (milliseconds: number): Promise<void> => void slept.push(milliseconds)
  return { ambient: { now: () => new Date(), randomName, sleep }, slept }
}

const status =
  (code: number, headers: Record<string, string> = {}, text = ''): NonNullable<Bending['instead']> =>
  (response: ServerResponse) => {
    response.writeHead(code, { 'content-type': 'application/xml', ...headers }).end(text)
  }
const reset: Bending = { instead: (response) => void response.destroy() }

describe.each(kinds)('$name', (kind) => {
  let server: Awaited<ReturnType<Kind['start']>>
  beforeAll(async () => {
    server = await kind.start()
    await server.put(body)
  })
  afterAll(() => server.stop())

  /** A backend behind a proxy that bends; tried again as in a session, without waiting. */
  async function behind(
    bend: (passing: Passing) => Bending | undefined | Promise<Bending | undefined>,
  ): Promise<{ backend: Backend; seen: BendingProxy['seen']; slept: number[] }> {
    const proxy = await bendingProxy(server.target, bend)
    const { ambient, slept } = ambientOf()
    const inner = await kind.plugin.open(kind.url(proxy), env, ambient)
    onTestFinished(async () => {
      await inner.close()
      await proxy.stop()
      await server.put(body)
    })
    return { backend: retrying(inner, networkPatience(ambient)), seen: proxy.seen, slept }
  }

  const isBody = (bytes: Uint8Array): boolean => Buffer.from(bytes).equals(body)

  test('H72: a body that is cut at every tenth goes on at the byte', async () => {
    for (let tenth = 0; tenth <= 10; tenth++) {
      const at = Math.min(tenth * 30_000, 299_999)
      const { backend, seen } = await behind(({ number }) =>
        number === 1 ? { cutAfter: () => at } : undefined,
      )
      expect(isBody(await backend.get('p'))).toBe(true)
      expect(seen.map(({ headers }) => headers.range)).toEqual([undefined, `bytes=${at}-299999`])
    }
  })

  test('H72: a body that is cut again and again arrives, as long as it gets on', async () => {
    const { backend, seen } = await behind(() => ({ cutAfter: (length) => Math.min(length, 70_000) }))
    expect(isBody(await backend.get('p'))).toBe(true)
    expect(seen.length).toBe(5)
    const range = { start: 100_000, end: 290_000 }
    expect(Buffer.from(await backend.get('p', range)).equals(body.subarray(100_000, 290_000))).toBe(true)
  })

  test('H72: a body that does not get on is given up, naming how often it was tried', async () => {
    const { backend, seen } = await behind(() => ({ cutAfter: () => 0 }))
    const error: unknown = await backend.get('p').catch((thrown: unknown) => thrown)
    expect(isQuiltError(error, 'UNAVAILABLE') && error.message).toContain('tried 6 times')
    expect(seen.length).toBe(6)
  })

  test('H72: a listing that is cut in its text is asked for again', async () => {
    const cut = (answer: Buffer): Buffer => answer.subarray(0, Math.floor(answer.length / 2))
    const { backend } = await behind(({ number }) => (number === 1 ? { body: cut } : undefined))
    const keys: string[] = []
    for await (const { key } of backend.list('')) keys.push(key)
    expect(keys).toEqual(['p'])
    const { backend: lost } = await behind(() => ({ body: cut }))
    await expect(
      (async () => {
        for await (const { key } of lost.list('')) keys.push(key)
      })(),
    ).rejects.toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|CORRUPT/) as string })
  })

  test('H73: bytes that change between two parts are read anew, once', async () => {
    const other = someBytes(300_000, 7)
    const once = await behind(async ({ number }) => {
      if (number === 2) await server.put(other)
      return number === 1 ? { cutAfter: () => 100_000 } : undefined
    })
    expect(Buffer.from(await once.backend.get('p')).equals(other)).toBe(true)
    let version = 8
    const always = await behind(async () => {
      await server.put(someBytes(300_000, version++))
      return { cutAfter: (length) => Math.min(length, 100_000) }
    })
    await refuses('CORRUPT', always.backend.get('p'))
  })

  test('H74: lengths that lie, and bytes that came compressed, are refused', async () => {
    const longer = await behind(() => ({
      headers: { 'content-length': '400000' },
      cutAfter: (length) => length,
    }))
    await refuses('CORRUPT', longer.backend.get('p'))
    const shorter = await behind(() => ({ headers: { 'content-length': '1000' } }))
    const outcome = await shorter.backend.get('p').catch((error: unknown) => error)
    expect(outcome instanceof Uint8Array ? outcome.length : isQuiltError(outcome)).not.toBe(300_000)
    const garbage = await behind(() => ({
      instead: (response) => {
        response.socket?.end(
          'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\netag: "x"\r\n\r\nzz\r\nnonsense',
        )
      },
    }))
    await refuses('UNAVAILABLE', garbage.backend.get('p'))
    const endless = await behind(() => ({
      headers: { 'content-length': String(2 ** 40) },
      cutAfter: () => 10,
    }))
    await refuses('CORRUPT', endless.backend.get('p'))
    if (kind.plugin !== http) return
    const packed = await behind(() => ({ headers: { 'content-encoding': 'gzip' } }))
    await refuses('UNAVAILABLE', packed.backend.get('p'))
    expect(packed.seen[0]?.headers['accept-encoding']).toBe('identity')
  })

  test('H75: what passes is tried again with growing pauses, so many times; other failures are not', async () => {
    for (const code of [500, 502, 503, 429]) {
      const { backend, seen, slept } = await behind(({ number }) =>
        number < 4 ? { instead: status(code) } : undefined,
      )
      expect(isBody(await backend.get('p'))).toBe(true)
      expect(seen.length).toBe(4)
      slept.forEach((pause, i) => expect(pause).toBeGreaterThanOrEqual(50 * 2 ** i))
      slept.forEach((pause, i) => expect(pause).toBeLessThanOrEqual(200 * 2 ** i))
    }
    const resets = await behind(({ number }) => (number < 3 ? reset : undefined))
    expect(isBody(await resets.backend.get('p'))).toBe(true)
    const never = await behind(() => ({ instead: status(503) }))
    await refuses('UNAVAILABLE', never.backend.get('p'))
    expect(never.seen.length).toBe(6)
    for (const [code, as] of [
      [400, undefined],
      [401, 'DENIED'],
      [403, 'DENIED'],
      [404, 'NOT_FOUND'],
    ] as const) {
      const { backend, seen } = await behind(({ request }) =>
        request.url?.includes('listing') === true ? undefined : { instead: status(code) },
      )
      const error: unknown = await backend.get('p').catch((thrown: unknown) => thrown)
      expect(isQuiltError(error, as)).toBe(true)
      expect(seen.filter(({ url }) => !url.includes('listing')).length).toBe(1)
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
    const { backend, slept } = await behind(({ number }) => {
      const headers = waits[number - 1]
      return headers === undefined ? undefined : { instead: status(503, headers) }
    })
    expect(isBody(await backend.get('p'))).toBe(true)
    expect(slept.slice(0, 3)).toEqual([7000, 9000, 60_000])
    expect(slept[3]).toBeLessThan(2000)
  })

  test('H78: a login page for an answer is no remote, and is not taken for an empty one', async () => {
    const page = '<!DOCTYPE html><html><body><form action="/login"></form></body></html>'
    const login: Bending = { instead: status(200, { 'content-type': 'text/html' }, page) }
    const { backend, seen } = await behind(() => login)
    const list = async (): Promise<void> => {
      for await (const { key } of backend.list('')) throw new Error(`listed ${key}`)
    }
    await refuses('UNAVAILABLE', list())
    await refuses('UNAVAILABLE', backend.head('p'))
    if (kind.plugin === s3) await refuses('UNAVAILABLE', backend.put('q', body))
    expect(seen.length).toBeLessThanOrEqual(4)
  })

  test('H83: a range beyond the end is refused, and an answer of other bytes than were asked for', async () => {
    const { backend, seen } = await behind(() => undefined)
    await refuses('INVALID', backend.get('p', { start: 400_000, end: 500_000 }))
    await refuses('INVALID', backend.get('p', { start: 299_999, end: 300_001 }))
    for (const { headers } of seen) expect(headers.range ?? '').not.toContain(',')
    const other = await behind(() => ({ headers: { 'content-range': 'bytes 200-299/300000' } }))
    await refuses('CORRUPT', other.backend.get('p', { start: 100, end: 200 }))
  })

  test('redirects carry no credentials to other hosts', async () => {
    const elsewhere = await bendingProxy(server.target, () => undefined)
    onTestFinished(() => elsewhere.stop())
    const { backend } = await behind(({ request }) => ({
      instead: status(307, {
        location: `${elsewhere.address.replace('127.0.0.1', 'localhost')}${request.url ?? ''}`,
      }),
    }))
    const outcome = await backend.get('p').catch((error: unknown) => error)
    if (kind.plugin === http) expect(outcome instanceof Uint8Array && isBody(outcome)).toBe(true)
    else expect([isQuiltError(outcome, 'INVALID'), elsewhere.seen]).toEqual([true, []])
    for (const { headers } of elsewhere.seen) {
      expect([headers.authorization, headers.cookie]).toEqual([undefined, undefined])
    }
    const circle = await behind(() => ({ instead: status(302, { location: '/p' }) }))
    expect(isQuiltError(await circle.backend.get('p').catch((error: unknown) => error))).toBe(true)
    expect(circle.seen.length).toBeLessThanOrEqual(6)
  })
})
