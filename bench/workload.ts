// The data that is stored: random bytes from a seed, so that every machine stores the same.
import { createCipheriv, createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Data of a kind, and how to make it. */
export interface Workload {
  readonly name: string
  readonly title: string
  readonly files: number
  readonly bytes: number
  /** Fills an empty folder. */
  make(folder: string): void
  /** Overwrites one of many files; absent where there is but one. */
  change?(folder: string, seed: number): void
}

const block = 1 << 20
const fileBytes = 4096
const filesPerFolder = 100

/** W1 and W2 at a share of their size: 1 is 1 GiB, and 100,000 files. */
export function workloads(scale: number): readonly Workload[] {
  return [
    oneFile(Math.max(65_536, Math.round(2 ** 30 * scale))),
    manyFiles(Math.max(10, Math.round(1e5 * scale))),
  ]
}

function oneFile(bytes: number): Workload {
  return {
    name: 'W1',
    title: `${formatCount(bytes)} random bytes in one file`,
    files: 1,
    bytes,
    make(folder) {
      const next = randomBytes('W1')
      const fd = openSync(join(folder, 'random.bin'), 'w')
      for (let left = bytes; left > 0; left -= block) writeSync(fd, next(Math.min(block, left)))
      closeSync(fd)
    },
  }
}

function manyFiles(files: number): Workload {
  const folders = Math.ceil(files / filesPerFolder)
  const path = (file: number): string =>
    join(
      `d${String(Math.floor(file / filesPerFolder)).padStart(4, '0')}`,
      `f${String(file % filesPerFolder).padStart(2, '0')}.bin`,
    )
  return {
    name: 'W2',
    title: `${formatCount(files)} files of 4 KiB random bytes in ${formatCount(folders)} folders`,
    files,
    bytes: files * fileBytes,
    make(folder) {
      const next = randomBytes('W2')
      for (let file = 0; file < files; file++) {
        if (file % filesPerFolder === 0) mkdirSync(join(folder, path(file), '..'))
        writeFileSync(join(folder, path(file)), next(fileBytes))
      }
    },
    change(folder, seed) {
      const next = randomBytes(`W2 changed ${seed}`)
      writeFileSync(join(folder, path(Math.floor(files / 2))), next(fileBytes))
    },
  }
}

/** A generator of bytes: AES in counter mode, for its speed; the caller may keep what it gets. */
export function randomBytes(seed: string): (size: number) => Uint8Array {
  const key = createHash('sha256').update(seed).digest()
  const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16))
  const zeros = new Uint8Array(block)
  return (size) => cipher.update(zeros.subarray(0, size))
}

function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}
