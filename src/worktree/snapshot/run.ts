// The state of one snapshot: what it was given, what it has counted, and when the event loop last had a turn.
import { breathe, checkSignal, type Context } from '../../core/base/context.ts'
import type { FileSystem } from '../../core/base/fs-node.ts'
import type { Id } from '../../core/model/id.ts'
import type { ObjectReader, ObjectWriter } from '../../core/store/object-store.ts'
import type { OutsideLinks } from '../read-link.ts'
import type { StatCache } from '../stat-cache.ts'
import type { FileReader } from '../threads/file-reader.ts'

/** What a snapshot needs. */
export interface SnapshotSource {
  readonly fs: FileSystem
  /** The folder's absolute path. */
  readonly folder: string
  readonly out: ObjectWriter
  readonly cache: StatCache
  readonly now: () => Date
  /** What to do with a link that points outside the folder. */
  readonly outside: OutsideLinks
  /** How many groups lie above the folder's tree in its package: how far up links may point. */
  readonly depth: number
  /** Says whether a file is executable, where the file system cannot. `path` is inside the folder. */
  readonly executable?: (path: string) => Promise<boolean>
  /**
   * The objects that are here. With them the stat cache vouches for a chunked file only when all its chunks are
   * here; without, when its recipe is.
   */
  readonly objects?: ObjectReader
  /** The store's folder, which is left out where it lies in the folder. */
  readonly store?: string
}

/** State of one snapshot. */
export interface SnapshotRun {
  readonly source: SnapshotSource
  /** Small files are read into this, one after the other. */
  readonly memory: Uint8Array
  readonly recipes: Map<Id, { readonly id: Id; readonly size: number }>
  files: number
  bytes: number
  ignored: number
  breathed: number
  /** Reads ahead; absent where the file system is not the machine's own. */
  readonly reader: FileReader | undefined
  /** Remembers folders, once their blobs lie in packs; and how many files these have. */
  readonly later: (() => Promise<void>)[]
  laterFiles: number
  /** Folders that have been opened before their turn. */
  ahead: number
  readonly ctx: Context | undefined
}

/** The event loop has its turn this often, in milliseconds. */
const breathMilliseconds = 50

/** Gives the event loop a turn now and then, and tells how far it is. */
export async function pause(run: SnapshotRun): Promise<void> {
  checkSignal(run.ctx)
  const now = run.source.now().getTime()
  if (Math.abs(now - run.breathed) < breathMilliseconds) return
  run.breathed = now
  run.ctx?.onProgress?.({ task: 'scan', unit: 'objects', done: run.files })
  await breathe()
  checkSignal(run.ctx)
}
