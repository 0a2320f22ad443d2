import { describe, expect, test } from 'vitest'
import { decodeGeneration, encodeGeneration, type Generation } from '../../../src/core/codec/generation.ts'
import { encodePackable, type Packable } from '../../../src/core/codec/msgpack.ts'
import { seal, unseal } from '../../../src/core/codec/seal.ts'
import { decodeSegment, encodeSegment, foldedMove } from '../../../src/core/codec/segment.ts'
import { idToBytes } from '../../../src/core/model/id.ts'
import { parsePackageName } from '../../../src/core/model/package-name.ts'
import { hashBytes } from '#hash'
import { idOf } from '../../support/ref-bench.ts'
import { sampleGeneration, sampleMoves } from '../../support/sample-generation.ts'

const { previous: _, origin: __, ...rest } = sampleGeneration
const bare: Generation = {
  ...rest,
  pkg: parsePackageName('ada/wine'),
  number: 1,
  refs: new Map(),
  partial: new Map(),
  shallow: new Set(),
  deleted: false,
}

/** The smallest generation's fields, some replaced; `undefined` leaves one out. */
function fields(changes: Record<string, Packable | undefined>): Uint8Array {
  const all = new Map<string, Packable>([
    ['move', move({})],
    ['nonce', new Uint8Array(16)],
    ['number', 1],
    ['package', 'ada/wine'],
    ['refs', new Map()],
  ])
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) all.delete(key)
    else all.set(key, value)
  }
  return seal(encodePackable('QG1\n', all))
}

function move(changes: Record<string, Packable>): Packable {
  return new Map<string, Packable>([
    ['edits', []],
    ['reason', ''],
    ['who', ['Ada', 'a@b', 5]],
    ...Object.entries(changes),
  ])
}

describe('generations', () => {
  test('come back as they were, with every field and with none', () => {
    const alone = { ...bare, partial: new Map([[idOf(1), { only: ['a/b', 'c'] }]]) }
    for (const generation of [sampleGeneration, bare, alone]) {
      const bytes = encodeGeneration(generation)
      const back = decodeGeneration(bytes, 'it')
      expect(back).toEqual(generation)
      expect(encodeGeneration(back)).toEqual(bytes)
    }
  })

  test('have one form, whatever order their maps and sets are in', () => {
    const { refs, partial, shallow } = sampleGeneration
    const turned = {
      ...sampleGeneration,
      refs: new Map([...refs].reverse()),
      partial: new Map([...partial].reverse()),
      shallow: new Set([...shallow].reverse()),
    }
    expect(encodeGeneration(turned)).toEqual(encodeGeneration(sampleGeneration))
  })

  test('end with the SHA-256 of what is before', () => {
    const bytes = encodeGeneration(bare)
    expect(bytes.subarray(-32)).toEqual(idToBytes(hashBytes(bytes.subarray(0, -32))))
  })

  test('H44: are refused with any byte flipped, and cut at any length', () => {
    const bytes = encodeGeneration(sampleGeneration)
    for (let i = 0; i < bytes.length; i++) {
      const flipped = bytes.slice()
      flipped[i] = (flipped[i] as number) ^ (1 << (i % 8))
      expect(() => decodeGeneration(flipped, 'it')).toThrow('it does not match its checksum')
      expect(() => decodeGeneration(bytes.subarray(0, i), 'it')).toThrow(
        /it (is empty|is cut short|does not match)/,
      )
    }
  })

  const wrong: Record<string, Record<string, Packable | undefined>> = {
    'no refs': { refs: undefined },
    'an unknown field': { more: 1 },
    'a number of 0': { number: 0 },
    'a number as text': { number: '1' },
    'a first with a predecessor': { previous: new Uint8Array(32) },
    'a second without': { number: 2 },
    'a short predecessor': { number: 2, previous: new Uint8Array(31) },
    'H49: a ref that climbs': { refs: new Map([['../x', new Uint8Array(32)]]) },
    'a ref to text': { refs: new Map([['latest', 'x']]) },
    'a package that is none': { package: 'ada' },
    'an empty partial': { partial: new Map() },
    'a partial of no id': { partial: new Map([['x', 'meta']]) },
    'a partial of an unknown kind': { partial: new Map([[idOf(1), 'some']]) },
    'H1: a partial path that climbs': { partial: new Map([[idOf(1), ['a/..']]]) },
    'partial paths out of order': { partial: new Map([[idOf(1), ['b', 'a']]]) },
    'paths alone under another name': { partial: new Map([[idOf(1), new Map([['but', ['a']]])]]) },
    'paths alone, the whole among them': { partial: new Map([[idOf(1), new Map([['only', ['', 'a']]])]]) },
    'an empty shallow': { shallow: [] },
    'shallow out of order': { shallow: [idToBytes(idOf(2)), idToBytes(idOf(1))] },
    'an empty origin': { origin: '' },
    'deleted that is false': { deleted: false },
    'a short nonce': { nonce: new Uint8Array(15) },
    'a move that is none': { move: [] },
    'H37: a time before 1970': { move: move({ who: ['Ada', 'a@b', -1] }) },
    'H37: a time after 9999': { move: move({ who: ['Ada', 'a@b', 253402300800000] }) },
    'H36: a name with a line feed': { move: move({ who: ['A\nda', 'a@b', 5] }) },
    'an identity of four': { move: move({ who: ['Ada', 'a@b', 5, 6] }) },
    'a long reason': { move: move({ reason: 'x'.repeat(65537) }) },
    'an edit of two': { move: move({ edits: [['latest', null]] }) },
    'edits out of order': {
      move: move({
        edits: [
          ['tag/a', null, null],
          ['latest', null, null],
        ],
      }),
    },
  }
  test('are read when nothing is wrong with them', () => {
    expect(decodeGeneration(fields({}), 'it').number).toBe(1)
  })
  for (const [what, changes] of Object.entries(wrong)) {
    test(`H30: are refused with ${what}`, () => {
      expect(() => decodeGeneration(fields(changes), 'it')).toThrow(
        expect.objectContaining({ code: 'CORRUPT' }),
      )
    })
  }

  test('H35: of a newer format are UNSUPPORTED', () => {
    const newer = seal(encodePackable('QG2\n', new Map()))
    expect(() => decodeGeneration(newer, 'it')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
    expect(() => decodeGeneration(encodeSegment('_/ada/wine', sampleMoves), 'it')).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }),
    )
  })

  test('are refused before they are written when their origin or author is none', () => {
    expect(() => encodeGeneration({ ...bare, origin: 'x'.repeat(4097) })).toThrow('an origin is a text')
    const who = { ...bare.move.who, email: 'a\nb' }
    expect(() => encodeGeneration({ ...bare, move: { ...bare.move, who } })).toThrow('invalid e-mail')
  })
})

