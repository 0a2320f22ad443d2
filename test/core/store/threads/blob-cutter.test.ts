// Large blobs, with a thread and without: the same chunks, ids and errors, and nothing left running.
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../../src/core/base/bytes.ts'
import { bytesReader, type ByteReader } from '../../../../src/core/base/source.ts'
import type { Block } from '../../../../src/core/chunk/chunker.ts'
import { chunkMax, chunkMin, cut } from '../../../../src/core/chunk/fastcdc.ts'
import type { Id } from '../../../../src/core/model/id.ts'
import { blobCutter, type BlobCutter } from '../../../../src/core/store/threads/blob-cutter.ts'
import { hashBytes } from '#hash'
import { startBlockThread } from '#threads'
import { noise } from '../../../support/store-bench.ts'

interface Cut {
  readonly id: Id
  readonly size: number
  readonly chunks: readonly string[]
}

async function cutWith(cutter: BlobCutter, blob: ByteReader): Promise<Cut> {
  const chunks: string[] = []
  const whole = await cutter.cut(blob, (id, bytes) => {
    expect(hashBytes(bytes)).toBe(id)
    chunks.push(`${id} ${String(bytes.length)}`)
    return Promise.resolve()
  })
  return { ...whole, chunks }
}

/** What cutting must give: from all bytes at once, or from those between two edges, where these are not too near. */
function expected(bytes: Uint8Array, edges: readonly number[] = []): Cut {
  const chunks: string[] = []
  let before = 0
  const wide = edges.filter((edge) => edge - before >= chunkMin && edge <= bytes.length && (before = edge))
  for (let at = 0; at < bytes.length;) {
    const end = cut(bytes, at, wide.find((edge) => edge > at) ?? bytes.length)
    chunks.push(`${hashBytes(bytes.subarray(at, end))} ${String(end - at)}`)
    at = end
  }
  return { id: hashBytes(bytes), size: bytes.length, chunks }
}

