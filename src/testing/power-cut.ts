// A disk that may lose its power: knows of every file and every name whether it would survive.
//
// The rules are POSIX's, at their worst. Bytes are safe once their file was synced; a name that was made, moved or
// removed is safe once its folder was synced; until then each write and each name is there or not, one by one,
// whatever the order. So a rename may come back under both names, or under neither. Modes and times are there at once:
// a file may look as it should, and lack its bytes.
import type { FileSystem } from '../core/base/fs-node.ts'
import { isCreating, mapMethods, type FileHandle } from './faulty-fs.ts'

type AnyFunction = (...args: unknown[]) => unknown

/** What is on the disk after a power cut, folders before what is in them. */
export interface Survivor {
  /** Below the root, with a slash before it. */
  readonly path: string
  readonly kind: 'file' | 'folder' | 'link'
  /** A file's. */
  readonly bytes: Uint8Array
  readonly mode: number
  /** The time that a file was given, in seconds since 1970; `undefined` for one that was given none. */
  readonly time: number | undefined
  /** A link's. */
  readonly target: string
}

/** A file system that keeps book of what was synced. */
export interface MortalDisk {
  readonly fs: FileSystem
  /**
   * What would survive a power cut now: `choose` decides of each name and of each write that was not synced.
   */
  survivors(choose: Choose): readonly Survivor[]
}

/** A whole number from 0, which drops what was not synced, to below `count`, the last of which keeps it. */
export type Choose = (count: number, what: 'name' | 'bytes') => number

interface File {
  readonly kind: 'file'
  mode: number
  time: number | undefined
  bytes: Uint8Array
  synced: Uint8Array
  pending: { readonly at: number; readonly bytes: Uint8Array }[]
}
interface Folder {
  readonly kind: 'folder'
  readonly entries: Map<string, Inode>
  synced: Map<string, Inode>
  pending: { readonly name: string; readonly to: Inode | undefined }[]
}
interface Link {
  readonly kind: 'link'
  readonly target: string
}
type Inode = File | Folder | Link

const empty = new Uint8Array()

/**
 * Keeps book of all that happens to `inner` below `root`, an absolute path; what is there now is taken for synced.
 * The bytes are held twice in memory, so this is for tests of some megabytes.
 * @throws Error for a call that it does not know how to book
 * @example const disk = mortalDisk(memfs, '/work')
 *   const lost = disk.survivors(() => 0)
 */
