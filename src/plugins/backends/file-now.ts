// A small file read at once, in the thread that asks.
import { constants } from 'node:fs'
import type { FileSystem } from '../api.ts'

/** To read. Without O_NONBLOCK, to open a pipe that someone put there would wait for ever. */
export const readFlags: number = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * The bytes of a file that `rangeOf` its size wants; `undefined` where these are more than `most`, where this is no
 * file, or where it was cut short meanwhile: whoever reads with more care says so.
 * @throws what the file system and `rangeOf` throw
 */
export function readNow(
  fs: FileSystem,
  path: string,
  rangeOf: (size: number) => { readonly start: number; readonly end: number },
  most: number,
): Uint8Array | undefined {
  const handle = fs.openSync(path, readFlags)
  try {
    const found = fs.fstatSync(handle)
    if (!found.isFile()) return undefined
    const { start, end } = rangeOf(found.size)
    if (end - start > most) return undefined
    const bytes = new Uint8Array(end - start)
    for (let at = 0; at < bytes.length;) {
      const count = fs.readSync(handle, bytes, at, bytes.length - at, start + at)
      if (count <= 0) return undefined
      at += count
    }
    return bytes
  } finally {
    fs.closeSync(handle)
  }
}
