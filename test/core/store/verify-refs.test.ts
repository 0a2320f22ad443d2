import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { seal } from '../../../src/core/codec/seal.ts'
import { parsePackageName } from '../../../src/core/model/package-name.ts'
import { generationKey, segmentKey } from '../../../src/core/store/layout.ts'
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
  small,
  wine,
} from '../../support/ref-bench.ts'

describe('damage', () => {
  const damages: Record<string, (bytes: Uint8Array) => Uint8Array> = {
    empty: () => new Uint8Array(),
    torn: (bytes) => bytes.slice(0, bytes.length - 7),
    longer: (bytes) => new Uint8Array([...bytes, 10]),
    flipped: (bytes) => bytes.map((byte, i) => (i === 9 ? byte ^ 0x40 : byte)),
    zeroed: (bytes) => new Uint8Array(bytes.length),
  }
  for (const [what, damage] of Object.entries(damages)) {
    test(`H44: refuses a newest generation that is ${what}, and only that package`, async () => {
      const backend = memoryBackend()
      const refs = openRefs(backend)
      await moves(refs, 3)
      await refs.update(parsePackageName('bob/tea'), moveTo(idOf(1)), record('x'))
      const key = generationKey(wine, 3)
      await backend.put(key, damage(await backend.get(key)))
      await expect(refs.get(wine)).rejects.toMatchObject({
        code: 'CORRUPT',
        hint: 'mend it with: quilt verify --repair',
      })
      await expect(refs.get(wine)).rejects.toThrow(`"${key}" of ada/wine's refs`)
      await expect(refs.update(wine, moveTo(idOf(4)), record('x'))).rejects.toMatchObject({ code: 'CORRUPT' })
      expect((await refs.get(parsePackageName('bob/tea')))?.generation).toBe(1)
      expect(await collect(verifyRefs(backend))).toMatchObject([{ package: 'ada/wine', key }])
    })
  }

  test('H50: refuses a generation of a newer format without calling it damaged', async () => {
    const backend = memoryBackend()
    await backend.put(generationKey(wine, 1), seal(new TextEncoder().encode('QG2\nwhatever')))
    await expect(openRefs(backend).get(wine)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  test('refuses a file that was moved to another number or package', async () => {
    const backend = memoryBackend()
    const refs = openRefs(backend)
    await moves(refs, 2)
    await backend.put(generationKey(wine, 3), await backend.get(generationKey(wine, 2)))
    await expect(refs.get(wine)).rejects.toThrow('belongs to another place')
    const tea = parsePackageName('bob/tea')
    await backend.put(generationKey(tea, 2), await backend.get(generationKey(wine, 2)))
    await expect(refs.get(tea)).rejects.toThrow('belongs to another place')
  })

  test('refuses a package whose generations are gone while its segments are there', async () => {
    const backend = memoryBackend()
    await moves(openRefs(backend, small), 12)
    for (const key of await keysOf(backend)) if (/\/g\d+$/.test(key)) await backend.delete(key)
    await expect(openRefs(backend).get(wine)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect((await collect(verifyRefs(backend)))[0]?.problem).toBe('the newest generation is missing')
  })

  test('the log gives what is good, then says where it breaks', async () => {
    const backend = memoryBackend()
    const refs = openRefs(backend)
    await moves(refs, 9)
    await backend.delete(generationKey(wine, 5))
    const seen: number[] = []
    const read = async (): Promise<void> => {
      for await (const { generation } of refs.log(wine)) seen.push(generation)
    }
    await expect(read()).rejects.toThrow("generation 5 of ada/wine's refs is missing")
    expect(seen).toEqual([9, 8, 7, 6])
    expect(await collect(verifyRefs(backend))).toMatchObject([{ problem: 'generation 5 is missing' }])
  })

  test('verify finds a flipped segment, a record from elsewhere, and no fault in leftovers', async () => {
    const backend = memoryBackend()
    const refs = openRefs(backend, { ...small, joinBytes: 0 })
    await moves(refs, 4)
    const third = await backend.get(generationKey(wine, 3))
    await moves(refs, 9, 5)
    expect(await collect(verifyRefs(backend))).toEqual([])
    await backend.put(generationKey(wine, 3), third) // as a fold that was cut off leaves it
    expect(await collect(verifyRefs(backend))).toEqual([])
    const segment = (await keysOf(backend)).find((key) => key.includes('/s')) as string
    await flip(backend, segment)
    expect(await collect(verifyRefs(backend))).toMatchObject([{ key: segment }])
    // Reading the state needs no segment, and moves go on.
    expect((await refs.get(wine))?.generation).toBe(13)
    await moves(refs, 10, 14)
    expect((await refs.get(wine))?.generation).toBe(23)
    expect((await keysOf(backend)).length).toBeLessThan(20)
    await expect(collect(refs.log(wine))).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('verify tells a chain of another history from this one', async () => {
    const [backend, other] = [memoryBackend(), memoryBackend()]
    await moves(openRefs(backend), 4)
    await moves(openRefs(other), 4)
    await backend.put(generationKey(wine, 2), await other.get(generationKey(wine, 2)))
    const found = (await collect(verifyRefs(backend))).map((it) => it.problem)
    expect(found).toEqual([
      'generation 1 is not the one that 2 followed',
      'generation 2 is not the one that 3 followed',
    ])
  })

  test('a planted number without end stops nobody', async () => {
    const backend = memoryBackend()
    await moves(openRefs(backend), 2)
    await backend.put(generationKey(wine, 9_007_199_254_740_991), new Uint8Array(3))
    await backend.put(segmentKey(wine, 1, 9_007_199_254_740_991), new Uint8Array(3))
    await expect(openRefs(backend).get(wine)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect((await collect(verifyRefs(backend))).length).toBeGreaterThan(1)
  })
})
