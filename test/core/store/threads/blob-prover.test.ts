// Blobs that pass: the same bytes and the same id with a thread as without, and nothing lent for longer.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { passBlob } from '../../../../src/core/store/threads/blob-prover.ts'
import { hashBytes } from '#hash'
import { noise } from '../../../support/store-bench.ts'

async function* inParts(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number
    yield bytes.subarray(at, at + size)
    at += size
  }
}

test('a blob comes out as it went in, with its id', async () => {
  const sizes = fc.oneof(fc.nat(100), fc.nat(12_000_000), fc.constantFrom(0, 1 << 20, 8 << 20, (8 << 20) + 1))
  const parts = fc.array(fc.integer({ min: 1, max: 3_000_000 }), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(sizes, parts, fc.boolean(), async (size, cuts, threads) => {
      const bytes = noise(size, size)
      const taken = Buffer.alloc(size)
      let at = 0
      const id = await passBlob(
        { parts: inParts(bytes, [...cuts, 50_000]), size },
        (part) => {
          taken.set(part, at)
          at += part.length
        },
        { threads },
      )
      expect(id).toBe(hashBytes(bytes))
      expect(at).toBe(size)
      expect(taken.equals(bytes)).toBe(true)
    }),
    { numRuns: 25 },
  )
})

test('what goes wrong on either side is thrown, and ends it', async () => {
  const bytes = noise(5_000_000, 3)
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes
    throw new Error('the pack is gone')
  }
  for (const threads of [true, false]) {
    const reading = passBlob({ parts: failing(), size: 0 }, () => undefined, { threads })
    await expect(reading).rejects.toThrow('the pack is gone')
    let ended = false
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* inParts(bytes, [70_000])
      } finally {
        ended = true
      }
    }
    const full = (): never => {
      throw new Error('the disk is full')
    }
    await expect(passBlob({ parts: parts(), size: 0 }, full, { threads })).rejects.toThrow('the disk is full')
    expect(ended).toBe(true)
  }
})
