// Packs, indexes, zstd frames and whole repositories, damaged at any place: what is read is right or refused, in
// bounded time and memory.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../../src/core/backend/backend.ts'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { isQuiltError } from '../../src/core/base/error.ts'
import {
  decodeIndexHeader,
  entryBytes,
  indexTrailerBytes,
  readIndexEntry,
} from '../../src/core/codec/pack-index.ts'
import {
  decodeRecipePayload,
  encodeRecipePayload,
  packFooterBytes,
  packHeaderBytes,
  readPackFooter,
  readPackHeader,
  recordHeaderBytes,
  writePackFooter,
} from '../../src/core/codec/pack.ts'
import { encodeRecipe } from '../../src/core/codec/objects/recipe.ts'
import { frameContentSize } from '../../src/core/codec/zstd-frame.ts'
import { loadZstd } from '../../src/core/codec/zstd-node.ts'
import { loadZstd as loadWebZstd } from '../../src/core/codec/zstd-web.ts'
import { seal } from '../../src/core/codec/seal.ts'
import { idFromBytes, idToBytes } from '../../src/core/model/id.ts'
import { openRepository } from '../../src/core/repo/open-repository.ts'
import { formatKey } from '../../src/core/store/layout.ts'
import { recipeNodes } from '../../src/core/store/recipe-nodes.ts'
import { openIndexFile, wholeIndexFile } from '../../src/core/store/packs/index-file.ts'
import { scanPack } from '../../src/core/store/packs/rebuild-index.ts'
import { fakeAmbient } from '../support/ambient.ts'
import { fuzzing, fuzzTimeout } from '../support/fuzz-runs.ts'
import { anyBytes, damaged, endsWell } from '../support/hostile-bytes.ts'
import { memoryObjects } from '../support/memory-objects.ts'
import { keysOf } from '../support/ref-bench.ts'
import {
  bench,
  buildPackage,
  noise,
  problemsOf,
  readPackage,
  sameFiles,
  text,
} from '../support/store-bench.ts'
import { hashBytes } from '#hash'

const files = {
  'a.txt': text('hello'),
  'b/c.csv': text('year,litres\n2020,12\n'.repeat(400)),
  'b/big.bin': noise(700_000),
}

/** A repository of one package, as bytes by key. */
async function sample(): Promise<ReadonlyMap<string, Uint8Array>> {
  const { repo, backend } = await bench()
  await buildPackage(repo, 'ada/wine', files)
  const all = new Map<string, Uint8Array>()
  for (const key of await keysOf(backend, '')) all.set(key, await backend.get(key))
  return all
}

async function backendOf(all: ReadonlyMap<string, Uint8Array>): Promise<Backend> {
  const backend = memoryBackend({ now: () => new Date(Date.UTC(2030, 0, 1)) })
  for (const [key, bytes] of all) await backend.put(key, bytes)
  return backend
}

const whole = await sample()
const startingWith = (prefix: string): readonly Uint8Array[] =>
  [...whole].filter(([key]) => key.startsWith(prefix)).map(([, bytes]) => bytes)
/** As the formats are: the records before the payloads, which would be most of the bytes. */
const packs = startingWith('packs/').map((bytes) => bytes.slice(-4000))

describe('H38: a pack', () => {
  const heads = [...startingWith('packs/').map((bytes) => bytes.slice(0, 2000)), ...packs]
  test(
    'of any bytes, or damaged: its records lie in it, one behind the other',
    () => {
      fc.assert(
        fc.property(fc.oneof(anyBytes(['QP1\n']), damaged(heads)), (bytes) => {
          endsWell(() => readPackHeader(bytes), ['CORRUPT', 'UNSUPPORTED'])
          let at = packHeaderBytes
          for (const { offset, stored } of endsWell(() => scanPack(bytes), []) ?? []) {
            expect(offset).toBe(at)
            at += recordHeaderBytes + stored
            expect(at).toBeLessThanOrEqual(bytes.length)
          }
        }),
        fuzzing(4),
      )
    },
    fuzzTimeout,
  )

  test(
    'of any bytes, or damaged: its footer says what was written, or nothing',
    () => {
      const ends = startingWith('packs/').map((bytes) => bytes.slice(-packFooterBytes - 20))
      fc.assert(
        fc.property(fc.oneof(anyBytes(['QP1E']), damaged(ends)), (bytes) => {
          const footer = endsWell(() => readPackFooter(bytes), [])
          if (footer === undefined) return
          const written = new Uint8Array(packFooterBytes)
          writePackFooter(written, 0, footer.records, footer.indexHash)
          expect(Buffer.compare(written, bytes.subarray(bytes.length - packFooterBytes))).toBe(0)
        }),
        fuzzing(4),
      )
      for (const end of ends) expect(readPackFooter(end)?.records).toBeGreaterThan(0)
    },
    fuzzTimeout,
  )

  test(
    'says of a chunked blob what it says, or nothing',
    () => {
      const payload = encodeRecipePayload(hashBytes(text('r')), 2 ** 40)
      fc.assert(
        fc.property(fc.oneof(anyBytes(), damaged([payload])), (bytes) => {
          const found = endsWell(() => decodeRecipePayload(bytes), ['CORRUPT'])
          if (found === undefined) return
          expect(Buffer.compare(encodeRecipePayload(found.recipe, found.size), bytes)).toBe(0)
        }),
        fuzzing(2),
      )
    },
    fuzzTimeout,
  )
})

