// Idle servers, proxies and certificates, for whatever plugin talks to a server.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { connect } from 'node:net'
import type { Server as NetServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { isQuiltError } from '../../src/core/base/error.ts'
import http from '../../src/plugins/backends/http.ts'
import { lineProblem, networkAgent, retryAfter } from '../../src/plugins/network.ts'
import { fakeAmbient } from '../support/ambient.ts'
import { tempDir } from '../support/temp-dir.ts'

async function listening(server: NetServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    ;(server as Server).closeAllConnections?.()
    await new Promise((resolve) => server.close(resolve))
  })
  return `127.0.0.1:${String((server.address() as { readonly port: number }).port)}`
}

test('H77: a server that says nothing is given up; one byte after the other may take its time', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/silent') return
    response.writeHead(200, { 'content-length': 6 })
    if (request.url === '/stops') return void response.write('x')
    let sent = 0
    const drip = setInterval(() => {
      response.write('x')
      if (++sent === 6) clearInterval(drip)
    }, 100)
  })
  const origin = `http://${await listening(server)}`
  const agent = await networkAgent({}, 400)
  onTestFinished(() => agent.destroy())
  const get = async (path: string): Promise<string> => {
    const { body } = await agent.request({ origin, path, method: 'GET' })
    return body.text()
  }
  expect(await get('/drips')).toBe('xxxxxx')
  await expect(get('/silent')).rejects.toThrow(/Timeout/)
  await expect(get('/stops')).rejects.toThrow(/Timeout/)
})

test('H79: proxies of the environment are used, but not for what NO_PROXY names', async () => {
  const target = await listening(createServer((_, response) => response.end('hello')))
  const through: string[] = []
  const proxy = createServer((request, response) => {
    through.push(request.url ?? '')
    response.end('hello')
  })
  proxy.on('connect', (request, socket) => {
    through.push(request.url ?? '')
    const [host = '', port] = (request.url ?? '').split(':')
    const to = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      to.pipe(socket).pipe(to)
    })
    to.on('error', () => socket.destroy())
    socket.on('error', () => to.destroy())
  })
  const address = `http://${await listening(proxy)}`
  const get = async (env: Record<string, string>): Promise<string> => {
    const agent = await networkAgent(env)
    const { body } = await agent.request({ origin: `http://${target}`, path: '/', method: 'GET' })
    const text = await body.text()
    await agent.destroy()
    return text
  }
  expect([await get({}), through.length]).toEqual(['hello', 0])
  expect([await get({ HTTP_PROXY: address }), through.length]).toEqual(['hello', 1])
  expect(through[0]).toContain(target)
  expect([await get({ HTTP_PROXY: address, NO_PROXY: '127.0.0.1' }), through.length]).toEqual(['hello', 1])
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

test.skipIf(!hasOpenssl)('H79: a certificate that nobody vouches for is refused, at once', async () => {
  const folder = tempDir()
  const request =
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost`.split(' ')
  spawnSync('openssl', [...request, '-keyout', `${folder}/key`, '-out', `${folder}/cert`])
  let requests = 0
  const server = createSecure(
    { key: readFileSync(`${folder}/key`), cert: readFileSync(`${folder}/cert`) },
    (_, response) => {
      requests++
      response.end('secret')
    },
  )
  const address = await listening(server)
  const ambient = fakeAmbient()
  const backend = await http.open(new URL(`https://${address}/`), {}, ambient)
  onTestFinished(() => backend.close())
  const error: unknown = await backend.get('format').catch((thrown: unknown) => thrown)
  expect(isQuiltError(error, 'UNAVAILABLE') && error.message).toContain('certificate')
  expect([ambient.slept, requests]).toEqual([0, 0])
})

test('understands what a server asks to wait', () => {
  expect(retryAfter({})).toBeUndefined()
  expect(retryAfter({ 'retry-after': '3' })).toBe(3000)
  expect(retryAfter({ 'retry-after': '-3' })).toBeUndefined()
  const date = new Date(Date.UTC(2030, 1, 1)).toUTCString()
  expect(retryAfter({ 'retry-after': date, date })).toBe(0)
})

test('what a line fails with is said in words, and with the code that people search for', async () => {
  const gone = createServer()
  const address = await listening(gone)
  await new Promise((resolve) => gone.close(resolve))
  const ambient = fakeAmbient()
  const backend = await http.open(new URL(`http://${address}/`), {}, ambient)
  onTestFinished(() => backend.close())
  await expect(backend.get('a')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('cannot be reached: it refuses the connection (ECONNREFUSED)') as string,
  })
  expect(lineProblem('EODD')).toBe('EODD')
})
