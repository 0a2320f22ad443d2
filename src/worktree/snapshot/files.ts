// The files of a range of names: those that the stat cache vouches for, and the others read and written.
import { isQuiltError } from '../../core/base/error.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import type { FileEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { joinPath } from '../../core/model/path.ts'
import type { KnownBlob } from '../../core/store/object-store.ts'
import { readRecipe } from '../../core/store/recipe-tree.ts'
import { writeScannedBlob } from '../read-file.ts'
import { pause, type SnapshotRun } from './run.ts'
import type { CachedFile, CachedFolder } from '../stat-cache.ts'
import { statusOfScanned } from '../scan.ts'
import { isRacy, sameStamp, stampOf, statusOfRow, type FileStatus } from '../stat-stamp.ts'
import type { FileReading } from '../threads/file-reader.ts'
import { rowEnd, rowLength, rowPays } from '../threads/serve-files.ts'

/** Something found in a folder. */
export interface SourceFile {
  readonly name: string
  readonly path: string
  readonly kind: 'file' | 'folder' | 'link'
  /** Absent for what has not been looked at: its folder says its kind. */
  readonly status: FileStatus | undefined
}

/** Where files were found. */
interface FoundIn {
  /** Their folder's path, and its path in the tree. */
  readonly folder: string
  readonly inside: string
  /** The names from `first` on, up to `next`; without it nothing is remembered of them. */
  readonly range: NameRange | undefined
  /** True when the range may hold further files: what is remembered of these stays. */
  readonly someOnly?: boolean
}

/** Names from `first` on, up to `next` (excluded; `undefined`: to the last). */
export interface NameRange {
  readonly first: string
  readonly next: string | undefined
}

/** What was found there; what is remembered of it where that was asked, and the files where they are read ahead. */
interface FoundFiles {
  readonly found: readonly SourceFile[]
  readonly remembered?: ReadonlyMap<string, CachedFile> | undefined
  readonly reading?: FileReading | undefined
}

/** The files of a range of names. */
export interface SnapshotFiles {
  readonly entries: ReadonlyMap<string, FileEntry>
  /** Those of them that may be remembered. */
  readonly kept: ReadonlyMap<string, CachedFile>
  /** True when these are remembered already. */
  readonly same: boolean
}

/**
 * The entries of the files among `found`, by name; their blobs are written. Those that were removed since are
 * not there.
 * @throws DENIED, INVALID, UNAVAILABLE naming the path
 */
export async function snapshotFiles(
  run: SnapshotRun,
  { folder, inside, range, someOnly = false }: FoundIn,
  { found, ...ahead }: FoundFiles,
): Promise<SnapshotFiles> {
  const { cache } = run.source
  const files = found.filter((source) => source.kind === 'file')
  const entries = new Map<string, FileEntry>()
  if (files.length === 0) return { entries, kept: none, same: true }
  const remembered =
    range === undefined ? none : (ahead.remembered ?? (await cache.read(folder, range.first, range.next)))
  const valid = await validOf(run, files, remembered)
  const kept = new Map<string, CachedFile>(someOnly ? remembered : none)
  const ask = run.source.executable
  /** Without a promise for each file, where nobody is asked what may be run. */
  const note = (source: SourceFile, file: SeenFile): Promise<void> | undefined => {
    if (file.remember) kept.set(source.name, file)
    const noted = (executable: boolean): void =>
      void entries.set(source.name, noteFile(run, source, file, executable))
    if (ask !== undefined) return ask(joinPath(inside, source.name)).then(noted)
    noted((file.mode & 0o100) !== 0)
    return undefined
  }
  for (const { name } of files) kept.delete(name)
  if (ahead.reading !== undefined) await takeRead(run, { files, reading: ahead.reading }, note)
  else {
    for (const source of files) {
      const known = valid.get(source.name)
      const file = known === undefined ? await readSource(run, source) : seenBefore(known, source)
      if (file === undefined) continue
      await note(source, file)
      if (known === undefined) await pause(run)
    }
  }
  const same = valid.size === (someOnly ? files.length : remembered.size)
  return { entries, kept, same: same && (someOnly || valid.size === kept.size) }
}

/** Files that were read ahead, in their order; those that have to be read with more care are. */
async function takeRead(
  run: SnapshotRun,
  { files, reading }: { readonly files: readonly SourceFile[]; readonly reading: FileReading },
  note: (source: SourceFile, file: SeenFile) => Promise<void> | undefined,
): Promise<void> {
  const { out } = run.source
  let at = 0
  for (let some = await reading.next(); some !== undefined; some = await reading.next()) {
    const { memory, rows, ids, begun } = some
    const blobs: KnownBlob[] = []
    for (let i = 0, start = 0; i < ids.length; i++) {
      const end = rows[i * rowLength + rowEnd] as number
      const mayPay = rows[i * rowLength + rowPays] === 1
      if (ids[i] !== '') blobs.push({ id: ids[i] as Id, body: memory.subarray(start, end), mayPay })
      start = end
    }
    await out.writeBlobs(blobs, run.ctx)
    for (let i = 0; i < ids.length; i++) {
      const source = files[at++] as SourceFile
      const status = ids[i] === '' ? undefined : statusOfRow(rows, i)
      if (status === undefined) {
        const file = await readSource(run, source)
        if (file !== undefined) await note(source, file)
        continue
      }
      const stamp = stampOf(status)
      const file = { stamp, id: ids[i] as Id, mode: status.mode, remember: !isRacy(stamp, begun) }
      const noted = note(source, file)
      if (noted !== undefined) await noted
    }
    await pause(run)
  }
}

/**
 * The tree of a folder that holds files alone, is all as the cache remembers it, and whose objects are all here.
 * Nothing is looked up then but the packs in which they lie.
 */
