// docs/format.md cannot lag: its hexdumps are the golden bytes or decode, its numbers are the code's.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { utf8 } from '../src/core/base/bytes.ts'
import { cut, gear } from '../src/core/chunk/fastcdc.ts'
import { decodeCondemned, encodeCondemned } from '../src/core/codec/condemned.ts'
import { encodePackable, packJson } from '../src/core/codec/msgpack.ts'
import { packHeaderBytes, readPackFooter, readPackHeader, recordHeaderBytes } from '../src/core/codec/pack.ts'
import { checkIndex, encodeIndex, indexTrailerBytes } from '../src/core/codec/pack-index.ts'
import { memoryBackend } from '../src/core/backend/memory.ts'
import type { Ambient } from '../src/core/base/ambient.ts'
import { idFromBytes, idToBytes } from '../src/core/model/id.ts'
import { createRepository } from '../src/core/repo/open-repository.ts'
import { formatKey } from '../src/core/store/layout.ts'
import { unpackObject } from '../src/core/store/packs/payload.ts'
import { scanPack } from '../src/core/store/packs/rebuild-index.ts'
import { recipeBuilder } from '../src/core/store/recipe-tree.ts'
import { nameHash } from '../src/core/tree/splitter.ts'
import { blocksOf } from './support/docs-examples.ts'
import { goldens } from './golden/values.ts'
import { hashBytes } from '#hash'

const home = new URL('../', import.meta.url)
const text = readFileSync(new URL('docs/format.md', home), 'utf8')
/** The fenced blocks by what follows their backticks: `hexdump pack`. */
const blocks = new Map(
  blocksOf(text).map(({ line, lines }) => [(text.split('\n')[line - 1] as string).slice(3), lines]),
)

function block(name: string): readonly string[] {
  const lines = blocks.get(name)
  if (lines === undefined) throw new Error(`docs/format.md has no block "${name}"`)
  return lines
}

/** The bytes of a hexdump; each line must begin with the offset where it is. */
function bytesOf(lines: readonly string[]): Uint8Array {
  const bytes: number[] = []
  for (const line of lines) {
    const [, offset, hex] = /^([0-9a-f]{4})((?: [0-9a-f]{2}| {2}[0-9a-f]{2})+) +\|/.exec(line) ?? []
    if (offset === undefined || hex === undefined) throw new Error(`no line of a hexdump: ${line}`)
    if (Number.parseInt(offset, 16) !== bytes.length) throw new Error(`wrong offset: ${line}`)
    for (const digits of hex.trim().split(/ +/)) bytes.push(Number.parseInt(digits, 16))
  }
  return Uint8Array.from(bytes)
}

const dump = (name: string): Uint8Array => bytesOf(block(`hexdump ${name}`))

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('hexdumps', () => {
  const folder = new URL('test/golden/', home)
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.hex'))
    .map((name) => name.slice(0, -4))

  test('are seen, and a wrong one is noticed', () => {
    expect(names.length).toBeGreaterThan(8)
    expect(() => bytesOf(['0001  00  | x'])).toThrow('wrong offset')
    expect(() => bytesOf(['0000  0g  | x'])).toThrow('no line')
    expect(bytesOf(['0000  00 01  | x', '0002  ff  |'])).toEqual(Uint8Array.of(0, 1, 255))
  })

  test.each(names)('%s has the bytes of its golden file', (name) => {
    const golden = readFileSync(new URL(`${name}.hex`, folder), 'utf8').replaceAll(/\s/g, '')
    expect(hex(dump(name))).toBe(golden)
  })

  test.each(goldens.map(({ name, value, decode }) => [name, value, decode] as const))(
    '%s decodes to its value',
    (name, value, decode) => {
      expect(decode(dump(name))).toEqual(value)
    },
  )

  test('there are no others than those that are checked here', () => {
    const found = [...blocks.keys()].filter((name) => name.startsWith('hexdump '))
    const others = ['reading', 'pack', 'index', 'condemned', 'format', 'bundle']
    expect(found.sort()).toEqual([...names, ...others].map((name) => `hexdump ${name}`).sort())
  })

  test('format is what a new repository holds', async () => {
    const backend = memoryBackend()
    await createRepository(backend, ambient)
    expect(hex(dump('format'))).toBe(hex(await backend.get(formatKey)))
  })

  test('bundle has the bytes of its golden file', () => {
    const golden = readFileSync(new URL('packs/bundle.hex', folder), 'utf8').replaceAll(/\s/g, '')
    expect(hex(dump('bundle'))).toBe(golden)
  })

  test("gc's list decodes, and encodes to the same", () => {
    const condemned = decodeCondemned(dump('condemned'))
    expect([condemned.packs.length, condemned.writers.length]).toEqual([2, 1])
    expect(hex(encodeCondemned(condemned))).toBe(hex(dump('condemned')))
  })

  test('the reading of a view has the id that the text and the derived tree say', () => {
    const options = { sep: ';', header: 2, types: { a: 'int64' }, na: ['', 'NA', null] }
    expect(hex(dump('reading'))).toBe(hex(encodePackable('QV1\n', ['csv', '1.0.0', packJson(options)])))
    const id = hashBytes(dump('reading'))
    expect(text).toContain(`\`${id}\``)
    expect(Buffer.from(dump('tree-derived')).toString('latin1')).toContain(id)
  })
})

