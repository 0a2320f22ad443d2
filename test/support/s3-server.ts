// S3 servers for tests. Ceph's radosgw is what counts, where its packages are installed; s3rver, from npm, ignores
// conditional writes and signatures: it is the store that must not be relied on.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { Env } from '../../src/plugins/api.ts'
import { freePort } from './web-server.ts'

/** A server that runs, with a bucket called `quilt`. */
export interface S3Server {
  readonly endpoint: string
  readonly env: Env
  stop(): Promise<void>
}

const script = fileURLToPath(new URL('../../scripts/s3-server', import.meta.url))
const credentials = { accessKeyId: 'testkey', secretAccessKey: 'testsecret' }

/** True where radosgw can be started; says so where not. */
export function hasRadosgw(): boolean {
  const { status } = spawnSync('sh', ['-c', 'command -v radosgw ceph-mon ceph-mgr ceph-osd ceph curl'])
  if (status !== 0) {
    console.warn(
      'skipped: tests on a real S3 server need ceph-mon ceph-mgr ceph-osd radosgw ceph-common (see .ci/run)',
    )
  }
  return status === 0
}

/** Starts Ceph's radosgw, in memory. It takes 15 seconds. */
export async function startRadosgw(): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'quilt-radosgw-'))
  const [port, monitor] = [await freePort(), await freePort()]
  const { status, stderr } = spawnSync(script, ['start', folder, String(port), String(monitor)], {
    encoding: 'utf8',
  })
  const stop = async (): Promise<void> => {
    spawnSync(script, ['stop', folder])
  }
  if (status !== 0) {
    await stop()
    throw new Error(`radosgw did not start: ${stderr}`)
  }
  return withBucket(`http://127.0.0.1:${String(port)}`, stop)
}

/** Starts s3rver in this process. */
export async function startS3rver(): Promise<S3Server> {
  const { default: S3rver } = (await import('s3rver' as string)) as {
    default: new (options: object) => { run(): Promise<{ port: number }>; close(): Promise<void> }
  }
  const directory = mkdtempSync(join(tmpdir(), 'quilt-s3rver-'))
  const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory })
  const { port } = await server.run()
  return withBucket(
    `http://127.0.0.1:${String(port)}`,
    async () => {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
    { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
  )
}

async function withBucket(
  endpoint: string,
  stop: () => Promise<void>,
  keys: typeof credentials = credentials,
): Promise<S3Server> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: keys })
  try {
    await client.send(new CreateBucketCommand({ Bucket: 'quilt' }))
  } catch (error) {
    await stop()
    throw error
  } finally {
    client.destroy()
  }
  const env = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_ENDPOINT_URL: endpoint,
  }
  return { endpoint, env, stop }
}
