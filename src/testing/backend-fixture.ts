// Bytes, bodies and expectations that the backend's cases share.
import { rejects } from 'node:assert/strict'
import type { Backend } from '../core/backend/backend.ts'
import { isQuiltError, type ErrorCode } from '../core/base/error.ts'
import type { Case } from './case.ts'

/** So many bytes without a pattern, the same for each seed. */
export function someBytes(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1
  for (let i = 0; i < size; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[i] = state & 0xff
  }
  return bytes
}

/** The bytes as a stream, in parts of these sizes, over and over. Each part is overwritten once it was taken. */
export async function* inParts(bytes: Uint8Array, ...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number
    const part = bytes.slice(at, at + size)
    at += size
    yield part
    part.fill(0xee)
  }
}

/** Expects the error that a promise must end with. */
export async function refuses(code: ErrorCode, work: Promise<unknown>): Promise<void> {
  await rejects(work, (error) => {
    if (isQuiltError(error, code)) return true
    throw new Error(`expected ${code}`, { cause: error })
  })
}

/** All keys under a prefix, as they come. */
export async function keysOf(backend: Backend, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const head of backend.list(prefix)) keys.push(head.key)
  return keys
}

/** A case on one backend, closed afterwards. */
export function onBackend(name: string, run: (backend: Backend) => Promise<void>): Case<Backend> {
  return {
    name,
    async run(make) {
      const backend = await make()
      try {
        await run(backend)
      } finally {
        await backend.close()
      }
    },
  }
}

/** A case that has nothing to say of a backend that cannot be written to. */
export function onWritable(name: string, run: (backend: Backend) => Promise<void>): Case<Backend> {
  return onBackend(name, async (backend) => {
    if (backend.features.writable) await run(backend)
  })
}
