// A folder on disk into a tree. Reads only what the stat cache does not vouch for; holds one folder a level.
import type { Stats } from 'node:fs'
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import { chunkThreshold } from '../core/chunk/fastcdc.ts'
import { treeDepth, type Entry, type FileEntry } from '../core/model/entry.ts'
import type { Id } from '../core/model/id.ts'
import { joinPath } from '../core/model/path.ts'
import type { ObjectWriter } from '../core/store/object-store.ts'
import { treeBuilder } from '../core/tree/build.ts'
import { errnoOf, fileError } from './file-error.ts'
import { ignoreOf, type Ignore } from './ignore.ts'
import { readLink, type FoundLink, type LinkPlace } from './read-link.ts'
import { checkScanned, readNames, readRules } from './scan.ts'
import {
  rememberFolder,
  snapshotFiles,
  unchangedTree,
  type SnapshotFiles,
  type SourceFile,
} from './snapshot-files.ts'
import { pause, type SnapshotRun, type SnapshotSource } from './snapshot-run.ts'

/** A tree made of a folder. */
export interface Snapshot {
  readonly tree: Id
  readonly files: number
  /** Bytes of all files. */
  readonly bytes: number
  /** Names left out: what lies in a folder left out is not counted. */
  readonly ignored: number
  /** Blobs that are kept as chunks, with their recipes. */
  readonly recipes: ReadonlyMap<Id, { readonly id: Id; readonly size: number }>
}

/** Names handled together: their files' status is compared, and what is remembered of them is read, at once. */
const namesAtOnce = 4096

/** One folder on the way down. */
interface Folder {
  readonly path: string
  /** Its path in the tree, '' at the root. */
  readonly inside: string
  /** The rules of the folders above. */
  readonly ignore: Ignore
  /** Groups above it in the package. */
  readonly depth: number
  /** How far up a link in it may point. */
  readonly linkDepth: number
  /** The real paths of the folders out of which links were followed to here. */
  readonly followed: readonly string[]
}

/**
 * Writes a folder's files and trees. What is removed while it is scanned is left out.
 * @throws NOT_FOUND, DENIED, INVALID, UNAVAILABLE naming the path
 */
export async function snapshot(source: SnapshotSource, ctx?: Context): Promise<Snapshot> {
  const memory = new Uint8Array(chunkThreshold + 1)
  const run: SnapshotRun = {
    source,
    memory,
    recipes: new Map(),
    files: 0,
    bytes: 0,
    ignored: 0,
    breathed: 0,
    ctx,
  }
  const { folder: path, depth } = source
  const top = { path, inside: '', ignore: ignoreOf(), depth, linkDepth: depth, followed: [] }
  const tree = await snapshotFolder(run, top, readNames(source.fs, path))
  const { files, bytes, ignored, recipes } = run
  return { tree, files, bytes, ignored, recipes }
}

async function snapshotFolder(run: SnapshotRun, above: Folder, names: readonly string[]): Promise<Id> {
  const { path, depth, ignore } = above
  if (depth >= treeDepth) {
    const place = path.length > 200 ? `${path.slice(0, 200)}…` : path
    throw new QuiltError('INVALID', `"${place}" is deeper than ${String(treeDepth)} levels`)
  }
  const rules = readRules(run.source.fs, path, names)
  const folder = rules === undefined ? above : { ...above, ignore: ignore.adding(rules) }
  const nodes: Id[] = []
  const builder = treeBuilder(noting(run.source.out, nodes))
  let onlyFiles: SnapshotFiles | undefined
  for (let at = 0; at < names.length; at += namesAtOnce) {
    const some = names.slice(at, at + namesAtOnce)
    const found = classify(run, folder, some)
    const range = { first: at === 0 ? '' : (some[0] as string), next: names[at + namesAtOnce] }
    const whole = at === 0 && range.next === undefined
    const known = whole ? await run.source.cache.readFolder?.(path) : undefined
    const unchanged = known === undefined ? undefined : await unchangedTree(run, known, found)
    if (unchanged !== undefined) {
      await pause(run)
      return unchanged
    }
    const files = await snapshotFiles(run, { folder: path, inside: folder.inside, range }, found)
    for (const source of found) {
      const entry =
        source.kind === 'file' ? files.entries.get(source.name) : await otherEntry(run, folder, source)
      const full = entry === undefined ? undefined : builder.add(entry)
      if (full !== undefined) await full
    }
    if (whole && files.entries.size === found.length) onlyFiles = files
    else if (!files.same) await run.source.cache.write({ folder: path, ...range, files: files.kept })
    await pause(run)
  }
  const tree = await builder.finish()
  if (onlyFiles !== undefined) await rememberFolder(run, { folder: path, tree, nodes }, onlyFiles)
  return tree
}

