import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../../../../src/core/base/bytes.ts'
import type { ErrorCode } from '../../../../src/core/base/error.ts'
import { encodeCommit } from '../../../../src/core/codec/objects/commit.ts'
import { encodePackable, type Packable } from '../../../../src/core/codec/msgpack.ts'
import type { TreeEntry } from '../../../../src/core/codec/objects/tree-entry.ts'
import {
  decodeTreeNode,
  encodeTreeNode,
  isLeaf,
  itemSize,
  treeNodeBytes,
  type TreeNode,
} from '../../../../src/core/codec/objects/tree-node.ts'
import { idToBytes, type Id } from '../../../../src/core/model/id.ts'
import type { JsonObject } from '../../../../src/core/model/metadata.ts'
import { goldens, idOf } from '../../../golden/values.ts'
import { codeOf, survivesMutations } from '../../../support/decoding.ts'

const id = idOf('x')
const bin = idToBytes(id)

function decodePacked(value: Packable): ErrorCode | undefined {
  return codeOf(() => decodeTreeNode(encodePackable('QT1\n', value)))
}

function nested(depth: number): JsonObject {
  let meta: JsonObject = {}
  for (let i = 0; i < depth; i++) meta = { a: meta }
  return meta
}

/** Refused alike when written and when read. */
const badNames: readonly (readonly [string, string])[] = [
  ['H1: ..', '..'],
  ['H1: .', '.'],
  ['H1: nothing', ''],
  ['H1: a slash', 'a/b'],
  ['H1: a backslash', 'a\\b'],
  ['H2: an absolute path', '/etc/passwd'],
  ['H2: a share', '\\\\srv\\x'],
  ['H3: a NUL', 'a\0b'],
  ['H11: 256 bytes', 'é'.repeat(128)],
]

describe('refuses to write and to read an entry called', () => {
  for (const [what, name] of badNames) {
    test(what, () => {
      expect(codeOf(() => encodeTreeNode({ level: 0, entries: [{ type: 'group', name, id }] }))).toBe(
        'INVALID',
      )
      expect(codeOf(() => encodeTreeNode({ level: 1, children: [{ name, id, count: 1 }] }))).toBe('INVALID')
      expect(decodePacked([0, [[name, 0, bin]]])).toBe('CORRUPT')
      expect(decodePacked([1, [[name, bin, 1]]])).toBe('CORRUPT')
      expect(decodePacked([0, [['a', 1, bin, 1, new Map([['source', name]])]]])).toBe('CORRUPT')
    })
  }
  test('H16: half a character', () => {
    const entries: TreeEntry[] = [{ type: 'group', name: '\ud800', id }]
    expect(codeOf(() => encodeTreeNode({ level: 0, entries }))).toBe('INVALID')
    const bytes = concatBytes([
      utf8('QT1\n'),
      Uint8Array.of(0x92, 0, 0x91, 0x93, 0xa3, 0xed, 0xa0, 0x80, 0, 0xc4, 32),
      bin,
    ])
    expect(codeOf(() => decodeTreeNode(bytes))).toBe('CORRUPT')
  })
})

describe('H2: refuses to write and to read a link to', () => {
  for (const target of [
    '',
    '/etc/passwd',
    'C:\\x',
    'C:x',
    '\\\\srv\\x',
    'a/../../b',
    'a\0',
    `${'../'.repeat(513)}x`,
    'x'.repeat(4097),
  ]) {
    test(JSON.stringify(target.slice(0, 20)), () => {
      const entries: TreeEntry[] = [{ type: 'link', name: 'l', target }]
      expect(codeOf(() => encodeTreeNode({ level: 0, entries }))).toBe('INVALID')
      expect(decodePacked([0, [['l', 2, target]]])).toBe('CORRUPT')
    })
  }
})

