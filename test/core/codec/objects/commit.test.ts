import { describe, expect, test } from 'vitest'
import { decodeCommit, encodeCommit } from '../../../../src/core/codec/objects/commit.ts'
import { encodePackable, type Packable } from '../../../../src/core/codec/msgpack.ts'
import { encodeTreeNode } from '../../../../src/core/codec/objects/tree-node.ts'
import { lastTime, type Commit } from '../../../../src/core/model/commit.ts'
import { idToBytes } from '../../../../src/core/model/id.ts'
import { goldens, idOf } from '../../../golden/values.ts'
import { codeOf, survivesMutations } from '../../../support/decoding.ts'

const bin = idToBytes(idOf('x'))

const plain: Commit = {
  tree: idOf('tree'),
  parents: [],
  author: { name: 'Ada', email: 'ada@example.org', time: new Date(1) },
  message: 'first',
}

function fields(changed: Readonly<Record<string, Packable | undefined>>): Uint8Array {
  const all: Record<string, Packable | undefined> = {
    author: ['a', 'b', 1],
    message: 'm',
    parents: [],
    tree: bin,
    ...changed,
  }
  const kept = Object.entries(all).filter(([, value]) => value !== undefined) as [string, Packable][]
  return encodePackable('QC1\n', new Map(kept))
}

test('comes back as it was', () => {
  expect(decodeCommit(encodeCommit(plain))).toEqual(plain)
  const last = { ...plain, author: { ...plain.author, time: new Date(lastTime) } }
  expect(decodeCommit(encodeCommit(last))).toEqual(last)
})

describe('H37: refuses a time', () => {
  for (const [what, time] of [
    ['before 1970', -1],
    ['after 9999', lastTime + 1],
    ['that is none', NaN],
  ] as const) {
    test(what, () => {
      const author = { ...plain.author, time: new Date(time) }
      expect(codeOf(() => encodeCommit({ ...plain, author }))).toBe('INVALID')
      if (!Number.isNaN(time))
        expect(codeOf(() => decodeCommit(fields({ author: ['a', 'b', time] })))).toBe('CORRUPT')
    })
  }
  test('with half a millisecond', () => {
    expect(codeOf(() => decodeCommit(fields({ author: ['a', 'b', 0.5] })))).toBe('CORRUPT')
  })
})

describe('H36: no text forges a field', () => {
  const forged = `x\ntree ${idOf('evil')}\nparent ${idOf('evil')}\n`
  test('a message may say what it likes', () => {
    expect(decodeCommit(encodeCommit({ ...plain, message: forged }))).toEqual({ ...plain, message: forged })
  })
  for (const field of ['name', 'email'] as const) {
    test(`a line break in the author's ${field} is refused`, () => {
      const author = { ...plain.author, [field]: forged }
      expect(codeOf(() => encodeCommit({ ...plain, author }))).toBe('INVALID')
      const parts = field === 'name' ? [forged, 'b', 1] : ['a', forged, 1]
      expect(codeOf(() => decodeCommit(fields({ author: parts })))).toBe('CORRUPT')
    })
  }
})

describe('H30: refuses', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, Packable | undefined>>])[] = [
    ['no tree', { tree: undefined }],
    ['no parents', { parents: undefined }],
    ['no message', { message: undefined }],
    ['no author', { author: undefined }],
    ['an unknown field', { zip: 1 }],
    ['a tree as text', { tree: idOf('x') }],
    ['a tree of 33 bytes', { tree: new Uint8Array(33) }],
    ['derived that is null', { derived: null }],
    ['an author of two parts', { author: ['a', 'b'] }],
    ['an author of four parts', { author: ['a', 'b', 1, 1] }],
    ['a parent twice', { parents: [bin, bin] }],
    ['17 parents', { parents: Array.from({ length: 17 }, (_, i) => idToBytes(idOf(String(i)))) }],
    ['empty sources', { sources: [] }],
    ['a source of two parts', { sources: [['a', 'b']] }],
    ['a source without handle', { sources: [['a', '', bin]] }],
    ['H1: a source at ..', { sources: [['../a', 'b', bin]] }],
    ['a message above 64 KiB', { message: 'x'.repeat(64 * 1024 + 1) }],
  ]
  for (const [what, changed] of cases) {
    test(what, () => {
      expect(codeOf(() => decodeCommit(fields(changed)))).toBe('CORRUPT')
    })
  }
})

test('refuses to write what it would not read', () => {
  expect(codeOf(() => encodeCommit({ ...plain, sources: [] }))).toBe('INVALID')
  expect(codeOf(() => encodeCommit({ ...plain, parents: [plain.tree, plain.tree] }))).toBe('INVALID')
  const sources = Array.from({ length: 4097 }, () => ({ path: 'a', handle: 'b', commit: plain.tree }))
  expect(codeOf(() => encodeCommit({ ...plain, sources }))).toBe('INVALID')
  const long = Array.from({ length: 4000 }, () => ({
    path: 'a',
    handle: 'b'.repeat(4000),
    commit: plain.tree,
  }))
  expect(codeOf(() => encodeCommit({ ...plain, sources: long }))).toBe('INVALID')
})

test('H26: refuses the bytes of a tree', () => {
  expect(codeOf(() => decodeCommit(encodeTreeNode({ level: 0, entries: [] })))).toBe('CORRUPT')
})

test('H35: a commit of a newer format asks for an upgrade', () => {
  expect(codeOf(() => decodeCommit(encodePackable('QC2\n', new Map())))).toBe('UNSUPPORTED')
})

test('H30: mutated commits end in a commit of the same bytes, or an error of ours', () => {
  const originals = goldens.filter(({ name }) => name.startsWith('commit')).map(({ encode }) => encode())
  survivesMutations(originals, { decode: decodeCommit, encode: encodeCommit })
})
