// Whole blobs as plain read-only files in the store's `files/` folder, for those who need a path. Made on demand,
// whole or not at all; one that somebody has changed since is noticed by its stamp, and made again. (H10) Bits that
// flip on the disk leave the stamp as it was: `verify` reads every one.
import type { Stats } from 'node:fs'
import { checkSignal, type Context } from '../core/base/context.ts'
import { isQuiltError, QuiltError } from '../core/base/error.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import { readerParts } from '../core/base/source.ts'
import type { FileEntry } from '../core/model/entry.ts'
import { isId, type Id } from '../core/model/id.ts'
import { sendBlob } from '../core/store/blob-source.ts'
import type { ObjectReader } from '../core/store/object-store.ts'
import { errnoOf, fileError, onPath } from './file-error.ts'
import { blockReader, openToRead } from './read-file.ts'
import { statusOf } from './stage.ts'
import { createHasher } from '#hash'

/** Where plain files lie, and what they are made of. */
export interface PlainFilesSource {
  readonly fs: FileSystem
  /** The folder, made when it is not there: `<folder>/<first 2 digits>/<id>`. */
  readonly folder: string
  readonly objects: ObjectReader
  /** 32 hex digits, never the same twice. */
  readonly randomName: () => string
}

/** Gives plain files. */
export interface PlainFiles {
  /**
   * The path of a read-only file with this blob's bytes: verified when it was made, and again when its stamp has
   * changed since. `recipe` is the blob's recipe, where the commit names one.
   * @throws CORRUPT, NOT_FOUND for the blob; DENIED, UNAVAILABLE when the file cannot be made
   */
  path(entry: FileEntry, recipe?: Id, ctx?: Context): Promise<string>
}

/** Ends the name of the twin of a file that has the executable bit. */
const executableEnd = '-x'
/** Unfinished files end so. */
const unfinishedEnd = '.tmp'
/** How often a file is made whose folder, or whose unfinished self, a gc sweeps away meanwhile. */
const mostMakings = 5

/** The plain files in a folder. Any number of processes may use it at once. */
export function plainFiles(source: PlainFilesSource): PlainFiles {
  const { fs, folder } = source
  return {
    path: async (entry, recipe, ctx) => {
      const path = `${folder}/${entry.id.slice(0, 2)}/${entry.id}${entry.executable === true ? executableEnd : ''}`
      const there = statusOf(fs, path)
      if (there?.isDirectory() === true) onPath('remove', path, () => fs.rmSync(path, { recursive: true }))
      else if (there !== undefined && (await isGood(fs, { path, there, entry }, ctx))) return path
      for (let making = 1; ; making++) {
        try {
          await make(source, { path, entry, recipe }, ctx)
          return path
        } catch (error) {
          if (errnoOf(error) !== 'ENOENT' || making === mostMakings) throw fileError(error, 'write', path)
        }
      }
    },
  }
}

interface Found {
  readonly path: string
  readonly there: Stats
  readonly entry: FileEntry
}

/**
 * The time of last change that a file is given when it is made, and that whoever writes to it later takes away:
 * a stamp that lies in the file's own status, that no write in the same tick of a clock can leave as it was, and
 * that another blob's file does not bear. Even seconds, which every file system can keep.
 */
function stampTime(id: Id): number {
  return 1_000_000_000 + 2 * (Number.parseInt(id.slice(-7), 16) % 200_000_000)
}

/** True when a file is as it was made, or, its stamp changed, still has its bytes: then it is stamped again. */
async function isGood(fs: FileSystem, { path, there, entry }: Found, ctx?: Context): Promise<boolean> {
  if (!there.isFile() || there.size !== entry.size) return false
  if (there.mtimeMs === stampTime(entry.id) * 1000) return true
  try {
    if (!(await hasBytes(fs, path, entry, ctx))) return false
  } catch (error) {
    if (error instanceof QuiltError) return false // it cannot be read: another is put in its place
    throw error
  }
  try {
    seal(fs, path, entry)
  } catch {
    // Not ours to change, as in a store that is read-only: it will be verified again.
  }
  return true
}

async function hasBytes(
  fs: FileSystem,
  path: string,
  { id, size }: Pick<FileEntry, 'id' | 'size'>,
  ctx?: Context,
): Promise<boolean> {
  const handle = openToRead(fs, path)
  try {
    const hasher = createHasher()
    for await (const bytes of readerParts(blockReader({ fs, handle, path, size }), ctx)) hasher.update(bytes)
    return hasher.digest() === id
  } finally {
    fs.closeSync(handle)
  }
}

/** Makes a file read-only and stamps it. */
function seal(fs: FileSystem, path: string, { id, executable }: FileEntry): void {
  fs.chmodSync(path, executable === true ? 0o555 : 0o444)
  const time = stampTime(id)
  fs.utimesSync(path, time, time)
}

