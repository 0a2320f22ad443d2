// The proxy does to an exchange what it is told to, as Node's own client sees it.
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { faultProxy, type FaultProxy } from '../../src/testing/fault-proxy.ts'

const data = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i & 0xff))
let server: Server
let proxy: FaultProxy
let puts: Buffer[] = []
let hits = 0

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('error', () => undefined)
    request.on('end', () => {
      if (request.method === 'PUT') puts.push(Buffer.concat(parts))
      if (request.url === '/count') return void response.end(String(++hits))
      response.setHeader('content-length', data.length)
      response.setHeader('x-host', request.headers.host ?? '')
      response.end(request.method === 'HEAD' ? undefined : data)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await faultProxy(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`)
})

afterAll(async () => {
  await proxy.close()
  server.close()
})

afterEach(() => {
  proxy.clear()
  proxy.setPace({})
  puts = []
})

const bytesOf = async (path = '/'): Promise<Buffer> =>
  Buffer.from(await (await fetch(`${proxy.url}${path}`)).arrayBuffer())
const isData = (bytes: ArrayBuffer): boolean => Buffer.from(bytes).equals(data)
const put = (): Promise<Response> => fetch(proxy.url, { method: 'PUT', body: new Uint8Array(data) })

test('What nothing befalls passes as it is, the Host header too, and is counted.', async () => {
  const answer = await put()
  expect(answer.headers.get('x-host')).toBe(new URL(proxy.url).host)
  expect(isData(await answer.arrayBuffer())).toBe(true)
  expect(puts[0]?.equals(data)).toBe(true)
  expect((await fetch(proxy.url, { method: 'HEAD' })).headers.get('content-length')).toBe('100000')
  expect(
    proxy.requests.map(({ method, status, sent, received }) => [method, status, sent, received]),
  ).toEqual([
    ['PUT', 200, 100_000, 100_000],
    ['HEAD', 200, 0, 0],
  ])
})

test('Headers are replaced, an answer can be any bytes, and what happens meanwhile has happened before.', async () => {
  proxy.inject({ fault: { kind: 'headers', headers: { 'X-Host': 'elsewhere', 'X-More': '1' } } })
  const answer = await put()
  expect([answer.headers.get('x-host'), answer.headers.get('x-more')]).toEqual(['elsewhere', '1'])
  expect(isData(await answer.arrayBuffer())).toBe(true)
  proxy.clear()
  proxy.inject({ fault: { kind: 'raw', bytes: 'HTTP/1.1 299 Odd\r\nContent-Length: 2\r\n\r\nhi' } })
  const odd = await put()
  expect([odd.status, await odd.text()]).toEqual([299, 'hi'])
  proxy.clear()
  let carriedOut = -1
  const before = async (): Promise<void> => {
    await Promise.resolve()
    carriedOut = puts.length
  }
  proxy.inject({ fault: { kind: 'cut', place: 'answer-lost' }, before })
  await expect(put()).rejects.toThrow()
  expect([carriedOut, puts.length]).toEqual([1, 2])
})

test('A connection is cut at each kind of place.', async () => {
  for (const place of [
    'request-head',
    'request-body',
    'answer-lost',
    'answer-head',
    'answer-body',
  ] as const) {
    const rule = proxy.inject({ fault: { kind: 'cut', place, after: 50_000 } })
    await expect(
      put().then((answer) => answer.arrayBuffer()),
      place,
    ).rejects.toThrow()
    expect(rule.hits, place).toBe(1)
    expect(isData(await (await put()).arrayBuffer()), place).toBe(true)
  }
  // Of five cut ones only those whose answer was cut were carried out.
  expect(puts.length).toBe(8)
})

test('A rule counts the requests that it is for.', async () => {
  proxy.inject({
    fault: { kind: 'answer', status: 503, headers: { 'Retry-After': '1' }, body: 'later' },
    when: ({ method }) => method === 'PUT',
    at: 2,
    times: 2,
  })
  const seen: number[] = []
  for (let i = 0; i < 4; i++) {
    await bytesOf()
    seen.push((await put()).status)
  }
  expect(seen).toEqual([200, 503, 503, 200])
  expect(puts.length).toBe(2)
})

test('An answer may be another one though the request was carried out.', async () => {
  proxy.inject({ fault: { kind: 'answer', status: 500, done: true } })
  expect((await put()).status).toBe(500)
  expect(puts.length).toBe(1)
})

test('Bodies are flipped, truncated, replaced, longer and shorter than they say.', async () => {
  proxy.inject({ fault: { kind: 'flip', at: 7 } })
  const flipped = await bytesOf()
  expect(flipped[7]).toBe(6)
  expect(flipped.length).toBe(data.length)
  proxy.inject({ fault: { kind: 'truncate', keep: 10 } })
  expect(await bytesOf()).toEqual(data.subarray(0, 10))
  proxy.inject({ fault: { kind: 'replace', body: '<html>' } })
  expect((await bytesOf()).toString()).toBe('<html>')
  proxy.inject({ fault: { kind: 'length', off: 10 } })
  await expect(bytesOf()).rejects.toThrow()
  proxy.inject({ fault: { kind: 'length', off: -10 } })
  const shorter = await bytesOf().catch(() => undefined)
  if (shorter !== undefined) expect(shorter.length).toBe(data.length - 10)
  expect((await bytesOf()).equals(data)).toBe(true)
})

test('A body may never end, or stop and leave the connection open.', async () => {
  for (const fault of [{ kind: 'endless' }, { kind: 'stall', after: 1000 }] as const) {
    proxy.inject({ fault })
    const stop = new AbortController()
    const answer = await fetch(proxy.url, { signal: stop.signal })
    let seen = 0
    const reading = (async () => {
      for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>) seen += part.length
    })()
    setTimeout(() => {
      stop.abort()
    }, 60)
    await expect(reading).rejects.toThrow()
    if (fault.kind === 'stall') expect(seen).toBe(1000)
    else expect(seen).toBeGreaterThan(data.length)
  }
})

test('A stale answer is the one that was given before.', async () => {
  proxy.inject({ fault: { kind: 'stale' }, when: ({ url }) => url === '/count', at: 2, times: 2 })
  const seen: string[] = []
  for (let i = 0; i < 4; i++) seen.push((await bytesOf('/count')).toString())
  expect(seen).toEqual(['1', '1', '1', '2'])
})

test('The pace holds a line back.', async () => {
  proxy.setPace({ delay: 40, rate: { bytesPerSecond: 1_000_000, now: () => performance.now() } })
  const start = performance.now()
  await bytesOf()
  expect(performance.now() - start).toBeGreaterThan(130)
})