describe('H30: refuses', () => {
  const cases: readonly (readonly [string, Packable])[] = [
    ['no list', 1],
    ['no items', [0]],
    ['a fourth part', [0, [], new Map([['a', 1]]), 1]],
    ['a level that is none', ['0', []]],
    ['a level below 0', [-1, []]],
    ['a level above 12', [13, [['a', bin, 1]]]],
    ['an inner node without children', [1, []]],
    ['an inner node with a child of no entries', [1, [['a', bin, 0]]]],
    [
      'more entries than can be counted',
      [
        1,
        [
          ['a', bin, 2 ** 53 - 1],
          ['b', bin, 1],
        ],
      ],
    ],
    ['entries at level 1', [1, [['a', 0, bin]]]],
    ['children at level 0', [0, [['a', bin, 1]]]],
    ['empty metadata', [0, [], new Map()]],
    ['metadata that is a list', [0, [], [1]]],
    ['binary metadata', [0, [], new Map([['a', bin]])]],
    [
      'unsorted entries',
      [
        0,
        [
          ['b', 0, bin],
          ['a', 0, bin],
        ],
      ],
    ],
    [
      'an entry twice',
      [
        0,
        [
          ['a', 0, bin],
          ['a', 0, bin],
        ],
      ],
    ],
    [
      'unsorted children',
      [
        1,
        [
          ['b', bin, 1],
          ['a', bin, 1],
        ],
      ],
    ],
    [
      'UTF-16 order',
      [
        0,
        [
          ['\u{10000}', 0, bin],
          ['\uffff', 0, bin],
        ],
      ],
    ],
    ['an unknown type', [0, [['a', 4, bin]]]],
    ['a type that is a text', [0, [['a', '0', bin]]]],
    ['a name that is a number', [0, [[1, 0, bin]]]],
    ['an id of 31 bytes', [0, [['a', 0, bin.subarray(1)]]]],
    ['an id as text', [0, [['a', 0, id]]]],
    ['a file without size', [0, [['a', 1, bin]]]],
    ['a size below 0', [0, [['a', 1, bin, -1]]]],
    ['half a size', [0, [['a', 1, bin, 0.5]]]],
    ['a size of 2^53', [0, [['a', 1, bin, 2 ** 53]]]],
    ['a group with a size', [0, [['a', 0, bin, 1]]]],
    ['a part too many', [0, [['a', 0, bin, new Map([['meta', new Map([['a', 1]])]]), 1]]]],
    ['empty extras', [0, [['a', 0, bin, new Map()]]]],
    ['empty metadata of an entry', [0, [['a', 0, bin, new Map([['meta', new Map()]])]]]],
    ['an unknown extra', [0, [['a', 1, bin, 1, new Map([['mode', 1]])]]]],
    ['an executable group', [0, [['a', 0, bin, new Map([['executable', true]])]]]],
    ['an executable that is false', [0, [['a', 1, bin, 1, new Map([['executable', false]])]]]],
    ['a link with a source', [0, [['a', 2, 't', new Map([['source', 's']])]]]],
    ['a reading without options', [0, [['a', 1, bin, 1, new Map([['reading', ['csv']]])]]]],
    ['a reading by nobody', [0, [['a', 1, bin, 1, new Map([['reading', ['', new Map()]]])]]]],
    ['a recipe by another name', [0, [['a', 3, bin, 1]]]],
    ['a recipe with extras', [0, [[id, 3, bin, 1, new Map([['meta', new Map([['a', 1]])]])]]]],
  ]
  for (const [what, value] of cases) {
    test(what, () => {
      expect(decodePacked(value)).toBe('CORRUPT')
    })
  }
  test('metadata above 64 KiB, or nested deeper than 64 levels', () => {
    const big = { a: 'x'.repeat(64 * 1024) }
    for (const meta of [big, nested(65)]) {
      expect(codeOf(() => encodeTreeNode({ level: 0, entries: [], meta }))).toBe('INVALID')
      const entries: TreeEntry[] = [{ type: 'group', name: 'a', id, meta }]
      expect(codeOf(() => encodeTreeNode({ level: 0, entries }))).toBe('INVALID')
    }
    expect(decodePacked([0, [], new Map([['a', big.a]])])).toBe('CORRUPT')
    const entries: TreeEntry[] = [
      { type: 'file', name: 'a', id, size: 1, reading: { parser: 'p', options: nested(64) } },
    ]
    expect(decodeTreeNode(encodeTreeNode({ level: 0, entries }))).toEqual({ level: 0, entries })
  })
  test('a node above 256 KiB', () => {
    const entries = Array.from({ length: 8000 }, (_, i): TreeEntry => ({
      type: 'group',
      name: `n${String(i + 10000)}`,
      id,
    }))
    expect(codeOf(() => encodeTreeNode({ level: 0, entries }))).toBe('INVALID')
    expect(codeOf(() => decodeTreeNode(new Uint8Array(treeNodeBytes + 1)))).toBe('CORRUPT')
  })
})

test('H26: refuses the bytes of a commit, and of a blob', () => {
  const author = { name: 'a', email: 'b', time: new Date(0) }
  const commit = encodeCommit({ tree: id, parents: [], author, message: '' })
  expect(codeOf(() => decodeTreeNode(commit))).toBe('CORRUPT')
  expect(codeOf(() => decodeTreeNode(utf8('a,b\n1,2\n')))).toBe('CORRUPT')
})

test('H35: a node of a newer format asks for an upgrade', () => {
  expect(codeOf(() => decodeTreeNode(utf8('QT2\n')))).toBe('UNSUPPORTED')
})

test('H18: names and keys that objects inherit are ordinary', () => {
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString']
  const meta = JSON.parse('{"__proto__":1,"constructor":{"prototype":2}}') as JsonObject
  const entries = names.map((name): TreeEntry => ({ type: 'group', name, id, meta }))
  const back = decodeTreeNode(encodeTreeNode({ level: 0, entries })) as { entries: readonly TreeEntry[] }
  expect(back.entries.map((entry) => entry.name)).toEqual(names)
  expect(JSON.stringify((back.entries[0] as { meta: JsonObject }).meta)).toBe(JSON.stringify(meta))
})

test('H11: takes names of 255 bytes and targets of 4,096', () => {
  const entries: TreeEntry[] = [
    { type: 'link', name: 'n'.repeat(255), target: 't'.repeat(4096) },
    { type: 'group', name: '\u{1f600}'.repeat(63), id },
  ]
  expect(decodeTreeNode(encodeTreeNode({ level: 0, entries }))).toEqual({ level: 0, entries })
})

test('the order of keys in metadata does not show', () => {
  const one = encodeTreeNode({ level: 0, entries: [], meta: { a: 1, b: { c: 1, d: 2 } } })
  const two = encodeTreeNode({ level: 0, entries: [], meta: { b: { d: 2, c: 1 }, a: 1 } })
  expect(Buffer.compare(one, two)).toBe(0)
})

test('an item takes exactly the bytes that are foretold', () => {
  for (const { value } of goldens.filter(({ name }) => name.startsWith('tree'))) {
    const node = value as TreeNode
    for (const item of isLeaf(node) ? node.entries : node.children) {
      const alone = 'type' in item ? { level: 0 as const, entries: [item] } : { level: 1, children: [item] }
      expect(encodeTreeNode(alone).length).toBe(7 + itemSize(item))
    }
  }
})

test('H30: mutated nodes end in a node of the same bytes, or an error of ours', () => {
  const originals = goldens.filter(({ name }) => name.startsWith('tree')).map(({ encode }) => encode())
  survivesMutations(originals, {
    decode: (bytes) => decodeTreeNode(bytes, '00' as Id),
    encode: encodeTreeNode,
  })
})