async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Bytes with runs of zeros, of noise and of what has been before, so that chunks are of all lengths. */
const blobs = fc
  .array(
    fc.record({
      kind: fc.constantFrom('noise', 'zeros', 'again'),
      size: fc.oneof(fc.nat(3_000_000), fc.constantFrom(0, 1, chunkMax, 1 << 20, (1 << 20) - chunkMax)),
      seed: fc.nat(3),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((runs) =>
    concatBytes(
      runs.map(({ kind, size, seed }) =>
        kind === 'zeros' ? new Uint8Array(size) : noise(size, kind === 'again' ? 1 : seed + 2),
      ),
    ),
  )

const places = fc
  .array(
    fc.oneof(
      fc.nat(4_000_000),
      fc.integer({ min: 1, max: 4 }).map((n) => n * (1 << 20)),
    ),
    { maxLength: 30 },
  )
  .map((edges) => edges.sort((a, b) => a - b))

describe('blobs one after the other', () => {
  test('have the same chunks and ids with a thread as without, and as all at once', async () => {
    const [local, threaded] = [blobCutter({ threads: false }), blobCutter({ threads: true })]
    try {
      await fc.assert(
        fc.asyncProperty(
          blobs,
          fc.integer({ min: 1000, max: 2_000_000 }),
          places,
          async (bytes, part, edges) => {
            const wanted = expected(bytes)
            expect(await cutWith(local, bytesReader(bytes, bytes.length))).toEqual(wanted)
            expect(await cutWith(threaded, bytesReader(bytes, bytes.length))).toEqual(wanted)
            expect(await cutWith(threaded, bytesReader(inParts(bytes, part), 0))).toEqual(wanted)
            for (const cutter of [local, threaded])
              expect(await cutWith(cutter, { ...bytesReader(inParts(bytes, part), 0), edges })).toEqual(
                expected(bytes, edges),
              )
          },
        ),
        { numRuns: 12 },
      )
    } finally {
      await threaded.close()
    }
  })

  test('are cut well when several are given at once, with a thread and without', async () => {
    for (const threads of [true, false]) {
      const cutter = blobCutter({ threads })
      const all = [4_000_000, 300_000, 3_000_000, 0].map((size, i) => noise(size, 20 + i))
      const cuts = await Promise.all(
        all.map((bytes) => cutWith(cutter, bytesReader(inParts(bytes, 100_000), 0))),
      )
      expect(cuts).toEqual(all.map((bytes) => expected(bytes)))
      await cutter.close()
    }
  })

  test('are cut well after one that failed, with a thread and without', async () => {
    for (const threads of [true, false]) {
      const cutter = blobCutter({ threads })
      const bytes = noise(5_000_000, 7)
      const failing = async function* (): AsyncGenerator<Uint8Array> {
        yield bytes
        throw new Error('the disk is gone')
      }
      await expect(cutWith(cutter, bytesReader(failing(), 0))).rejects.toThrow('the disk is gone')
      const refused = cutter.cut(bytesReader(bytes, 0), () => Promise.reject(new Error('the pack is full')))
      await expect(refused).rejects.toThrow('the pack is full')
      expect(await cutWith(cutter, bytesReader(bytes, 0))).toEqual(expected(bytes))
      await cutter.close()
      await cutter.close()
    }
  })

  test('are stopped by a signal', async () => {
    const cutter = blobCutter({ threads: true })
    const stop = new AbortController()
    const bytes = noise(8_000_000, 8)
    const take = (): Promise<void> => {
      stop.abort(new Error('enough'))
      return Promise.resolve()
    }
    // More blocks than there are places, so that chunks are taken before the last block is read.
    const endless: ByteReader = { size: 0, read: (into) => Promise.resolve(into.length) }
    await expect(cutter.cut(endless, take, { signal: stop.signal })).rejects.toThrow('enough')
    expect(await cutWith(cutter, bytesReader(bytes, 0))).toEqual(expected(bytes))
    await cutter.close()
  })
})

describe('a thread', () => {
  test('hashes as the main thread does, and says so when it has ended before its work', async () => {
    const thread = await startBlockThread()
    if (thread === undefined) return // one processor
    const bytes = noise(1_000_000, 9)
    const block = (start: number, end: number): Block => {
      return { bytes: Uint8Array.from(bytes), start, end, first: start === 0, last: end === bytes.length }
    }
    expect((await thread.hash(block(0, 500_000))).id).toBeUndefined()
    const sent = block(500_000, 1_000_000)
    const last = await thread.hash(sent)
    expect(last.id).toBe(hashBytes(bytes))
    expect(sent.bytes.length).toBe(0) // it has moved, and came back as another array
    expect(Buffer.from(last.bytes).equals(bytes)).toBe(true)
    const left = [thread.hash(block(0, 1000)), thread.cut(block(0, 1000))]
    await thread.close()
    for (const answer of await Promise.allSettled(left)) {
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'UNAVAILABLE' })
    }
    await expect(thread.hash(block(0, 1000))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('that fails at its work makes that a typed error', async () => {
    const thread = await startBlockThread()
    if (thread === undefined) return
    // Before the memory's beginning: the copy of what was left over throws in the thread.
    const bad = { bytes: new Uint8Array(10), start: -5, end: 10, first: true, last: false }
    await expect(thread.cut(bad)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await thread.close()
  })

  test('that nobody closes keeps no process alive, and runs in a bundle', () => {
    const program = ['scripts/run-ts.js', 'test/support/block-thread-child.ts', '3000000']
    const child = spawnSync(process.execPath, program, { encoding: 'utf8', timeout: 20_000 })
    expect(child).toMatchObject({ status: 0, stderr: '' })
    const bytes = new Uint8Array(3_000_000).map((_, i) => (i * i) >>> 7)
    const { id, chunks } = expected(bytes)
    expect(child.stdout).toBe(`${id} ${String(chunks.length)}\n`)
  })
})