/** A writer of nodes that notes their ids. */
function noting(out: ObjectWriter, ids: Id[]): ObjectWriter {
  const write: ObjectWriter['write'] = async (kind, body) => {
    const id = await out.write(kind, body)
    ids.push(id)
    return id
  }
  return { ...out, write }
}

/** What the names of a folder are, without what is left out. */
function classify(run: SnapshotRun, folder: Folder, names: readonly string[]): SourceFile[] {
  const found: SourceFile[] = []
  for (const name of names) {
    const path = `${folder.path}/${name}`
    const stats = statusOfScanned(run, path)
    if (stats === undefined) continue
    const isFolder = stats.isDirectory()
    if (folder.ignore.ignores(name, isFolder) || (isFolder && path === run.source.store)) {
      run.ignored++
      continue
    }
    const kind = isFolder ? 'folder' : stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'link' : 'special'
    checkScanned(path, name, kind)
    if (kind !== 'special') found.push({ name, path, kind, stats })
  }
  return found
}

function statusOfScanned(run: SnapshotRun, path: string): Stats | undefined {
  try {
    return run.source.fs.lstatSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined // removed since the folder was read
    throw fileError(error, 'read', path)
  }
}

/** The entry of a folder or a link; `undefined` for what is left out, or has been removed. */
async function otherEntry(run: SnapshotRun, folder: Folder, source: SourceFile): Promise<Entry | undefined> {
  const { name, path, kind } = source
  if (kind === 'folder') {
    const entry = await group(run, name, { ...below(folder, name), path, linkDepth: folder.linkDepth + 1 })
    checkStillFolder(run, path)
    return entry
  }
  const link = linkAt(run, { path, depth: folder.linkDepth, followed: folder.followed })
  if (link === undefined) return undefined
  if (link.kind === 'link') return { type: 'link', name, target: link.target }
  if (link.kind === 'file') return followedFile(run, folder, { name, ...link })
  if (folder.ignore.ignores(name, true)) {
    run.ignored++
    return undefined
  }
  const { path: real, followed } = link
  return group(run, name, { ...below(folder, name), path: real, linkDepth: 0, followed })
}

/** A link put in a folder's place while it was taken leads elsewhere, and so did all that was read of it. */
function checkStillFolder(run: SnapshotRun, path: string): void {
  if (statusOfScanned(run, path)?.isDirectory() !== false) return
  throw new QuiltError('UNAVAILABLE', `"${path}" was replaced while it was read`, {
    hint: 'build again when nothing writes to it',
  })
}

/** What a link is; `undefined` when it has been removed since the folder was read. */
function linkAt(run: SnapshotRun, place: LinkPlace): FoundLink | undefined {
  try {
    return readLink(run.source.fs, run.source.outside, place)
  } catch (error) {
    if (statusOfScanned(run, place.path) === undefined) return undefined
    throw error
  }
}

function below(
  { ignore, inside, depth, followed }: Folder,
  name: string,
): Omit<Folder, 'path' | 'linkDepth'> {
  return { ignore: ignore.below(name), inside: joinPath(inside, name), depth: depth + 1, followed }
}

async function group(run: SnapshotRun, name: string, folder: Folder): Promise<Entry | undefined> {
  let names: readonly string[]
  try {
    names = readNames(run.source.fs, folder.path)
  } catch (error) {
    if (error instanceof QuiltError && errnoOf(error.cause) === 'ENOENT') return undefined
    throw error
  }
  return { type: 'group', name, id: await snapshotFolder(run, folder, names) }
}

/** A file to which a link led. */
async function followedFile(
  run: SnapshotRun,
  { path: folder, inside }: Folder,
  source: SourceFile,
): Promise<FileEntry | undefined> {
  const { entries } = await snapshotFiles(run, { folder, inside, range: undefined }, [source])
  return entries.get(source.name)
}
