// SHA-256 by node:crypto: 13–15 times faster than JavaScript (measured). The browser's twin is hash-web.ts.
import { createHash } from 'node:crypto'
import * as crypto from 'node:crypto'
import type { Id } from '../model/id.ts'

/** Hashes bytes as they come. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** The id of all bytes given; the hasher is used up. */
  digest(): Id
}

/** `crypto.hash` spares small inputs a third of the time (6.0 against 9.0 µs at 4 KiB, measured). */
const oneShot = (crypto as { hash?: (algorithm: string, data: Uint8Array, encoding: 'hex') => string }).hash

/** The id of these bytes: their SHA-256. */
export function hashBytes(bytes: Uint8Array): Id {
  if (oneShot !== undefined) return oneShot('sha256', bytes, 'hex') as Id
  return createHash('sha256').update(bytes).digest('hex') as Id
}

/** A hasher for bytes that come in parts. */
export function createHasher(): Hasher {
  const hash = createHash('sha256')
  return {
    update: (bytes) => {
      hash.update(bytes)
    },
    digest: () => hash.digest('hex') as Id,
  }
}
