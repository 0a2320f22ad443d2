import { describe, expect, test } from 'vitest'
import { hasFiles, type Extent } from '../../../src/core/model/extent.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { readCommit } from '../../../src/core/history/commits.ts'
import { latest } from '../../../src/core/model/ref-name.ts'
import { transfer, type Want } from '../../../src/core/repo/transfer.ts'
import { packKey } from '../../../src/core/store/layout.ts'
import { recipeChunks } from '../../../src/core/store/recipe-tree.ts'
import { build } from '../../../src/core/tree/build.ts'
import { fakeAmbient } from '../../support/ambient.ts'
import { collect, crashing, keysOf } from '../../support/ref-bench.ts'
import {
  bench,
  buildPackage,
  noise,
  packBytesOf,
  pkg,
  problemsOf,
  publish,
  readPackage,
  reopen,
  sameFiles,
  text,
  writeCommit,
  type Bench,
  type Files,
} from '../../support/store-bench.ts'
import { openRepository } from '../../../src/core/repo/open-repository.ts'

const small = { 'a.csv': text('a,b\n1,2\n'.repeat(200)), 'deep/b.csv': text('x\n1\n'), empty: text('') }
const large = { 'big.bin': noise(700_000, 3), 'more/c.bin': noise(400_000, 4) }

/** Moves a commit into a package of another repository. */
async function move(from: Bench, to: Bench, name: string, want: Omit<Want, 'publish'>) {
  const last = want.commits.at(-1)
  return transfer(from.repo.objects, to.repo.objects, {
    ...want,
    publish: () => publish(to.repo, name, last?.id as Id, last?.extent),
  })
}

async function expectThere(to: Bench, name: string, files: Files): Promise<void> {
  expect(sameFiles(await readPackage(await reopen(to.backend, 9), name), files)).toBe(true)
  expect(await problemsOf(to.repo)).toEqual([])
}

describe('a transfer', () => {
  test('brings a commit whole, bit by bit', async () => {
    const [far, near] = [await bench(1), await bench(2)]
    const files = { ...small, ...large }
    const id = await buildPackage(far.repo, 'ada/wine', files)
    const moved = await move(far, near, 'ada/wine', { commits: [{ id }] })
    expect(moved.objects).toBeGreaterThan(15)
    expect(moved.bytes).toBeGreaterThan(1_100_000)
    await expectThere(near, 'ada/wine', files)
  })

  test('brings a large file whose chunks come again, while packs with them are written and filled anew', async () => {
    const [far, near] = [await bench(1), await bench(2)]
    const again = noise(1_500_000, 40)
    const parts = Array.from({ length: 8 }, (_, i) => [again, noise(4_500_000, 41 + i)]).flat()
    const files = { 'again.bin': Buffer.concat([...parts, again]) }
    const id = await buildPackage(far.repo, 'ada/wine', files)
    await move(far, near, 'ada/wine', { commits: [{ id }], task: 'receive' })
    await expectThere(near, 'ada/wine', files)
    const third = await bench(3)
    await move(near, third, 'ada/wine', { commits: [{ id }] })
    await expectThere(third, 'ada/wine', files)
  })

  test('sends nothing that is there', async () => {
    const [far, near] = [await bench(1), await bench(2)]
    const id = await buildPackage(far.repo, 'ada/wine', { ...small, ...large })
    await move(far, near, 'ada/wine', { commits: [{ id }] })
    const before = await packBytesOf(near.backend)
    expect(await move(far, near, 'ada/again', { commits: [{ id }] })).toEqual({ objects: 0, bytes: 0 })
    expect(await packBytesOf(near.backend)).toBe(before)
  })

  test('of a large file with a row put in sends a chunk or two, and proves the whole', async () => {
    const [far, near] = [await bench(1), await bench(2)]
    const whole = noise(2_000_000, 8)
    const edited = new Uint8Array([...whole.subarray(0, 900_000), 1, 2, 3, ...whole.subarray(900_000)])
    const first = await buildPackage(far.repo, 'ada/wine', { 'big.bin': whole })
    await move(far, near, 'ada/wine', { commits: [{ id: first }] })
    const second = await buildPackage(far.repo, 'ada/wine', { 'big.bin': edited }, { history: true })
    const moved = await move(far, near, 'ada/wine', { commits: [{ id: second, than: first }] })
    expect(moved.bytes).toBeLessThan(400_000)
    await expectThere(near, 'ada/wine', { 'big.bin': edited })
  })

  test('of a history brings each commit beyond the one before it', async () => {
    const [far, near] = [await bench(1), await bench(2)]
    const commits: { id: Id; than?: Id }[] = []
    for (let i = 0; i < 5; i++) {
      const id = await buildPackage(
        far.repo,
        'ada/wine',
        { ...small, [`n${String(i)}`]: text(String(i)) },
        { history: true },
      )
      const than = commits.at(-1)?.id
      commits.push(than === undefined ? { id } : { id, than })
    }
    await move(far, near, 'ada/wine', { commits })
    await expectThere(near, 'ada/wine', { ...small, n4: text('4') })
  })

  test('of a part brings the trees and what was asked for', async () => {
    const far = await bench(1)
    const id = await buildPackage(far.repo, 'ada/wine', { ...small, ...large })
    const sizes: number[] = []
    for (const extent of [
      'commit',
      { only: ['deep'] },
      'meta',
      ['deep'],
      ['more'],
      [''],
    ] as readonly Extent[]) {
      const near = await bench(2)
      await move(far, near, 'ada/wine', { commits: [{ id, extent }] })
      expect(await problemsOf(near.repo)).toEqual([])
      if (typeof extent === 'string' || !('only' in extent)) sizes.push(await packBytesOf(near.backend))
      const grown = await move(far, near, 'ada/wine', { commits: [{ id }] })
      expect(grown.objects > 0).toBe(!hasFiles(extent, ''))
      await near.repo.refs.update(pkg('ada/wine'), () => ({ edits: [], extents: new Map([[id, 'all']]) }), {
        who: { name: 'Ada', email: 'a@b.c', time: new Date(0) },
        reason: 'all',
      })
      await expectThere(near, 'ada/wine', { ...small, ...large })
    }
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b))
  })

  test('that is cut off anywhere moves no ref, and the next one finishes it', async () => {
    const far = await bench(1)
    const id = await buildPackage(far.repo, 'ada/wine', { ...small, ...large })
    let done = false
    for (let alive = 1; !done; alive += 1) {
      const near = await bench(2)
      const dying = await openRepository(crashing(near.backend, alive), fakeAmbient(3))
      const cut = transfer(far.repo.objects, dying.objects, {
        commits: [{ id }],
        publish: () => publish(dying, 'ada/wine', id),
      })
      await cut.then(
        () => (done = true),
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'UNAVAILABLE' })
        },
      )
      expect(await problemsOf(near.repo)).toEqual([])
      if (done) expect(alive).toBeGreaterThan(8)
      await move(far, near, 'ada/wine', { commits: [{ id }] })
      await expectThere(near, 'ada/wine', { ...small, ...large })
    }
  })
})

