// A file that was made on disk, for the store to read, and to be gone when it has.
import { closeSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import type { ByteReader } from '../core/base/source.ts'

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
