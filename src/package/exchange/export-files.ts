// export to an address: a package's files as plain files in a bucket, or wherever a plugin writes them.
import { checkSignal, type Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { mapOrdered } from '../../core/base/pool.ts'
import type { FileEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { streamBlob } from '../../core/store/blob-source.ts'
import type { ObjectReader, StoredObject } from '../../core/store/object-store.ts'
import type { FileSink } from '../../plugins/api.ts'
import { isHidden, notAlone } from '../../worktree/alone.ts'
import type { CheckoutItem, CheckoutItems } from '../../worktree/checkout-target.ts'

/** What is written where, and from what. */
export interface FilesTarget {
  readonly sink: FileSink
  readonly address: string
  readonly objects: ObjectReader
  /** A blob's recipe where the commit names one. */
  readonly recipe: (blob: Id) => Promise<Id | undefined>
  /** The bytes of a file on this machine. */
  readonly bytesAt: (path: string) => AsyncIterable<Uint8Array>
  /** Replace files that exist. */
  readonly force: boolean
}

/** What was written; `links` were left out, since nothing outside of a file system has any. */
export interface FilesWritten {
  readonly files: number
  readonly bytes: number
  readonly links: number
}

interface FileItem extends CheckoutItem {
  readonly entry: FileEntry
}

/** Files that are written at once. */
const filesAtOnce = 8
/** Small files are read together, so many and so many bytes of them. */
const groupFiles = 256
const groupBytes = 32 * 1024 * 1024
const smallBytes = 256 * 1024
const largeBytes = 8 * 1024 * 1024
/** More files than that are not remembered: who exports beside them says --force. */
const mostInTheWay = 1_000_000

/**
 * Writes files below an address. Nothing is written when one of them is there already. What was written before a
 * failure stays: a bucket has no way to show all at once.
 * @throws CONFLICT naming what is in the way; what the sink throws; CORRUPT, NOT_FOUND
 */
export async function writeFiles(
  target: FilesTarget,
  items: CheckoutItems,
  ctx?: Context,
): Promise<FilesWritten> {
  await checkFree(target, items, ctx)
  let files = 0
  let bytes = 0
  let links = 0
  const note = (size: number): void => {
    files++
    bytes += size
    ctx?.onProgress?.({ task: 'checkout', unit: 'bytes', done: bytes })
  }
  const groups = async function* (): AsyncGenerator<readonly FileItem[]> {
    let group: FileItem[] = []
    let size = 0
    for await (const { path, entry, from } of items()) {
      checkSignal(ctx)
      if (entry.type === 'link') links++
      if (entry.type !== 'file') continue
      if (group.length >= groupFiles || size + entry.size > groupBytes) {
        yield group
        group = []
        size = 0
      }
      group.push({ path, entry, ...(from === undefined ? {} : { from }) })
      size += entry.size
    }
    if (group.length > 0) yield group
  }
  for await (const group of groups()) {
    const bodies = await readSmall(target, group, ctx)
    const isLarge = ({ entry }: FileItem): boolean => entry.size > largeBytes
    const others = group.filter((item) => !isLarge(item))
    for await (const size of mapOrdered(others, filesAtOnce, (item) => writeOne(target, item, bodies, ctx)))
      note(size)
    // One at a time: a large one goes in several parts at once already.
    for (const item of group.filter(isLarge)) note(await writeOne(target, item, bodies, ctx))
  }
  return { files, bytes, links }
}

/** Nothing may be in the way, nor, even with --force, lie where a table is to lie alone. */
async function checkFree(
  { sink, address, force }: FilesTarget,
  items: CheckoutItems,
  ctx?: Context,
): Promise<void> {
  const tables = new Set<string>()
  for await (const { path, alone } of items()) if (alone === true) tables.add(path)
  if (force && tables.size === 0) return
  const there = new Set<string>()
  for await (const path of sink.list(ctx)) {
    checkSignal(ctx)
    if ((force && !isIn(tables, path)) || there.add(path).size <= mostInTheWay) continue
    throw new QuiltError('CONFLICT', `more than a million files are at ${address} already`, {
      hint: 'choose an empty place, or replace what is in the way with --force',
    })
  }
  if (there.size === 0) return
  for await (const { path, entry } of items()) {
    if (entry.type !== 'file' || !there.delete(path) || force) continue
    throw new QuiltError('CONFLICT', `"${path}" is at ${address} already`, {
      hint: 'replace what is in the way with --force',
    })
  }
  for (const path of there) if (isIn(tables, path) && !isHidden(path)) throw notAlone(address, path)
}

/** True for a path that is one of these, or lies below one. */
function isIn(places: ReadonlySet<string>, path: string): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1))
    if (places.has(path.slice(0, end))) return true
  return false
}

async function readSmall(
  { objects }: FilesTarget,
  group: readonly FileItem[],
  ctx?: Context,
): Promise<ReadonlyMap<Id, StoredObject>> {
  const wanted = group.filter(({ entry, from }) => from === undefined && entry.size <= smallBytes)
  const bodies = new Map<Id, StoredObject>()
  const ids = [...new Set(wanted.map(({ entry }) => entry.id))]
  for await (const object of objects.readMany(ids, ctx)) bodies.set(object.id, object)
  return bodies
}

async function writeOne(
  target: FilesTarget,
  { path, entry, from }: FileItem,
  bodies: ReadonlyMap<Id, StoredObject>,
  ctx?: Context,
): Promise<number> {
  const { sink, objects, recipe, bytesAt } = target
  const small = from === undefined ? bodies.get(entry.id) : undefined
  const body =
    small !== undefined && small.recipe === undefined
      ? small.body
      : sized(
          from === undefined ? streamBlob(objects, entry.id, await recipe(entry.id), ctx) : bytesAt(from),
          path,
          entry.size,
        )
  if (body instanceof Uint8Array && body.length !== entry.size) throw otherSize(path, entry.size)
  await sink.put(path, body, ctx)
  return entry.size
}

/** A body that ends well only with as many bytes as the tree says. */
async function* sized(
  body: AsyncIterable<Uint8Array>,
  path: string,
  size: number,
): AsyncGenerator<Uint8Array> {
  let sent = 0
  for await (const part of body) {
    sent += part.length
    if (sent > size) throw otherSize(path, size)
    yield part
  }
  if (sent !== size) throw otherSize(path, size)
}

function otherSize(path: string, size: number): QuiltError {
  return new QuiltError('CORRUPT', `the tree gives "${path}" ${size} bytes, but its blob has another length`)
}
