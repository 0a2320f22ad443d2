// Reads a source file as it was at one moment: a file that changes meanwhile is read again.
import { constants } from 'node:fs'
import { checkSignal, type Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import type { ByteReader } from '../core/base/source.ts'
import { chunkThreshold } from '../core/chunk/fastcdc.ts'
import type { ObjectWriter, StoredBlob } from '../core/store/object-store.ts'
import { errnoOf, onPath } from './file-error.ts'
import { sameStamp, stampOf, type FileStatus, type StatStamp } from './stat-stamp.ts'

/** A file's blob, and the stamp that it had before and after it was read. */
export interface ReadFile {
  readonly blob: StoredBlob
  readonly stamp: StatStamp
}

/** A file to be read. */
interface SeenFile {
  readonly fs: FileSystem
  readonly path: string
  /** Its status now. */
  readonly look: () => FileStatus
  /** Memory to read a small file into, where it is at hand: new memory for each costs more than reading it. */
  readonly memory?: Uint8Array | undefined
}

/** How often a file is read that keeps changing. */
const mostReads = 3
/** A pipe that someone puts in a file's place would else be waited for. */
const readFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Writes a file's bytes as a blob; a link is followed.
 * @throws NOT_FOUND, DENIED, INVALID, UNAVAILABLE naming the file, also when it changes each time that it is read
 */
export async function writeFileBlob(
  fs: FileSystem,
  path: string,
  out: ObjectWriter,
  ctx?: Context,
): Promise<ReadFile> {
  const look = (): FileStatus => onPath('read', path, () => fs.statSync(path))
  return writeSeen({ fs, path, look }, { out, seen: look() }, ctx)
}

/**
 * Writes the bytes of a file that a scan has found, `seen` being its status then; no link is followed.
 * `undefined` when it has been removed since.
 * @throws DENIED, INVALID, UNAVAILABLE
 */
export async function writeScannedBlob(
  { seen, ...file }: Omit<SeenFile, 'look'> & { readonly seen: FileStatus },
  out: ObjectWriter,
  ctx?: Context,
): Promise<ReadFile | undefined> {
  const { fs, path } = file
  const look = (): FileStatus => onPath('read', path, () => fs.lstatSync(path))
  try {
    return await writeSeen({ ...file, look }, { out, seen }, ctx)
  } catch (error) {
    if (error instanceof QuiltError && error.code === 'NOT_FOUND' && errnoOf(error.cause) === 'ENOENT') {
      return undefined
    }
    throw error
  }
}

async function writeSeen(
  file: SeenFile,
  { out, seen }: { readonly out: ObjectWriter; readonly seen: FileStatus },
  ctx?: Context,
): Promise<ReadFile> {
  const { fs, path, look } = file
  for (let read = 1, before = seen; read <= mostReads; read++, before = look()) {
    if (!before.isFile()) throw new QuiltError('INVALID', `"${path}" is no file any more`)
    const stamp = stampOf(before)
    const handle = openToRead(fs, path)
    try {
      const small = stamp.size <= chunkThreshold
      const body = small
        ? onPath('read', path, () => readUpTo(fs, handle, stamp.size, file.memory))
        : blockReader({ fs, handle, path, size: stamp.size })
      const blob = await out.writeBlob(body, ctx)
      const after = onPath('read', path, () => fs.fstatSync(handle))
      if (blob.size === stamp.size && sameStamp(stamp, stampOf(after))) return { blob, stamp }
    } finally {
      onPath('read', path, () => fs.closeSync(handle))
    }
  }
  throw new QuiltError('UNAVAILABLE', `"${path}" keeps changing while it is read`, {
    hint: 'build again when nothing writes to it',
  })
}

/** Opens a file to read it; a pipe or a device in its place is not waited for. */
export function openToRead(fs: FileSystem, path: string): number {
  return onPath('read', path, () => fs.openSync(path, readFlags))
}

/**
 * Reads to the end, or until `size` bytes are there: then one byte more may come, and shows that there is more.
 * The bytes lie in `memory` where that is given and has the room.
 */
export function readUpTo(fs: FileSystem, handle: number, size: number, memory?: Uint8Array): Uint8Array {
  const bytes = memory !== undefined && memory.length > size ? memory : Buffer.allocUnsafeSlow(size + 1)
  let at = 0
  let count: number
  do at += count = fs.readSync(handle, bytes, at, size + 1 - at, null)
  while (count > 0 && at < size)
  return bytes.subarray(0, at)
}

/** An open file, and how long it should be. */
export interface OpenFile {
  readonly fs: FileSystem
  readonly handle: number
  readonly path: string
  readonly size: number
}

/**
 * An open file as a reader; timers and signals have their turn before each read. As with `readUpTo` one byte too
 * many shows that there is more: a file that grows as fast as it is read is not read for ever.
 */
export function blockReader({ fs, handle, path, size }: OpenFile): ByteReader {
  let left = size + 1
  return {
    size,
    read: async (into, ctx) => {
      await new Promise<void>((resolve) => setImmediate(resolve))
      checkSignal(ctx)
      let at = 0
      for (let count = 1; count > 0 && at < into.length && left > 0;) {
        const length = Math.min(into.length - at, left)
        count = onPath('read', path, () => fs.readSync(handle, into, at, length, null))
        at += count
        left -= count
      }
      return at
    },
  }
}
