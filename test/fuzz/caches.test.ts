// What is kept to be fast, damaged at any place: near copies and the stat cache. They say what was put there, or nothing.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { Level } from 'level'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { encodeCopy, readCopy } from '../../src/core/backend/near-copy.ts'
import { parseId } from '../../src/core/model/id.ts'
import { openStatCache, type CachedFile } from '../../src/worktree/stat-cache.ts'
import { fuzzing, fuzzTimeout } from '../support/fuzz-runs.ts'
import { anyBytes, damaged } from '../support/hostile-bytes.ts'
import { noise, text } from '../support/store-bench.ts'
import { tempDir } from '../support/temp-dir.ts'

describe('H38: a near copy', () => {
  const bodies = [new Uint8Array(), text('x'), noise(3000), noise(65_536), noise(140_000)]
  const key = 'packs/x'

  test(
    'of any bytes, or damaged: a range gives the bytes of the body, or nothing',
    async () => {
      const put = fc.oneof(
        anyBytes().map((bytes) => ({ body: undefined, bytes })),
        fc
          .constantFrom(...bodies)
          .chain((body) => damaged([encodeCopy(key, body)]).map((bytes) => ({ body, bytes }))),
      )
      const range = fc.option(fc.tuple(fc.nat(150_000), fc.nat(150_000)))
      await fc.assert(
        fc.asyncProperty(put, range, async ({ body, bytes }, asked) => {
          const near = memoryBackend()
          await near.put(key, bytes)
          const at = asked === null ? undefined : { start: Math.min(...asked), end: Math.max(...asked) }
          const copy = await readCopy(near, key, at)
          if (copy === undefined) return
          const { start, end } = at ?? { start: 0, end: body?.length ?? 0 }
          expect(Buffer.compare(copy, (body ?? new Uint8Array()).subarray(start, end))).toBe(0)
        }),
        fuzzing(4),
      )
    },
    fuzzTimeout,
  )

  test('is found where nothing is damaged, and only under its key', async () => {
    for (const body of bodies) {
      const near = memoryBackend()
      await near.put(key, encodeCopy(key, body))
      await near.put('packs/y', encodeCopy(key, body))
      expect(Buffer.compare((await readCopy(near, key, undefined)) as Uint8Array, body)).toBe(0)
      expect(await readCopy(near, 'packs/y', undefined)).toBeUndefined()
    }
  })
})

describe('H38: the stat cache', () => {
  const file = (n: number): CachedFile => ({
    stamp: { size: n, modified: 1000.5 + n, changed: 2000 + n, inode: n },
    id: parseId(n.toString(16).padStart(64, '0')),
    ...(n % 2 === 0 ? { recipe: parseId((n + 1).toString(16).padStart(64, '0')) } : {}),
  })
  const files = new Map([
    ['a.csv', file(1)],
    ['b.bin', file(2)],
    ['ü', file(3)],
  ])
  const tree = { id: parseId('f'.repeat(64)), packs: ['0'.repeat(32)] }

  /** A cache with one folder in it; its one record as it lies on the disk. */
  async function filled(): Promise<{ folder: string; key: Uint8Array; value: Uint8Array }> {
    const folder = tempDir()
    const cache = await openStatCache(folder, () => undefined)
    await cache.write({ folder: '/wine', first: '', next: undefined, files, tree })
    await cache.close()
    const db = await raw(folder)
    const [[key, value] = [new Uint8Array(), new Uint8Array()]] = await db.iterator().all()
    await db.close()
    return { folder, key: Uint8Array.from(key), value: Uint8Array.from(value) }
  }

  async function raw(folder: string): Promise<Level<Uint8Array, Uint8Array>> {
    const db = new Level<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' })
    await db.open()
    return db
  }

  /** What a build asks of it, all of which must end. */
  async function ask(folder: string): Promise<{ read: unknown; known: unknown }> {
    const cache = await openStatCache(folder, () => undefined)
    const read = await cache.read('/wine', '', undefined)
    const known = await cache.readFolder?.('/wine')
    const recipes = known === undefined ? [] : [...known.recipes()]
    await cache.close()
    return { read, known: known && { tree: known.tree, names: known.names, packs: known.packs, recipes } }
  }

  test(
    'whose record is damaged: it remembers what was, or nothing',
    async () => {
      const { folder, key, value } = await filled()
      const whole = await ask(folder)
      expect(whole.read).toEqual(files)
      expect(whole.known).toMatchObject({ tree: tree.id, names: [...files.keys()] })
      let forgotten = 0
      await fc.assert(
        fc.asyncProperty(fc.oneof(anyBytes(), damaged([value])), async (bytes) => {
          const db = await raw(folder)
          await db.put(key, bytes)
          await db.close()
          const found = await ask(folder)
          if (Buffer.compare(bytes, value) === 0) expect(found).toEqual(whole)
          else {
            forgotten++
            expect(found).toEqual({ read: new Map(), known: undefined })
          }
        }),
        fuzzing(0.5),
      )
      expect(forgotten).toBeGreaterThan(10)
    },
    fuzzTimeout,
  )

  test(
    'whose record is nonsense with a sum that fits: it gives something or nothing, and never fails',
    async () => {
      const { folder, key } = await filled()
      const packr = new Packr({ useRecords: false })
      const sealed = (body: Uint8Array): Uint8Array => {
        const sum = createHash('sha256').update('quilt stat slice 2').update(key).update(body).digest()
        return Buffer.concat([sum.subarray(0, 8), body])
      }
      const value = sealed(packr.pack([['a'], new Uint8Array(32), new Uint8Array(64), 'f'.repeat(64), []]))
      const part = fc.oneof(
        fc.array(fc.string()),
        fc.uint8Array({ maxLength: 200 }),
        fc.string(),
        fc.integer(),
        fc.constant(null),
      )
      const body = fc.oneof(
        anyBytes(),
        damaged([value.slice(8)]),
        fc.array(part, { maxLength: 6 }).map((parts) => Uint8Array.from(packr.pack(parts))),
      )
      await fc.assert(
        fc.asyncProperty(body, async (bytes) => {
          const db = await raw(folder)
          await db.put(key, sealed(bytes))
          await db.close()
          await ask(folder)
        }),
        fuzzing(0.5),
      )
    },
    fuzzTimeout,
  )
})
