// Every file of a remote replaced by something else: an install gives the very package or a clear error, and keeps nothing
// that it has not proved; a push does no more harm; nothing takes memory for what a file only claims to be.
import nodeFs from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../../src/core/backend/backend.ts'
import { isQuiltError } from '../../src/core/base/error.ts'
import { build } from '../../src/package/build.ts'
import { inspect } from '../../src/package/inspect.ts'
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { ls } from '../../src/package/list.ts'
import { verify } from '../../src/package/verify.ts'
import type { Session } from '../../src/package/session.ts'
import { countedRemote } from '../support/counted-remote.ts'
import { disks, noise, type Disk } from '../support/two-disks.ts'

const [, realDisk] = disks[0] as (typeof disks)[number]
const [, memoryDisk] = disks[1] as (typeof disks)[number]
const remote = './shared'
/** With QUILT_CRASH_ALL=1 every file is replaced by everything, else some. */
const all = process.env['QUILT_CRASH_ALL'] === '1'
const some = <T>(items: readonly T[], one: number): readonly T[] =>
  all ? items : items.filter((_, i) => i % one === 0)

/** A remote with two packages, in two pushes each, and a third revision that waits here to be pushed. */
async function world(makeDisk: () => Disk): Promise<{ readonly disk: Disk; readonly topHash: string }> {
  const disk = makeDisk()
  const ada = await disk.session('ada')
  for (const version of ['1', '2']) {
    disk.write({ 'wine/a.csv': `n\n${version}\n`, 'wine/b/big.bin': noise(400_000), 'wine/b/c': version })
    disk.write({ 'other/x': version, 'other/y/z': noise(500) })
    for (const name of ['wine', 'other']) {
      await build(ada, { handle: `ada/${name}`, path: name })
      await push(ada, `ada/${name}`, { remote })
    }
  }
  const { topHash } = await inspect(ada, 'ada/wine')
  disk.write({ 'wine/new': 'three' })
  await build(ada, { handle: 'ada/wine', path: 'wine' })
  return { disk, topHash }
}

const keysOf = (disk: Disk): readonly string[] =>
  disk.paths('shared').filter((path) => !path.endsWith('/') && !path.startsWith('tmp/'))

/** An install and a push, with a remote as it is now; neither may end in anything but what it promises. */
async function expectSafe(disk: Disk, what: string, topHash: string): Promise<'came' | 'refused'> {
  const name = `r${String(Math.random()).slice(2)}`
  const ben = await disk.session(name)
  const error = await errorOf(ben, () => install(ben, 'ada/wine', { remote }), what)
  if (error === undefined) expect((await inspect(ben, 'ada/wine')).topHash, what).toBe(topHash)
  else for await (const one of ls(ben)) expect(one, what).toBeUndefined()
  expect((await verify(ben, [])).problems, what).toEqual([])
  const ada = await disk.session('ada')
  await errorOf(ada, () => push(ada, 'ada/wine'), what)
  expect((await verify(ada, [])).problems, what).toEqual([])
  return error === undefined ? 'came' : 'refused'
}

async function errorOf(_: Session, act: () => Promise<unknown>, what: string): Promise<unknown> {
  try {
    await act()
    return undefined
  } catch (error) {
    expect(isQuiltError(error), `${what}: ${String(error)} ${(error as Error).stack ?? ''}`).toBe(true)
    expect((error as { code: string }).code, `${what}: ${String(error)}`).toMatch(
      /^(CORRUPT|UNSUPPORTED|NOT_FOUND|CONFLICT|UNAVAILABLE)$/,
    )
    return error
  }
}

