// One generation and one segment with every optional field set, for golden bytes and codec tests.
import type { Generation } from '../../src/core/codec/generation.ts'
import type { FoldedMove } from '../../src/core/codec/segment.ts'
import { parsePackageName } from '../../src/core/model/package-name.ts'
import { latest, parseRefName } from '../../src/core/model/ref-name.ts'
import { idOf } from './ref-bench.ts'

export const sampleGeneration: Generation = {
  pkg: parsePackageName('lab:Ada/Wine'),
  number: 70_000,
  previous: idOf(0xabcdef),
  refs: new Map([
    [parseRefName('version/1.0'), idOf(1)],
    [latest, idOf(3)],
    [parseRefName('tag/größe'), idOf(2)],
  ]),
  partial: new Map<never, 'meta' | readonly string[]>([
    [idOf(3) as never, 'meta'],
    [idOf(2) as never, ['a/b', 'c']],
  ]),
  shallow: new Set([idOf(3), idOf(2)]),
  origin: 'https://example.org/api',
  deleted: true,
  nonce: '000102030405060708090a0b0c0d0e0f',
  move: {
    who: { name: 'Ada Lovelace', email: 'ada@example.org', time: new Date('2024-05-06T07:08:09.123Z') },
    reason: 'push\nof 🍷',
    edits: [
      { name: latest, from: idOf(1), to: idOf(3) },
      { name: parseRefName('tag/alt'), from: idOf(1), to: undefined },
      { name: parseRefName('tag/größe'), from: undefined, to: idOf(2) },
    ],
  },
}

const { move } = sampleGeneration

export const sampleMoves: readonly FoldedMove[] = [
  { number: 1, id: idOf(11), deleted: false, move: { ...move, edits: move.edits.slice(2) } },
  { number: 2, id: idOf(12), previous: idOf(11), deleted: true, move: { ...move, edits: [], reason: '' } },
  { number: 3, id: idOf(13), previous: idOf(12), deleted: false, move },
]
