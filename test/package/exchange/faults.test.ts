// Remotes that fail: once, so that a retry helps; for good; in the middle; with other bytes than were written. Pushes and
// installs survive what a retry can, end in a clear error otherwise, and go on where they stopped.
import nodeFs from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { retrying } from '../../../src/core/backend/retrying.ts'
import { isQuiltError } from '../../../src/core/base/error.ts'
import { openRepository } from '../../../src/core/repo/open-repository.ts'
import { build } from '../../../src/package/build.ts'
import { inspect } from '../../../src/package/inspect.ts'
import { install } from '../../../src/package/exchange/install.ts'
import { push } from '../../../src/package/exchange/push.ts'
import { folderBackend } from '../../../src/plugins/builtin.ts'
import { faultyBackend } from '../../../src/testing/faulty-backend.ts'
import type { Fault, FaultRecord } from '../../../src/testing/fault.ts'
import { problemsOf } from '../../support/store-bench.ts'
import { countedRemote } from '../../support/counted-remote.ts'
import { disks, noise, type Disk } from '../../support/two-disks.ts'

const [, makeDisk] = disks[0] as (typeof disks)[number]
const remote = 'shared'
/** With QUILT_CRASH_ALL=1 every operation, else one in four. */
const step = process.env['QUILT_CRASH_ALL'] === '1' ? 1 : 4

async function prepared(): Promise<{
  readonly disk: Disk
  readonly topHash: string
  readonly bytes: number
}> {
  const disk = makeDisk()
  disk.write({ 'wine/a.csv': 'n\n1\n', 'wine/b/big.bin': noise(600_000), 'wine/b/c.txt': 'c' })
  const ada = await disk.session('ada')
  const { topHash } = await build(ada, { handle: 'ada/wine', path: 'wine' })
  const sent = await push(await ada, 'ada/wine', { remote: './shared' })
  return { disk, topHash, bytes: sent.sentBytes }
}

const patient = (backend: Backend): Backend =>
  retrying(backend, { attempts: 4, delay: () => Promise.resolve(), random: () => 0.5 })

/** A verb on a fresh remote (push) or store (install), with a fault at one operation of the remote. */
async function withFault(
  { disk, verb, name }: { readonly disk: Disk; readonly verb: 'push' | 'install'; readonly name: string },
  { fault, at, retry }: { readonly fault: Fault; readonly at: number; readonly retry: boolean },
): Promise<{ readonly record: FaultRecord; readonly error: unknown }> {
  let record: FaultRecord = { hit: undefined, seen: 0 }
  const wrap = (inner: Backend): Backend => {
    const faulty = faultyBackend(inner, { fault, at })
    record = faulty.record
    return retry ? patient(faulty.backend) : faulty.backend
  }
  const folder = verb === 'push' ? `${disk.root}/${name}` : `${disk.root}/shared`
  const store = await disk.session(verb === 'push' ? 'ada' : name)
  const { session } = await countedRemote(store, folder, wrap)
  const work =
    verb === 'push' ? push(session, 'ada/wine', { remote }) : install(session, 'ada/wine', { remote })
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return { record, error }
}

/** The remote is clean, and without faults the verb ends well, whatever was left. */
async function expectGoesOn({
  disk,
  verb,
  name,
  topHash,
}: {
  disk: Disk
  verb: 'push' | 'install'
  name: string
  topHash: string
}): Promise<number> {
  const folder = verb === 'push' ? `${disk.root}/${name}` : `${disk.root}/shared`
  if (nodeFs.existsSync(`${folder}/format`)) {
    const backend = await folderBackend(folder, { randomName: () => '0'.repeat(32) })
    const { ambient } = await disk.session('ada')
    expect(await problemsOf(await openRepository(backend, ambient))).toEqual([])
  }
  const store = await disk.session(verb === 'push' ? 'ada' : name)
  const { session } = await countedRemote(store, folder)
  const bytes =
    verb === 'push'
      ? (await push(session, 'ada/wine', { remote })).sentBytes
      : (await install(session, 'ada/wine', { remote })).fetchedBytes
  const reader = verb === 'push' ? await disk.session(`${name}-reader`) : store
  if (verb === 'push') {
    const counted = await countedRemote(reader, folder)
    await install(counted.session, 'ada/wine', { remote })
  }
  expect((await inspect(reader, 'ada/wine')).topHash).toBe(topHash)
  return bytes
}

