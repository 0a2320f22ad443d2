// The file backend: a key is a file below one folder. Any number of processes may use the folder at once; none
// takes a lock. Folders are never removed, so that no writer finds its folder gone under it.
import nodeFs, { constants, type Dirent } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkKey, checkRange, checkSignal, isKeyPart, isQuiltError, longestKey, QuiltError } from '../api.ts'
import type { Backend, BackendPlugin, Context, FileSystem, Head, Range } from '../api.ts'
import { diskError, errnoOf, onDisk, whileBusy, whileStale } from './file-errors.ts'
import { storeFolder, type StoreFolder } from './file-folder.ts'
import { readFlags, readNow } from './file-now.ts'
import { fileWriter, hasHardLinks, type FileWriter, type Handle } from './file-writer.ts'

/** How to use the folder. */
export interface FileBackendOptions {
  /** Names for unfinished files: no two alike, in whatever process. */
  readonly randomName: () => string
  /** Another file system: memfs, or one that fails on purpose. */
  readonly fs?: FileSystem
  /** False refuses to write. */
  readonly writable?: boolean
  /** False where it is known that the file system has no hard links: `put` with `absent` is then not atomic. */
  readonly hardLinks?: boolean
  /** False leaves out all syncs: for copies that can be made again. */
  readonly durable?: boolean
  /**
   * True on a disk of this machine: folders and small files are read at once. In turns with Node's threads a hundred
   * small files take 30 ms of a start, at once 3 (measured); on a slow line nothing else would go on meanwhile.
   */
  readonly near?: boolean
}

/** What all methods share. */
interface Store {
  readonly fs: FileSystem
  readonly root: string
  readonly folder: StoreFolder
  readonly writer: FileWriter
  readonly near: boolean
}

type Entry = { readonly key: string; readonly isFolder: boolean }

const temporaryFolder = 'tmp'
/** Files are asked for their sizes so many at a time. */
const statWidth = 32
/** What is read at once of a near disk is no longer. */
const smallBytes = 64 * 1024
/** No single read is longer: systems give at most 2 GiB. */
const longestRead = 1 << 30
/** What NFS and FUSE call files that were deleted while someone had them open. */
const removed = /^\.(?:nfs[0-9a-f]{12,}|fuse_hidden[0-9a-f]{8,})$/
/** Says of a path that there is no file. */
const nothingThere: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR'])

/**
 * A backend on the folder `root`, which the first put makes if need be. Once it has been there and is gone, all
 * calls fail with UNAVAILABLE.
 *
 * Unfinished files lie in `tmp/` under names that are no keys; the key `tmp` itself is refused. A put is durable
 * when it returns; when it fails while its folder is synced, its bytes may be seen, but are not promised. A delete
 * is not synced: a power cut may bring the file back. Symbolic links are not listed.
 */
export function fileBackend(root: string, options: FileBackendOptions): Backend {
  const { fs = nodeFs, writable = true, hardLinks = true, durable = true, near = false, randomName } = options
  const base = resolve(root)
  const folder = storeFolder(fs, base, durable)
  const temporary = `${base}/${temporaryFolder}`
  const writer = fileWriter({ fs, folder, temporary, durable, hardLinks, randomName })
  const store: Store = { fs, root: base, folder, writer, near }

  const pathToChange = (key: string, ctx: Context | undefined): string => {
    const path = pathOf(store, key, ctx)
    if (!writable) throw new QuiltError('DENIED', `cannot change ${key}: ${base} is read-only`)
    return path
  }

  return {
    features: {
      get putIfAbsent() {
        return writable && writer.hardLinks
      },
      writable,
    },
    get: (key, range, ctx) => whileStale(() => get(store, key, range, ctx)),
    async put(key, body, putOptions, ctx) {
      await writer.write(pathToChange(key, ctx), body, putOptions?.absent === true, ctx)
    },
    head: async (key, ctx) => headOf(store, key, pathOf(store, key, ctx)),
    list: (prefix, ctx) => list(store, prefix, ctx),
    delete: async (key, ctx) => remove(store, pathToChange(key, ctx)),
    async close() {},
  }
}

const plugin: BackendPlugin = {
  kind: 'backend',
  api: 1,
  scheme: 'file',
  async open(url, _env, { randomName }) {
    const root = folderOf(url)
    const writable = await isWritable(nodeFs, root)
    const probe = { fs: nodeFs, temporary: `${root}/${temporaryFolder}`, randomName }
    return fileBackend(root, {
      randomName,
      writable,
      hardLinks: !writable || (await hasHardLinks(probe, root)),
    })
  },
}
export default plugin

function pathOf({ root }: Store, key: string, ctx: Context | undefined): string {
  checkKey(key)
  if (key === temporaryFolder) {
    throw new QuiltError('INVALID', `the key ${key} is the folder of unfinished files`)
  }
  checkSignal(ctx)
  return `${root}/${key}`
}

async function get(store: Store, key: string, range: Range | undefined, ctx?: Context): Promise<Uint8Array> {
  const path = pathOf(store, key, ctx)
  const small = store.near ? await getNow(store, key, path, range) : undefined
  if (small !== undefined) return small
  const handle = await openToRead(store, key, path)
  try {
    const found = await onDisk(path, handle.stat())
    if (!found.isFile()) throw new QuiltError('NOT_FOUND', `no ${key} in ${store.root}`)
    const { start, end } = checkRange(range, found.size, key)
    // Not zeroed first, and of its own: all of it is read into, or nothing of it is handed out.
    const bytes = memoryFor(range, end - start)
    for (let at = 0; at < bytes.length;) {
      checkSignal(ctx)
      const length = Math.min(bytes.length - at, longestRead)
      const { bytesRead } = await onDisk(path, handle.read(bytes, at, length, start + at))
      if (bytesRead <= 0) throw new QuiltError('UNAVAILABLE', `${path}: was cut short while it was read`)
      at += bytesRead
    }
    return bytes
  } finally {
    await handle.close().catch(() => undefined)
  }
}

