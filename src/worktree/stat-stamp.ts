// What a file's status says of its content: two equal stamps mean the same bytes, but for racy ones.
import type { Stats } from 'node:fs'
import { rowLength } from './threads/serve-files.ts'

/** A file's status at one moment. Times in milliseconds with the fraction that the file system keeps. */
export interface StatStamp {
  readonly size: number
  readonly modified: number
  readonly changed: number
  readonly inode: number
}

/** What of a file's status is used here: the file system's own `Stats` have it, and so has `statusOfRow`. */
export type FileStatus = Pick<
  Stats,
  'size' | 'mtimeMs' | 'ctimeMs' | 'ino' | 'mode' | 'isDirectory' | 'isFile' | 'isSymbolicLink'
>

/** The stamp of a status. */
export function stampOf(stats: Pick<FileStatus, 'size' | 'mtimeMs' | 'ctimeMs' | 'ino'>): StatStamp {
  return { size: stats.size, modified: stats.mtimeMs, changed: stats.ctimeMs, inode: stats.ino }
}

const typeBits = 0o170000

/** The `i`th status that a file reader saw; `undefined` where it saw none. */
export function statusOfRow(rows: Float64Array, i: number): FileStatus | undefined {
  const [size = 0, mtimeMs = 0, ctimeMs = 0, ino = 0, mode = 0] = rows.subarray(
    i * rowLength,
    (i + 1) * rowLength,
  )
  if (mode === 0) return undefined
  const is = (type: number) => (): boolean => (mode & typeBits) === type
  return {
    size,
    mtimeMs,
    ctimeMs,
    ino,
    mode,
    isFile: is(0o100000),
    isDirectory: is(0o040000),
    isSymbolicLink: is(0o120000),
  }
}

/** True when nothing says that the file changed between the two. */
export function sameStamp(a: StatStamp, b: StatStamp): boolean {
  return a.size === b.size && a.modified === b.modified && a.changed === b.changed && a.inode === b.inode
}

/** All stamp by the kernel's tick, 10 ms at most, by which they lag behind the clock. */
const fineMilliseconds = 20
/** File systems that keep whole seconds round to two of them (FAT), after that. */
const coarseMilliseconds = 2000 + fineMilliseconds

/**
 * True when a write in the same tick of the clock could have left this stamp as it is: git's "racy" entry.
 * Such a stamp says nothing. `readAt` is the moment before the file was read.
 */
export function isRacy(stamp: StatStamp, readAt: number): boolean {
  const newest = Math.max(stamp.modified, stamp.changed)
  const tick = Number.isInteger(stamp.modified / 1000) ? coarseMilliseconds : fineMilliseconds
  return newest > readAt - tick
}