describe.each(['push', 'install'] as const)('%s', (verb) => {
  test('survives one failure at any operation, done or not, where it is tried again', async () => {
    const { disk, topHash } = await prepared()
    for (const done of [false, true]) {
      for (let at = 1; ; at += step) {
        const name = `r${String(at)}${String(done)}`
        const fault: Fault = { kind: 'fail', code: 'EIO', done }
        const { record, error } = await withFault({ disk, verb, name }, { fault, at, retry: true })
        expect(error, record.hit).toBeUndefined()
        if (record.hit === undefined) break
        await expectGoesOn({ disk, verb, name, topHash })
      }
    }
  })

  test('ends in UNAVAILABLE or DENIED where nothing helps, and goes on where it stopped', async () => {
    const { disk, topHash, bytes } = await prepared()
    for (const [code, expected] of [
      ['EIO', 'UNAVAILABLE'],
      ['EACCES', 'DENIED'],
    ] as const) {
      let most = 0
      for (let at = 1; ; at += step) {
        const name = `x${code}${String(at)}`
        const fault: Fault = { kind: 'fail', code, lasting: true }
        const { record, error } = await withFault({ disk, verb, name }, { fault, at, retry: true })
        if (record.hit === undefined) break
        // What comes after the refs have moved is nobody's failure any more.
        if (error !== undefined) expect(error, record.hit).toMatchObject({ code: expected })
        most = Math.max(most, await expectGoesOn({ disk, verb, name, topHash }))
      }
      expect(most).toBeLessThanOrEqual(bytes)
    }
  })

  test('takes no other bytes than were written', async () => {
    const { disk, topHash } = await prepared()
    for (let at = 1; ; at++) {
      const name = `f${String(at)}`
      const { record, error } = await withFault(
        { disk, verb, name },
        { fault: { kind: 'flip' }, at, retry: true },
      )
      if (record.hit === undefined) break
      if (error !== undefined) expect(isQuiltError(error), String(error)).toBe(true)
      if (error !== undefined && !record.hit.includes('format'))
        expect(error, record.hit).toMatchObject({ code: 'CORRUPT' })
      await expectGoesOn({ disk, verb, name, topHash })
    }
  })
})

test('what an install that fails for good had brought is not brought again', async () => {
  const { disk } = await prepared()
  // So much that a store is asked what it has of it.
  for (let i = 0; i < 5; i++) disk.write({ [`wine/m${String(i)}.bin`]: noise(200_000 + i) })
  const ada = await disk.session('ada')
  const { topHash } = await build(ada, { handle: 'ada/wine', path: 'wine' })
  await push(ada, 'ada/wine', { remote: './shared' })
  const whole = await expectGoesOn({ disk, verb: 'install', name: 'all', topHash })
  const where = (key: string): boolean => key.startsWith('packs/')
  const fault: Fault = { kind: 'fail', code: 'EIO', lasting: true }
  const left: number[] = []
  for (let at = 1; ; at++) {
    const name = `cut${String(at)}`
    let record: FaultRecord = { hit: undefined, seen: 0 }
    const { session } = await countedRemote(await disk.session(name), `${disk.root}/shared`, (inner) => {
      const faulty = faultyBackend(inner, { fault, at, where })
      record = faulty.record
      return faulty.backend
    })
    const error: unknown = await install(session, 'ada/wine', { remote }).catch((thrown: unknown) => thrown)
    if (record.hit === undefined) break
    expect(error).toMatchObject({ code: 'UNAVAILABLE' })
    left.push(await expectGoesOn({ disk, verb: 'install', name, topHash }))
  }
  expect(left[0]).toBe(whole)
  expect(left.at(-1)).toBeLessThan(whole - 900_000)
})

test('an answer that is lost after the refs have moved makes no second row in the log (H82)', async () => {
  const { disk } = await prepared()
  const where = (key: string): boolean => key.startsWith('refs/')
  const ada = await disk.session('ada')
  disk.write({ 'wine/a.csv': 'n\n2\n' })
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  const { session, counting } = await countedRemote(ada, `${disk.root}/shared`, (inner) => {
    const lost: Fault = { kind: 'fail', code: 'EIO', done: true }
    const faulty = faultyBackend(inner, { fault: lost, at: 3, where })
    return patient(faulty.backend)
  })
  await push(session, 'ada/wine', { remote })
  expect(counting.requests.some(({ method, key }) => method === 'put' && where(key))).toBe(true)
  const generations = nodeFs.readdirSync(`${disk.root}/shared/refs/_/ada/wine`)
  expect(generations).toHaveLength(2)
  expect((await push(ada, 'ada/wine')).sentObjects).toBe(0)
})
