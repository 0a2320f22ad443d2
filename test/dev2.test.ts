import { describe, test, beforeAll, afterAll } from 'vitest'
import s3 from '../src/plugins/backends/s3.ts'
import { backendCases } from '../src/testing/backend-cases.ts'
import { machineAmbient } from '../src/session/ambient.ts'
import { startS3rver, type S3Server } from './support/s3-server.ts'
let server: S3Server
beforeAll(async () => { server = await startS3rver() })
afterAll(() => server.stop())
let n = Date.now() % 100000
const make = async () => s3.open(new URL(`s3://quilt/${(n++).toString(36).slice(-3)}`), server.env, machineAmbient)
describe('s3', () => { for (const c of backendCases) test(c.name, () => c.run(make)) })
