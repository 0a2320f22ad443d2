import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { isQuiltError } from '../../../src/core/base/error.ts'
import type { Progress } from '../../../src/core/base/context.ts'
import { encodeCondemned } from '../../../src/core/codec/condemned.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { latest } from '../../../src/core/model/ref-name.ts'
import { openRepository } from '../../../src/core/repo/open-repository.ts'
import { verify } from '../../../src/core/repo/verify.ts'
import { condemnedKey, packKey } from '../../../src/core/store/layout.ts'
import { build } from '../../../src/core/tree/build.ts'
import { fakeAmbient } from '../../support/ambient.ts'
import { fuzzing, fuzzTimeout } from '../../support/fuzz-runs.ts'
import { counting } from '../../support/gate.ts'
import { keysOf } from '../../support/ref-bench.ts'
import {
  bench,
  buildPackage,
  noise,
  pkg,
  problemsOf,
  publish,
  readPackage,
  reopen,
  sameFiles,
  text,
  writeCommit,
  writeFiles,
  type Bench,
} from '../../support/store-bench.ts'

const small = { 'a.csv': text('a,b\n1,2\n'.repeat(100)), 'deep/b.csv': text('x\n1\n') }
const large = { 'big.bin': noise(300_000, 3), 'more/c.bin': noise(270_000, 4) }
const other = { 'deep/b.csv': text('x\n1\n'), 'o.txt': text('other') }

async function sample(): Promise<Bench> {
  const made = await bench()
  await buildPackage(made.repo, 'ada/wine', { ...small, ...large })
  await buildPackage(made.repo, 'ada/wine', { ...small, ...large, 'z.txt': text('z') }, { history: true })
  await buildPackage(made.repo, 'bob/other', other)
  return made
}

const shown = { 'ada/wine': { ...small, ...large, 'z.txt': text('z') }, 'bob/other': other }

async function flipBit(backend: Backend, key: string, bit: number): Promise<void> {
  const bytes = await backend.get(key)
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
  await backend.put(key, bytes)
}

/** Where an object lies: its pack's key and the place of its payload. */
async function placeOf({ repo }: Bench, id: Id): Promise<{ key: string; at: number }> {
  const place = (await repo.objects.locate([id])).get(id)
  if (place === undefined) throw new Error('not there')
  return { key: packKey(place.pack), at: place.offset + 42 }
}

async function latestOf({ repo }: Bench, name: string): Promise<Id> {
  return (await repo.refs.get(pkg(name)))?.refs.get(latest) as Id
}

describe('a whole repository', () => {
  test('has no problem, is counted, and is not written to', async () => {
    const { backend } = await sample()
    const writes: string[] = []
    const watched: Backend = {
      ...backend,
      put: async (key) => void writes.push(key),
      delete: async (key) => void writes.push(key),
    }
    const events: Progress[] = []
    const repo = await openRepository(watched, fakeAmbient(5))
    const { checked, problems } = verify(repo, {}, { onProgress: (event) => void events.push(event) })
    for await (const problem of problems) expect(problem).toBeUndefined()
    expect(checked).toMatchObject({ packs: 6, packages: 2, commits: 3 })
    expect(checked.objects).toBeGreaterThan(15)
    expect(checked.bytes).toBeGreaterThan(570_000)
    expect(writes).toEqual([])
    const last = events.at(-1)
    expect(last).toMatchObject({ task: 'verify', unit: 'bytes', done: checked.bytes, total: checked.bytes })
  })

  test('reads each pack once, but for the chunks of large blobs', async () => {
    const one = await bench()
    await buildPackage(one.repo, 'ada/wine', small)
    const probe = counting(one.backend)
    expect(await problemsOf(await openRepository(probe.backend, fakeAmbient(2)))).toEqual([])
    expect(probe.count()).toBeLessThan(25)
  })

  test('H42: an index whose packs are gone, and a pack without an index, are no damage', async () => {
    const one = await sample()
    const [first] = await keysOf(one.backend, 'index/')
    await one.backend.delete(first as string)
    expect(await problemsOf(await reopen(one.backend, 2))).toEqual([])
  })
})

