import { describe, expect, test } from 'vitest'
import { gc } from '../../../src/core/repo/gc.ts'
import {
  condemnedKey,
  condemnedPrefix,
  indexPrefix,
  lapsedPrefix,
  packKey,
  packPrefix,
} from '../../../src/core/store/layout.ts'
import { lapseMilliseconds } from '../../../src/core/store/writers.ts'
import {
  createRepository,
  openRepository,
  type PackRepository,
} from '../../../src/core/repo/open-repository.ts'
import { transfer } from '../../../src/core/repo/transfer.ts'
import { fakeAmbient, settle } from '../../support/ambient.ts'
import { fileStore } from '../../support/file-store.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { counting, gated } from '../../support/gate.ts'
import { crashing, crashingAfter, flip, keysOf } from '../../support/ref-bench.ts'
import {
  bench,
  buildPackage,
  noise,
  packBytesOf,
  problemsOf,
  publish,
  readPackage,
  removePackage,
  reopen,
  sameFiles,
  text,
  writeCommit,
  writeFiles,
} from '../../support/store-bench.ts'
import { expectSound, fresh, large, small, withDead } from '../../support/gc-bench.ts'

describe('the clocks', () => {
  test('of store and machine may be years apart', async () => {
    for (const year of [1990, 2010, 2031]) {
      const one = await bench(1, Date.UTC(year, 0, 1))
      await buildPackage(one.repo, 'ada/old', large)
      await removePackage(one.repo, 'ada/old')
      const gate = gated(one.backend, 8)
      const writing = openRepository(gate.backend, fakeAmbient(2)).then((repo) =>
        buildPackage(repo, 'ada/new', fresh),
      )
      await gate.held
      expect(await gc(one.repo, { patience: 0 })).toMatchObject({ waiting: 1, packsDeleted: 0 })
      gate.release()
      await writing
      await expectSound(one, { 'ada/new': fresh })
    }
  })
})

