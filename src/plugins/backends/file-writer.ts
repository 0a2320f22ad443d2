// Puts bytes under a path, whole or not at all. The order is: write to a temporary file, sync it, give it its name,
// sync the folder. Nothing is ever written in place.
import { dirname } from 'node:path'
import { checkSignal, iterateBytes, QuiltError, type Bytes, type Context, type FileSystem } from '../api.ts'
import { diskError, errnoOf, onDisk, whileBusy } from './file-errors.ts'
import type { StoreFolder } from './file-folder.ts'

/** Writes the files of one store. */
export interface FileWriter {
  /** False once the file system turned out to have no hard links. */
  readonly hardLinks: boolean
  /**
   * Writes the file, and all folders above it, durably.
   * @throws CONFLICT with `absent`, if there is one
   */
  write(path: string, body: Bytes, absent: boolean, ctx?: Context): Promise<void>
}

/** What a writer is made of. */
export interface WriterOptions {
  readonly fs: FileSystem
  readonly folder: StoreFolder
  /** Where unfinished files lie, on the same file system. */
  readonly temporary: string
  readonly durable: boolean
  readonly hardLinks: boolean
  /** A name that no process has had before: an unfinished file of that name is ours alone. */
  readonly randomName: () => string
}

/** An open file of whichever file system. */
export type Handle = Awaited<ReturnType<FileSystem['promises']['open']>>

/** Unfinished files begin with what no key has, so none is ever taken for one. */
const temporaryMark = '~'
/** An unfinished file that nobody wrote to for a day, by the store's clock, is a dead writer's. */
const leftoverAge = 24 * 60 * 60 * 1000
/** Small parts are joined to writes of this size. */
const blockSize = 1 << 20
/** No single write is longer: systems take at most 2 GiB. */
const longestWrite = 1 << 30
/** Codes by which file systems say that they have no hard links (EISDIR: FAT on Windows). */
const noLinkCodes: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
  'EMLINK',
  'EISDIR',
])

/** A writer's options, and what changes while it works. */
interface Writer extends Omit<WriterOptions, 'hardLinks'> {
  hardLinks: boolean
  swept: boolean
  /** Without hard links: the last of those who wait for a path in this process. */
  readonly queues: Map<string, Promise<void>>
}

/** The writer of one backend. */
export function fileWriter(options: WriterOptions): FileWriter {
  const writer: Writer = { ...options, swept: false, queues: new Map() }
  return {
    get hardLinks() {
      return writer.hardLinks
    },
    async write(path, body, absent, ctx) {
      const unfinished = await writeTemporary(writer, body, ctx)
      try {
        checkSignal(ctx)
        if (absent) await placeAbsent(writer, unfinished, path)
        else await place(writer, unfinished, path)
      } catch (error) {
        await removeQuietly(writer.fs, unfinished.path)
        throw error
      }
    },
  }
}

/** A finished file that bears no key's name yet. */
interface Unfinished {
  readonly path: string
  /** Tells it from every other file of the file system. */
  readonly ino: number
}

/** The whole body, synced, in a file of its own that bears no key's name yet. */
async function writeTemporary(writer: Writer, body: Bytes, ctx: Context | undefined): Promise<Unfinished> {
  const { path, handle } = await openTemporary(writer)
  try {
    let ino: number
    try {
      await sweepOnce(writer, handle).catch(() => undefined)
      ino = await fill(handle, path, body, ctx)
      if (writer.durable) await onDisk(path, handle.sync())
    } catch (error) {
      await handle.close().catch(() => undefined)
      throw error
    }
    await onDisk(path, handle.close())
    return { path, ino }
  } catch (error) {
    await removeQuietly(writer.fs, path)
    throw error
  }
}

async function openTemporary(writer: Writer): Promise<{ readonly path: string; readonly handle: Handle }> {
  for (let left = 8; ; left--) {
    const path = `${writer.temporary}/${temporaryMark}${writer.randomName()}`
    try {
      return { path, handle: await writer.folder.within(path, () => writer.fs.promises.open(path, 'wx')) }
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || left === 0) throw diskError(error, path)
    }
  }
}

/**
 * `rename` replaces what was there in one step. A lost answer over NFS comes back as ENOENT: then the finished file
 * bears the key's name already.
 */
async function place({ fs, folder }: Writer, unfinished: Unfinished, path: string): Promise<void> {
  try {
    await folder.within(path, () => whileBusy(() => fs.promises.rename(unfinished.path, path)))
  } catch (error) {
    const moved = errnoOf(error) === 'ENOENT' && (await inodeOf(fs, path)) === unfinished.ino
    if (!moved) throw diskError(error, path)
  }
  // Should this fail, the file may be seen, yet is not promised. To take it back would be worse: what was
  // there is gone, and others may rely on what is there now.
  await folder.sync(dirname(path))
}

/**
 * `link` is the one call that gives a finished file its name only where there is none, so one of any number of
 * processes wins. A lost answer over NFS comes back as EEXIST: then our own file has two names, and we did win.
 */
async function placeAbsent(writer: Writer, unfinished: Unfinished, path: string): Promise<void> {
  const { fs, folder } = writer
  if (!writer.hardLinks) return inTurn(writer, path, () => placeUnlessThere(writer, unfinished, path))
  try {
    await folder.within(path, () => whileBusy(() => fs.promises.link(unfinished.path, path)))
  } catch (error) {
    const errno = errnoOf(error)
    if (noLinkCodes.has(errno)) return placeWithoutLinks(writer, unfinished, path)
    if (errno !== 'EEXIST') throw diskError(error, path)
    // Who hears of a conflict builds on what is there: that must not vanish in a power cut.
    await folder.sync(dirname(path))
    const names = (await onDisk(unfinished.path, fs.promises.stat(unfinished.path))).nlink
    if (names < 2) throw conflict(path, error)
  }
  await removeQuietly(fs, unfinished.path)
  await folder.sync(dirname(path))
}

