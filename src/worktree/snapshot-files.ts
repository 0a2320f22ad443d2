// The files of a range of names: those that the stat cache vouches for, and the others read and written.
import type { Stats } from 'node:fs'
import { isQuiltError } from '../core/base/error.ts'
import { chunkThreshold } from '../core/chunk/fastcdc.ts'
import type { FileEntry } from '../core/model/entry.ts'
import type { Id } from '../core/model/id.ts'
import { joinPath } from '../core/model/path.ts'
import { readRecipe } from '../core/store/recipe-tree.ts'
import { writeScannedBlob } from './read-file.ts'
import { pause, type SnapshotRun } from './snapshot-run.ts'
import type { CachedFile, CachedFolder } from './stat-cache.ts'
import { isRacy, sameStamp, stampOf } from './stat-stamp.ts'

/** Something found in a folder. */
export interface SourceFile {
  readonly name: string
  readonly path: string
  readonly kind: 'file' | 'folder' | 'link'
  readonly stats: Stats
}

/** Where files were found. */
interface FoundIn {
  /** Their folder's path, and its path in the tree. */
  readonly folder: string
  readonly inside: string
  /** The names from `first` on, up to `next`; without it nothing is remembered of them. */
  readonly range: NameRange | undefined
}

/** Names from `first` on, up to `next` (excluded; `undefined`: to the last). */
interface NameRange {
  readonly first: string
  readonly next: string | undefined
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
  { folder, inside, range }: FoundIn,
  found: readonly SourceFile[],
): Promise<SnapshotFiles> {
  const { cache } = run.source
  const files = found.filter((source) => source.kind === 'file')
  const entries = new Map<string, FileEntry>()
  if (files.length === 0) return { entries, kept: none, same: true }
  const remembered = range === undefined ? none : await cache.read(folder, range.first, range.next)
  const valid = await validOf(run, files, remembered)
  const kept = new Map<string, CachedFile>()
  for (const source of files) {
    const known = valid.get(source.name)
    const file: SeenFile | undefined =
      known === undefined ? await readSource(run, source) : { ...known, remember: true }
    if (file === undefined) continue
    if (file.remember) kept.set(source.name, file)
    entries.set(source.name, noteFile(run, source, file, await isExecutable(run, inside, source)))
    if (known === undefined) await pause(run)
  }
  return { entries, kept, same: valid.size === remembered.size && valid.size === kept.size }
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
    const { name, kind, stats } = found[i] as SourceFile
    if (kind !== 'file' || name !== known.names[i] || !known.sameStamp(i, stats)) return undefined
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
    for (const { id, recipe } of kept.values()) {
      if (!(await note([id])) || (recipe !== undefined && !(await eachPart(run, recipe, note)))) return false
    }
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
  for (const { name, stats } of files) {
    const known = remembered.get(name)
    if (known !== undefined && sameStamp(known.stamp, stampOf(stats))) valid.set(name, known)
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

/** A file's blob, and whether its stamp can be trusted later. */
type SeenFile = CachedFile & { readonly remember: boolean }

/**
 * Reads one file. One that was written within the clock's last tick is not to be remembered; nor is a large one
 * without a recipe, which a dry run gives.
 */
async function readSource(run: SnapshotRun, { path, stats }: SourceFile): Promise<SeenFile | undefined> {
  const { fs, out, now } = run.source
  const readAt = now().getTime()
  const read = await writeScannedBlob({ fs, path, seen: stats, memory: run.memory }, out, run.ctx)
  if (read === undefined) return undefined
  const { blob, stamp } = read
  const whole = blob.recipe !== undefined || stamp.size <= chunkThreshold
  return {
    stamp,
    id: blob.id,
    ...(blob.recipe === undefined ? undefined : { recipe: blob.recipe }),
    remember: whole && !isRacy(stamp, readAt),
  }
}

function isExecutable(
  run: SnapshotRun,
  inside: string,
  { name, stats }: SourceFile,
): boolean | Promise<boolean> {
  const ask = run.source.executable
  return ask === undefined ? (stats.mode & 0o100) !== 0 : ask(joinPath(inside, name))
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