describe('the pack and its index', () => {
  test('read as the text says, and every object has its id', async () => {
    const pack = dump('pack')
    const records = scanPack(pack)
    expect(readPackHeader(pack)).toBe('000102030405060708090a0b0c0d0e0f')
    expect(readPackFooter(pack)?.records).toBe(3)
    expect(records.map(({ encoding }) => encoding)).toEqual(['raw', 'zstd', 'recipe'])
    const objects = await Promise.all(
      records.map((record) => {
        const start = record.offset + recordHeaderBytes
        return unpackObject(record, pack.slice(start, start + record.stored))
      }),
    )
    expect(Buffer.from(objects[0]?.body ?? []).toString()).toBe('hello world\n')
    expect(Buffer.from(objects[1]?.body ?? []).toString()).toBe('0,0,0,0\n'.repeat(32))
    expect([objects[2]?.id, objects[2]?.recipe]).toEqual([hashBytes(counterBytes()), chunkVector().recipe])
    expect(records[0]?.offset).toBe(packHeaderBytes)
  })

  test('belong together', () => {
    const [pack, index] = [dump('pack'), dump('index')]
    expect(hex(encodeIndex({ name: readPackHeader(pack), size: pack.length }, scanPack(pack)))).toBe(
      hex(index),
    )
    expect(checkIndex(index)).toMatchObject({ count: 3, fanBits: 0 })
    expect(readPackFooter(pack)?.indexHash).toBe(idFromBytes(index, index.length - indexTrailerBytes))
  })
})

describe('the limits', () => {
  const rows = [...text.matchAll(/^\| .* \| (\d+) \| `(\w+)` in `(src\/[\w/-]+\.ts)` \|$/gm)]
  const modules = new Map<string, Record<string, unknown>>()
  beforeAll(async () => {
    for (const [, , , file = ''] of rows) {
      if (!modules.has(file)) modules.set(file, (await import(pathToFileURL(pathOf(file)).href)) as never)
    }
  })

  test('are seen, every row of them', () => {
    const section = text.slice(text.indexOf('\n## Limits'), text.indexOf('\n## Blobs'))
    const all = section.split('\n').filter((line) => line.startsWith('| '))
    expect(rows.length).toBeGreaterThan(40)
    expect(rows.length).toBe(all.length - 1) // the head
  })

  test.each(rows.map(([, value = '', name = '', file = '']) => [name, file, Number(value)] as const))(
    '%s in %s is %i',
    (name, file, value) => {
      expect(modules.get(file)?.[name]).toBe(value)
    },
  )
})

describe('the test vectors', () => {
  test("of the hash of a tree's names", () => {
    const lines = block('vectors nameHash').map((line) => line.split(' '))
    expect(lines.length).toBeGreaterThan(4)
    for (const [name = '', level, hash] of lines) {
      expect(nameHash(name, Number(level)).toString(16).padStart(8, '0'), name).toBe(hash)
    }
  })

  test('of the gear table', () => {
    for (const line of block('vectors gear')) {
      const [i, word] = line.split(' ')
      expect(((gear[Number(i)] as number) >>> 0).toString(16).padStart(8, '0'), i).toBe(word)
    }
  })

  test('of chunks and their recipe', async () => {
    const blob = counterBytes()
    expect(text).toContain(hashBytes(blob))
    const chunks: Uint8Array[] = []
    for (let at = 0; at < blob.length;) chunks.push(blob.subarray(at, (at = cut(blob, at, blob.length))))
    expect(chunks.map((chunk) => chunk.length)).toEqual(chunkVector().lengths)
    const recipe = recipeBuilder((body) => Promise.resolve(hashBytes(body)))
    for (const chunk of chunks) await recipe.add({ id: hashBytes(chunk), size: chunk.length })
    expect(await recipe.finish()).toBe(chunkVector().recipe)
  })

  test('of ids', () => {
    for (const id of [hashBytes(utf8('')), hashBytes(dump('tree-empty'))]) expect(text).toContain(id)
    const roots = readFileSync(new URL('test/golden/golden.test.ts', home), 'utf8')
    for (const [, id = ''] of text.matchAll(/root\s+`([0-9a-f]{64})`|have\s+`([0-9a-f]{64})`/g)) {
      expect(roots).toContain(id)
    }
  })
})

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, home))
}

/** The SHA-256 digests of u32 0, 1, 2 …, one after the other: 1 MiB. */
function counterBytes(): Uint8Array {
  const bytes = new Uint8Array(1 << 20)
  const counter = new Uint8Array(4)
  for (let i = 0; i < bytes.length / 32; i++) {
    new DataView(counter.buffer).setUint32(0, i)
    bytes.set(createHash('sha256').update(counter).digest(), 32 * i)
  }
  return bytes
}

function chunkVector(): { readonly lengths: readonly number[]; readonly recipe: string } {
  const [lengths = '', recipe = ''] = block('vectors chunks')
  return { lengths: lengths.split(' ').map(Number), recipe }
}

let names = 0
const ambient: Ambient = {
  now: () => new Date(0),
  randomName: () =>
    Buffer.from(idToBytes(hashBytes(Uint8Array.of(++names))))
      .toString('hex')
      .slice(0, 32),
  every: () => () => undefined,
  sleep: () => Promise.resolve(),
}
