// Files from anywhere into blobs, each read once and by the same rules as a folder's: through the stat cache, in bounded
// memory. Knows nothing of why they were named.
import type { Stats } from 'node:fs'
import { compareText } from '../../core/base/bytes.ts'
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import type { FileEntry } from '../../core/model/entry.ts'
import { snapshotFiles, type SourceFile } from '../snapshot/files.ts'
import type { SnapshotRun, SnapshotSource } from '../snapshot/run.ts'
import type { FoundSource } from './place.ts'

/** Files that were read. */
export interface NamedFiles {
  /** An entry for each path, under its own last name. */
  readonly entries: ReadonlyMap<string, FileEntry>
  /** Blobs that are kept as chunks, with their recipes. */
  readonly recipes: SnapshotRun['recipes']
}

/** Where files are read from, and written to. */
export type NamedSource = Omit<SnapshotSource, 'folder' | 'outside' | 'depth' | 'executable' | 'store'>

/** Names of one folder handled together. */
const namesAtOnce = 4096

/**
 * Writes the blobs of files, which are given by their real paths.
 * @throws NOT_FOUND for one that has been removed; DENIED, INVALID, UNAVAILABLE naming the path
 */
export async function readNamedFiles(
  source: NamedSource,
  files: Iterable<FoundSource>,
  ctx?: Context,
): Promise<NamedFiles> {
  const run: SnapshotRun = {
    source: { ...source, folder: '/', outside: 'refuse', depth: 0 },
    memory: new Uint8Array(chunkThreshold + 1),
    recipes: new Map(),
    files: 0,
    bytes: 0,
    ignored: 0,
    breathed: 0,
    reader: undefined,
    later: [],
    laterFiles: 0,
    ahead: 0,
    ctx,
  }
  const entries = new Map<string, FileEntry>()
  for (const [folder, found] of byFolder(files)) {
    for (let at = 0; at < found.length; at += namesAtOnce) {
      await readSome(run, folder, found.slice(at, at + namesAtOnce), entries)
    }
  }
  return { entries, recipes: run.recipes }
}

/** Files by their folder, each once, names ascending. */
function byFolder(files: Iterable<FoundSource>): ReadonlyMap<string, readonly SourceFile[]> {
  const folders = new Map<string, Map<string, Stats>>()
  for (const { path, stats } of files) {
    const slash = path.lastIndexOf('/')
    const folder = path.slice(0, slash)
    const names = folders.get(folder) ?? new Map<string, Stats>()
    folders.set(folder, names.set(path.slice(slash + 1), stats))
  }
  const sorted = new Map<string, readonly SourceFile[]>()
  for (const [folder, names] of [...folders].sort(([a], [b]) => compareText(a, b))) {
    const found = [...names].map(([name, stats]) => ({
      name,
      path: `${folder}/${name}`,
      kind: 'file' as const,
      status: stats,
    }))
    sorted.set(
      folder,
      found.sort((a, b) => compareText(a.name, b.name)),
    )
  }
  return sorted
}

async function readSome(
  run: SnapshotRun,
  folder: string,
  found: readonly SourceFile[],
  entries: Map<string, FileEntry>,
): Promise<void> {
  const [first, last] = [found[0] as SourceFile, found.at(-1) as SourceFile]
  const range = { first: first.name, next: `${last.name}\0` }
  const read = await snapshotFiles(run, { folder, inside: '', range, someOnly: true }, { found })
  for (const { name, path } of found) {
    const entry = read.entries.get(name)
    if (entry === undefined) {
      throw new QuiltError('NOT_FOUND', `"${path}" was removed while it was read`)
    }
    entries.set(path, entry)
  }
  if (!read.same) await run.source.cache.write({ folder, ...range, files: read.kept })
}