export function mortalDisk(inner: FileSystem, root: string): MortalDisk {
  const top = readFolder(inner, root)
  /** Open files of the `Sync` calls. */
  const open = new Map<unknown, { readonly inode: Inode; at: number }>()

  /** The folder and the name that a path means; `undefined` outside the root. */
  const place = (path: unknown): { readonly folder: Folder; readonly name: string } | undefined => {
    const text = String(path)
    if (!text.startsWith(`${root}/`)) return undefined
    const parts = text.slice(root.length + 1).split('/')
    let folder = top
    for (const part of parts.slice(0, -1)) {
      const next = folder.entries.get(part)
      if (next?.kind !== 'folder') return undefined
      folder = next
    }
    return { folder, name: parts.at(-1) as string }
  }
  const find = (path: unknown): Inode | undefined => {
    if (String(path) === root) return top
    const at = place(path)
    return at?.folder.entries.get(at.name)
  }
  const set = (path: unknown, to: Inode | undefined): void => {
    const at = place(path)
    if (at === undefined) return
    if (to === undefined) at.folder.entries.delete(at.name)
    else at.folder.entries.set(at.name, to)
    at.folder.pending.push({ name: at.name, to })
  }

  const makeAll = (path: string): void => {
    const parent = path.slice(0, path.lastIndexOf('/'))
    if (parent.startsWith(root) && find(path) === undefined) {
      makeAll(parent)
      set(path, newFolder())
    }
  }

  const opened = (path: unknown, flags: unknown, mode: unknown): Inode | undefined => {
    if (isCreating(flags) && find(path) === undefined)
      set(path, newFile(typeof mode === 'number' ? mode : 0o666))
    const inode = find(path)
    if (
      typeof flags === 'string' &&
      flags.startsWith('w') &&
      inode?.kind === 'file' &&
      inode.bytes.length > 0
    ) {
      throw new Error(`a mortal disk does not book truncation: ${String(path)}`)
    }
    return inode
  }

  /** What each changing call does, once it has succeeded. `undefined`: it changes nothing. */
  const book = (name: string, args: readonly unknown[]): void => {
    const [first, second] = args
    switch (name) {
      case 'mkdir':
        if ((second as { recursive?: boolean } | undefined)?.recursive === true) makeAll(String(first))
        else set(first, newFolder())
        return
      case 'rename': {
        const moved = find(first)
        set(second, moved)
        return set(first, undefined)
      }
      case 'link':
        return set(second, find(first))
      case 'symlink':
        return set(second, { kind: 'link', target: String(first) })
      case 'unlink':
      case 'rmdir':
      case 'rm':
        return find(first) === undefined ? undefined : set(first, undefined)
      case 'chmod': {
        const inode = find(first)
        if (inode?.kind === 'file') inode.mode = Number(second)
        return
      }
      case 'utimes': {
        const inode = find(first)
        if (inode?.kind === 'file') inode.time = Number(args[2])
        return
      }
      default:
        if (!harmless.has(name)) throw unbooked(name)
    }
  }

  const wrapSync = (full: string, call: AnyFunction): AnyFunction => {
    const name = full.replace(/Sync$/, '')
    return (...args) => {
      const before = name === 'open' ? undefined : open.get(args[0])
      const result = call(...args)
      if (name === 'open') {
        const inode = opened(args[0], args[1], args[2])
        if (inode !== undefined) open.set(result, { inode, at: 0 })
      } else if (name === 'close') open.delete(args[0])
      else if (name === 'fsync') sync(before?.inode)
      else if (name === 'write') {
        if (before !== undefined) written(before, args.slice(1), Number(result))
      } else book(name, args)
      return result
    }
  }

  const wrapHandle = (handle: FileHandle, inode: Inode): FileHandle => {
    const state = { inode, at: 0 }
    return mapMethods(handle, (name, call) => async (...args: unknown[]) => {
      // A sync is worth what was there when it was asked for.
      const asked = name === 'sync' || name === 'datasync' ? snapshot(inode) : undefined
      const result = await call(...args)
      if (asked !== undefined) asked()
      else if (name === 'write') written(state, args, (result as { bytesWritten: number }).bytesWritten)
      else if (!harmless.has(name)) throw unbooked(`a file's ${name}`)
      return result
    })
  }

  const promises = mapMethods(inner.promises, (name, call) => async (...args: unknown[]) => {
    const result = await call(...args)
    if (name !== 'open') book(name, args)
    else {
      const inode = opened(args[0], args[1], args[2])
      if (inode !== undefined) return wrapHandle(result as FileHandle, inode)
    }
    return result
  })
  const sync_ = mapMethods(inner, (name, call) => (name.endsWith('Sync') ? wrapSync(name, call) : call))
  const fs = new Proxy(sync_, {
    get: (target, name) => (name === 'promises' ? promises : (Reflect.get(target, name) as unknown)),
  })
  return { fs, survivors: (choose) => [...surviving(top, '', choose)] }
}

/** Writes what survived into an empty folder of another file system. */
export function restoreDisk(fs: FileSystem, root: string, survivors: readonly Survivor[]): void {
  for (const { path, kind, bytes, mode, time, target } of survivors) {
    if (kind === 'folder') fs.mkdirSync(root + path)
    else if (kind === 'link') fs.symlinkSync(target, root + path)
    else {
      const handle = fs.openSync(root + path, 'wx')
      for (let at = 0; at < bytes.length;) at += fs.writeSync(handle, bytes, at, bytes.length - at)
      fs.closeSync(handle)
      fs.chmodSync(root + path, mode)
      if (time !== undefined) fs.utimesSync(root + path, time, time)
    }
  }
}

/** Calls that leave nothing which could be lost. */
const harmless: ReadonlySet<string> = new Set([
  'access',
  'close',
  'exists',
  'fstat',
  'lstat',
  'read',
  'readdir',
  'readlink',
  'realpath',
  'stat',
  'statfs',
])

function unbooked(name: string): Error {
  return new Error(`a mortal disk does not book ${name}`)
}

