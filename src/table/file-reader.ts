// A file that was made on disk, for the store to read, and to be gone when it has.
import { closeSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import type { ByteReader } from '../core/base/source.ts'
import type { Id } from '../core/model/id.ts'
import { createHasher } from '#hash'

/** Reads a file once; closing removes it. */
export function passingFile(path: string): ByteReader {
  const handle = openSync(path, 'r')
  return {
    size: statSync(path).size,
    read: (into) => {
      let at = 0
      while (at < into.length) {
        const count = readSync(handle, into, at, into.length - at, null)
        if (count === 0) break
        at += count
      }
      return Promise.resolve(at)
    },
    close: () => {
      closeSync(handle)
      rmSync(path, { force: true })
      return Promise.resolve()
    },
  }
}

/** The id that a file's bytes have as a blob, and their number; the file stays. */
export function hashedFile(path: string): { readonly id: Id; readonly size: number } {
  const hasher = createHasher()
  const block = new Uint8Array(1024 * 1024)
  const handle = openSync(path, 'r')
  let size = 0
  try {
    for (let count = -1; count !== 0; size += count) {
      count = readSync(handle, block, 0, block.length, null)
      hasher.update(block.subarray(0, count))
    }
  } finally {
    closeSync(handle)
  }
  return { id: hasher.digest(), size }
}

/** Paths for one piece of work. */
export interface OwnPaths {
  /** A path that nobody has. */
  newPath(): string
  /** Removes what lies at all of them. */
  drop(): void
}

/** Paths out of `newPath`, which are noted. */
export function ownPaths(newPath: () => string): OwnPaths {
  const paths: string[] = []
  return {
    newPath: () => {
      const path = newPath()
      paths.push(path)
      return path
    },
    drop: () => {
      for (const path of paths.splice(0)) rmSync(path, { force: true })
    },
  }
}
