// The bytes and ids that every release gives. A change here moves ids: it needs a new format version.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { encodeTreeNode } from '../../src/core/codec/objects/tree-node.ts'
import type { TreeEntry } from '../../src/core/codec/objects/tree-entry.ts'
import { build } from '../../src/core/tree/build.ts'
import { memoryObjects } from '../support/memory-objects.ts'
import { goldens, idOf } from './values.ts'
import { hashBytes } from '#hash'

const folder = new URL('.', import.meta.url)

function readGolden(name: string): Uint8Array {
  return Buffer.from(readFileSync(new URL(`${name}.hex`, folder), 'utf8').replaceAll(/\s/g, ''), 'hex')
}

for (const { name, value, encode, decode } of goldens) {
  test(`${name} has the bytes of ${name}.hex, and they its value`, () => {
    expect(Buffer.from(encode()).toString('hex')).toBe(Buffer.from(readGolden(name)).toString('hex'))
    expect(decode(readGolden(name))).toEqual(value)
  })
}

test('every file has its value', () => {
  const files = readdirSync(folder).filter((file) => /^(tree|commit|recipe).*\.hex$/.test(file))
  expect(files.sort()).toEqual(goldens.map(({ name }) => `${name}.hex`).sort())
})

test('the empty tree has the same id for ever', () => {
  expect(hashBytes(encodeTreeNode({ level: 0, entries: [] }))).toBe(
    '479f8fea0fe104cd13c5091acdc75679003646868316b08f09d79f4cfbfc9f6b',
  )
})

function numbered(count: number): TreeEntry[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `file-${String(i).padStart(6, '0')}.csv`
    return { type: 'file', name, id: idOf(name), size: i * 1000 }
  })
}

const wide: readonly (readonly [string, readonly TreeEntry[], string])[] = [
  ['100 files', numbered(100), '6b5f0468abe5a4330dbab486da490964ac5f438123096a98f58049d230ae34ff'],
  ['10,000 files', numbered(10_000), '1463cae73995a91f7d0fb32df3382678267b50113c2dcf1b37f123f89e43fd4c'],
  [
    '3,000 entries of all types with metadata and names beyond ASCII',
    numbered(3000).map((entry, i): TreeEntry => {
      const name = `${String(i).padStart(4, '0')}é\u{1f600}`
      const meta = { row: i, note: 'x'.repeat(i % 500) }
      if (i % 3 === 0) return { type: 'group', name, id: idOf(name), meta }
      return i % 3 === 1
        ? { type: 'link', name, target: `../${name}` }
        : { ...entry, type: 'file', size: i, id: idOf(name), name, meta }
    }),
    '5f43268746b5ffa128ab156ab8fd9ffacbe62ea40ef057d2b64c22f08789e473',
  ],
]

for (const [name, entries, root] of wide) {
  test(`a tree of ${name} has the root that it always had`, async () => {
    expect(await build(memoryObjects(), entries)).toBe(root)
  })
}

test('with metadata its root is another', async () => {
  expect(await build(memoryObjects(), numbered(10_000), { title: 'Numbers' })).toBe(
    'f118f152228ec8685a1c02b63ec89d9271866e8b455bc020c0ab80ffcb3d3475',
  )
})
