import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { QuiltError } from '../../../src/core/base/error.ts'
import type { Id } from '../../../src/core/model/id.ts'
import { parsePackageName } from '../../../src/core/model/package-name.ts'
import { latest, parseRefName, type RefName } from '../../../src/core/model/ref-name.ts'
import { generationKey } from '../../../src/core/store/layout.ts'
import type { Extent } from '../../../src/core/model/extent.ts'
import type { PackageState, RefStore } from '../../../src/core/store/ref-store.ts'
import { verifyRefs } from '../../../src/core/store/verify-refs.ts'
import {
  collect,
  flip,
  idOf,
  keysOf,
  moveTo,
  moves,
  openRefs,
  record,
  refsOf,
  replay,
  small,
  stepping,
  wine,
} from '../../support/ref-bench.ts'

const tag = (label: string): RefName => parseRefName(`tag/${label}`)

describe('state', () => {
  test('knows no package before it was made', async () => {
    const refs = openRefs(memoryBackend())
    expect(await refs.get(wine)).toBeUndefined()
    expect(await collect(refs.packages())).toEqual([])
    expect(await collect(refs.log(wine))).toEqual([])
  })

  test('keeps all that a change says, and what it leaves out', async () => {
    const backend = memoryBackend()
    const refs = openRefs(backend)
    await refs.update(
      wine,
      () => ({
        edits: [
          { name: tag('prod'), from: undefined, to: idOf(2) },
          { name: latest, from: undefined, to: idOf(1) },
        ],
        extents: new Map<Id, Extent | 'all'>([
          [idOf(1), 'meta'],
          [idOf(2), ['b', 'a/c', 'b']],
          [idOf(3), 'all'],
        ]),
        shallow: new Map([
          [idOf(2), true],
          [idOf(3), false],
        ]),
        origin: 'https://example.org',
      }),
      record('install'),
    )
    const state = await openRefs(backend).get(wine)
    expect(state).toEqual({
      pkg: wine,
      generation: 1,
      refs: new Map([
        [latest, idOf(1)],
        [tag('prod'), idOf(2)],
      ]),
      partial: new Map<unknown, unknown>([
        [idOf(1), 'meta'],
        [idOf(2), ['a/c', 'b']],
      ]),
      shallow: new Set([idOf(2)]),
      origin: 'https://example.org',
    })
    await refs.update(
      wine,
      () => ({
        edits: [{ name: tag('prod'), from: idOf(2), to: undefined }],
        extents: new Map([[idOf(1), 'all']]),
        shallow: new Map([[idOf(2), false]]),
      }),
      record('fetch'),
    )
    expect(await refs.get(wine)).toEqual({
      ...state,
      generation: 2,
      refs: new Map([[latest, idOf(1)]]),
      partial: new Map([[idOf(2), ['a/c', 'b']]]),
      shallow: new Set(),
    })
    expect(
      (await collect(refs.log(wine))).map((row) => [row.generation, row.reason, row.edits.length]),
    ).toEqual([
      [2, 'fetch', 1],
      [1, 'install', 2],
    ])
  })

  test('writes nothing when nothing changes', async () => {
    const backend = memoryBackend()
    const refs = openRefs(backend)
    const first = await refs.update(wine, moveTo(idOf(1)), record('build'))
    expect(await refs.update(wine, moveTo(idOf(1)), record('again'))).toEqual(first)
    expect(await keysOf(backend)).toEqual([generationKey(wine, 1)])
  })

  test('refuses to make a package of nothing', async () => {
    const refs = openRefs(memoryBackend())
    await expect(refs.update(wine, () => ({ edits: [] }), record('x'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('reads the state with one list and one get, whatever the length of the log', async () => {
    const inner = memoryBackend()
    await moves(openRefs(inner), 300)
    const steps: string[] = []
    const counted = stepping(inner, async (what) => void steps.push(what.split(' ')[0] as string))
    expect((await openRefs(counted).get(wine))?.generation).toBe(300)
    expect(steps).toEqual(['list', 'get'])
    expect((await keysOf(inner)).length).toBeLessThan(30)
  })

  test('a move takes few operations, also when it folds', async () => {
    const inner = memoryBackend()
    let count = 0
    const refs = openRefs(stepping(inner, async () => void count++))
    let most = 0
    for (let i = 1; i <= 400; i++) {
      const before = count
      await refs.update(wine, moveTo(idOf(i)), record('move'))
      most = Math.max(most, count - before)
    }
    expect(most).toBeLessThan(50)
    expect(count / 400).toBeLessThan(8)
  })
})

describe('conflicts', () => {
  test('H46: refuses an edit from the wrong commit, names the ref and where it is, loses nothing', async () => {
    const refs = openRefs(memoryBackend())
    await moves(refs, 2)
    const stale = refs.update(
      wine,
      () => ({ edits: [{ name: latest, from: idOf(1), to: idOf(3) }] }),
      record('x'),
    )
    await expect(stale).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(stale).rejects.toThrow(`latest of ada/wine is at ${idOf(2)}, expected at ${idOf(1)}`)
    expect(refsOf(await refs.get(wine))).toEqual({ latest: idOf(2) })
    expect(await collect(refs.log(wine))).toHaveLength(2)
  })

  test('moves all refs or none', async () => {
    const refs = openRefs(memoryBackend())
    await moves(refs, 1)
    const edits = [
      { name: latest, from: idOf(1), to: idOf(2) },
      { name: tag('a'), from: idOf(9), to: idOf(2) },
    ]
    await expect(refs.update(wine, () => ({ edits }), record('x'))).rejects.toThrow(
      'tag/a of ada/wine is not there',
    )
    expect(refsOf(await refs.get(wine))).toEqual({ latest: idOf(1) })
  })

  test('H49: refuses ref names that are none, and one edited twice', async () => {
    const refs = openRefs(memoryBackend())
    for (const name of [
      '../x',
      'tag/a/b',
      'tag/a..b',
      'tag/x.lock',
      'HEAD',
      'tag/HEAD',
      'a//b',
      'latest/x',
      '',
    ]) {
      const edit = { name: name as RefName, from: undefined, to: idOf(1) }
      await expect(refs.update(wine, () => ({ edits: [edit] }), record('x'))).rejects.toMatchObject({
        code: 'INVALID',
      })
    }
    const twice = { name: latest, from: undefined, to: idOf(1) }
    await expect(refs.update(wine, () => ({ edits: [twice, twice] }), record('x'))).rejects.toThrow(
      'edited twice',
    )
    expect(await refs.get(wine)).toBeUndefined()
  })

  test('H63, H66: writers at once all get their move, one after the other', async () => {
    const refs = openRefs(memoryBackend())
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        refs.update(wine, moveTo(idOf(i + 1)), record(`writer ${String(i)}`)),
      ),
    )
    const log = await collect(refs.log(wine))
    expect(new Set(log.map((row) => row.reason)).size).toBe(20)
    expect(log.map((row) => row.generation)).toEqual(Array.from({ length: 20 }, (_, i) => 20 - i))
    expect(replay(log)).toEqual((await refs.get(wine))?.refs)
  })

  test('gives up with CONFLICT when others are always first', async () => {
    const inner = memoryBackend()
    const other = openRefs(inner)
    let n = 0
    const refs = openRefs(
      stepping(inner, async (what) => {
        if (what.startsWith('put')) await other.update(wine, moveTo(idOf(++n)), record('other'))
      }),
    )
    await expect(refs.update(wine, moveTo(idOf(9999)), record('x'))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'others kept moving ada/wine first',
    })
    expect(n).toBe(100)
  })

  test('what the plan throws ends the update', async () => {
    const refs = openRefs(memoryBackend())
    const plan = (): never => {
      throw new QuiltError('DENIED', 'version 1.0 is there')
    }
    await expect(refs.update(wine, plan, record('x'))).rejects.toMatchObject({ code: 'DENIED' })
  })

  test('H82: takes its own record for its own when only the answer was lost', async () => {
    for (const code of ['UNAVAILABLE', 'CONFLICT'] as const) {
      const inner = memoryBackend()
      const lossy: Backend = {
        ...inner,
        put: async (...args) => {
          await inner.put(...args)
          throw new QuiltError(code, 'the answer was lost')
        },
      }
      expect((await openRefs(lossy).update(wine, moveTo(idOf(1)), record('x'))).generation).toBe(1)
      expect(await collect(openRefs(inner).log(wine))).toHaveLength(1)
    }
  })

  test('a stopped update moves nothing; one that has begun its put says what became of it', async () => {
    const inner = memoryBackend()
    const stop = new AbortController()
    stop.abort()
    const stopped = openRefs(inner).update(wine, moveTo(idOf(1)), record('x'), { signal: stop.signal })
    await expect(stopped).rejects.toThrow()
    expect(await keysOf(inner)).toEqual([])
    const late = new AbortController()
    const refs = openRefs({ ...inner, put: async (...args) => (await inner.put(...args), late.abort()) })
    expect((await refs.update(wine, moveTo(idOf(1)), record('x'), { signal: late.signal })).generation).toBe(
      1,
    )
  })

  test('refuses a store that is read-only or has no put-if-absent', async () => {
    const inner = memoryBackend()
    const features = [
      { putIfAbsent: true, writable: false },
      { putIfAbsent: false, writable: true },
    ]
    const codes = ['DENIED', 'UNSUPPORTED']
    for (const [i, feature] of features.entries()) {
      const refs = openRefs({ ...inner, features: feature })
      await expect(refs.update(wine, moveTo(idOf(1)), record('x'))).rejects.toMatchObject({ code: codes[i] })
    }
  })
})

describe('spelling and deletion', () => {
  const loud = parsePackageName('Ada/WINE')

  test('finds a package under any case, and refuses to make it in another', async () => {
    const refs = openRefs(memoryBackend())
    await moves(refs, 1)
    expect((await refs.get(loud))?.pkg).toEqual(wine)
    const again = refs.update(loud, moveTo(idOf(2)), record('x'))
    await expect(again).rejects.toMatchObject({ code: 'CONFLICT', hint: 'use the name ada/wine' })
  })

  test('after its deletion a name may be used again, spelt otherwise; numbers and log go on', async () => {
    const backend = memoryBackend()
    const refs = openRefs(backend, small)
    await moves(refs, 7)
    await refs.update(wine, moveTo(idOf(1), tag('a')), record('tag'))
    await refs.remove(loud, record('gone'))
    expect(await refs.get(wine)).toBeUndefined()
    expect(await collect(refs.packages())).toEqual([])
    await expect(refs.remove(wine, record('x'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await collect(refs.log(wine)))[0]).toMatchObject({
      generation: 9,
      deleted: true,
      edits: [
        { name: latest, from: idOf(7), to: undefined },
        { name: 'tag/a', from: idOf(1), to: undefined },
      ],
    })
    const made = await refs.update(loud, moveTo(idOf(8)), record('anew'))
    expect(made).toMatchObject({ pkg: loud, generation: 10, refs: new Map([[latest, idOf(8)]]) })
    const log = await collect(refs.log(wine))
    expect(log.map((row) => row.generation)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    expect(log.filter((row) => row.deleted)).toHaveLength(1)
    expect(replay(log)).toEqual(made.refs)
    expect(await collect(verifyRefs(backend))).toEqual([])
  })

  test('a team package is another than one without', async () => {
    const refs = openRefs(memoryBackend())
    await moves(refs, 1)
    expect(await refs.get(parsePackageName('lab:ada/wine'))).toBeUndefined()
  })
})

describe('limits', () => {
  test('H106: refuses a reason above 64 KiB and more than 100,000 refs', async () => {
    const refs = openRefs(memoryBackend())
    const long = refs.update(wine, moveTo(idOf(1)), record('x'.repeat(65537)))
    await expect(long).rejects.toMatchObject({ code: 'INVALID' })
    const edits = Array.from({ length: 100_001 }, (_, i) => ({
      name: tag(`t${String(i)}`),
      from: undefined,
      to: idOf(1),
    }))
    await expect(refs.update(wine, () => ({ edits }), record('x'))).rejects.toMatchObject({ code: 'INVALID' })
    expect(await refs.get(wine)).toBeUndefined()
    await refs.update(wine, () => ({ edits: edits.slice(1) }), record('x'.repeat(65536)))
    expect((await refs.get(wine))?.refs.size).toBe(100_000)
  })

  test('refuses a generation above 16 MiB', async () => {
    const refs = openRefs(memoryBackend())
    const edits = Array.from({ length: 60_000 }, (_, i) => ({
      name: tag(`${'\u{20000}'.repeat(50)}${String(i)}`),
      from: undefined,
      to: idOf(1),
    }))
    await expect(refs.update(wine, () => ({ edits }), record('x'))).rejects.toThrow('16777216 bytes')
  })
})

describe('packages', () => {
  const names = ['ada/wine', 'ada/wine-2', 'ada-x/wine', 'Bob/Tea', 'lab:ada/wine', 'ada/wine_b'].map(
    parsePackageName,
  )

  async function filled(): Promise<Backend> {
    const backend = memoryBackend()
    for (const pkg of names) await openRefs(backend).update(pkg, moveTo(idOf(1)), record('x'))
    return backend
  }
  const list = async (refs: RefStore): Promise<PackageState[]> => collect(refs.packages())

  test('come ascending by their key, in their own spelling, by one listing and one get each', async () => {
    const steps: string[] = []
    const backend = stepping(await filled(), async (what) => void steps.push(what.split(' ')[0] as string))
    const found = (await list(openRefs(backend))).map(
      ({ pkg }) => `${pkg.team ?? ''}:${pkg.owner}/${pkg.name}`,
    )
    expect(found).toEqual([
      ':ada-x/wine',
      ':ada/wine',
      ':ada/wine-2',
      ':ada/wine_b',
      ':Bob/Tea',
      'lab:ada/wine',
    ])
    expect(steps.filter((step) => step === 'list')).toHaveLength(1)
    expect(steps.filter((step) => step === 'get')).toHaveLength(6)
  })

  test('H44: one that is damaged keeps no other from being listed, and is reported at the end', async () => {
    const backend = await filled()
    await backend.put(generationKey(wine, 1), new Uint8Array())
    const seen: string[] = []
    const all = async (): Promise<void> => {
      for await (const { pkg } of openRefs(backend).packages()) seen.push(pkg.name)
    }
    await expect(all()).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(seen).toHaveLength(5)
    await flip(backend, generationKey(parsePackageName('bob/tea'), 1))
    await expect(all()).rejects.toThrow('the refs of 2 packages are damaged: ada/wine, bob/tea')
  })

  test('a foreign file between them disturbs nobody', async () => {
    const backend = await filled()
    for (const key of ['refs/x', 'refs/_/ada/wine/h/x', 'refs/_/ada/wine/g1', 'refs/_/ada/note']) {
      await backend.put(key, new Uint8Array(1))
    }
    expect(await list(openRefs(backend))).toHaveLength(6)
    expect((await collect(verifyRefs(backend))).map((it) => it.key).sort()).toEqual([
      'refs/_/ada/note',
      'refs/_/ada/wine/g1',
      'refs/_/ada/wine/h/x',
      'refs/x',
    ])
  })
})
