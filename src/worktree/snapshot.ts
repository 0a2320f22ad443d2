// A folder on disk into a tree. Reads only what the stat cache does not vouch for; holds one folder a level.
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import { chunkThreshold } from '../core/chunk/fastcdc.ts'
import type { Entry, FileEntry } from '../core/model/entry.ts'
import type { Id } from '../core/model/id.ts'
import { joinPath } from '../core/model/path.ts'
import type { ObjectWriter } from '../core/store/object-store.ts'
import { treeBuilder } from '../core/tree/build.ts'
import { errnoOf } from './file-error.ts'
import { ignoreOf } from './ignore.ts'
import { openFolder, rangesOf, type Folder, type OpenFolder } from './snapshot/open-folder.ts'
import { readLink, type FoundLink, type LinkPlace } from './read-link.ts'
import { statusOfScanned } from './scan.ts'
import {
  rememberFolder,
  snapshotFiles,
  unchangedTree,
  type SnapshotFiles,
  type SourceFile,
} from './snapshot/files.ts'
import { pause, type SnapshotRun, type SnapshotSource } from './snapshot/run.ts'
import { fileReader } from './threads/file-reader.ts'

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

/** Folders are remembered when they have so many files together. */
const filesAtOnce = 4096
/** Folders that are open ahead of the one that is taken, in all levels: more would only take memory. */
const mostAhead = 4

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
    reader: fileReader(source.fs, source.now),
    later: [],
    laterFiles: 0,
    ahead: 0,
    ctx,
  }
  const { folder: path, depth } = source
  const top = { path, inside: '', ignore: ignoreOf(), depth, linkDepth: depth, followed: [] }
  try {
    const tree = await snapshotFolder(run, await openFolder(run, top))
    await rememberLater(run)
    const { files, bytes, ignored, recipes } = run
    return { tree, files, bytes, ignored, recipes }
  } finally {
    await run.reader?.close()
  }
}

async function snapshotFolder(run: SnapshotRun, open: OpenFolder): Promise<Id> {
  const { folder } = open
  const { path, inside } = folder
  const nodes: Id[] = []
  const builder = treeBuilder(noting(run.source.out, nodes))
  let onlyFiles: SnapshotFiles | undefined
  for await (const names of rangesOf(run, open)) {
    const { found, range, whole, known } = names
    const unchanged = known === undefined ? undefined : await unchangedTree(run, known, found)
    if (unchanged !== undefined) {
      await pause(run)
      return unchanged
    }
    const files = await snapshotFiles(run, { folder: path, inside, range }, names)
    const ahead = openAhead(run, folder, found)
    for (const source of found) {
      const entry =
        source.kind === 'file'
          ? files.entries.get(source.name)
          : await otherEntry(run, folder, { source, ahead })
      const full = entry === undefined ? undefined : builder.add(entry)
      if (full !== undefined) await full
    }
    if (whole && files.entries.size === found.length) onlyFiles = files
    else if (!files.same) await run.source.cache.write({ folder: path, ...range, files: files.kept })
    await pause(run)
  }
  const tree = await builder.finish()
  if (onlyFiles !== undefined) {
    const files = onlyFiles
    run.later.push(() => rememberFolder(run, { folder: path, tree, nodes }, files))
    run.laterFiles += files.entries.size
    if (run.laterFiles >= filesAtOnce) await rememberLater(run)
  }
  return tree
}

/** Remembers folders together: to know their packs, what is being compressed has to be waited for. */
async function rememberLater(run: SnapshotRun): Promise<void> {
  run.laterFiles = 0
  for (const remember of run.later.splice(0)) await remember()
}

/** Gives the folders among some names one after the other, while those behind it are opened. */
type OpenNext = (source: SourceFile) => Promise<OpenFolder>

function openAhead(run: SnapshotRun, folder: Folder, found: readonly SourceFile[]): OpenNext {
  const folders = run.reader === undefined ? [] : found.filter(({ kind }) => kind === 'folder')
  const opening = new Map<string, Promise<OpenFolder>>()
  let next = 0
  return (source) => {
    const opened = opening.get(source.name)
    if (opened === undefined) next = Math.max(next, folders.indexOf(source, next) + 1)
    else {
      opening.delete(source.name)
      run.ahead--
    }
    const now = opened ?? openFolder(run, subfolder(folder, source))
    for (; run.ahead < mostAhead && next < folders.length; next++) {
      const one = folders[next] as SourceFile
      const promise = openFolder(run, subfolder(folder, one))
      promise.catch(() => undefined) // thrown when it is this one's turn
      opening.set(one.name, promise)
      run.ahead++
    }
    return now
  }
}

function subfolder(folder: Folder, { name, path }: SourceFile): Folder {
  return { ...below(folder, name), path, linkDepth: folder.linkDepth + 1 }
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

/** The entry of a folder or a link; `undefined` for what is left out, or has been removed. */
async function otherEntry(
  run: SnapshotRun,
  folder: Folder,
  { source, ahead }: { readonly source: SourceFile; readonly ahead: OpenNext },
): Promise<Entry | undefined> {
  const { name, path, kind } = source
  if (kind === 'folder') {
    const entry = await group(run, name, ahead(source))
    checkStillFolder(run, path)
    return entry
  }
  const link = linkAt(run, { path, depth: folder.linkDepth, followed: folder.followed })
  if (link === undefined) return undefined
  if (link.kind === 'link') return { type: 'link', name, target: link.target }
  if (link.kind === 'file') {
    return followedFile(run, folder, { name, kind: 'file', path: link.path, status: link.stats })
  }
  if (folder.ignore.ignores(name, true)) {
    run.ignored++
    return undefined
  }
  const { path: real, followed } = link
  return group(run, name, openFolder(run, { ...below(folder, name), path: real, linkDepth: 0, followed }))
}

/** A link put in a folder's place while it was taken leads elsewhere, and so did all that was read of it. */
function checkStillFolder(run: SnapshotRun, path: string): void {
  if (statusOfScanned(run.source.fs, path)?.isDirectory() !== false) return
  throw new QuiltError('UNAVAILABLE', `"${path}" was replaced while it was read`, {
    hint: 'build again when nothing writes to it',
  })
}

/** What a link is; `undefined` when it has been removed since the folder was read. */
function linkAt(run: SnapshotRun, place: LinkPlace): FoundLink | undefined {
  try {
    return readLink(run.source.fs, run.source.outside, place)
  } catch (error) {
    if (statusOfScanned(run.source.fs, place.path) === undefined) return undefined
    throw error
  }
}

function below(
  { ignore, inside, depth, followed }: Folder,
  name: string,
): Omit<Folder, 'path' | 'linkDepth'> {
  return { ignore: ignore.below(name), inside: joinPath(inside, name), depth: depth + 1, followed }
}

async function group(
  run: SnapshotRun,
  name: string,
  opening: Promise<OpenFolder>,
): Promise<Entry | undefined> {
  let open: OpenFolder
  try {
    open = await opening
  } catch (error) {
    if (error instanceof QuiltError && errnoOf(error.cause) === 'ENOENT') return undefined
    throw error
  }
  return { type: 'group', name, id: await snapshotFolder(run, open) }
}

/** A file to which a link led. */
async function followedFile(
  run: SnapshotRun,
  { path: folder, inside }: Folder,
  source: SourceFile,
): Promise<FileEntry | undefined> {
  const { entries } = await snapshotFiles(run, { folder, inside, range: undefined }, { found: [source] })
  return entries.get(source.name)
}
