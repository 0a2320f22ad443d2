// Every decoder of objects and records, over any bytes and over valid ones that were damaged: a value that encodes
// back to the same bytes, or one of our errors; soon, and without much memory.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, utf8 } from '../../src/core/base/bytes.ts'
import { decodeCondemned, encodeCondemned } from '../../src/core/codec/condemned.ts'
import { decodeGeneration, encodeGeneration } from '../../src/core/codec/generation.ts'
import { seal, trailerBytes } from '../../src/core/codec/seal.ts'
import { decodePackable, encodePackable } from '../../src/core/codec/msgpack.ts'
import { decodeCommit, encodeCommit } from '../../src/core/codec/objects/commit.ts'
import { decodeRecipe, encodeRecipe } from '../../src/core/codec/objects/recipe.ts'
import { decodeTreeNode, encodeTreeNode } from '../../src/core/codec/objects/tree-node.ts'
import { decodeSegment, encodeSegment } from '../../src/core/codec/segment.ts'
import { goldens } from '../golden/values.ts'
import { fuzzing, fuzzTimeout } from '../support/fuzz-runs.ts'
import { anyBytes, damaged, damagedValue, endsWell } from '../support/hostile-bytes.ts'
import { sampleGeneration, sampleMoves } from '../support/sample-generation.ts'

interface Format {
  readonly magic: string
  readonly originals: readonly Uint8Array[]
  /** The value's bytes, from bytes that hold it. */
  readonly again: (bytes: Uint8Array) => Uint8Array
  /** True where a SHA-256 follows: damage is sealed anew, to get behind it. */
  readonly sealed?: true
}

const golden = (kind: string): readonly Uint8Array[] =>
  goldens.filter(({ name }) => name.startsWith(kind)).map(({ encode }) => encode())
const names = ['00112233445566778899aabbccddeeff', 'ffeeddccbbaa99887766554433221100']
const limits = { bytes: 1_000_000, depth: 20 }

const formats: Readonly<Record<string, Format>> = {
  'a tree node': {
    magic: 'QT1\n',
    originals: golden('tree'),
    again: (bytes) => encodeTreeNode(decodeTreeNode(bytes)),
  },
  'a commit': {
    magic: 'QC1\n',
    originals: golden('commit'),
    again: (bytes) => encodeCommit(decodeCommit(bytes)),
  },
  'a recipe': {
    magic: 'QR1\n',
    originals: golden('recipe'),
    again: (bytes) => encodeRecipe(decodeRecipe(bytes)),
  },
  'a generation': {
    magic: 'QG1\n',
    originals: [encodeGeneration(sampleGeneration)],
    again: (bytes) => encodeGeneration(decodeGeneration(bytes, 'it')),
    sealed: true,
  },
  'a segment': {
    magic: 'QS1\n',
    originals: [encodeSegment('ada/wine', sampleMoves)],
    again: (bytes) => {
      const { package: name, moves } = decodeSegment(bytes, 'it')
      return encodeSegment(name, moves)
    },
    sealed: true,
  },
  "gc's list": {
    magic: 'QX1\n',
    originals: [encodeCondemned({ packs: names, writers: names })],
    again: (bytes) => encodeCondemned(decodeCondemned(bytes)),
    sealed: true,
  },
  msgpack: {
    magic: 'QT1\n',
    originals: golden('tree'),
    again: (bytes) => encodePackable('QT1\n', decodePackable('QT1\n', bytes, limits, 'it')),
  },
}

describe.each(Object.entries(formats))('H30: %s', (_name, { magic, originals, again, sealed }) => {
  const unsealed = originals.map((bytes) => (sealed ? bytes.slice(0, bytes.length - trailerBytes) : bytes))
  const close = (bytes: Uint8Array): Uint8Array => (sealed ? seal(bytes) : bytes)
  const check = (bytes: Uint8Array): boolean => {
    const back = endsWell(() => again(bytes), ['CORRUPT', 'UNSUPPORTED'])
    if (back !== undefined) expect(Buffer.compare(back, bytes)).toBe(0)
    return back !== undefined
  }

  test('comes back as it was', () => {
    for (const bytes of originals) expect(check(bytes)).toBe(true)
  })

  test(
    'of any bytes',
    () => {
      fc.assert(
        fc.property(anyBytes([magic]), (bytes) => void [bytes, close(bytes)].forEach(check)),
        fuzzing(),
      )
    },
    fuzzTimeout,
  )

  test(
    'damaged',
    () => {
      fc.assert(
        fc.property(damaged(unsealed), (bytes) => void [bytes, close(bytes)].forEach(check)),
        fuzzing(3),
      )
    },
    fuzzTimeout,
  )

  test(
    'with another value somewhere',
    () => {
      const values = unsealed.map((bytes) =>
        decodePackable(magic, bytes, { bytes: 1_000_000, depth: 80 }, 'it'),
      )
      let taken = 0
      fc.assert(
        fc.property(damagedValue(values), (value) => {
          const bytes = endsWell(() => encodePackable(magic, value), ['INVALID'])
          if (bytes !== undefined && check(close(bytes))) taken++
        }),
        fuzzing(5),
      )
      expect(taken).toBeGreaterThan(0) // else only the outermost form was tried
    },
    fuzzTimeout,
  )

  test('H12: that is nested a million deep, or announces four billion values', () => {
    for (const tag of [0x91, 0x81]) {
      const deep = new Uint8Array(1_000_000).fill(tag)
      expect(check(close(concatBytes([utf8(magic), deep])))).toBe(false)
    }
    for (const head of [0xdd, 0xdf, 0xdb, 0xc6]) {
      const before = process.memoryUsage().rss
      expect(check(close(Uint8Array.from([...utf8(magic), head, 0xff, 0xff, 0xff, 0xff, 0, 0])))).toBe(false)
      expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
    }
  })
})
