// Repair against a store in memory: what is kept where nothing has the rest, and failures midway.
import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { isQuiltError, QuiltError } from '../../../src/core/base/error.ts'
import { gc } from '../../../src/core/repo/gc.ts'
import { openRepository, type PackRepository } from '../../../src/core/repo/open-repository.ts'
import { repair } from '../../../src/core/repo/repair.ts'
import type { ObjectReader } from '../../../src/core/store/object-store.ts'
import { recipeChunks } from '../../../src/core/store/recipe-tree.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { packKey } from '../../../src/core/store/layout.ts'
import { fakeAmbient } from '../../support/ambient.ts'
import { keysOf } from '../../support/ref-bench.ts'
import {
  bench,
  buildPackage,
  noise,
  problemsOf,
  readPackage,
  sameFiles,
  text,
} from '../../support/store-bench.ts'

const files = {
  'a.csv': text('a,b\n'.repeat(90)),
  'b.csv': text('c\n'.repeat(80)),
  'big.bin': noise(600_000, 7),
}

let opened = 100

const open = (backend: Backend): Promise<PackRepository> => openRepository(backend, fakeAmbient(++opened))

async function copyOf(backend: Backend): Promise<Backend> {
  const copy = memoryBackend({ now: () => new Date(Date.UTC(2030, 5, 2)) })
  for (const key of await keysOf(backend, '')) await copy.put(key, await backend.get(key))
  return copy
}

async function flip(backend: Backend, key: string, at: number): Promise<void> {
  const bytes = await backend.get(key)
  bytes[at] = (bytes[at] as number) ^ 4
  await backend.put(key, bytes)
}

async function mend(backend: Backend, source?: ObjectReader): Promise<number> {
  const repo = await open(backend)
  const problems = await problemsOf(repo)
  return repair(repo, { problems, sourceOf: () => Promise.resolve(source) })
}

/** One store, and a whole copy of it. */
async function pair(): Promise<{ readonly near: Backend; readonly far: PackRepository }> {
  const { repo, backend } = await bench(3)
  await buildPackage(repo, 'ada/wine', files)
  return { near: await copyOf(backend), far: repo }
}

/** Only what `allowed` says can be had of it. */
function lacking(far: ObjectReader, allowed: (id: string) => boolean): ObjectReader {
  return {
    ...far,
    readMany: (ids, ctx, options) => {
      if (ids.every(allowed)) return far.readMany(ids, ctx, options)
      throw new QuiltError('NOT_FOUND', 'not here')
    },
  }
}

async function placeOf(
  repo: PackRepository,
  bytes: Uint8Array,
): Promise<{ id: string; key: string; at: number }> {
  const { id } = await repo.objects.batch((out) => out.writeBlob(bytes))
  const place = (await repo.objects.locate([id])).get(id)
  if (place === undefined) throw new Error('not there')
  return { id, key: packKey(place.pack), at: place.offset + 45 }
}

