import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import { encodeIndex } from '../../../../src/core/codec/pack-index.ts'
import { idToBytes, type Id } from '../../../../src/core/model/id.ts'
import { indexKey, packKey } from '../../../../src/core/store/layout.ts'
import { indexMemory, openIndexFile, type SoughtId } from '../../../../src/core/store/packs/index-file.ts'
import { packBuilder } from '../../../../src/core/store/packs/pack-builder.ts'
import { packSet } from '../../../../src/core/store/packs/pack-set.ts'
import { hashBytes } from '#hash'
import { gated } from '../../../support/gate.ts'
import { collect, keysOf, stepping } from '../../../support/ref-bench.ts'
import { text } from '../../../support/store-bench.ts'

const nameOf = (n: number): string => n.toString(16).padStart(32, '0')
const idAt = (n: number): Id => hashBytes(text(String(n)))
const soughtAt = (n: number): SoughtId => ({ id: idAt(n), bytes: idToBytes(idAt(n)) })

/** Puts a pack of these objects, and its index unless told. */
async function addPack(
  backend: Backend,
  n: number,
  objects: readonly number[],
  indexed = true,
): Promise<void> {
  const builder = packBuilder(nameOf(n))
  for (const object of objects) {
    const payload = text(String(object))
    builder.add({ id: idAt(object), kind: 'blob', encoding: 'raw', size: payload.length }, payload)
  }
  const { name, bytes, index } = builder.finish()
  await backend.put(packKey(name), bytes)
  if (indexed) await backend.put(indexKey(name), index)
}

describe('a look-up', () => {
  test('finds an object in whatever pack it is, and leaves out packs', async () => {
    const backend = memoryBackend()
    await addPack(backend, 1, [1, 2])
    await addPack(backend, 2, [2, 3])
    const packs = packSet(backend)
    expect(packs.findNow(idAt(1))).toBe('unknown')
    expect((await packs.find(idAt(1)))?.pack).toBe(nameOf(1))
    expect((await packs.find(idAt(3)))?.pack).toBe(nameOf(2))
    expect((await packs.find(idAt(2), new Set([nameOf(1)])))?.pack).toBe(nameOf(2))
    expect(await packs.find(idAt(1), new Set([nameOf(1)]))).toBeUndefined()
    expect(packs.findNow(idAt(4))).toBeUndefined()
  })

  test('reads nothing before it is asked, and the list once', async () => {
    const inner = memoryBackend()
    await addPack(inner, 1, [1])
    const steps: string[] = []
    const packs = packSet(stepping(inner, async (what) => void steps.push(what)))
    expect(steps).toEqual([])
    await Promise.all([packs.find(idAt(1)), packs.find(idAt(2)), packs.find(idAt(3))])
    expect(steps.filter((step) => step.startsWith('list'))).toEqual(['list index/', 'list packs/'])
  })

  test('H42: trusts no index whose pack is gone', async () => {
    const backend = memoryBackend()
    await addPack(backend, 1, [1, 2])
    await addPack(backend, 2, [2])
    await backend.delete(packKey(nameOf(1)))
    const packs = packSet(backend)
    expect(await packs.find(idAt(1))).toBeUndefined()
    expect((await packs.find(idAt(2)))?.pack).toBe(nameOf(2))
    expect([...packs.gone]).toEqual([nameOf(1)])
  })

  test('in a large index reads only the entries near the id', async () => {
    const inner = memoryBackend()
    const count = 100_000
    const records = Array.from({ length: count }, (_, i) => ({
      ...({ id: idAt(i), kind: 'blob', encoding: 'raw', offset: 20 + i, stored: 1, size: 1 } as const),
    }))
    await inner.put(packKey(nameOf(1)), text('x'))
    await inner.put(indexKey(nameOf(1)), encodeIndex({ name: nameOf(1), size: 1 }, records))
    let read = 0
    const counted: Backend = {
      ...inner,
      get: async (...args) => {
        const bytes = await inner.get(...args)
        read += bytes.length
        return bytes
      },
    }
    const packs = packSet(counted)
    expect((await packs.find(idAt(77)))?.offset).toBe(97)
    expect(packs.findNow(idAt(78))).toBe('unknown')
    expect(read).toBeLessThan(40_000)
  })
})

