import { describe, expect, test } from 'vitest'
import { gc, type GcReport } from '../../../src/core/repo/gc.ts'
import { condemnedPrefix, lapsedPrefix, writerPrefix } from '../../../src/core/store/layout.ts'
import { lapseMilliseconds } from '../../../src/core/store/writers.ts'
import { openRepository } from '../../../src/core/repo/open-repository.ts'
import { transfer } from '../../../src/core/repo/transfer.ts'
import { fakeAmbient } from '../../support/ambient.ts'
import { counting, gated, scheduler } from '../../support/gate.ts'
import { keysOf, stepping } from '../../support/ref-bench.ts'
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
  writeCommit,
  writeFiles,
} from '../../support/store-bench.ts'

import { expectSound, fresh, large, small, twin, withDead, withTwins } from '../../support/gc-bench.ts'

describe('alone', () => {
  test('keeps all that is reached, and deletes nothing of it', async () => {
    const { repo, backend } = await bench()
    await buildPackage(repo, 'ada/wine', { ...small, ...large })
    const before = await packBytesOf(backend)
    const report = await gc(repo)
    expect(report).toEqual({
      freedBytes: 0,
      packsDeleted: 0,
      packsRewritten: 0,
      waiting: 0,
      keptBytes: before,
    })
    expect(await problemsOf(repo)).toEqual([])
  })

  test('deletes the packs of a package that was removed', async () => {
    const { repo, backend } = await bench()
    await buildPackage(repo, 'ada/wine', small)
    await buildPackage(repo, 'ada/big', large)
    const kept = (await packBytesOf(backend)) - 1_100_000
    await removePackage(repo, 'ada/big')
    const dry = await gc(repo, { dryRun: true })
    const report = await gc(repo)
    expect(report.freedBytes).toBeGreaterThan(1_100_000)
    expect(dry).toEqual({ ...report, keptBytes: expect.any(Number) as number })
    expect(report.packsDeleted).toBe(2)
    expect(await packBytesOf(backend)).toBe(report.keptBytes)
    expect(report.keptBytes).toBeLessThan(kept)
    expect(sameFiles(await readPackage(repo, 'ada/wine'), small)).toBe(true)
    expect(await problemsOf(repo)).toEqual([])
    for (const prefix of [condemnedPrefix, lapsedPrefix, writerPrefix]) {
      expect(await keysOf(backend, prefix)).toEqual([])
    }
  })

  test('copies what is reached out of packs that are mostly dead', async () => {
    const { repo, backend } = await bench()
    await buildPackage(repo, 'ada/wine', { ...small, ...large })
    await buildPackage(repo, 'ada/wine', small)
    const report = await gc(repo)
    expect(report.packsRewritten).toBeGreaterThan(0)
    expect(report.freedBytes).toBeGreaterThan(1_000_000)
    expect(await packBytesOf(backend)).toBeLessThan(10_000)
    expect(await problemsOf(await reopen(backend, 9))).toEqual([])
    expect((await gc(repo)).packsDeleted).toBe(0)
  })
})

