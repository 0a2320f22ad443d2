// Random bytes from a seed, so that every machine stores the same.
import { createCipheriv, createHash } from 'node:crypto'

/** Most bytes that are asked for at once. */
export const randomBlock: number = 1 << 20

/** A generator of bytes: AES in counter mode, for its speed; the caller may keep what it gets. */
export function randomBytes(seed: string): (size: number) => Uint8Array {
  const key = createHash('sha256').update(seed).digest()
  const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16))
  const zeros = new Uint8Array(randomBlock)
  return (size) => cipher.update(zeros.subarray(0, size))
}