describe('segments', () => {
  test('come back as they were', () => {
    const bytes = encodeSegment('_/ada/wine', sampleMoves)
    const segment = decodeSegment(bytes, 'it')
    expect(segment).toEqual({ package: '_/ada/wine', first: 1, moves: sampleMoves })
    expect(encodeSegment(segment.package, segment.moves)).toEqual(bytes)
    expect(unseal(bytes, 'it').length).toBe(bytes.length - 32)
  })

  test('keep of a generation what its log and the chain need', () => {
    const folded = foldedMove(sampleGeneration, idOf(7))
    const { number, previous, deleted, move } = sampleGeneration
    expect(folded).toEqual({ number, previous, deleted, move, id: idOf(7) })
  })

  test('hold consecutive generations that name one another', () => {
    expect(() => encodeSegment('_/ada/wine', [])).toThrow('consecutive')
    expect(() => encodeSegment('_/ada/wine', sampleMoves.toReversed())).toThrow('consecutive')
    const [a, b] = sampleMoves
    if (a === undefined || b === undefined) throw new Error('no sample')
    const broken = encodeSegment('_/ada/wine', [a, { ...b, previous: idOf(99) }])
    expect(() => decodeSegment(broken, 'it')).toThrow('the chain breaks at 2')
    const headless = encodeSegment('_/ada/wine', [{ ...b, number: 1 }])
    expect(() => decodeSegment(headless, 'it')).toThrow('names a predecessor wrongly')
  })

  test('H44: are refused with any byte flipped', () => {
    const bytes = encodeSegment('_/ada/wine', sampleMoves)
    for (let i = 0; i < bytes.length; i++) {
      const flipped = bytes.slice()
      flipped[i] = (flipped[i] as number) ^ 0x20
      expect(() => decodeSegment(flipped, 'it')).toThrow('it does not match its checksum')
    }
  })
})