describe('beside a writer', () => {
  test('at whatever step the writer is held, what it relies on is there when it is done', async () => {
    const probe = counting((await withDead()).backend)
    await buildPackage(await openRepository(probe.backend, fakeAmbient(2)), 'ada/new', fresh)
    expect(probe.count()).toBeGreaterThan(10)
    for (let at = 0; at < probe.count(); at++) {
      const one = await withDead()
      const gate = gated(one.backend, at)
      const writing = openRepository(gate.backend, fakeAmbient(2)).then((repo) =>
        buildPackage(repo, 'ada/new', fresh),
      )
      await gate.held
      const first = await gc(one.repo, { patience: 100 })
      gate.release()
      await writing
      await expectSound(one, { 'ada/kept': small, 'ada/new': fresh })
      expect(first.waiting).toBeLessThan(2)
    }
  })

  test('at whatever step gc is held, a whole build goes through beside it', async () => {
    const probe = counting((await withDead()).backend)
    await gc(await openRepository(probe.backend, fakeAmbient(3)))
    expect(probe.count()).toBeGreaterThan(30)
    for (let at = 0; at < probe.count(); at++) {
      const one = await withDead()
      const gate = gated(one.backend, at)
      const collecting = openRepository(gate.backend, fakeAmbient(3)).then((repo) => gc(repo))
      await gate.held
      await buildPackage(await reopen(one.backend, 4), 'ada/new', fresh)
      gate.release()
      await collecting
      await expectSound(one, { 'ada/kept': small, 'ada/new': fresh })
    }
  })

  test('in whatever order their operations come', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const one = await withDead()
      const { gate, run } = scheduler(seed)
      const builds = [2, 3].map(async (ambient) => {
        const repo = await openRepository(gate(one.backend), fakeAmbient(ambient))
        await buildPackage(repo, `ada/new${String(ambient)}`, fresh)
      })
      const collects = [4, 5].map(async (ambient) => {
        await gc(await openRepository(gate(one.backend), fakeAmbient(ambient)))
      })
      await run([...builds, ...collects])
      await expectSound(one, { 'ada/kept': small, 'ada/new2': fresh, 'ada/new3': fresh })
    }
  })

  test('waits for it, and frees what it did not need', async () => {
    const one = await withDead()
    const gate = gated(one.backend, 8)
    const repo = await openRepository(gate.backend, fakeAmbient(2))
    const writing = buildPackage(repo, 'ada/new', { 'big.bin': large['big.bin'] })
    await gate.held
    one.ambient.onSleep = async () => {
      if (one.ambient.slept < 2000) return
      gate.release()
      await writing
    }
    const report = await gc(one.repo)
    expect(report.waiting).toBe(0)
    expect(report.packsRewritten).toBeGreaterThan(0)
    expect(report.freedBytes).toBeGreaterThan(390_000)
    expect(one.ambient.slept).toBeLessThan(10_000)
    expect(await problemsOf(one.repo)).toEqual([])
  })

  test('leaves its list when the writer goes on, and a later run finishes it', async () => {
    const one = await withDead()
    const gate = gated(one.backend, 8)
    const repo = await openRepository(gate.backend, fakeAmbient(2))
    const writing = buildPackage(repo, 'ada/new', small)
    await gate.held
    const first = await gc(one.repo, { patience: 500 })
    expect(first).toMatchObject({ packsDeleted: 0, waiting: 1, freedBytes: 0 })
    expect(one.ambient.slept).toBe(500)
    expect(await keysOf(one.backend, condemnedPrefix)).toHaveLength(1)
    gate.release()
    await writing
    const second = await gc(one.repo)
    expect(second.freedBytes).toBeGreaterThan(1_000_000)
    expect(await keysOf(one.backend, condemnedPrefix)).toEqual([])
  })

  test('takes over a list that was half made without forgetting who was there', async () => {
    const one = await withDead()
    const gate = gated(one.backend, 9)
    const writing = openRepository(gate.backend, fakeAmbient(2)).then((repo) =>
      buildPackage(repo, 'ada/new', fresh),
    )
    await gate.held
    let isOff = false
    const dying = stepping(one.backend, async (what) => {
      if (isOff) throw new Error('the machine is off')
      isOff = what.startsWith('put condemned/')
    })
    await expect(gc(await openRepository(dying, fakeAmbient(3)))).rejects.toThrow('off')
    expect(await keysOf(one.backend, condemnedPrefix)).toHaveLength(1)
    expect(await gc(one.repo, { patience: 0 })).toMatchObject({ waiting: 1, packsDeleted: 0 })
    gate.release()
    await writing
    await expectSound(one, { 'ada/kept': small, 'ada/new': fresh })
  })

  test('does not condemn what a writer has just written', async () => {
    const one = await withDead()
    const probe = counting(one.backend)
    const writer = await openRepository(probe.backend, fakeAmbient(2))
    let report: GcReport | undefined
    await writer.objects.batch(
      async (out) => {
        const made = await writeCommit(out, await writeFiles(out, { 'other.bin': noise(300_000, 9) }))
        return made
      },
      async (commit) => {
        report = await gc(one.repo, { patience: 0 })
        await publish(writer, 'ada/new', commit)
      },
    )
    expect(report?.waiting).toBe(1)
    const second = await gc(one.repo)
    expect(second).toMatchObject({ waiting: 0, packsRewritten: 0 })
    expect(await problemsOf(one.repo)).toEqual([])
    expect((await readPackage(one.repo, 'ada/new'))['other.bin']?.length).toBe(300_000)
  })
})

describe('partial packages', () => {
  test('are held to what is here, and no more', async () => {
    const far = await bench(8)
    const commit = await buildPackage(far.repo, 'ada/part', { ...small, ...large })
    for (const extent of ['commit', 'meta', ['deep'], ['more/c.bin'], ['']] as const) {
      const near = await withDead()
      await transfer(far.repo.objects, near.repo.objects, {
        commits: [{ id: commit, extent }],
        publish: () => publish(near.repo, 'ada/part', commit, extent),
      })
      const report = await gc(near.repo)
      expect(report.freedBytes > 300_000).toBe(extent[0] !== '')
      expect(await problemsOf(await reopen(near.backend, 5))).toEqual([])
      await publish(near.repo, 'ada/claims', commit)
      if (extent[0] === '') await gc(near.repo)
      else await expect(gc(near.repo)).rejects.toMatchObject({ code: 'CORRUPT' })
    }
  })
})

describe('two runs at once', () => {
  test('in whatever order their operations come, with objects that lie in two packs', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const one = await withTwins()
      const before = await packBytesOf(one.backend)
      const { gate, run } = scheduler(seed)
      const runs = [4, 5, 6].map(async (ambient) => {
        await gc(await openRepository(gate(one.backend), fakeAmbient(ambient)))
      })
      await run(runs)
      await expectSound(one, { 'ada/kept': small, 'ada/twin': twin })
      expect(await packBytesOf(one.backend)).toBeLessThan(before)
    }
  })

  test('one that is held anywhere while another does it all deletes nothing more', async () => {
    const probe = counting((await withTwins()).backend)
    await gc(await openRepository(probe.backend, fakeAmbient(3)))
    for (let at = 0; at < probe.count(); at++) {
      const one = await withTwins()
      const gate = gated(one.backend, at)
      const held = openRepository(gate.backend, fakeAmbient(3)).then((repo) => gc(repo))
      await gate.held
      await gc(await reopen(one.backend, 4), { patience: 100 })
      one.clock.time += 2 * lapseMilliseconds
      await gc(await reopen(one.backend, 5))
      await buildPackage(await reopen(one.backend, 6), 'ada/new', fresh)
      gate.release()
      await held
      await expectSound(one, { 'ada/kept': small, 'ada/twin': twin, 'ada/new': fresh })
    }
  })
})
