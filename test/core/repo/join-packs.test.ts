import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { joinSmallPacks } from '../../../src/core/repo/join-packs.ts'
import { gc } from '../../../src/core/repo/gc.ts'
import {
  createRepository,
  openRepository,
  type PackRepository,
} from '../../../src/core/repo/open-repository.ts'
import { condemnedPrefix, indexPrefix, packPrefix } from '../../../src/core/store/layout.ts'
import { fakeAmbient } from '../../support/ambient.ts'
import { counting, gated, scheduler } from '../../support/gate.ts'
import { expectSound } from '../../support/gc-bench.ts'
import { keysOf } from '../../support/ref-bench.ts'
import {
  bench,
  buildPackage,
  noise,
  problemsOf,
  readPackage,
  removePackage,
  reopen,
  sameFiles,
  text,
  type Bench,
  type Files,
} from '../../support/store-bench.ts'

const filesOf = (n: number): Files => ({ 'a.txt': text(`file ${String(n)}\n`), 'same.txt': text('the same') })
const chunked = { 'big.bin': noise(400_000, 5), 'more/c.bin': noise(300_000, 6) }

/** All steps with QUILT_CRASH_ALL=1 (that takes two minutes), else one in five. */
const everyStep = process.env['QUILT_CRASH_ALL'] === '1' ? 1 : 5

/** So many packages in packs of their own, and what is in them; `big` has chunks, and `gone` nobody reaches. */
async function withSmallPacks(count = 7): Promise<Bench & { readonly packages: Record<string, Files> }> {
  const made = await bench()
  const packages: Record<string, Files> = { 'ada/big': chunked }
  await buildPackage(made.repo, 'ada/big', chunked)
  for (let n = 0; n < count; n++) {
    packages[`ada/p${String(n)}`] = filesOf(n)
    await buildPackage(made.repo, `ada/p${String(n)}`, filesOf(n))
  }
  await buildPackage(made.repo, 'ada/gone', { 'gone.bin': noise(300_000, 9) })
  await removePackage(made.repo, 'ada/gone')
  return { ...made, packages }
}

const countOf = async (backend: Backend, prefix: string): Promise<number> =>
  (await keysOf(backend, prefix)).length

describe('packs by themselves', () => {
  test('a thousand small builds leave under 20 packs, and everything reads', async () => {
    const { backend, ambient } = await bench()
    const repo = await createRepository(backend, ambient, undefined, { tidy: joinSmallPacks })
    let most = 0
    for (let n = 0; n < 1000; n++) {
      await buildPackage(repo, `ada/p${String(n % 200)}`, filesOf(n), { history: n % 2 === 0 })
      if (n % 50 === 0) most = Math.max(most, await countOf(backend, packPrefix))
    }
    expect(most).toBeLessThan(20)
    expect(await countOf(backend, packPrefix)).toBeLessThan(20)
    expect(await countOf(backend, indexPrefix)).toBeLessThan(30)
    expect(await keysOf(backend, condemnedPrefix)).toEqual([])
    const other = await reopen(backend, 9)
    expect(await problemsOf(other)).toEqual([])
    for (let n = 800; n < 1000; n++) {
      expect(sameFiles(await readPackage(other, `ada/p${String(n % 200)}`), filesOf(n))).toBe(true)
    }
  }, 120_000)

  test('costs each byte few copies', async () => {
    const { backend, ambient } = await bench()
    let written = 0
    const counted: Backend = {
      ...backend,
      put: (key, body, ...rest) => {
        if (key.startsWith(packPrefix)) written += (body as Uint8Array).length
        return backend.put(key, body, ...rest)
      },
    }
    const repo = await createRepository(counted, ambient, undefined, { tidy: joinSmallPacks })
    for (let n = 0; n < 150; n++) await buildPackage(repo, `ada/p${String(n)}`, { 'n.bin': noise(5000, n) })
    expect(written).toBeLessThan(150 * 5000 * 8)
  }, 120_000)

  test('few are left as they are, without a read', async () => {
    const { backend } = await withSmallPacks(3)
    const probe = counting(backend)
    const repo = await openRepository(probe.backend, fakeAmbient(4))
    await repo.objects.packs.refresh()
    const before = probe.count()
    expect(await joinSmallPacks(repo)).toBe(0)
    expect(probe.count()).toBe(before)
  })

  test('an error while they are joined is none of the build', async () => {
    const { backend, ambient } = await bench()
    const failing: Backend = {
      ...backend,
      put: (key, ...rest) =>
        key.startsWith(condemnedPrefix) ? Promise.reject(new Error('no')) : backend.put(key, ...rest),
    }
    const repo = await createRepository(failing, ambient, undefined, { tidy: joinSmallPacks })
    for (let n = 0; n < 12; n++) await buildPackage(repo, `ada/p${String(n)}`, filesOf(n))
    expect(await countOf(backend, packPrefix)).toBeGreaterThan(20)
    expect(await problemsOf(await reopen(backend, 5))).toEqual([])
  })
})

