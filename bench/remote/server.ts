// The S3 server that remotes are measured on: Ceph's radosgw, all in memory, by the project's own script.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { type RemoteParts } from './parts.ts'

/** A server that runs, with an empty bucket. */
export interface S3Server {
  readonly endpoint: string
  stop(): Promise<void>
}

/** The bucket that each server has. */
export const bucket = 'bench'
export const keys = { accessKeyId: 'testkey', secretAccessKey: 'testsecret' } as const

/** The problem of what cannot be measured without the server: no failure. */
export const noServer =
  'no S3 server here: it needs ceph-mon, ceph-mgr, ceph-osd, ceph-common, radosgw and curl'

const programs = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-mgr', 'ceph-osd', 'ceph', 'curl']

/** What the server calls itself; `undefined` where it cannot be started. */
export function serverVersion(): string | undefined {
  const missing = programs.some((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  if (missing) return undefined
  const { stdout } = spawnSync('radosgw', ['--version'], { encoding: 'utf8' })
  return /^ceph version [^ ]+/.exec(stdout)?.[0].replace('ceph version', 'radosgw')
}

/** Hands out a new server each time it is asked, and stops the one before; the last one in the end. */
export async function withServers<T>(
  { home, signal, say }: Pick<RemoteParts, 'home' | 'signal' | 'say'>,
  work: (next: () => Promise<S3Server>) => Promise<T>,
): Promise<T> {
  let server: S3Server | undefined
  try {
    return await work(async () => {
      await server?.stop()
      server = undefined
      say('starting an S3 server')
      return (server = await startServer(home, signal))
    })
  } finally {
    await server?.stop()
  }
}

/**
 * Starts a server; 15 seconds. What is deleted from one stays in its memory for two hours, so each run has its own.
 * `home` is the repository.
 */
async function startServer(home: string, signal: AbortSignal): Promise<S3Server> {
  // Sockets lie in it: their paths must be short.
  const folder = mkdtempSync(join(tmpdir(), 'quilt-bench-s3-'))
  const script = join(home, 'scripts', 's3-server')
  const stop = async (): Promise<void> => {
    await finished(script, ['stop', folder])
  }
  try {
    const [port, monitor] = [await freePort(), await freePort()]
    const said = await finished(script, ['start', folder, String(port), String(monitor)])
    if (said !== undefined) throw new Error(`the S3 server does not start: ${said}`)
    signal.throwIfAborted()
    const endpoint = `http://127.0.0.1:${String(port)}`
    await makeBucket(endpoint)
    return { endpoint, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Runs to its end, also when the benchmark is stopped: what it started must be known. What it said if it failed. */
async function finished(file: string, argv: readonly string[]): Promise<string | undefined> {
  const child = spawn(file, argv, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  const [status] = (await once(child, 'exit')) as [number | null]
  child.stderr.destroy() // what goes on in the background may hold it open
  return status === 0 ? undefined : `exit ${String(status)}: ${said.trim()}`
}

async function makeBucket(endpoint: string): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: keys })
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } finally {
    client.destroy()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
