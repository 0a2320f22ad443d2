import { describe, test, beforeAll } from 'vitest'
import s3 from '../src/plugins/backends/s3.ts'
import { backendCases } from '../src/testing/backend-cases.ts'
import { machineAmbient } from '../src/session/ambient.ts'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
const env = { AWS_ACCESS_KEY_ID: 'testkey', AWS_SECRET_ACCESS_KEY: 'testsecret', AWS_ENDPOINT_URL: 'http://127.0.0.1:17480' }
beforeAll(async () => {
  const c = new S3Client({ endpoint: env.AWS_ENDPOINT_URL, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId: 'testkey', secretAccessKey: 'testsecret' } })
  await c.send(new CreateBucketCommand({ Bucket: 'quilt' })).catch(() => 0)
})
let n = Date.now() % 100000
const make = async () => s3.open(new URL(`s3://quilt/${(n++).toString(36).slice(-3)}`), env, machineAmbient)
describe('s3', () => { for (const c of backendCases) test(c.name, () => c.run(make)) })