describe('damage', () => {
  test('H22: an object whose bytes have another id is told with what it hurts', async () => {
    const one = await sample()
    const files = await one.repo.objects.batch(async (out) => out.writeBlob(small['a.csv']))
    const { key, at } = await placeOf(one, files.id)
    await flipBit(one.backend, key, (at + 3) * 8)
    const problems = await problemsOf(await reopen(one.backend, 2))
    const [told] = problems
    expect(problems).toHaveLength(1)
    expect(told).toMatchObject({ what: 'object', id: files.id, packages: ['ada/wine'] })
    expect(told?.message).toContain(files.id)
    expect(told?.paths[0]).toMatch(/^ada\/wine\/a\.csv@[0-9a-f]{12}$/)
  })

  test('H27: a missing pack makes every object of it a problem, by package and path', async () => {
    const one = await sample()
    const { id } = await one.repo.objects.batch(async (out) => out.writeBlob(small['deep/b.csv']))
    const { key } = await placeOf(one, id)
    await one.backend.delete(key)
    const problems = await problemsOf(await reopen(one.backend, 2))
    const told = problems.find((problem) => problem.id === id)
    expect(told).toMatchObject({ what: 'missing', packages: ['ada/wine', 'bob/other'] })
    expect(problems.every(({ what }) => what === 'missing')).toBe(true)
  })

  test('H27: a missing parent and a missing chunk are named', async () => {
    const one = await sample()
    const head = await latestOf(one, 'bob/other')
    const lost = 'f'.repeat(64) as Id
    await one.repo.objects.batch(
      async (out) => writeCommit(out, await writeFiles(out, small), [lost, head]),
      (commit) => publish(one.repo, 'bob/other', commit),
    )
    const problems = await problemsOf(one.repo)
    expect(problems).toEqual([
      expect.objectContaining({ what: 'missing', id: lost, packages: ['bob/other'] }),
    ])
    expect(problems[0]?.message).toMatch(/which commit [0-9a-f]{64} names$/)
  })

  test('H45: a ref to a missing commit names both', async () => {
    const one = await sample()
    const lost = 'e'.repeat(64) as Id
    await publish(one.repo, 'bob/other', lost)
    const [told, ...more] = await problemsOf(one.repo)
    expect(more).toEqual([])
    expect(told).toMatchObject({ what: 'missing', id: lost })
    expect(told?.message).toContain('which ref "latest" names')
  })

  test('H26: a commit whose tree is a blob, and an entry that is none, are problems', async () => {
    const one = await sample()
    await one.repo.objects.batch(
      async (out) => {
        const { id } = await out.writeBlob(text('no tree'))
        const tree = await build(out, [{ type: 'group', name: 'g', id }])
        return [
          await writeCommit(out, { tree: id, derived: undefined }),
          await writeCommit(out, { tree, derived: id }),
        ]
      },
      async ([a, b]) => {
        await publish(one.repo, 'eve/a', a as Id)
        await publish(one.repo, 'eve/b', b as Id)
      },
    )
    const problems = await problemsOf(one.repo)
    expect(problems.map(({ packages }) => packages)).toEqual([['eve/a', 'eve/b']])
    expect(problems[0]?.paths.some((path) => path.startsWith('eve/b/g@'))).toBe(true)
  })

  test('a recipe that gives another blob, and a size that is not the blob’s, are problems', async () => {
    const one = await sample()
    await one.repo.objects.batch(
      async (out) => {
        const a = await out.writeBlob(large['big.bin'])
        const b = await out.writeBlob(large['more/c.bin'])
        const c = await out.writeBlob(text('seven b'))
        const tree = await build(out, [
          { type: 'file', name: 'big', id: a.id, size: a.size },
          { type: 'file', name: 'short', id: c.id, size: 8 },
        ])
        const derived = await build(out, [{ type: 'recipe', name: a.id, id: b.recipe as Id, size: a.size }])
        return writeCommit(out, { tree, derived })
      },
      (commit) => publish(one.repo, 'eve/a', commit),
    )
    const messages = (await problemsOf(one.repo)).map(({ message }) => message)
    expect(messages).toHaveLength(2)
    expect(messages.some((message) => message.includes('gives other bytes'))).toBe(true)
    expect(messages.some((message) => message.includes('"short" has 8 bytes'))).toBe(true)
  })

  test('of refs is told, and the other packages are proved all the same', async () => {
    const one = await sample()
    const [key] = await keysOf(one.backend, 'refs/_/bob/')
    await flipBit(one.backend, key as string, 400)
    const { checked, problems } = verify(one.repo)
    const all = []
    for await (const problem of problems) all.push(problem)
    expect(all.map(({ what, packages }) => ({ what, packages }))).toEqual([
      { what: 'refs', packages: ['bob/other'] },
    ])
    expect(checked.packages).toBe(1)
  })

  test('a damaged list of gc is told, since it stops all who write', async () => {
    const one = await sample()
    const key = `condemned/${'0'.repeat(32)}`
    await one.backend.put(key, text('QX1\nno list'))
    const problems = await problemsOf(one.repo)
    expect(problems).toEqual([expect.objectContaining({ what: 'file', key, packages: [] })])
    expect(problems[0]?.message).toContain(key)
  })

  test(
    'any one bit, anywhere: found with what it hurts, or harmless',
    async () => {
      const made = await sample()
      await made.backend.put(
        condemnedKey('1'.repeat(32)),
        encodeCondemned({ packs: ['2'.repeat(32)], writers: [] }),
      )
      const files: { readonly key: string; readonly whole: Uint8Array }[] = []
      for (const key of await keysOf(made.backend, ''))
        files.push({ key, whole: await made.backend.get(key) })
      const anywhere = fc.tuple(
        fc.nat(files.length - 1),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      )
      const property = fc.asyncProperty(anywhere, async ([file, part]) => {
        const { key, whole } = files[file] as (typeof files)[number]
        await flipBit(made.backend, key, Math.floor(whole.length * 8 * part))
        try {
          expect(await isFoundOrHarmless(made.backend)).toMatch(/found|refused|harmless/)
        } finally {
          await made.backend.put(key, whole)
        }
      })
      await fc.assert(property, fuzzing())
    },
    fuzzTimeout,
  )

  test('every bit flip anywhere is found, or harms nothing', async () => {
    const made = await sample()
    const keys = await keysOf(made.backend, '')
    const kinds = new Set<string>()
    for (const key of keys) {
      const whole = await made.backend.get(key)
      const bits = whole.length * 8
      const places = new Set(
        Array.from({ length: 24 }, (_, i) => Math.floor((bits * i) / 24) + ((i * 7) % 8)),
      )
      for (let bit = 0; bit < Math.min(bits, 700); bit += 17) places.add(bit)
      for (let bit = Math.max(0, bits - 400); bit < bits; bit += 19) places.add(bit)
      for (const bit of places) {
        await flipBit(made.backend, key, bit)
        kinds.add((await isFoundOrHarmless(made.backend)) + ' ' + (key.split('/')[0] as string))
        await made.backend.put(key, whole)
      }
    }
    // Some bits of a zstd frame say nothing of what is in it: with those the object is whole.
    kinds.delete('harmless packs')
    expect([...kinds].sort()).toEqual(['found index', 'found packs', 'found refs', 'refused format'])
  }, 120_000)
})

