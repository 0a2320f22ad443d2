// SHA-256 by @noble/hashes, for browsers: synchronous, without WebAssembly. Node's twin is hash-node.ts.
import { sha256 } from '@noble/hashes/sha2.js'
import { idFromBytes, type Id } from '../model/id.ts'
import type { Hasher } from './hash-node.ts'

/** The id of these bytes: their SHA-256. */
export function hashBytes(bytes: Uint8Array): Id {
  return idFromBytes(sha256(bytes))
}

/** A hasher for bytes that come in parts. */
export function createHasher(): Hasher {
  const hash = sha256.create()
  return {
    update: (bytes) => {
      hash.update(bytes)
    },
    digest: () => idFromBytes(hash.digest()),
  }
}