async function placeWithoutLinks(writer: Writer, unfinished: Unfinished, path: string): Promise<void> {
  await inTurn(writer, path, () => placeUnlessThere(writer, unfinished, path))
  // Only now: EPERM may also have meant that nothing at all can be written there.
  writer.hardLinks = false
}

/**
 * FAT and some network drives have no hard links. An empty file made with O_EXCL under the key, to be replaced by
 * the finished one, would choose a winner as well, but readers would see it, and after a crash it would stay; a
 * lock beside it would have to be broken after one. So a look and a rename: still whole or not at all, and in
 * turn within this backend, but two processes may both win. `features.putIfAbsent` says so.
 */
async function placeUnlessThere(writer: Writer, unfinished: Unfinished, path: string): Promise<void> {
  if (await isThere(writer.fs, path)) {
    await writer.folder.sync(dirname(path))
    throw conflict(path)
  }
  await place(writer, unfinished, path)
}

/** Lets those who want the same path go one after the other. */
async function inTurn({ queues }: Writer, path: string, call: () => Promise<void>): Promise<void> {
  const before = queues.get(path) ?? Promise.resolve()
  const mine = before.catch(() => undefined).then(call)
  queues.set(path, mine)
  try {
    await mine
  } finally {
    if (queues.get(path) === mine) queues.delete(path)
  }
}

async function inodeOf(fs: FileSystem, path: string): Promise<number | undefined> {
  return (await fs.promises.stat(path).catch(() => undefined))?.ino
}

async function isThere(fs: FileSystem, path: string): Promise<boolean> {
  try {
    await fs.promises.stat(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw diskError(error, path)
  }
}

async function removeQuietly(fs: FileSystem, path: string): Promise<void> {
  await fs.promises.unlink(path).catch(() => undefined)
}

/** Removes what dead writers left, once; what cannot be removed stays for the next. */
async function sweepOnce(writer: Writer, fresh: Handle): Promise<void> {
  if (writer.swept) return
  writer.swept = true
  const { fs, temporary } = writer
  const now = (await fresh.stat()).mtimeMs
  const names = (await fs.promises.readdir(temporary)).filter((name) => name.startsWith(temporaryMark))
  for (const name of names) {
    const path = `${temporary}/${name}`
    // Another process may sweep as well, or finish.
    const found = await fs.promises.lstat(path).catch(() => undefined)
    if (found !== undefined && now - found.mtimeMs > leftoverAge) await removeQuietly(fs, path)
  }
}

/**
 * Tries whether `root`'s file system has hard links. True also when that cannot be found out, as where there is no
 * root yet: the first put with `absent` then will.
 */
export async function hasHardLinks(
  { fs, temporary, randomName }: Pick<WriterOptions, 'fs' | 'temporary' | 'randomName'>,
  root: string,
): Promise<boolean> {
  const path = `${temporary}/${temporaryMark}${randomName()}`
  try {
    await fs.promises.stat(root)
    await fs.promises.mkdir(temporary).catch(() => undefined)
    await (await fs.promises.open(path, 'wx')).close()
    await fs.promises.link(path, `${path}-2`)
    return true
  } catch (error) {
    return !noLinkCodes.has(errnoOf(error))
  } finally {
    await fs.promises.unlink(`${path}-2`).catch(() => undefined)
    await fs.promises.unlink(path).catch(() => undefined)
  }
}

function conflict(path: string, cause?: unknown): QuiltError {
  return new QuiltError('CONFLICT', `${path} exists already`, { cause })
}

/** Writes the whole body, in few calls, and makes sure that the file has as many bytes. Gives its inode. */
async function fill(handle: Handle, path: string, body: Bytes, ctx: Context | undefined): Promise<number> {
  let size = 0
  for await (const block of blocks(body)) {
    checkSignal(ctx)
    await writeBlock(handle, path, block, size)
    size += block.length
  }
  checkSignal(ctx)
  const found = await onDisk(path, handle.stat())
  if (found.size === size) return found.ino
  throw new QuiltError('UNAVAILABLE', `${path}: wrote ${size} bytes, but the file has ${found.size}`)
}

async function writeBlock(handle: Handle, path: string, block: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < block.length;) {
    const length = Math.min(block.length - at, longestWrite)
    const { bytesWritten } = await onDisk(path, handle.write(block, at, length, position + at))
    // A disk that takes nothing and says nothing would keep us here for ever.
    if (bytesWritten <= 0) throw new QuiltError('UNAVAILABLE', `${path}: the disk takes no more bytes`)
    at += bytesWritten
  }
}

/** The body with its small parts joined. Each block is done with before the next is asked for. */
async function* blocks(body: Bytes): AsyncGenerator<Uint8Array> {
  let joined: Uint8Array | undefined
  let filled = 0
  for await (const part of iterateBytes(body)) {
    if (body === part || part.length >= blockSize) {
      if (joined !== undefined && filled > 0) yield joined.subarray(0, filled)
      filled = 0
      yield part
      continue
    }
    joined ??= new Uint8Array(blockSize)
    if (filled + part.length > blockSize) {
      yield joined.subarray(0, filled)
      filled = 0
    }
    joined.set(part, filled)
    filled += part.length
  }
  if (joined !== undefined && filled > 0) yield joined.subarray(0, filled)
}