export async function unchangedTree(
  run: SnapshotRun,
  known: CachedFolder,
  found: readonly SourceFile[],
): Promise<Id | undefined> {
  const { out, executable } = run.source
  if (executable !== undefined || found.length !== known.names.length) return undefined
  for (let i = 0; i < found.length; i++) {
    const { name, kind, status } = found[i] as SourceFile
    if (kind !== 'file' || status === undefined) return undefined
    if (name !== known.names[i] || !known.sameStamp(i, status)) return undefined
  }
  if ((await out.hasPacks?.(known.packs, run.ctx)) !== true) return undefined
  run.files += found.length
  for (let i = 0; i < found.length; i++) run.bytes += known.size(i)
  for (const { id, recipe, stamp } of known.recipes()) {
    if (recipe !== undefined) run.recipes.set(id, { id: recipe, size: stamp.size })
  }
  return known.tree
}

/**
 * Remembers a folder's only range of names; with its tree, of these nodes, where that is made of these files alone
 * and all of it is here.
 */
export async function rememberFolder(
  run: SnapshotRun,
  { folder, tree, nodes }: { readonly folder: string; readonly tree: Id; readonly nodes: readonly Id[] },
  { entries, kept, same }: SnapshotFiles,
): Promise<void> {
  const { out, cache } = run.source
  const packs = new Set<string>()
  const note = async (ids: Iterable<Id>): Promise<boolean> => {
    const names = await out.packsOf?.(ids, run.ctx)
    for (const name of names ?? []) packs.add(name)
    return names !== undefined
  }
  const isWhole = async (): Promise<boolean> => {
    if (cache.readFolder === undefined || kept.size < entries.size) return false
    if (!(await note(nodes))) return false
    const files = [...kept.values()]
    if (!(await note(files.map(({ id }) => id)))) return false
    for (const { recipe } of files)
      if (recipe !== undefined && !(await eachPart(run, recipe, note))) return false
    return true
  }
  const known = (await isWhole()) ? { id: tree, packs } : undefined
  if (known !== undefined || !same) {
    await cache.write({ folder, first: '', next: undefined, files: kept, tree: known })
  }
}

const none: ReadonlyMap<string, CachedFile> = new Map()

/** What is remembered of those files that have not changed since, and whose objects are here. */
async function validOf(
  run: SnapshotRun,
  files: readonly SourceFile[],
  remembered: ReadonlyMap<string, CachedFile>,
): Promise<ReadonlyMap<string, CachedFile>> {
  const valid = new Map<string, CachedFile>()
  if (remembered.size === 0) return valid
  for (const { name, status } of files) {
    const known = status === undefined ? undefined : remembered.get(name)
    if (status !== undefined && known !== undefined && sameStamp(known.stamp, stampOf(status)))
      valid.set(name, known)
  }
  const ids = [...valid.values()].map(({ id }) => id)
  const gone = new Set(await run.source.out.missing(ids, run.ctx))
  for (const [name, { id, recipe }] of valid) {
    if (gone.has(id) || (recipe !== undefined && !(await hasChunks(run, recipe)))) valid.delete(name)
  }
  return valid
}

/** True when a recipe and all that it names is here: gc may have left a blob's record and taken its chunks. */
async function hasChunks(run: SnapshotRun, recipe: Id): Promise<boolean> {
  return eachPart(run, recipe, async (ids) => (await run.source.out.missing(ids, run.ctx)).length === 0)
}

/** Asks of a recipe, and of all that it names, level by level; ends with the first no. */
async function eachPart(
  { source: { objects }, ctx }: SnapshotRun,
  recipe: Id,
  ask: (ids: readonly Id[]) => Promise<boolean>,
): Promise<boolean> {
  if (!(await ask([recipe]))) return false
  if (objects === undefined) return true
  try {
    const open = [recipe]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const { level, parts } = await readRecipe(objects, id, ctx)
      const ids = parts.map((part) => part.id)
      if (!(await ask(ids))) return false
      if (level > 0) open.push(...ids)
    }
    return true
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND') || isQuiltError(error, 'CORRUPT')) return false
    throw error
  }
}

/** A file's blob and mode, and whether its stamp can be trusted later. */
type SeenFile = CachedFile & { readonly mode: number; readonly remember: boolean }

function seenBefore(known: CachedFile, { status }: SourceFile): SeenFile {
  return { ...known, mode: status?.mode ?? 0, remember: true }
}

/**
 * Reads one file. One that was written within the clock's last tick is not to be remembered; nor is a large one
 * without a recipe, which a dry run gives. `undefined` when it has been removed.
 */
async function readSource(run: SnapshotRun, { path, status }: SourceFile): Promise<SeenFile | undefined> {
  const { fs, out, now } = run.source
  const readAt = now().getTime()
  const seen = status ?? statusOfScanned(fs, path)
  if (seen === undefined) return undefined
  const read = await writeScannedBlob({ fs, path, seen, memory: run.memory }, out, run.ctx)
  if (read === undefined) return undefined
  const { blob, stamp } = read
  const whole = blob.recipe !== undefined || stamp.size <= chunkThreshold
  return {
    stamp,
    id: blob.id,
    mode: seen.mode,
    ...(blob.recipe === undefined ? undefined : { recipe: blob.recipe }),
    remember: whole && !isRacy(stamp, readAt),
  }
}

function noteFile(
  run: SnapshotRun,
  { name }: SourceFile,
  { stamp: { size }, id, recipe }: CachedFile,
  executable: boolean,
): FileEntry {
  run.files++
  run.bytes += size
  if (recipe !== undefined) run.recipes.set(id, { id: recipe, size })
  return { type: 'file', name, id, size, ...(executable ? { executable } : undefined) }
}