describe('H38: an index', () => {
  const indexes = startingWith('index/')
  const unsealed = indexes.map((bytes) => bytes.slice(0, bytes.length - indexTrailerBytes))
  const any = fc.oneof(anyBytes(['QI1\n']), damaged(indexes), damaged(unsealed).map(seal))

  test(
    'of any bytes, or damaged, also with a SHA-256 that fits',
    async () => {
      await fc.assert(
        fc.asyncProperty(any, fc.uint8Array({ minLength: 32, maxLength: 32 }), async (bytes, id) => {
          endsWell(() => decodeIndexHeader(bytes, bytes.length), ['CORRUPT', 'UNSUPPORTED'])
          const file = endsWell(() => wholeIndexFile('index/x', bytes), ['CORRUPT', 'UNSUPPORTED'])
          if (file === undefined) return
          for await (const table of file.tables())
            for (let i = 0; i < table.length / entryBytes; i++)
              endsWell(() => readIndexEntry(table, i * entryBytes), ['CORRUPT'])
          const there = hashBytes(files['a.txt'])
          endsWell(() => file.findNow({ id: idFromBytes(id), bytes: id }), ['CORRUPT'])
          endsWell(() => file.findNow({ id: there, bytes: idToBytes(there) }), ['CORRUPT'])
        }),
        fuzzing(3),
      )
    },
    fuzzTimeout,
  )

  test('that says it has four billion entries is refused before anything is made for them', async () => {
    const [bytes = new Uint8Array()] = indexes
    const before = process.memoryUsage().rss
    for (let at = 4; at < 16; at++) {
      const claim = Uint8Array.from(bytes)
      claim.fill(0xff, at, at + 4)
      endsWell(() => wholeIndexFile('index/x', seal(claim.slice(0, -32))), ['CORRUPT', 'UNSUPPORTED'])
      const backend = await backendOf(new Map([['index/x', claim]]))
      await expect(openIndexFile(backend, 'index/x')).rejects.toMatchObject({ code: 'CORRUPT' })
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })
})

describe('H32: a zstd frame', () => {
  const contents = [text(''), text('x'), text('hello '.repeat(500)), noise(3000), new Uint8Array(100_000)]

  test(
    'of any bytes, or damaged: the bytes that the record asks for in number, or CORRUPT',
    async () => {
      const codecs = [await loadZstd(), await loadWebZstd()]
      const frames = contents.map((bytes) => (codecs[0] as (typeof codecs)[0]).compress(bytes))
      const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
      const begun = anyBytes().map((bytes) => Uint8Array.from([...magic, ...bytes]))
      const before = process.memoryUsage().rss
      fc.assert(
        fc.property(
          fc.oneof(anyBytes(), begun, damaged(frames)),
          fc.constantFrom(0, 1, 3000, 100_000),
          (frame, size) => {
            endsWell(() => frameContentSize(frame), ['CORRUPT'])
            for (const codec of codecs) {
              const bytes = endsWell(() => codec.decompress(frame, size), ['CORRUPT'])
              if (bytes !== undefined) expect(bytes.length).toBe(size)
            }
          },
        ),
        fuzzing(2),
      )
      expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000)
      for (const codec of codecs)
        for (const [i, bytes] of contents.entries())
          expect(Buffer.compare(codec.decompress(frames[i] as Uint8Array, bytes.length), bytes)).toBe(0)
    },
    fuzzTimeout,
  )
})

describe('H50: the file that says the format', () => {
  test(
    'of any bytes: opened only when it is ours',
    async () => {
      const ours = whole.get(formatKey) as Uint8Array
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(anyBytes(['quilt repository\nformat ']), damaged([ours])),
          async (bytes) => {
            const backend = await backendOf(new Map([[formatKey, bytes]]))
            const opened = await openRepository(backend, fakeAmbient()).catch((error: unknown) => {
              if (!isQuiltError(error, 'CORRUPT') && !isQuiltError(error, 'UNSUPPORTED')) throw error
            })
            expect(opened !== undefined).toBe(Buffer.compare(bytes, ours) === 0)
          },
        ),
        fuzzing(),
      )
    },
    fuzzTimeout,
  )
})

describe('a repository with one file damaged', () => {
  test(
    'gives the very files or refuses; verify ends, and does not call it well while it refuses',
    async () => {
      const keys = [...whole.keys()]
      const one = fc
        .constantFrom(...keys)
        .chain((key) => fc.tuple(fc.constant(key), damaged([whole.get(key) as Uint8Array])))
      await fc.assert(
        fc.asyncProperty(one, async ([key, bytes]) => {
          const backend = await backendOf(new Map([...whole, [key, bytes]]))
          const refusals: string[] = []
          const refused = (error: unknown): undefined => {
            if (!isQuiltError(error)) throw error
            refusals.push(error.code)
          }
          const repo = await openRepository(backend, fakeAmbient(7)).catch(refused)
          if (repo === undefined) return
          const read = await readPackage(repo, 'ada/wine').catch((error: unknown) => {
            if (error instanceof Error && error.message === 'no ada/wine') return refused(undefined)
            return refused(error)
          })
          if (read !== undefined) expect(sameFiles(read, files)).toBe(true)
          const problems = await problemsOf(repo).catch(refused)
          if (read === undefined && problems !== undefined) expect(problems).not.toEqual([])
        }),
        fuzzing(0.5),
      )
    },
    fuzzTimeout,
  )
})

test('a recipe whose parts are all one recipe, eight levels down, is gone through once', async () => {
  const objects = memoryObjects()
  let part = { id: hashBytes(text('chunk')), size: 1 }
  for (let level = 0; level < 6; level++) {
    const parts = Array.from({ length: 300 }, () => part)
    const size = 300 * part.size
    part = { id: await objects.write('recipe', encodeRecipe({ level, size, parts })), size }
  }
  let nodes = 0
  for await (const id of recipeNodes(objects, part.id)) nodes += id === '' ? 0 : 1
  expect(nodes).toBe(6)
})
