// How many requests a remote is asked, and for how many bytes: issue 6's workloads R1, R3 and R4 on a folder that counts.
// With QUILT_CRASH_ALL=1 they are the benchmark's W2 itself: 100,000 files of 4 KiB.
import nodeFs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { build } from '../../../src/package/build.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { randomBytes } from '../../../bench/data/random.ts'
import type { CountingBackend } from '../../../src/testing/counting-backend.ts'
import { countedRemote } from '../../support/counted-remote.ts'
import { disks, type Disk } from '../../support/two-disks.ts'

const all = process.env['QUILT_CRASH_ALL'] === '1'
/** In the small run there are as many objects that its indexes, too, are read in part. */
const files = all ? 100_000 : 12_000
const fileBytes = all ? 4096 : 40
const perFolder = 100

const path = (file: number): string =>
  `d${String(Math.floor(file / perFolder)).padStart(4, '0')}/f${String(file % perFolder).padStart(2, '0')}.bin`

function write(disk: Disk): void {
  const next = randomBytes('requests')
  for (let file = 0; file < files; file++) {
    const full = `${disk.root}/data/${path(file)}`
    if (file % perFolder === 0) nodeFs.mkdirSync(full.slice(0, full.lastIndexOf('/')), { recursive: true })
    nodeFs.writeFileSync(full, next(fileBytes))
  }
}

/** What a step asked, in words for a failure, and on the terminal with QUILT_REQUESTS=1. */
function tell(step: string, { requests, bytes }: CountingBackend): string {
  const kinds = new Map<string, number>()
  for (const { method, key } of requests) {
    const kind = `${method} ${key.split('/')[0] ?? ''}`
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  const parts = [...kinds].map(([kind, count]) => `${kind} ${String(count)}`).join(', ')
  const text = `${step}: ${String(requests.length)} requests, ${String(bytes)} bytes (${parts})`
  if (process.env['QUILT_REQUESTS'] === '1') process.stdout.write(`${text}\n`)
  if (process.env['QUILT_REQUESTS'] === '2')
    for (const { method, key, bytes } of requests)
      process.stdout.write(`${step}: ${method} ${key} ${String(bytes)}\n`)
  return text
}

describe('a remote of many small files is asked seldom and little', () => {
  test(
    'push, push of one file changed, install, install of one file (R1, R3, R4)',
    { timeout: 900_000 },
    async () => {
      const [, makeDisk] = disks[0] as (typeof disks)[number]
      const disk = makeDisk()
      write(disk)
      const folder = `${disk.root}/shared`
      const remote = 'shared'
      const ada = await disk.session('ada')
      await build(ada, { handle: 'ada/many', path: 'data' })
      const first = await countedRemote(ada, folder)
      await push(first.session, 'ada/many', { remote })
      const pushed = tell('push', first.counting)
      // A bucket is tried with racing writers before its first push: 43 requests more.
      expect(first.counting.requests.length, pushed).toBeLessThan(57)

      disk.write({ [`data/${path(files / 2)}`]: randomBytes('changed')(fileBytes) })
      await build(ada, { handle: 'ada/many', path: 'data' })
      const second = await countedRemote(ada, folder)
      await push(second.session, 'ada/many', { remote })
      const changed = tell('push of a change', second.counting)
      // A bucket is asked for its `config` as well: 14 in all.
      expect(second.counting.requests.length, changed).toBeLessThan(14)
      expect(second.counting.bytes, changed).toBeLessThan(150_000)

      const one = await countedRemote(await disk.session('ben'), folder)
      await install(one.session, `ada/many/${path(1234)}`, { remote })
      const part = tell('install of a file', one.counting)
      expect(one.counting.requests.length, part).toBeLessThan(18)
      expect(one.counting.bytes, part).toBeLessThan(300_000)

      const meta = await countedRemote(await disk.session('eve'), folder)
      await install(meta.session, 'ada/many', { remote, metaOnly: true })
      const trees = tell('install of trees', meta.counting)
      expect(meta.counting.requests.length, trees).toBeLessThan(100)

      const whole = await countedRemote(await disk.session('cleo'), folder)
      await install(whole.session, 'ada/many', { remote })
      const installed = tell('install', whole.counting)
      expect(whole.counting.requests.length, installed).toBeLessThan(100)
    },
  )
})