describe('large indexes', () => {
  test('that are asked often answer for what is not there without a read, in four bytes an entry', async () => {
    const inner = memoryBackend()
    await addPack(
      inner,
      1,
      Array.from({ length: 40_000 }, (_, n) => n),
    )
    let gets = 0
    const backend: Backend = { ...inner, get: (...args) => (gets++, inner.get(...args)) }
    const memory = indexMemory(0)
    const index = await openIndexFile(backend, indexKey(nameOf(1)), { memory })
    const find = async (n: number): Promise<number | undefined> => (await index.find(soughtAt(n)))[0]?.stored
    for (let n = 0; n < 100; n++) expect(await find(50_000 + n)).toBeUndefined()
    const before = gets
    for (let n = 0; n < 5000; n++) expect(await find(60_000 + n)).toBeUndefined()
    expect(gets - before).toBeLessThan(5)
    expect(index.findNow(soughtAt(70_001))).toEqual([])
    expect(index.findNow(soughtAt(1))).toBeUndefined()
    for (let n = 0; n < 40_000; n += 7) expect(await find(n)).toBe(String(n).length)
    expect(index.held).toBe(0)
    expect(memory.left).toBe(0)
  })

  test('come to memory whole while there is room', async () => {
    const backend = memoryBackend()
    const objects = Array.from({ length: 20_000 }, (_, n) => n)
    await addPack(backend, 1, objects)
    const packs = packSet(backend)
    expect(packs.findNow(idAt(0))).toBe('unknown')
    for (let n = 0; n < 40; n++) await packs.find(idAt(n))
    expect(packs.findNow(idAt(19_999))).toMatchObject({ pack: nameOf(1) })
    const [index] = await packs.indexes()
    expect(index?.held).toBeGreaterThan(1_000_000)
  })

  test('in which a bit flipped are made anew when something is not found', async () => {
    const backend = memoryBackend()
    const objects = Array.from({ length: 20_000 }, (_, n) => n)
    await addPack(backend, 1, objects)
    const key = indexKey(nameOf(1))
    const bytes = await backend.get(key)
    const at = bytes.length - 32 - 52 * 5000 // in an entry's id
    bytes[at] = (bytes[at] as number) ^ 0x10
    await backend.put(key, bytes)
    const packs = packSet(backend)
    await packs.refresh()
    const found = await Promise.all(objects.slice(0, 20).map((n) => packs.find(idAt(n))))
    expect(found.every((place) => place?.pack === nameOf(1))).toBe(true) // the header is whole
    expect(await packs.recover()).toBe(true)
    for (const n of objects) expect((await packs.find(idAt(n)))?.pack).toBe(nameOf(1))
    expect(await packs.recover()).toBe(false)
    expect(packs.damaged.size).toBe(0)
  })

  test('in which a bit flipped are made anew once they are read whole', async () => {
    const backend = memoryBackend()
    const objects = Array.from({ length: 20_000 }, (_, n) => n)
    await addPack(backend, 1, objects)
    const key = indexKey(nameOf(1))
    const bytes = await backend.get(key)
    bytes[bytes.length - 40_000] = (bytes[bytes.length - 40_000] as number) ^ 1
    await backend.put(key, bytes)
    const packs = packSet(backend)
    for (const n of objects) expect((await packs.find(idAt(n)))?.pack).toBe(nameOf(1))
  })
})

describe('a refresh', () => {
  test('sees packs that others wrote and merged away', async () => {
    const backend = memoryBackend()
    await addPack(backend, 1, [1])
    const packs = packSet(backend)
    await packs.refresh()
    await addPack(backend, 2, [2])
    expect(await packs.find(idAt(2))).toBeUndefined()
    await packs.refresh()
    expect((await packs.find(idAt(2)))?.pack).toBe(nameOf(2))
    await backend.delete(indexKey(nameOf(1)))
    await packs.refresh()
    expect(await packs.find(idAt(1))).toBeUndefined()
  })

  test('forgets no pack that was taken up while it was under way', async () => {
    const inner = memoryBackend()
    await addPack(inner, 1, [1])
    const gate = gated(inner, 1)
    const packs = packSet(gate.backend)
    const refreshing = packs.refresh()
    await gate.held
    await addPack(inner, 2, [2])
    packs.adopt(indexKey(nameOf(2)), await inner.get(indexKey(nameOf(2))))
    gate.release()
    await refreshing
    expect((await packs.find(idAt(2)))?.pack).toBe(nameOf(2))
  })

  test('that began earlier does not undo one that began later', async () => {
    const inner = memoryBackend()
    await addPack(inner, 1, [1])
    let release = (): void => undefined
    const answered = new Promise<void>((resolve) => (release = resolve))
    let lists = 0
    const packs = packSet({
      ...inner,
      async *list(prefix, ctx) {
        const heads = await collect(inner.list(prefix, ctx))
        if (++lists === 2) await answered // the first list of packs is long on its way
        yield* heads
      },
    })
    const early = packs.refresh()
    while (lists < 2) await new Promise((resolve) => setImmediate(resolve))
    await inner.delete(indexKey(nameOf(1)))
    await inner.delete(packKey(nameOf(1)))
    await packs.refresh()
    release()
    await early
    expect(await packs.find(idAt(1))).toBeUndefined()
  })
})

describe('recovery', () => {
  test('H41: makes the index of a pack that has none, and finds what is in it', async () => {
    const backend = memoryBackend()
    await addPack(backend, 1, [1], false)
    const packs = packSet(backend)
    expect(await packs.find(idAt(1))).toBeUndefined()
    expect(await packs.recover()).toBe(true)
    expect((await packs.find(idAt(1)))?.pack).toBe(nameOf(1))
    expect(await keysOf(backend, 'index/')).toEqual([indexKey(nameOf(1))])
    expect(await packs.recover()).toBe(false)
  })

  test('H38: replaces an index that is damaged', async () => {
    for (const damage of [text('no index'), text(''), new Uint8Array(300)]) {
      const backend = memoryBackend()
      await addPack(backend, 1, [1])
      const whole = await backend.get(indexKey(nameOf(1)))
      await backend.put(indexKey(nameOf(1)), damage)
      const packs = packSet(backend)
      expect(await packs.find(idAt(1))).toBeUndefined()
      expect([...packs.damaged.keys()]).toEqual([indexKey(nameOf(1))])
      await packs.recover()
      expect((await packs.find(idAt(1)))?.pack).toBe(nameOf(1))
      expect(await backend.get(indexKey(nameOf(1)))).toEqual(whole)
      await packs.refresh()
      expect(packs.damaged.size).toBe(0)
    }
  })
})
