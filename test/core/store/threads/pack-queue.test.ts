// Chunks on their way into a pack: the same payloads in the same order with threads as without, and errors that arrive.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunkMax } from '../../../../src/core/chunk/fastcdc.ts'
import { compressionMayPay } from '../../../../src/core/codec/zstd-probe.ts'
import type { KnownBlob } from '../../../../src/core/store/object-store.ts'
import { packQueue, type QueueOptions } from '../../../../src/core/store/threads/pack-queue.ts'
import { packPayload } from '../../../../src/core/store/packs/payload.ts'
import { hashBytes } from '#hash'
import { noise } from '../../../support/store-bench.ts'

interface Body {
  readonly bytes: Uint8Array
  readonly fast: boolean
}

function textOf(size: number, seed: number): Uint8Array {
  const digits = noise(size, seed)
  return digits.map((byte) => 97 + (byte & 7))
}

function known(body: Uint8Array): KnownBlob {
  return { id: hashBytes(body), body, mayPay: compressionMayPay(body) }
}

const bodies = fc.array(
  fc
    .record({
      kind: fc.constantFrom('noise', 'text', 'text', 'zeros'),
      size: fc.oneof(fc.nat(200_000), fc.constantFrom(0, 1, 127, 128, chunkMax)),
      seed: fc.nat(3),
      fast: fc.boolean(),
    })
    .map(({ kind, size, seed, fast }): Body => {
      const bytes =
        kind === 'noise' ? noise(size, seed) : kind === 'text' ? textOf(size, seed) : new Uint8Array(size)
      return { bytes, fast }
    }),
  { minLength: 1, maxLength: 40 },
)

async function packedBy(options: QueueOptions, given: readonly Body[]): Promise<readonly string[]> {
  const taken: string[] = []
  const queue = packQueue((id, { encoding, size, payload }) => {
    taken.push(`${id} ${encoding} ${String(size)} ${hashBytes(payload)}`)
    return taken.length % 3 === 0 ? Promise.resolve() : undefined
  }, options)
  try {
    for (const { bytes, fast } of given) {
      const lent = bytes.slice()
      await queue.add(known(lent), fast)
      lent.fill(255) // the owner has it again
    }
    await queue.drain()
    for (const { bytes } of given) expect(queue.has(hashBytes(bytes))).toBe(false)
    return taken
  } finally {
    await queue.close()
  }
}

describe('what was added', () => {
  test('comes out in order and packed as alone, with threads and without', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, async (given) => {
        const wanted: string[] = []
        for (const { bytes, fast } of given) {
          const { encoding, size, payload } = await packPayload(bytes, fast)
          wanted.push(`${hashBytes(bytes)} ${encoding} ${String(size)} ${hashBytes(payload)}`)
        }
        expect(await packedBy({ threads: 0 }, given)).toEqual(wanted)
        expect(await packedBy({ threads: 1, threadBytes: 0 }, given)).toEqual(wanted)
        expect(await packedBy({ threads: 2, threadBytes: 200_000 }, given)).toEqual(wanted)
      }),
      { numRuns: 10 },
    )
  })

  test('is on its way until it has been handed on', async () => {
    const queue = packQueue(() => undefined, { threads: 0 })
    const body = textOf(1000, 1)
    await queue.add(known(body), true)
    expect(queue.has(hashBytes(body))).toBe(true)
    await queue.drain()
    expect(queue.has(hashBytes(body))).toBe(false)
    await queue.close()
  })
})

test('many may add at once', async () => {
  const taken: string[] = []
  const queue = packQueue((id) => void taken.push(id), { threads: 1, threadBytes: 0 })
  const bodies = Array.from({ length: 60 }, (_, i) => textOf(150_000 + 1000 * i, i))
  await Promise.all(bodies.map((body, i) => queue.add(known(body), i % 7 === 0)))
  await queue.drain()
  await queue.close()
  expect(taken.toSorted()).toEqual(bodies.map(hashBytes).toSorted())
})

test('what handing on throws reaches whoever adds or drains', async () => {
  const queue = packQueue(() => Promise.reject(new Error('the disk is full')), { threads: 1, threadBytes: 0 })
  const add = async (): Promise<void> => {
    for (let i = 0; i < 100; i++) {
      const body = textOf(chunkMax, i)
      await queue.add(known(body), true)
    }
    await queue.drain()
  }
  await expect(add()).rejects.toThrow('the disk is full')
  await queue.close()
})
