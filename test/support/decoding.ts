// What every decoder is asked: which error it gives, and whether it reads any bytes but those that it would write.
import fc from 'fast-check'
import { expect } from 'vitest'
import { isQuiltError, type ErrorCode } from '../../src/core/base/error.ts'

/** The code of the error of ours that this throws; `undefined` where it throws none. */
export function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (isQuiltError(error)) return error.code
    throw error
  }
}

/** Changes up to three bytes of one of the originals: what is read is written as the same bytes, or an error of ours. */
export function survivesMutations<T>(
  originals: readonly Uint8Array[],
  {
    decode,
    encode,
  }: { readonly decode: (bytes: Uint8Array) => T; readonly encode: (value: T) => Uint8Array },
): void {
  expect(originals.length).toBeGreaterThan(0)
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(fc.nat(originals.length - 1), edits, (which, changes) => {
      const bytes = Uint8Array.from(originals[which] as Uint8Array)
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      let value: T
      try {
        value = decode(bytes)
      } catch (error) {
        if (!isQuiltError(error)) throw error
        return
      }
      expect(Buffer.compare(encode(value), bytes)).toBe(0)
    }),
    { numRuns: 3000 },
  )
}
