// W6 at a small scale: gc, verify and repack whose sets lie on disk most of the time do what they do in memory.
import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { gc } from '../../../src/core/repo/gc.ts'
import type { Scratch } from '../../../src/core/repo/sets/scratch.ts'
import { verify, type Problem } from '../../../src/core/repo/verify.ts'
import { packKey } from '../../../src/core/store/layout.ts'
import { makeSmallObjects, smallObject } from '../../../bench/library/small-objects.ts'
import { large, small } from '../../support/gc-bench.ts'
import { keysOf } from '../../support/ref-bench.ts'
import {
  bench,
  buildPackage,
  packBytesOf,
  problemsOf,
  readPackage,
  removePackage,
  reopen,
  sameFiles,
  type Bench,
} from '../../support/store-bench.ts'
import { hashBytes } from '#hash'

/** Sets of three ids: every one spills again and again. */
function tinyScratch(): { scratch: Scratch; backend: ReturnType<typeof memoryBackend> } {
  const backend = memoryBackend()
  let keys = 0
  const newKey = (): string => `runs/${String(++keys)}`
  return { backend, scratch: { open: () => Promise.resolve(backend), newKey, most: 97 } }
}

async function problems({ repo }: Pick<Bench, 'repo'>, scratch: Scratch): Promise<Problem[]> {
  const found: Problem[] = []
  for await (const problem of verify(repo, { scratch }).problems) found.push(problem)
  return found
}

async function sample(): Promise<Bench> {
  const made = await bench()
  await makeSmallObjects(made.repo, 'bench/small', 3000)
  await buildPackage(made.repo, 'ada/wine', { ...small, ...large })
  await makeSmallObjects(made.repo, 'bench/gone', 2000, 10_000)
  await removePackage(made.repo, 'bench/gone')
  return made
}

describe('with sets on disk', () => {
  test('gc frees what it frees in memory, keeps the rest, and leaves nothing behind', async () => {
    const [one, other] = [await sample(), await sample()]
    const { scratch, backend } = tinyScratch()
    const report = await gc(one.repo, { scratch })
    expect(report).toEqual(await gc(other.repo))
    expect(report.packsDeleted).toBeGreaterThan(0)
    expect(await packBytesOf(one.backend)).toBe(await packBytesOf(other.backend))
    expect(await keysOf(backend, '')).toEqual([])
    const again = await reopen(one.backend, 9)
    expect(await problemsOf(again)).toEqual([])
    expect(sameFiles(await readPackage(again, 'ada/wine'), { ...small, ...large })).toBe(true)
    expect(Object.keys(await readPackage(again, 'bench/small'))).toHaveLength(3000)
    expect((await gc(one.repo, { scratch })).packsDeleted).toBe(0)
  })

  test('repack joins small packs, and leaves alone what is full of records', async () => {
    const one = await sample()
    const { scratch } = tinyScratch()
    await gc(one.repo, { scratch, joinSmall: true })
    expect((await keysOf(one.backend, 'packs/')).length).toBeLessThanOrEqual(2)
    expect(await problems(one, scratch)).toEqual([])
    expect(sameFiles(await readPackage(one.repo, 'ada/wine'), { ...small, ...large })).toBe(true)
  })

  test('verify names the object, the package and the path of one blob among thousands', async () => {
    const one = await sample()
    const { scratch, backend } = tinyScratch()
    expect(await problems(one, scratch)).toEqual([])
    const id = hashBytes(smallObject(1234))
    const place = (await one.repo.objects.locate([id])).get(id)
    if (place === undefined) throw new Error('not there')
    const bytes = await one.backend.get(packKey(place.pack))
    bytes[place.offset + 45] = (bytes[place.offset + 45] as number) ^ 1
    await one.backend.put(packKey(place.pack), bytes)
    const found = await problems(one, scratch)
    expect(found.filter(({ what }) => what === 'object')).toMatchObject([
      { id, packages: ['bench/small'], paths: [expect.stringContaining('/000001234@')] },
    ])
    expect(await keysOf(backend, '')).toEqual([])
  })

  test('gc says who needs an object that is missing', async () => {
    const one = await sample()
    const { scratch } = tinyScratch()
    const packs = await keysOf(one.backend, 'packs/')
    for (const key of packs) {
      const bytes = await one.backend.get(key)
      await one.backend.delete(key)
      await expect(gc(await reopen(one.backend, 5), { scratch })).rejects.toThrow(
        /(bench\/small|ada\/wine): .* (is not here|is missing).* so gc deletes nothing/,
      )
      await one.backend.put(key, bytes)
      if (key === packs[3]) break
    }
    expect(await problemsOf(await reopen(one.backend, 6))).toEqual([])
  })
})
