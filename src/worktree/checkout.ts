// A tree onto disk. Every check comes first; then all is written beside its place and moved in whole, so that
// a file under its own name is always complete.
import { breathe, checkSignal, type Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import { passingMemory, type ReadMemory } from '../core/base/read-memory.ts'
import { readerParts } from '../core/base/source.ts'
import type { FileEntry } from '../core/model/entry.ts'
import type { Id } from '../core/model/id.ts'
import { sendBlob } from '../core/store/blob-source.ts'
import type { CheckoutItems, CheckoutTarget } from './checkout-target.ts'
import { checkDestination, placeOf } from './destination.ts'
import { errnoOf, fileError } from './file-error.ts'
import { blockReader, openToRead } from './read-file.ts'
import { makeStage } from './stage.ts'

/** What a checkout wrote. */
export interface CheckedOut {
  readonly files: number
  readonly bytes: number
}

/** Files read together: their blobs are planned as one. */
const filesAtOnce = 4096
/** Bytes of small files read together. */
const bytesAtOnce = 32 * 1024 * 1024
/** Files up to this size are read whole, many at once; a larger one is streamed. */
const smallBytes = 256 * 1024

/** One checkout at work. */
interface Job {
  readonly target: CheckoutTarget
  /** What stands for the destination meanwhile. */
  readonly root: string
  readonly ctx: Context | undefined
  readonly memory: ReadMemory
  files: number
  bytes: number
}

/** A file to be written. */
interface FileItem {
  readonly path: string
  readonly entry: FileEntry
}

/**
 * Writes files, folders and links below a folder. `items` is gone through to check, then to write, and once more
 * for links, if there are any.
 * @throws CONFLICT for what is in the way, naming it; INVALID for names that cannot be written; CORRUPT,
 * DENIED, UNAVAILABLE, UNSUPPORTED. Nothing is left behind then, unless moving finished files into a folder that
 * was there already failed halfway. That last step, renaming, is not interrupted.
 */
export async function checkout(
  target: CheckoutTarget,
  items: CheckoutItems,
  ctx?: Context,
): Promise<CheckedOut> {
  const destination = await checkDestination(target, items, ctx)
  const stage = makeStage(target.fs, destination, target.randomName)
  try {
    const job: Job = { target, root: stage.root, ctx, memory: passingMemory(), files: 0, bytes: 0 }
    if (await writeFiles(job, items)) await writeLinks(job, items)
    checkSignal(ctx)
    stage.finish(target.force)
    return { files: job.files, bytes: job.bytes }
  } catch (error) {
    stage.discard()
    throw error
  }
}

/** Writes folders and files; says whether there are links. */
async function writeFiles(job: Job, items: CheckoutItems): Promise<boolean> {
  const { fs, plainFile } = job.target
  let hasLinks = false
  let small: FileItem[] = []
  let waiting = 0
  const flush = async (): Promise<void> => {
    await writeSmall(job, small)
    small = []
    waiting = 0
    await breathe()
  }
  for await (const { path, entry, from } of items()) {
    checkSignal(job.ctx)
    if (entry.type === 'link') hasLinks = true
    else if (entry.type === 'group') onStage(job, path, (place) => fs.mkdirSync(place))
    else if (from !== undefined) await writeCopy(job, { path, entry }, from)
    else if (plainFile !== undefined) await linkToPlain(job, { path, entry }, plainFile)
    else if (entry.size > smallBytes) await writeLarge(job, { path, entry })
    else {
      small.push({ path, entry })
      waiting += entry.size
      if (small.length >= filesAtOnce || waiting >= bytesAtOnce) await flush()
    }
  }
  await flush()
  return hasLinks
}

/** Links come last, so that nothing is ever written through one. */
async function writeLinks(job: Job, items: CheckoutItems): Promise<void> {
  for await (const { path, entry } of items()) {
    checkSignal(job.ctx)
    if (entry.type === 'link') onStage(job, path, (place) => job.target.fs.symlinkSync(entry.target, place))
  }
}

async function linkToPlain(
  job: Job,
  { path, entry }: FileItem,
  plainFile: (entry: FileEntry) => Promise<string>,
): Promise<void> {
  const plain = await plainFile(entry)
  onStage(job, path, (place) => job.target.fs.symlinkSync(plain, place))
  noteWritten(job, entry)
  if (job.files % filesAtOnce === 0) await breathe()
}

async function writeSmall(job: Job, files: readonly FileItem[]): Promise<void> {
  const { fs, objects } = job.target
  const places = new Map<Id, FileItem[]>()
  for (const file of files) {
    const same = places.get(file.entry.id)
    if (same === undefined) places.set(file.entry.id, [file])
    else same.push(file)
  }
  for await (const { id, body, recipe } of objects.readMany([...places.keys()], job.ctx, {
    memory: job.memory,
  })) {
    checkSignal(job.ctx)
    for (const { path, entry } of places.get(id) ?? []) {
      if (recipe !== undefined) await writeLarge(job, { path, entry })
      else {
        if (body.length !== entry.size) throw otherSize(path, entry)
        onStage(job, path, (place) => writeWhole(fs, place, entry, body))
        noteWritten(job, entry)
      }
    }
  }
}

function noteWritten(job: Job, entry: FileEntry): void {
  job.files++
  job.bytes += entry.size
  job.ctx?.onProgress?.({ task: 'checkout', unit: 'bytes', done: job.bytes })
}

function otherSize(path: string, entry: FileEntry): QuiltError {
  return new QuiltError(
    'CORRUPT',
    `the tree gives "${path}" ${String(entry.size)} bytes, but blob ${entry.id} has another length`,
  )
}

function writeWhole(fs: FileSystem, place: string, entry: FileEntry, body: Uint8Array): void {
  const handle = openNew(fs, place, entry)
  try {
    writeAll(fs, handle, body)
  } catch (error) {
    closeQuietly(fs, handle)
    throw error
  }
  fs.closeSync(handle) // where a full disk may show at last
}

async function writeLarge(job: Job, { path, entry }: FileItem): Promise<void> {
  const { objects, recipe } = job.target
  const vouched = await recipe(entry.id)
  await writeParts(job, { path, entry }, (write) =>
    sendBlob(objects, { blob: entry.id, recipe: vouched }, write, job.ctx),
  )
}

/** Writes what lies in another file. */
async function writeCopy(job: Job, file: FileItem, from: string): Promise<void> {
  const { fs } = job.target
  const handle = openToRead(fs, from)
  try {
    const source = blockReader({ fs, handle, path: from, size: file.entry.size })
    await writeParts(job, file, async (write) => {
      for await (const part of readerParts(source, job.ctx)) write(part)
    })
  } finally {
    fs.closeSync(handle)
  }
}

async function writeParts(
  job: Job,
  { path, entry }: FileItem,
  send: (write: (part: Uint8Array) => void) => Promise<unknown>,
): Promise<void> {
  const { fs } = job.target
  const handle = onStage(job, path, (place) => openNew(fs, place, entry))
  let written = 0
  try {
    const write = (part: Uint8Array): void => {
      checkSignal(job.ctx)
      written += part.length
      if (written > entry.size) throw otherSize(path, entry)
      onStage(job, path, () => writeAll(fs, handle, part))
      job.ctx?.onProgress?.({ task: 'checkout', unit: 'bytes', done: job.bytes + written })
    }
    await send(write)
    if (written !== entry.size) throw otherSize(path, entry)
  } catch (error) {
    closeQuietly(fs, handle)
    throw error
  }
  onStage(job, path, () => fs.closeSync(handle))
  noteWritten(job, entry)
}

function openNew(fs: FileSystem, place: string, entry: FileEntry): number {
  return fs.openSync(place, 'wx', entry.executable === true ? 0o777 : 0o666)
}

/** Writes until all is written: a single call may take less. */
function writeAll(fs: FileSystem, handle: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(handle, bytes, at, bytes.length - at)
}

function closeQuietly(fs: FileSystem, handle: number): void {
  try {
    fs.closeSync(handle)
  } catch {
    // What went wrong before is what there is to tell.
  }
}

/** Does something to what stands for a path; what the file system refuses names the path that it is meant for. */
function onStage<T>({ target, root }: Job, path: string, act: (place: string) => T): T {
  try {
    return act(`${root}/${path}`)
  } catch (error) {
    const place = placeOf(target.folder, path)
    if (errnoOf(error) !== 'EEXIST') throw fileError(error, 'write', place)
    // The stage was empty: another name of the package is the same to this file system, or came twice.
    throw new QuiltError('CONFLICT', `this file system takes "${place}" and another name for one`, {
      cause: error,
    })
  }
}