function newFile(mode: number): File {
  return { kind: 'file', mode, time: undefined, bytes: empty, synced: empty, pending: [] }
}

function newFolder(): Folder {
  return { kind: 'folder', entries: new Map(), synced: new Map(), pending: [] }
}

function readFolder(fs: FileSystem, path: string): Folder {
  const folder = newFolder()
  for (const name of fs.readdirSync(path)) {
    folder.entries.set(name, readInode(fs, `${path}/${name}`))
  }
  folder.synced = new Map(folder.entries)
  return folder
}

function readInode(fs: FileSystem, path: string): Inode {
  const stat = fs.lstatSync(path)
  if (stat.isDirectory()) return readFolder(fs, path)
  if (stat.isSymbolicLink()) return { kind: 'link', target: fs.readlinkSync(path) }
  const bytes = new Uint8Array(stat.size)
  const handle = fs.openSync(path, 'r')
  for (let at = 0; at < bytes.length;) at += fs.readSync(handle, bytes, at, bytes.length - at, at)
  fs.closeSync(handle)
  return {
    kind: 'file',
    mode: stat.mode & 0o777,
    time: stat.mtimeMs / 1000,
    bytes,
    synced: bytes,
    pending: [],
  }
}

/** Books a write: `(bytes, offset, length, position)`. */
function written(file: { readonly inode: Inode; at: number }, args: readonly unknown[], count: number): void {
  const { inode } = file
  if (inode.kind !== 'file') return
  const [bytes, offset, , position] = args as [Uint8Array, number?, number?, number?]
  const start = Number(offset ?? 0)
  const at = typeof position === 'number' ? position : file.at
  file.at = at + count
  const write = { at, bytes: bytes.slice(start, start + count) }
  inode.bytes = patched(inode.bytes, write)
  inode.pending.push(write)
}

function patched(bytes: Uint8Array, write: { readonly at: number; readonly bytes: Uint8Array }): Uint8Array {
  const result = new Uint8Array(Math.max(bytes.length, write.at + write.bytes.length))
  result.set(bytes)
  result.set(write.bytes, write.at)
  return result
}

function sync(inode: Inode | undefined): void {
  if (inode !== undefined) snapshot(inode)()
}

/** Notes what is there now; the function given makes just that safe. */
function snapshot(inode: Inode): () => void {
  if (inode.kind === 'link') return () => undefined
  const count = inode.pending.length
  const last = inode.pending[count - 1]
  const now = inode.kind === 'file' ? inode.bytes : new Map(inode.entries)
  return () => {
    if (inode.kind === 'file') inode.synced = now as Uint8Array
    else inode.synced = now as Map<string, Inode>
    // Another sync of the same may have come in between.
    const end = last === undefined ? -1 : (inode.pending as unknown[]).indexOf(last)
    inode.pending.splice(0, end + 1)
  }
}

function* surviving(folder: Folder, path: string, choose: Choose): Generator<Survivor> {
  const fates = new Map<string, (Inode | undefined)[]>()
  for (const [name, inode] of folder.synced) fates.set(name, [inode])
  for (const { name, to } of folder.pending) {
    const known = fates.get(name)
    if (known === undefined) fates.set(name, [undefined, to])
    else known.push(to)
  }
  const base = { bytes: empty, mode: 0o666, time: undefined, target: '' }
  for (const [name, fate] of fates) {
    const inode = fate[fate.length === 1 ? 0 : choose(fate.length, 'name')]
    const at = `${path}/${name}`
    if (inode === undefined) continue
    if (inode.kind === 'file')
      yield {
        ...base,
        path: at,
        kind: 'file',
        bytes: bytesLeft(inode, choose),
        mode: inode.mode,
        time: inode.time,
      }
    else if (inode.kind === 'link') yield { ...base, path: at, kind: 'link', target: inode.target }
    else {
      yield { ...base, path: at, kind: 'folder' }
      yield* surviving(inode, at, choose)
    }
  }
}

function bytesLeft({ synced, pending }: File, choose: Choose): Uint8Array {
  let bytes = synced
  for (const write of pending) if (choose(2, 'bytes') === 1) bytes = patched(bytes, write)
  return bytes
}
