// The bench of remotes: the line that counts, the section of the page, and what runs where there is no server.
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Row } from '../../bench/compare.ts'
import { createMeter } from '../../bench/measure.ts'
import type { RemoteParts } from '../../bench/remote/parts.ts'
import { openLine } from '../../bench/remote/proxy.ts'
import { measureRemotes } from '../../bench/remote/remotes.ts'
import { remoteSection } from '../../bench/remote/report.ts'
import { noServer, serverVersion } from '../../bench/remote/server.ts'
import { address, quickRclone, remoteTools } from '../../bench/remote/tools.ts'
import { targets } from '../../bench/targets.ts'
import { tempDir } from '../support/temp-dir.ts'

const home = process.cwd()

describe('the line', () => {
  let server: Server | undefined
  afterEach(() => server?.close())

  async function listen(): Promise<string> {
    server = createServer((request, response) => {
      request.resume()
      request.on('end', () => response.end('x'.repeat(1000)))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  }

  test('counts requests, and bytes with their heads, anew after a reset', async () => {
    const line = await openLine(await listen())
    for (let n = 0; n < 3; n++) {
      await (await fetch(`${line.url}/a`, { method: 'PUT', body: 'y'.repeat(500) })).text()
    }
    const { requests, sent, received } = line.traffic()
    expect(requests).toBe(3)
    expect(sent).toBeGreaterThan(3 * 540)
    expect(sent).toBeLessThan(3 * 1000)
    expect(received).toBeGreaterThan(3 * 1040)
    expect(received).toBeLessThan(3 * 1500)
    expect(line.requests().map(({ method, url }) => `${method} ${url}`)).toEqual(Array(3).fill('PUT /a'))
    line.reset()
    expect(line.traffic()).toEqual({ requests: 0, sent: 0, received: 0 })
    await line.close()
  })

  test('delays each request, and limits the rate', async () => {
    const line = await openLine(await listen(), {
      delay: 50,
      rate: { bytesPerSecond: 10_000, now: () => performance.now() },
    })
    const begin = performance.now()
    for (let n = 0; n < 3; n++) await (await fetch(line.url)).text()
    expect(performance.now() - begin).toBeGreaterThan(3 * (50 + 90))
    await line.close()
  })
})

const sample = (wall: number, requests?: number) => ({
  wall,
  peak: 200e6,
  ...(requests === undefined ? {} : { traffic: { requests, sent: 90_000, received: 10_000 } }),
})
const row = (workload: string, step: Row['step'], tool: string, walls: readonly number[]): Row => ({
  workload,
  step,
  tool,
  samples: walls.map((wall) => sample(wall, tool === 'quilt' ? 14 : undefined)),
})
const rows: readonly Row[] = [
  row('R1', 'push', 'quilt', [4, 5, 6]),
  row('R1', 'push', 'restic', [10]),
  row('R1', 'push', 'rclone', [500]),
  row('R1', 'push', quickRclone, [40]),
  row('R3', 'push', 'quilt', [1.2, 1.4, 1.3]),
  { ...row('R4', 'install', 'quilt', []), problem: noServer },
]

describe('the page', () => {
  const tools = remoteTools(home, () => '', ['restic', 'rclone'])
  const page = remoteSection(rows, tools, 'radosgw 1').join('\n\n')
  const cells = (...words: readonly string[]): readonly string[] =>
    (
      page
        .split('\n')
        .find((text) => words.every((word) => text.replace(/ +/g, ' ').includes(`| ${word} `))) ?? ''
    )
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1)

  test('has requests and bytes beside the time, and ours to each peer', () => {
    const ours = ['R1', 'pushed', 'quilt', '5.00', '4.00–6.00', '–', '200', '14', '90', '10', '']
    expect(cells('R1', 'quilt')).toEqual(ours)
    expect(cells('restic', '10.00')).toEqual([
      '',
      '',
      'restic',
      '10.00',
      '10.00–10.00',
      '–',
      '200',
      '–',
      '–',
      '–',
      '0.50',
    ])
    expect(cells('R4', 'quilt')[3]).toBe('no server')
    expect(cells('restic, from files', '`restic backup .` to `s3:http://…`')).toHaveLength(3)
  })

  test('says that there is no server, and nothing where no remote was asked for', () => {
    expect(remoteSection(rows, tools, undefined)).toContain(`Not measured: ${noServer}.`)
    expect(remoteSection([], tools, undefined)).toEqual([])
  })

  test('has targets: against the quicker rclone, in requests, in bytes both ways', () => {
    const found = targets
      .filter(({ workload }) => workload.startsWith('R'))
      .map(({ workload, what, most, read }) => [
        `${workload} ${what}`,
        most,
        read({ rows, figures: [], starts: [] }),
      ])
      .filter(([, , value]) => value !== undefined)
    expect(found).toEqual([
      ['R1 push, requests', 99, 14],
      ['R1 push, time / restic', 1, 0.5],
      [`R1 push, time / ${quickRclone}`, 0.1, 0.125],
      ['R3 push, requests', 14, 14],
      ['R3 push, sent and received', 150, 100],
      ['R3 push, time', 1.5, 1.3],
      ['R1 peak memory of any step', 300, 200],
      ['R3 peak memory of any step', 300, 200],
    ])
  })
})

test('all reach the bucket by the endpoint of the moment, and bring no certificates of this machine', () => {
  let endpoint = 'http://127.0.0.1:1'
  const tools = remoteTools(home, () => endpoint, ['restic', 'rclone'])
  endpoint = 'http://127.0.0.1:2'
  const root = tempDir()
  const said = tools.flatMap((tool) => {
    const { setup, steps } = tool.plan({ input: root, root, versions: 0, env: { PATH: '/bin' } })
    return [...setup, steps.push?.command, steps.install?.command].map((command) => JSON.stringify(command))
  })
  expect(tools.map(({ name }) => name)).toEqual([
    'quilt',
    'restic',
    'restic, from files',
    'rclone',
    quickRclone,
  ])
  expect(said.join('\n')).not.toContain('127.0.0.1:1"')
  expect(said.join('\n')).toContain('127.0.0.1:2')
  expect(said.join('\n')).not.toMatch(/CA_BUNDLE|CA_CERTS|proxy/i)
  expect(remoteTools(home, () => '', []).map(({ name }) => name)).toEqual(['quilt'])
})

const parts = (folder: string): RemoteParts => {
  const { signal } = new AbortController()
  return {
    home,
    folder,
    path: process.env['PATH'] ?? '/usr/bin:/bin',
    runs: 1,
    scale: 0.0002,
    keep: false,
    peers: ['restic', 'rclone'],
    signal,
    meter: createMeter(tempDir(), signal),
    say: () => undefined,
  }
}

test('where there is no server the rows say so, and nothing runs', async () => {
  const { PATH } = process.env
  process.env['PATH'] = tempDir()
  try {
    const found = await measureRemotes(['R1', 'R4'], parts(tempDir()))
    expect(found.map(({ workload, step, problem }) => [workload, step, problem])).toEqual([
      ['R1', 'push', noServer],
      ['R1', 'install', noServer],
      ['R4', 'install', noServer],
    ])
  } finally {
    process.env['PATH'] = PATH
  }
})

// A server takes 15 seconds to start: the others run where all is asked for.
const asked = process.env['QUILT_BENCH_ALL'] === '1' ? ['R1', 'R2', 'R3', 'R4'] : ['R4']

test.skipIf(serverVersion() === undefined)(
  'measures at a tiny scale, and believes only what came back',
  async () => {
    const found = await measureRemotes(asked, parts(join(tempDir(), 'data')))
    for (const { workload, step, tool, samples, problem } of found) {
      const name = `${workload} ${step} ${tool}`
      expect(problem, name).toBeUndefined()
      expect(samples, name).toHaveLength(1)
      if (tool === 'quilt') expect(samples[0]?.traffic?.requests, name).toBeGreaterThan(5)
    }
    expect(new Set(found.map(({ workload }) => workload))).toEqual(new Set(asked))
    expect(address).toMatch(/^s3:/)
  },
  300_000,
)
