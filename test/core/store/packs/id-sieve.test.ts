// A sieve never denies an id that is there, and denies most that are not.
import { describe, expect, test } from 'vitest'
import { entryBytes } from '../../../../src/core/codec/pack-index.ts'
import { idToBytes } from '../../../../src/core/model/id.ts'
import { makeSieve, mayHold } from '../../../../src/core/store/packs/id-sieve.ts'
import { hashBytes } from '#hash'

const idOf = (n: number): Uint8Array => idToBytes(hashBytes(new TextEncoder().encode(String(n))))

function entriesOf(count: number): Uint8Array {
  const entries = new Uint8Array(count * entryBytes)
  for (let n = 0; n < count; n++) entries.set(idOf(n), n * entryBytes)
  return entries
}

describe.each([0, 1, 7, 1000, 30_000])('of %i entries', (count) => {
  const sieve = makeSieve(entriesOf(count))

  test('passes every id that is there', () => {
    for (let n = 0; n < count; n++) expect(mayHold(sieve, idOf(n))).toBe(true)
  })

  test('stops most of those that are not', () => {
    let passed = 0
    for (let n = count; n < count + 4000; n++) if (mayHold(sieve, idOf(n))) passed++
    expect(passed / 4000).toBeLessThan(0.2)
  })
})
