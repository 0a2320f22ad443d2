// A folder that is being taken: its names, what they are, and its first files on their way, so that a thread can
// read those of the next folders while this one is written.
import { QuiltError } from '../../core/base/error.ts'
import { treeDepth } from '../../core/model/entry.ts'
import type { Ignore } from '../ignore.ts'
import {
  checkScanned,
  kindOf,
  readKinds,
  readNames,
  readRules,
  statusOfScanned,
  type Kind,
  type ListedFolder,
} from '../scan.ts'
import type { NameRange, SourceFile } from './files.ts'
import type { SnapshotRun } from './run.ts'
import type { CachedFile, CachedFolder } from '../stat-cache.ts'
import type { FileStatus } from '../stat-stamp.ts'
import type { FileReading } from '../threads/file-reader.ts'

/** One folder on the way down. */
export interface Folder {
  readonly path: string
  /** Its path in the tree, '' at the root. */
  readonly inside: string
  /** The rules of the folders above, and once it is open its own. */
  readonly ignore: Ignore
  /** Groups above it in the package. */
  readonly depth: number
  /** How far up a link in it may point. */
  readonly linkDepth: number
  /** The real paths of the folders out of which links were followed to here. */
  readonly followed: readonly string[]
}

/** A folder whose names have been read. */
export interface OpenFolder extends ListedFolder {
  readonly folder: Folder
  readonly first: FoundNames
}

/** A range of a folder's names, without what is left out. */
export interface FoundNames {
  readonly found: readonly SourceFile[]
  readonly range: NameRange
  /** True when these are all names of the folder. */
  readonly whole: boolean
  /** What is remembered of the whole folder. */
  readonly known: CachedFolder | undefined
  /** What is remembered of these names, where that was asked. */
  readonly remembered: ReadonlyMap<string, CachedFile> | undefined
  /** The files, where nothing is remembered and they can be read ahead. */
  readonly reading: FileReading | undefined
}

/** Names handled together: their files' status is compared, and what is remembered of them is read, at once. */
const namesAtOnce = 4096

/**
 * Reads a folder's names and rules, and finds its first range of names.
 * @throws INVALID, DENIED, NOT_FOUND, UNAVAILABLE naming the path
 */
export async function openFolder(run: SnapshotRun, above: Folder): Promise<OpenFolder> {
  const { path, depth } = above
  if (depth >= treeDepth) {
    const place = path.length > 200 ? `${path.slice(0, 200)}…` : path
    throw new QuiltError('INVALID', `"${place}" is deeper than ${String(treeDepth)} levels`)
  }
  const { fs } = run.source
  const listed =
    run.reader === undefined ? { names: readNames(fs, path), kinds: noKinds } : readKinds(fs, path)
  const rules = readRules(fs, path, listed.names)
  const folder = rules === undefined ? above : { ...above, ignore: above.ignore.adding(rules) }
  return { ...listed, folder, first: await findNames(run, { ...listed, folder }, 0) }
}

const noKinds: ReadonlyMap<string, Kind> = new Map()

/** All ranges of an open folder's names, in order. */
export async function* rangesOf(run: SnapshotRun, open: OpenFolder): AsyncGenerator<FoundNames> {
  yield open.first
  for (let at = namesAtOnce; at < open.names.length; at += namesAtOnce) yield findNames(run, open, at)
}

async function findNames(
  run: SnapshotRun,
  { folder, names, kinds }: Omit<OpenFolder, 'first'>,
  at: number,
): Promise<FoundNames> {
  const { cache } = run.source
  const some = names.slice(at, at + namesAtOnce)
  const range = { first: at === 0 ? '' : (some[0] as string), next: names[at + namesAtOnce] }
  const whole = at === 0 && range.next === undefined
  const known = whole ? await cache.readFolder?.(folder.path) : undefined
  if (run.reader === undefined || known !== undefined) {
    const found = classify(run, folder, lookAt(run, folder.path, some))
    return { found, range, whole, known, remembered: undefined, reading: undefined }
  }
  const remembered = some.length === 0 ? undefined : await cache.read(folder.path, range.first, range.next)
  if (remembered !== undefined && remembered.size > 0) {
    const found = classify(run, folder, lookAt(run, folder.path, some))
    return { found, range, whole, known, remembered, reading: undefined }
  }
  const found = classify(
    run,
    folder,
    some.map((name) => ({ name, kind: kinds.get(name) as Kind, status: undefined })),
  )
  const files = found.filter(({ kind }) => kind === 'file').map(({ name }) => name)
  const reading = files.length === 0 ? undefined : run.reader.begin(folder.path, files)
  return { found, range, whole, known, remembered, reading }
}

/** A name, and what it is. */
interface SeenName {
  readonly name: string
  readonly kind: Kind
  readonly status: FileStatus | undefined
}

/** The status of names in a folder; those that were removed since it was read are left out. */
function lookAt(run: SnapshotRun, folder: string, names: readonly string[]): readonly SeenName[] {
  const seen: SeenName[] = []
  for (const name of names) {
    const status = statusOfScanned(run.source.fs, `${folder}/${name}`)
    if (status !== undefined) seen.push({ name, kind: kindOf(status), status })
  }
  return seen
}

/** What is not left out. */
function classify(run: SnapshotRun, folder: Folder, names: readonly SeenName[]): readonly SourceFile[] {
  const found: SourceFile[] = []
  for (const { name, kind, status } of names) {
    const path = `${folder.path}/${name}`
    const isFolder = kind === 'folder'
    if (folder.ignore.ignores(name, isFolder) || (isFolder && path === run.source.store)) {
      run.ignored++
      continue
    }
    checkScanned(path, name, kind)
    if (kind !== 'special') found.push({ name, path, kind, status })
  }
  return found
}