/** @returns 'found', 'refused' or 'harmless'; throws when the damage went unseen */
async function isFoundOrHarmless(backend: Backend): Promise<string> {
  let repo
  try {
    repo = await openRepository(backend, fakeAmbient(6))
  } catch (error) {
    if (isQuiltError(error, 'CORRUPT') || isQuiltError(error, 'UNSUPPORTED')) return 'refused'
    throw error
  }
  const problems = await problemsOf(repo)
  if (problems.length > 0) {
    const isNamed = problems.some(({ packages }) => packages.length > 0)
    if (!isNamed && !(await allAreWhole(backend))) throw new Error('a package is hurt, and none was named')
    return 'found'
  }
  for (const [name, files] of Object.entries(shown)) {
    if (!sameFiles(await readPackage(repo, name), files))
      throw new Error(`${name} was damaged, and nobody saw`)
  }
  return 'harmless'
}

/** True when all packages can be read, as they were. */
async function allAreWhole(backend: Backend): Promise<boolean> {
  try {
    const repo = await openRepository(backend, fakeAmbient(7))
    for (const [name, files] of Object.entries(shown)) {
      if (!sameFiles(await readPackage(repo, name), files)) return false
    }
    return true
  } catch (error) {
    if (isQuiltError(error, 'CORRUPT') || isQuiltError(error, 'NOT_FOUND')) return false
    throw error
  }
}

describe('some packages', () => {
  test('are read alone: damage that they do not reach is not seen', async () => {
    const one = await sample()
    const { id } = await one.repo.objects.batch(async (out) => out.writeBlob(other['o.txt']))
    const { key, at } = await placeOf(one, id)
    await flipBit(one.backend, key, at * 8)
    expect(await problemsOf(one.repo, 'ada/wine')).toEqual([])
    const problems = await problemsOf(await reopen(one.backend, 2), 'bob/other')
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ id, packages: ['bob/other'] })
  })

  test('that are not here are NOT_FOUND', async () => {
    const one = await sample()
    await expect(problemsOf(one.repo, 'ada/none')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('that are partial are held to what is here', async () => {
    const one = await bench()
    const commit = await one.repo.objects.batch(async (out) => {
      const made = await writeFiles(out, { ...small, ...large })
      return writeCommit(out, made)
    })
    const far = await bench(2)
    const { transfer } = await import('../../../src/core/repo/transfer.ts')
    for (const extent of ['commit', 'meta', ['deep'], ['more/c.bin']] as const) {
      const name = `ada/p${String(['commit', 'meta'].indexOf(String(extent)) + 2)}${String(extent.length)}`
      const near = await bench(3)
      await transfer(one.repo.objects, near.repo.objects, {
        commits: [{ id: commit, extent }],
        publish: () => publish(near.repo, name, commit, extent),
      })
      expect(await problemsOf(near.repo)).toEqual([])
      expect(await problemsOf(near.repo, name)).toEqual([])
      await publish(near.repo, 'ada/claims', commit)
      expect((await problemsOf(near.repo)).length).toBeGreaterThan(0)
    }
    expect(await problemsOf(far.repo)).toEqual([])
  })
})