async function make(
  { fs, objects, randomName }: PlainFilesSource,
  {
    path,
    entry,
    recipe,
  }: { readonly path: string; readonly entry: FileEntry; readonly recipe: Id | undefined },
  ctx?: Context,
): Promise<void> {
  fs.mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true })
  const unfinished = `${path}.${randomName()}${unfinishedEnd}`
  const handle = fs.openSync(unfinished, 'wx', 0o600)
  try {
    try {
      await fill({ fs, objects, handle }, { entry, recipe }, ctx)
      fs.fsyncSync(handle) // after a power cut the stamp must not vouch for bytes that never came to the disk
    } finally {
      fs.closeSync(handle)
    }
    seal(fs, unfinished, entry)
    fs.renameSync(unfinished, path)
  } catch (error) {
    fs.rmSync(unfinished, { force: true })
    throw error
  }
}

/** Writes a blob's bytes, which are checked against its id on the way. */
async function fill(
  { fs, objects, handle }: Pick<PlainFilesSource, 'fs' | 'objects'> & { readonly handle: number },
  { entry, recipe }: { readonly entry: FileEntry; readonly recipe: Id | undefined },
  ctx?: Context,
): Promise<void> {
  let size = 0
  const write = (part: Uint8Array): void => {
    checkSignal(ctx)
    size += part.length
    for (let at = 0; at < part.length;) at += fs.writeSync(handle, part, at, part.length - at)
  }
  await sendBlob(objects, { blob: entry.id, recipe }, write, ctx)
  if (size !== entry.size) {
    throw new QuiltError('CORRUPT', `blob ${entry.id} does not have the length that its tree gives it`)
  }
}

/** What a sweep removed. */
export interface SweptFiles {
  readonly files: number
  readonly bytes: number
}

/**
 * Removes plain files whose blob is not kept, and what is unfinished: whoever is making it will make it again.
 * @throws DENIED, UNAVAILABLE
 */
export async function sweepPlainFiles(
  fs: FileSystem,
  folder: string,
  isKept: (id: Id) => Promise<boolean>,
  ctx?: Context,
): Promise<SweptFiles> {
  const swept = { files: 0, bytes: 0 }
  for (const part of namesIn(fs, folder)) {
    if (!/^[0-9a-f]{2}$/.test(part)) continue
    for (const name of namesIn(fs, `${folder}/${part}`)) {
      checkSignal(ctx)
      const id = name.endsWith(executableEnd) ? name.slice(0, -executableEnd.length) : name
      if (isId(id) ? await isKept(id) : !name.endsWith(unfinishedEnd)) continue
      const path = `${folder}/${part}/${name}`
      const there = statusOf(fs, path)
      if (there === undefined) continue
      onPath('remove', path, () => fs.rmSync(path, { recursive: true, force: true }))
      swept.files++
      swept.bytes += there.size
    }
  }
  return swept
}

/** A plain file with other bytes than its name says. */
export interface DamagedPlainFile {
  readonly id: Id
  readonly executable: boolean
  /** Below the store's folder. */
  readonly key: string
  readonly path: string
  readonly message: string
}

/**
 * The plain files in a store's folder that are not the blobs that their names say, after all were read.
 * @throws DENIED, UNAVAILABLE when one cannot be read
 */
export async function damagedPlainFiles(
  fs: FileSystem,
  store: string,
  counts: { files: number; bytes: number },
  ctx?: Context,
): Promise<readonly DamagedPlainFile[]> {
  const damaged: DamagedPlainFile[] = []
  for (const part of namesIn(fs, `${store}/files`)) {
    if (!/^[0-9a-f]{2}$/.test(part)) continue
    for (const name of namesIn(fs, `${store}/files/${part}`)) {
      const executable = name.endsWith(executableEnd)
      const id = executable ? name.slice(0, -executableEnd.length) : name
      if (!isId(id)) continue // unfinished: nobody is given its path
      const key = `files/${part}/${name}`
      const path = `${store}/${key}`
      const there = statusOf(fs, path)
      if (there === undefined) continue // gc has just removed it
      counts.files++
      counts.bytes += there.size
      if (there.isFile() && (await isWhole(fs, path, { id, size: there.size }, ctx))) continue
      damaged.push({
        id,
        executable,
        key,
        path,
        message: `plain file "${key}" is not the blob that its name says`,
      })
    }
  }
  return damaged
}

async function isWhole(
  fs: FileSystem,
  path: string,
  blob: { readonly id: Id; readonly size: number },
  ctx?: Context,
): Promise<boolean> {
  try {
    return await hasBytes(fs, path, blob, ctx)
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return true // removed meanwhile
    throw error
  }
}

function namesIn(fs: FileSystem, folder: string): readonly string[] {
  return statusOf(fs, folder)?.isDirectory() === true
    ? onPath('read', folder, () => fs.readdirSync(folder))
    : []
}