describe('a remote of which one file is', () => {
  const replacements: readonly (readonly [string, (old: Uint8Array) => Uint8Array])[] = [
    ['garbage', () => noise(1000)],
    ['a login page', () => Buffer.from('<!doctype html><title>Log in</title>')],
    ['empty', () => new Uint8Array()],
    ['cut in half', (old) => old.subarray(0, old.length / 2)],
    ['longer', (old) => Buffer.concat([old, noise(100)])],
  ]
  test.each(replacements)('%s', async (what, replace) => {
    const { disk, topHash } = await world(memoryDisk)
    const ends = new Set<string>()
    for (const key of some(keysOf(disk), 3)) {
      const path = `${disk.root}/shared/${key}`
      const image = snapshot(disk)
      disk.fs.writeFileSync(path, replace(disk.fs.readFileSync(path)))
      ends.add(await expectSafe(disk, `${what}: ${key}`, topHash))
      restore(disk, image)
    }
    if (!all) return
    expect(ends.has('came')).toBe(true)
    expect(ends.has('refused')).toBe(true)
  })

  test('that of another package, or another of its own', async () => {
    const { disk, topHash } = await world(memoryDisk)
    const keys = keysOf(disk)
    for (const key of keys) {
      const kind = key.split('/')[0]
      const others = keys.filter((one) => one !== key && one.split('/')[0] === kind)
      for (const other of some(others, 9)) {
        const image = snapshot(disk)
        const bytes = disk.fs.readFileSync(`${disk.root}/shared/${other}`)
        disk.fs.writeFileSync(`${disk.root}/shared/${key}`, bytes)
        // An older state of the very package is one that it had: to show it is what a stale mirror does, too.
        const isOwn = /refs\/_\/ada\/wine/.test(key) && /refs\/_\/ada\/wine/.test(other)
        if (!isOwn) await expectSafe(disk, `${other} as ${key}`, topHash)
        restore(disk, image)
      }
    }
  })

  test('huge: nothing is read whole because it is there', async () => {
    const { disk, topHash } = await world(realDisk)
    for (const key of some(keysOf(disk), 5)) {
      const path = `${disk.root}/shared/${key}`
      const image = snapshot(disk)
      const { size } = nodeFs.statSync(path)
      nodeFs.truncateSync(path, 6 * 2 ** 30)
      const before = process.memoryUsage.rss()
      await expectSafe(disk, `huge: ${key}`, topHash)
      expect(process.memoryUsage.rss() - before, key).toBeLessThan(200 * 2 ** 20)
      if (nodeFs.existsSync(path)) nodeFs.truncateSync(path, size)
      restore(disk, image)
    }
  })
})

test('H73: a remote of which a pack changes between two reads is refused, and what came before is kept proved', async () => {
  const { disk, topHash } = await world(realDisk)
  for (let at = 1; ; at++) {
    let reads = 0
    const changing = (inner: Backend): Backend => ({
      ...inner,
      get: async (key, range, ctx) => {
        const bytes = await inner.get(key, range, ctx)
        if (key.startsWith('packs/') && ++reads >= at)
          for (let i = 0; i < bytes.length; i += 97) bytes[i]! ^= 1
        return bytes
      },
    })
    const ben = await disk.session(`ben${String(at)}`)
    const { session } = await countedRemote(ben, `${disk.root}/shared`, changing)
    const error = await errorOf(ben, () => install(session, 'ada/wine', { remote }), String(at))
    if (reads < at) {
      expect(at).toBeGreaterThan(2)
      break
    }
    expect(error).toMatchObject({ code: 'CORRUPT' })
    expect((await verify(ben, [])).problems).toEqual([])
    await install(ben, 'ada/wine', { remote })
    expect((await inspect(ben, 'ada/wine')).topHash).toBe(topHash)
  }
})

/** All files of the remote, and of the store that pushes to it. */
function snapshot(disk: Disk): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const folder of ['shared', 'ada']) {
    for (const path of disk.paths(folder)) {
      const full = `${disk.root}/${folder}/${path}`
      if (!path.endsWith('/')) files.set(full, Uint8Array.from(disk.fs.readFileSync(full)))
    }
  }
  return files
}

function restore(disk: Disk, image: ReadonlyMap<string, Uint8Array>): void {
  for (const path of snapshot(disk).keys()) if (!image.has(path)) disk.fs.rmSync(path)
  for (const [path, bytes] of image) disk.fs.writeFileSync(path, bytes)
}