describe('joining beside others', () => {
  const join = async (backend: Backend, seed: number): Promise<PackRepository> => {
    const repo = await openRepository(backend, fakeAmbient(seed))
    await joinSmallPacks(repo)
    return repo
  }
  const fresh = { ...chunked, 'gone.bin': noise(300_000, 9), 'new.txt': text('new') }

  test('at whatever step it is held, a whole build and a whole gc go through', async () => {
    const probe = counting((await withSmallPacks()).backend)
    await join(probe.backend, 3)
    expect(probe.count()).toBeGreaterThan(30)
    for (let at = 0; at < probe.count(); at += everyStep) {
      const one = await withSmallPacks()
      const gate = gated(one.backend, at)
      const joining = join(gate.backend, 3).catch(() => undefined) // gc may take what it was about to join
      await gate.held
      await buildPackage(await reopen(one.backend, 4), 'ada/new', fresh)
      await gc(await reopen(one.backend, 5), { patience: 100 })
      gate.release()
      await joining
      await expectSound(one, { ...one.packages, 'ada/new': fresh })
    }
  }, 120_000)

  test('at whatever step a build is held, it goes through', async () => {
    const probe = counting((await withSmallPacks()).backend)
    await buildPackage(await openRepository(probe.backend, fakeAmbient(2)), 'ada/new', fresh)
    for (let at = 0; at < probe.count(); at += everyStep) {
      const one = await withSmallPacks()
      const gate = gated(one.backend, at)
      const writing = openRepository(gate.backend, fakeAmbient(2)).then((repo) =>
        buildPackage(repo, 'ada/new', fresh),
      )
      await gate.held
      expect(await joinSmallPacks(await reopen(one.backend, 3))).toBeGreaterThan(5)
      await gc(await reopen(one.backend, 5), { patience: 100 })
      gate.release()
      await writing
      await expectSound(one, { ...one.packages, 'ada/new': fresh })
    }
  }, 120_000)

  test('in whatever order their operations come', async () => {
    for (let seed = 1; seed <= (everyStep === 1 ? 40 : 10); seed++) {
      const one = await withSmallPacks()
      const { gate, run } = scheduler(seed)
      const builds = [2, 3].map(async (ambient) => {
        const repo = await openRepository(gate(one.backend), fakeAmbient(ambient))
        await buildPackage(repo, `ada/new${String(ambient)}`, fresh)
      })
      const joins = [4, 5].map((ambient) => join(gate(one.backend), ambient).catch(() => undefined))
      const collects = [6].map(async (ambient) => {
        await gc(await openRepository(gate(one.backend), fakeAmbient(ambient)))
      })
      await run([...builds, ...joins, ...collects])
      await expectSound(one, { ...one.packages, 'ada/new2': fresh, 'ada/new3': fresh })
    }
  }, 120_000)
})

describe('a crash while packs are joined', () => {
  test('before any operation leaves a repository that works, and a later join ends it', async () => {
    const probe = counting((await withSmallPacks()).backend)
    const repo = await openRepository(probe.backend, fakeAmbient(3))
    await joinSmallPacks(repo)
    for (let at = 0; at < probe.count(); at += everyStep) {
      const one = await withSmallPacks()
      const dying = gated(one.backend, at)
      const never = openRepository(dying.backend, fakeAmbient(3)).then((opened) => joinSmallPacks(opened))
      void never.catch(() => undefined)
      await dying.held
      await joinSmallPacks(await reopen(one.backend, 6))
      expect(await problemsOf(await reopen(one.backend, 7))).toEqual([])
      await expectSound(one, one.packages)
    }
  }, 120_000)
})
