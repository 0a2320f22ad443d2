// The built command line on a network: what the bundle loads for it must work there too.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { person, program, type Person } from '../support/built-cli.ts'
import { tempDir } from '../support/temp-dir.ts'
import { serveFolder } from '../support/web-server.ts'

/** Runs beside this process, in which the server is. */
async function run(who: Person, cwd: string, ...argv: readonly string[]): Promise<[number | null, string]> {
  const child = spawn(process.execPath, [program, ...argv], {
    env: who.env,
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [status] = (await once(child, 'close')) as [number | null]
  return [status, stderr]
}

test('installs from a web server, and reaches for a bucket', async () => {
  const root = tempDir()
  mkdirSync(join(root, 'src'))
  writeFileSync(join(root, 'src', 'a.txt'), 'hi\n')
  const ada = person(join(root, 'ada'), root, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' })
  expect(ada.run('build', 'ada/wine', 'src').status).toBe(0)
  expect(ada.run('push', 'ada/wine', '--remote', join(root, 'remote')).status).toBe(0)
  const server = await serveFolder(join(root, 'remote'))
  try {
    const bob = person(join(root, 'bob'), root)
    expect(await run(bob, root, 'install', 'ada/wine', '--remote', server.address)).toEqual([
      0,
      expect.any(String),
    ])
    expect(bob.run('export', 'ada/wine', 'out').status).toBe(0)
    expect(readFileSync(join(root, 'out', 'a.txt'), 'utf8')).toBe('hi\n')
    const bucket = `s3://bucket/data?endpoint=${server.address.slice(0, -1)}`
    const [status, stderr] = await run(ada, root, 'install', 'ada/wine', '--remote', bucket)
    expect(status).not.toBe(0)
    expect(stderr).not.toMatch(/a bug in quilt|Warning/)
    expect(server.requests.some(({ url }) => url.startsWith('/bucket/'))).toBe(true)
  } finally {
    await server.stop()
  }
}, 60_000)