describe('what is missing', () => {
  test('H27: keeps gc from deleting anything, and is named', async () => {
    const one = await withDead()
    const { id } = await one.repo.objects.batch(async (out) => out.writeBlob(small['a.csv']))
    const place = (await one.repo.objects.locate([id])).get(id)
    await one.backend.delete(packKey(place?.pack ?? ''))
    const keys = await keysOf(one.backend, packPrefix)
    await expect(gc(await reopen(one.backend, 3))).rejects.toThrow(/gc deletes nothing/)
    expect(await keysOf(one.backend, packPrefix)).toEqual(keys)
    expect(await keysOf(one.backend, condemnedPrefix)).toEqual([])
  })

  test('a damaged generation keeps gc from deleting anything', async () => {
    const one = await withDead()
    const [key] = await keysOf(one.backend, 'refs/_/ada/kept/')
    await flip(one.backend, key as string)
    await expect(gc(one.repo)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(await keysOf(one.backend, condemnedPrefix)).toEqual([])
  })

  test('H41: packs without an index take part, whether they are needed or not', async () => {
    const one = await withDead()
    for (const key of await keysOf(one.backend, indexPrefix)) await one.backend.delete(key)
    const report = await gc(await reopen(one.backend, 3))
    expect(report.freedBytes).toBeGreaterThan(1_000_000)
    await expectSound(one, { 'ada/kept': small })
  })

  test('chunks of a blob that nobody reaches do not go before the blob itself', async () => {
    const far = await bench(8)
    const commit = await buildPackage(far.repo, 'ada/far', large)
    for (const ends of ['with its batch', 'by a crash']) {
      const one = await bench()
      // It shares all chunks of the blob but the last.
      const longer = new Uint8Array([...large['big.bin'], ...noise(50_000, 30)])
      await buildPackage(one.repo, 'ada/chunks', { 'longer.bin': longer })
      await removePackage(one.repo, 'ada/chunks')
      await buildPackage(one.repo, 'ada/kept', small)
      // The pack of the blob's record stays, for most of it is reached; that of its chunks is all dead.
      const kept = Object.fromEntries(
        Array.from({ length: 60 }, (_, i) => [`d${String(i)}/f.txt`, text(String(i))]),
      )
      const writer = await openRepository(one.backend, fakeAmbient(2))
      const work = writer.objects.batch(
        async (out) => {
          await out.writeBlob(noise(600_000, 31))
          await writeFiles(out, { 'big.bin': large['big.bin'] })
          return writeCommit(out, await writeFiles(out, kept))
        },
        async (made) => {
          await publish(writer, 'ada/more', made)
          if (ends === 'by a crash') await new Promise(() => undefined)
        },
      )
      if (ends === 'by a crash') await settle()
      else await work
      one.clock.time += 2 * lapseMilliseconds
      // A record that is not reached goes with its chunks; that of a writer that died keeps them.
      expect((await gc(one.repo)).freedBytes > 1_200_000).toBe(ends === 'with its batch')
      const near = await reopen(one.backend, 3)
      await transfer(far.repo.objects, near.objects, {
        commits: [{ id: commit }],
        publish: () => publish(near, 'ada/far', commit),
      })
      expect(sameFiles(await readPackage(near, 'ada/far'), large)).toBe(true)
      expect(sameFiles(await readPackage(near, 'ada/more'), kept)).toBe(true)
    }
  })

  test('a list that is damaged stops gc while it is young, and is swept when it is old', async () => {
    const one = await withDead()
    await one.backend.put(condemnedKey('ab'.repeat(16)), text('no list'))
    await expect(gc(one.repo)).rejects.toMatchObject({ code: 'CORRUPT' })
    one.clock.time += 11 * lapseMilliseconds
    expect((await gc(one.repo)).packsDeleted).toBeGreaterThan(0)
    expect(await keysOf(one.backend, condemnedPrefix)).toEqual([])
  })
})

describe('a writer that lapsed', () => {
  test('starts its batch again when it wakes up, and the result is whole', async () => {
    for (const wakes of ['soon', 'after the note on it was swept']) {
      for (let at = 4; ; at++) {
        const one = await withDead()
        const gate = gated(one.backend, at)
        const repo = await openRepository(gate.backend, fakeAmbient(2))
        const writing = buildPackage(repo, 'ada/new', fresh)
        const isHeld = await Promise.race([gate.held.then(() => true), writing.then(() => false)])
        if (!isHeld) {
          expect(at).toBeGreaterThan(10)
          break
        }
        one.clock.time += lapseMilliseconds + 1000
        const report = await gc(one.repo)
        expect(report.waiting).toBe(0)
        expect(report.packsDeleted).toBeGreaterThan(0)
        if (wakes !== 'soon') {
          one.clock.time += 11 * lapseMilliseconds
          await gc(one.repo)
          expect(await keysOf(one.backend, lapsedPrefix)).toEqual([])
        }
        gate.release()
        await writing
        await expectSound(one, { 'ada/kept': small, 'ada/new': fresh })
      }
    }
  })

  test('is not one that is renewed', async () => {
    const one = await withDead()
    const gate = gated(one.backend, 8)
    const ambient = fakeAmbient(2)
    const writing = buildPackage(await openRepository(gate.backend, ambient), 'ada/new', fresh)
    await gate.held
    for (let minute = 0; minute < 40; minute++) {
      one.clock.time += 60_000
      await ambient.advance(60_000)
    }
    expect(await gc(one.repo, { patience: 0 })).toMatchObject({ waiting: 1, packsDeleted: 0 })
    gate.release()
    await writing
    expect(ambient.timers).toBe(0)
    expect(await keysOf(one.backend, lapsedPrefix)).toEqual([])
    await expectSound(one, { 'ada/kept': small, 'ada/new': fresh })
  })

  test('whose renewal slept through everything does not take itself for alive', async () => {
    const one = await withDead()
    const ambient = fakeAmbient(2)
    const repo = await openRepository(one.backend, ambient)
    let runs = 0
    await repo.objects.batch(
      async (out) => {
        const made = await writeCommit(out, await writeFiles(out, fresh))
        if (++runs === 1) {
          one.clock.time += lapseMilliseconds + 1000
          await gc(one.repo)
          one.clock.time += 11 * lapseMilliseconds
          await gc(one.repo)
          await ambient.advance(60_000) // the timer of the renewal
        }
        return made
      },
      (commit) => publish(repo, 'ada/new', commit),
    )
    expect(runs).toBe(2)
    await expectSound(one, { 'ada/kept': small, 'ada/new': fresh })
  })
})

describe('a crash', () => {
  for (const [how, crash] of [
    ['before', crashing],
    ['after', crashingAfter],
  ] as const) {
    test(`${how} any operation leaves a repository that works, and a later run frees it all`, async () => {
      const whole = await withDead()
      await removePackage(whole.repo, 'ada/kept')
      await buildPackage(whole.repo, 'ada/kept', small)
      const probe = counting(whole.backend)
      await gc(await openRepository(probe.backend, fakeAmbient(3)))
      const best = await packBytesOf(whole.backend)
      let crashes = 0
      for (let alive = 1; alive < probe.count(); alive++) {
        const one = await withDead()
        const dying = await openRepository(crash(one.backend, alive), fakeAmbient(3))
        await gc(dying).then(
          () => undefined,
          () => crashes++,
        )
        await buildPackage(await reopen(one.backend, 5), 'ada/late', fresh)
        await expectSound(one, { 'ada/kept': small, 'ada/late': fresh })
        await removePackage(one.repo, 'ada/late')
        await gc(await reopen(one.backend, 6))
        expect(await packBytesOf(one.backend)).toBeLessThanOrEqual(best + 600)
      }
      expect(crashes).toBeGreaterThan(25)
    })
  }
})

test('on a real disk it frees what is dead, while another process builds', async () => {
  const root = tempDir()
  const open = (seed: number): Promise<PackRepository> => {
    const ambient = fakeAmbient(seed)
    return createRepository(fileStore(root), ambient)
  }
  const first = await open(1)
  await buildPackage(first, 'ada/kept', small)
  await buildPackage(first, 'ada/old', { ...large, ...small })
  await removePackage(first, 'ada/old')
  await Promise.all([gc(await open(2)), gc(await open(3)), buildPackage(await open(4), 'ada/new', fresh)])
  await removePackage(first, 'ada/new')
  await gc(await open(5))
  const last = await open(6)
  expect(sameFiles(await readPackage(last, 'ada/kept'), small)).toBe(true)
  expect(await problemsOf(last)).toEqual([])
  expect(await packBytesOf(last.backend)).toBeLessThan(10_000)
  expect(await gc(last)).toMatchObject({ packsDeleted: 0, waiting: 0 })
})
