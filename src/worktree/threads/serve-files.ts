// What is done with the names of files in a folder: small ones are read and hashed, their status taken before and after.
// The function uses nothing from outside itself: threads are sent its text.
import type { Stats } from 'node:fs'
import type { FileSystem } from '../../core/base/fs-node.ts'

/** Names of one folder, and what to do with them. */
export interface FileJob {
  readonly folder: string
  readonly names: readonly string[]
  /** Where bytes are to lie. */
  readonly memory: Uint8Array<ArrayBuffer>
}

/** What became of the first names of a job: of all of them, but where the memory was full before. */
export interface FileAnswer {
  readonly memory: Uint8Array<ArrayBuffer>
  /**
   * `rowLength` numbers for each name: size, times modified and changed, inode, mode (0: none), end in `memory`, and 1
   * where compressing may pay.
   */
  readonly rows: Float64Array<ArrayBuffer>
  /** SHA-256 in hexadecimal; '' for what has to be read with more care: it is large, changing, gone or no file. */
  readonly ids: readonly string[]
}

/** Numbers of one row. */
export const rowLength = 7
/** One of them: where the file's bytes end. They begin where those of the file before end. */
export const rowEnd = 5
/** The last: 1 where compressing may pay. */
export const rowPays = 6

/** What the work is done with. */
export interface FileParts {
  readonly fs: Pick<FileSystem, 'closeSync' | 'fstatSync' | 'openSync' | 'readSync'>
  readonly hash: (bytes: Uint8Array) => string
  /** Guesses whether compressing pays, while the bytes are at hand. */
  readonly mayPay: (bytes: Uint8Array) => boolean
  /** To open with: a link is not followed, a pipe is not waited for. */
  readonly flags: number
  /** Longest file that is read, in bytes. */
  readonly most: number
}

/** Does jobs. */
export function makeServeFiles({ fs, hash, mayPay, flags, most }: FileParts): (job: FileJob) => FileAnswer {
  const note = (rows: Float64Array, i: number, { size, mtimeMs, ctimeMs, ino, mode }: Stats): void => {
    rows[i] = size
    rows[i + 1] = mtimeMs
    rows[i + 2] = ctimeMs
    rows[i + 3] = ino
    rows[i + 4] = mode
  }
  /** Reads one file to `end` of the memory. The same status before and after: these are the bytes that it had. */
  const read = (
    path: string,
    memory: Uint8Array,
    end: number,
  ): { readonly stats: Stats; readonly id: string } | undefined => {
    const handle = fs.openSync(path, flags)
    try {
      const before = fs.fstatSync(handle)
      if (!before.isFile() || before.size > most) return undefined
      const count = fs.readSync(handle, memory, end, before.size + 1, null)
      const stats = fs.fstatSync(handle)
      const same =
        count === before.size &&
        stats.size === before.size &&
        stats.mtimeMs === before.mtimeMs &&
        stats.ctimeMs === before.ctimeMs
      return same ? { stats, id: hash(memory.subarray(end, end + count)) } : undefined
    } finally {
      fs.closeSync(handle)
    }
  }
  const tryRead: typeof read = (path, memory, end) => {
    try {
      return read(path, memory, end)
    } catch {
      return undefined // whoever asked reads it again, and says what is wrong
    }
  }
  return ({ folder, names, memory }) => {
    const rows = new Float64Array(names.length * 7)
    const ids: string[] = []
    let end = 0
    for (let i = 0; i < names.length; i++) {
      if (memory.length - end <= most) break
      const path = folder + '/' + (names[i] as string)
      const found = tryRead(path, memory, end)
      if (found !== undefined) {
        note(rows, i * 7, found.stats)
        const from = end
        end += found.stats.size
        rows[i * 7 + 6] = mayPay(memory.subarray(from, end)) ? 1 : 0
      }
      rows[i * 7 + 5] = end
      ids.push(found === undefined ? '' : found.id)
    }
    return { memory, rows, ids }
  }
}