describe('nothing that arrives is trusted', () => {
  async function damaged(files: Files, pick: (far: Bench) => Promise<Id>): Promise<void> {
    const [far, near] = [await bench(1), await bench(2)]
    const id = await buildPackage(far.repo, 'ada/wine', files)
    const place = (await far.repo.objects.locate([await pick(far)])).values().next().value
    const key = packKey(place?.pack ?? '')
    const bytes = await far.backend.get(key)
    const at = (place?.offset ?? 0) + 42
    bytes[at] = (bytes[at] as number) ^ 1
    await far.backend.put(key, bytes)
    const from = await reopen(far.backend, 5)
    const work = transfer(from.objects, near.repo.objects, {
      commits: [{ id }],
      publish: () => publish(near.repo, 'ada/wine', id),
    })
    await expect(work).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(await near.repo.refs.get(pkg('ada/wine'))).toBeUndefined()
    for (const one of await collect(near.repo.objects.ids())) {
      for await (const object of near.repo.objects.readMany([one])) expect(object.id).toBe(one)
    }
  }

  test('H22: a blob, a chunk or a tree with other bytes is refused, and no ref moves', async () => {
    const blobOf =
      (bytes: Uint8Array) =>
      async ({ repo }: Bench) =>
        (await repo.objects.batch((out) => out.writeBlob(bytes))).id
    await damaged(small, blobOf(small['deep/b.csv']))
    await damaged(small, async ({ repo }) => {
      const commit = (await repo.refs.get(pkg('ada/wine')))?.refs.get(latest) as Id
      return (await readCommit(repo.objects, commit)).tree
    })
    await damaged(large, async ({ repo }) => {
      const { recipe } = await repo.objects.batch((out) => out.writeBlob(large['big.bin']))
      return (await collect(recipeChunks(repo.objects, recipe as Id)))[2]?.id as Id
    })
  })

  test('a recipe that gives another blob is refused', async () => {
    const [far, near] = [await bench(1), await bench(2)]
    const id = await far.repo.objects.batch(async (out) => {
      const a = await out.writeBlob(large['big.bin'])
      const b = await out.writeBlob(large['more/c.bin'])
      const tree = await build(out, [{ type: 'file', name: 'x', id: a.id, size: a.size }])
      const derived = await build(out, [{ type: 'recipe', name: a.id, id: b.recipe as Id, size: a.size }])
      return writeCommit(out, { tree, derived })
    })
    await expect(move(far, near, 'ada/wine', { commits: [{ id }] })).rejects.toThrow(/gives other bytes/)
    expect(await keysOf(near.backend, 'refs/')).toEqual([])
  })

  test('H27: what the source lacks is named', async () => {
    const [far, near] = [await bench(1), await bench(2)]
    const lost = 'ab'.repeat(32) as Id
    const id = await far.repo.objects.batch(async (out) =>
      writeCommit(out, {
        tree: await build(out, [{ type: 'file', name: 'x', id: lost, size: 1 }]),
        derived: undefined,
      }),
    )
    await expect(move(far, near, 'ada/wine', { commits: [{ id }] })).rejects.toThrow(lost)
    await expect(move(far, near, 'ada/wine', { commits: [{ id: lost }] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})