describe('repair', () => {
  test('brings only what is damaged, and keeps the rest by a copy', async () => {
    const { near, far } = await pair()
    const one = await placeOf(far, files['a.csv'])
    await flip(near, one.key, one.at)
    expect(await mend(near, far.objects)).toBe(1)
    expect(await problemsOf(await open(near))).toEqual([])
    expect(await near.head(one.key)).toBeUndefined()
    expect(sameFiles(await readPackage(await open(near), 'ada/wine'), files)).toBe(true)
  })

  test('a recipe’s record that names another recipe is written anew', async () => {
    const { near, far } = await pair()
    const big = await placeOf(far, files['big.bin'])
    await flip(near, big.key, big.at)
    expect((await problemsOf(await open(near))).some(({ id }) => id === big.id)).toBe(true)
    expect(await mend(near, far.objects)).toBe(1)
    expect(await problemsOf(await open(near))).toEqual([])
  })

  test('where something cannot be had, what can is mended, its pack stays, and a later run ends it', async () => {
    const { near, far } = await pair()
    const [one, two] = [await placeOf(far, files['a.csv']), await placeOf(far, files['b.csv'])]
    expect(one.key).toBe(two.key)
    await flip(near, one.key, one.at)
    await flip(near, two.key, two.at)
    expect(
      await mend(
        near,
        lacking(far.objects, (id) => id !== two.id),
      ),
    ).toBe(1)
    const left = await problemsOf(await open(near))
    const hurting = left.filter(({ packages }) => packages.length > 0)
    expect(hurting).toEqual([expect.objectContaining({ what: 'object', id: two.id, packages: ['ada/wine'] })])
    expect(await near.head(one.key)).toBeDefined()
    expect(await keysOf(near, 'condemned/')).toEqual([])
    const read = []
    for await (const { body } of (await open(near)).objects.readMany([one.id as never])) read.push(body)
    expect(Buffer.from(read[0] as Uint8Array).equals(files['a.csv'])).toBe(true)
    await buildPackage(await open(near), 'bob/more', { 'x.txt': text('x') })
    expect(await mend(near, far.objects)).toBe(1)
    expect(await problemsOf(await open(near))).toEqual([])
    expect(await near.head(one.key)).toBeUndefined()
    await gc(await open(near))
    expect(sameFiles(await readPackage(await open(near), 'ada/wine'), files)).toBe(true)
  })

  test('a chunk that cannot be had leaves all else as it was', async () => {
    const { near, far } = await pair()
    const big = await placeOf(far, files['big.bin'])
    const { recipe = '' } = await far.objects.batch((out) => out.writeBlob(files['big.bin']))
    const chunks = []
    for await (const { id } of recipeChunks(far.objects, recipe as Id)) chunks.push(id)
    const place = (await far.objects.locate(chunks)).get(chunks[1] as Id)
    await flip(near, packKey(place?.pack as string), (place?.offset as number) + 100)
    const before = await problemsOf(await open(near))
    expect(await mend(near)).toBe(0)
    const told = (problems: Awaited<typeof before>): unknown =>
      problems.map(({ what, id, packages }) => [what, id, packages])
    expect(told(await problemsOf(await open(near)))).toEqual(told(before))
    expect(await near.head(big.key)).toBeDefined()
    await mend(near, far.objects)
    expect(await problemsOf(await open(near))).toEqual([])
  })

  test('damage that no package needs goes with its pack, without a remote', async () => {
    const { near, far } = await pair()
    const stray = await (await open(near)).objects.batch((out) => out.writeBlob(text('stray'.repeat(20))))
    const place = (await (await open(near)).objects.locate([stray.id])).get(stray.id)
    await flip(near, packKey(place?.pack as string), (place?.offset as number) + 44)
    expect(await problemsOf(await open(near))).toHaveLength(1)
    expect(await mend(near)).toBe(0)
    expect(await problemsOf(await open(near))).toEqual([])
    expect(sameFiles(await readPackage(await open(near), 'ada/wine'), files)).toBe(true)
    expect(await problemsOf(far)).toEqual([])
  })

  test('a failure at any write leaves nothing worse, and a second run finishes', async () => {
    const { near: first, far } = await pair()
    const one = await placeOf(far, files['a.csv'])
    await flip(first, one.key, one.at)
    let failures = 0
    for (let point = 0; ; point++) {
      const near = await copyOf(first)
      const before = (await problemsOf(await open(near))).length
      let writes = 0
      const fail = (): void => {
        if (writes++ >= point) throw new QuiltError('UNAVAILABLE', 'no more')
      }
      const failing: Backend = {
        ...near,
        put: async (...args) => {
          fail()
          await near.put(...args)
        },
        delete: async (...args) => {
          fail()
          await near.delete(...args)
        },
      }
      try {
        await mend(failing, far.objects)
        if (writes <= point) break
      } catch (error) {
        if (!isQuiltError(error, 'UNAVAILABLE')) throw error
        failures++
      }
      expect((await problemsOf(await open(near))).length).toBeLessThanOrEqual(before)
      await mend(near, far.objects)
      expect(await problemsOf(await open(near)), `point ${String(point)}`).toEqual([])
      expect(sameFiles(await readPackage(await open(near), 'ada/wine'), files)).toBe(true)
    }
    expect(failures).toBeGreaterThan(8)
  })

  test('a damaged list stops it, as it stops all who write', async () => {
    const { near, far } = await pair()
    await near.put(`condemned/${'0'.repeat(32)}`, text('no list'))
    const keys = await keysOf(near, '')
    expect(await mend(near, far.objects)).toBe(0)
    expect(await keysOf(near, '')).toEqual(keys)
  })
})