function memoryFor(range: Range | undefined, length: number): Uint8Array<ArrayBuffer> {
  if (range?.into?.length === length) return range.into
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
}

/** What is small is read at once; `undefined` for what is not. */
async function getNow(
  store: Store,
  key: string,
  path: string,
  range: Range | undefined,
): Promise<Uint8Array | undefined> {
  if (range !== undefined && range.end - range.start > smallBytes) return undefined
  let bytes: Uint8Array | undefined
  try {
    bytes = readNow(store.fs, path, (size) => checkRange(range, size, key), smallBytes)
  } catch (error) {
    throw isQuiltError(error) ? error : await notRead(store, { key, path, error })
  }
  store.folder.found()
  return bytes
}

async function openToRead(store: Store, key: string, path: string): Promise<Handle> {
  try {
    const handle = await store.fs.promises.open(path, readFlags)
    store.folder.found()
    return handle
  } catch (error) {
    throw await notRead(store, { key, path, error })
  }
}

/** What it means that a file cannot be opened. */
async function notRead(
  { root, folder }: Store,
  { key, path, error }: { readonly key: string; readonly path: string; readonly error: unknown },
): Promise<unknown> {
  const errno = errnoOf(error)
  if (!nothingThere.has(errno) && errno !== 'EISDIR') return diskError(error, path)
  await folder.present()
  return new QuiltError('NOT_FOUND', `no ${key} in ${root}`, { cause: error })
}

async function headOf({ fs, folder, near }: Store, key: string, path: string): Promise<Head | undefined> {
  try {
    const found = near ? fs.statSync(path) : await fs.promises.stat(path)
    folder.found()
    return found.isFile() ? { key, size: found.size, modified: found.mtime } : undefined
  } catch (error) {
    if (!nothingThere.has(errnoOf(error))) throw diskError(error, path)
    await folder.present()
    return undefined
  }
}

async function* list(store: Store, prefix: string, ctx?: Context): AsyncGenerator<Head> {
  checkSignal(ctx)
  const slash = prefix.lastIndexOf('/') + 1
  const parts = prefix.slice(0, slash).split('/').slice(0, -1)
  if (prefix.length > longestKey || !parts.every(isKeyPart)) return
  yield* walk(store, prefix.slice(0, slash), prefix, ctx)
}

/** All keys in the folder `at` (empty, or with a slash behind it) that begin with `prefix`, in order. */
async function* walk(store: Store, at: string, prefix: string, ctx?: Context): AsyncGenerator<Head> {
  const entries = await readFolder(store, at, prefix)
  for (let i = 0; i < entries.length; i += statWidth) {
    checkSignal(ctx)
    const some = entries.slice(i, i + statWidth)
    // What vanished since the folder was read is skipped.
    const heads = await Promise.all(
      some.map(({ key, isFolder }) => (isFolder ? undefined : headOf(store, key, `${store.root}/${key}`))),
    )
    for (const [j, { key, isFolder }] of some.entries()) {
      const head = heads[j]
      if (isFolder) yield* walk(store, key, prefix, ctx)
      else if (head !== undefined) yield head
    }
  }
}

/**
 * Sorted by key, in which a folder's has its slash: `a-b`, `a.b`, `a/`, `ab`. Whatever has no key's name, as
 * unfinished files have none, is left out.
 */
async function readFolder(store: Store, at: string, prefix: string): Promise<readonly Entry[]> {
  const { fs, root, folder, near } = store
  const path = at === '' ? root : `${root}/${at.slice(0, -1)}`
  let found: Dirent[]
  try {
    const options = { withFileTypes: true } as const
    found = near ? fs.readdirSync(path, options) : await fs.promises.readdir(path, options)
    folder.found()
  } catch (error) {
    if (!nothingThere.has(errnoOf(error))) throw diskError(error, path)
    await folder.present()
    return []
  }
  const entries: Entry[] = []
  for (const entry of found) {
    const isFolder = entry.isDirectory()
    if (!isKeyPart(entry.name) || removed.test(entry.name) || !(isFolder || entry.isFile())) continue
    const key = `${at}${entry.name}${isFolder ? '/' : ''}`
    if (key.length <= longestKey && (key.startsWith(prefix) || (isFolder && prefix.startsWith(key)))) {
      entries.push({ key, isFolder })
    }
  }
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1))
}

async function remove({ fs, folder }: Store, path: string): Promise<void> {
  try {
    await whileBusy(() => fs.promises.unlink(path))
    folder.found()
  } catch (error) {
    if (!nothingThere.has(errnoOf(error))) {
      // A folder is no key; Linux says EISDIR of it, others EPERM.
      const isFolder = (await fs.promises.lstat(path).catch(() => undefined))?.isDirectory()
      if (isFolder !== true) throw diskError(error, path)
    }
    await folder.present()
  }
}

function folderOf(url: URL): string {
  try {
    return fileURLToPath(url)
  } catch (error) {
    throw new QuiltError('INVALID', `${url.href} names no folder of this machine`, { cause: error })
  }
}

/** Asks without leaving a trace. What is not there yet counts as writable: the first put will see. */
async function isWritable(fs: FileSystem, root: string): Promise<boolean> {
  try {
    await fs.promises.access(root, constants.W_OK)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true
    const failure = diskError(error, root)
    if (failure instanceof QuiltError && failure.code === 'DENIED') return false
    throw failure
  }
}
