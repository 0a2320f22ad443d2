// Bytes and texts that nobody means well with, for fast-check: arbitrary ones, and valid ones that were damaged.
import fc from 'fast-check'
import { expect } from 'vitest'
import { concatBytes, utf8 } from '../../src/core/base/bytes.ts'
import { isQuiltError, type ErrorCode } from '../../src/core/base/error.ts'
import type { Packable } from '../../src/core/codec/msgpack.ts'

/** A way to damage bytes. */
type Damage = (bytes: Uint8Array) => Uint8Array

const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
/** Bytes that mean lengths, types and signs where formats have them. */
const telling = fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0x90, 0xc0, 0xc6, 0xcf, 0xdb, 0xdd, 0xdf, 0xfe, 0xff)

const place = (bytes: Uint8Array, where: number): number => Math.floor(bytes.length * where)

const overwrite = fc
  .tuple(at, fc.array(fc.oneof(fc.nat(255), telling), { minLength: 1, maxLength: 4 }))
  .map(([where, values]): Damage => (bytes) => {
    const changed = Uint8Array.from(bytes)
    for (const [i, value] of values.entries())
      changed[Math.min(place(bytes, where) + i, bytes.length - 1)] = value
    return changed
  })
const flip = fc.tuple(at, fc.nat(7)).map(([where, bit]): Damage => (bytes) => {
  const changed = Uint8Array.from(bytes)
  changed[place(bytes, where)] = (changed[place(bytes, where)] ?? 0) ^ (1 << bit)
  return changed
})
const cut = at.map(
  (where): Damage =>
    (bytes) =>
      bytes.slice(0, place(bytes, where)),
)
const remove = fc.tuple(at, fc.integer({ min: 1, max: 8 })).map(([where, count]): Damage => (bytes) => {
  const from = place(bytes, where)
  return concatBytes([bytes.subarray(0, from), bytes.subarray(from + count)])
})
const insert = fc
  .tuple(at, fc.uint8Array({ minLength: 1, maxLength: 12 }))
  .map(([where, more]): Damage => (bytes) => {
    const from = place(bytes, where)
    return concatBytes([bytes.subarray(0, from), more, bytes.subarray(from)])
  })
const repeat = fc.tuple(at, at).map(([a, b]): Damage => (bytes) => {
  const [from, to] = [place(bytes, Math.min(a, b)), place(bytes, Math.max(a, b))]
  return concatBytes([bytes.subarray(0, to), bytes.subarray(from)])
})

/** One of these byte strings, damaged once to three times: at most about four times as long. */
export function damaged(originals: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const damage = fc.oneof(overwrite, overwrite, flip, cut, remove, insert, repeat)
  return fc
    .tuple(fc.constantFrom(...originals), fc.array(damage, { minLength: 1, maxLength: 3 }))
    .map(([bytes, all]) => all.reduce((some, one) => one(some), bytes))
}

/** Any bytes, with one of these beginnings now and then. */
export function anyBytes(beginnings: readonly string[] = []): fc.Arbitrary<Uint8Array> {
  const body = fc.uint8Array({ maxLength: 200 })
  if (beginnings.length === 0) return body
  const begun = fc
    .tuple(fc.constantFrom(...beginnings), fc.array(fc.oneof(fc.nat(255), telling), { maxLength: 60 }))
    .map(([magic, rest]) => concatBytes([utf8(magic), Uint8Array.from(rest)]))
  return fc.oneof(begun, begun, body)
}

const stray: fc.Arbitrary<Packable> = fc.oneof(
  fc.constantFrom<Packable>(
    null,
    true,
    false,
    -1,
    0,
    1,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    0.5,
    '',
    '..',
    'a/b',
    'a\\b',
  ),
  fc.constantFrom<Packable>('a\0b', '__proto__', '\n', 'x'.repeat(256), 'x'.repeat(70_000), [], new Map(), [
    [],
  ]),
  fc.constantFrom(0, 31, 32, 33, 64).map((length): Packable => new Uint8Array(length)),
  fc.integer({ min: 1, max: 300 }).map((depth): Packable => {
    let value: Packable = []
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : new Map([['a', value]])
    return value
  }),
)

/** One of these values with another one somewhere within it, or with something left out, twice or more. */
export function damagedValue(originals: readonly Packable[]): fc.Arbitrary<Packable> {
  const how = fc.constantFrom('replace', 'replace', 'remove', 'double', 'keep')
  const change = fc.tuple(fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), how, stray)
  return fc
    .tuple(fc.constantFrom(...originals), fc.array(change, { minLength: 1, maxLength: 2 }))
    .map(([value, all]) => all.reduce((some, [way, act, other]) => changed(some, way, { act, other }), value))
}

interface Change {
  readonly act: string
  readonly other: Packable
}

/** Goes down the way, and changes what is at its end. */
function changed(value: Packable, [step, ...way]: readonly number[], change: Change): Packable {
  const isMap = value instanceof Map
  if (step === undefined || !(isMap || Array.isArray(value)))
    return change.act === 'keep' ? value : change.other
  const items: readonly (readonly [Packable, Packable])[] = isMap
    ? [...(value as ReadonlyMap<string, Packable>)]
    : (value as readonly Packable[]).map((item) => ['', item])
  if (items.length === 0) return isMap ? new Map([['more', change.other]]) : [change.other]
  const at = step % items.length
  const next = items.flatMap(([key, item], i): (readonly [Packable, Packable])[] => {
    if (i !== at) return [[key, item]]
    if (way.length > 0) return [[key, changed(item, way, change)]]
    if (change.act === 'remove') return []
    if (change.act === 'double')
      return [
        [key, item],
        [isMap ? `${String(key)}2` : key, item],
      ]
    return [[key, change.act === 'keep' ? item : change.other]]
  })
  return isMap ? new Map(next as (readonly [string, Packable])[]) : next.map(([, item]) => item)
}

/** Texts of all kinds: any units, lone surrogates, what is written here with a change, and very long ones. */
export function anyText(examples: readonly string[]): fc.Arbitrary<string> {
  const some = fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  })
  const pieces = fc.constantFrom(
    ...examples,
    '..',
    '.',
    '/',
    '\\',
    '@',
    '~',
    ':',
    '%40',
    '%25',
    '\0',
    '\n',
    '-',
    '',
    'a',
    '1',
  )
  const joined = fc.array(fc.oneof(pieces, pieces, some), { maxLength: 8 }).map((parts) => parts.join(''))
  const long = fc
    .tuple(joined, fc.integer({ min: 1, max: 20_000 }))
    .map(([text, times]) => text.repeat(Math.ceil(times / Math.max(1, text.length))))
  return fc.oneof(
    { arbitrary: joined, weight: 6 },
    { arbitrary: some, weight: 3 },
    { arbitrary: long, weight: 1 },
  )
}

/** Longest time that one reading may take, in milliseconds: a thousand times what it should, for busy machines. */
const mostTime = 2_000

/**
 * Calls, and gives the value or `undefined` where it ended in one of our errors with one of these codes.
 * Whatever else is thrown, and a call that takes too long, fails the test.
 */
export function endsWell<T>(call: () => T, codes: readonly ErrorCode[]): T | undefined {
  const started = performance.now()
  try {
    return call()
  } catch (error) {
    if (!isQuiltError(error)) throw error
    expect(codes).toContain(error.code)
    expect(error.message.length).toBeLessThan(2_000)
    return undefined
  } finally {
    expect(performance.now() - started).toBeLessThan(mostTime)
  }
}
