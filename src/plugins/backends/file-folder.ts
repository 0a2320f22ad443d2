// The folder that a store lies in: makes it and its folders durably, and notices when it is taken away.
import { dirname } from 'node:path'
import { QuiltError, type FileSystem } from '../api.ts'
import { diskError, errnoOf } from './file-errors.ts'

/** A store's root and the folders below it. */
export interface StoreFolder {
  /**
   * True when the root is there, false when it never was.
   * @throws UNAVAILABLE when it was there and is gone
   */
  present(): Promise<boolean>
  /** Notes that the root is there, since something in it was. */
  found(): void
  /**
   * Makes the folder of `path` and all above it, such that a power cut does not take them away again, and then
   * calls; once more, if a folder vanished meanwhile.
   * @throws the system's own errors as they are
   */
  within<T>(path: string, call: () => Promise<T>): Promise<T>
  /** The names in a folder survive a power cut from here on, where the system can promise it. */
  sync(folder: string): Promise<void>
}

/** Codes by which systems say that they cannot sync a folder (Windows, FUSE): there is nothing more to do. */
const unsyncable: ReadonlySet<string | undefined> = new Set([
  'EINVAL',
  'EISDIR',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
])
/** Folders known to be durable are remembered up to this number, then forgotten and synced once more. */
const longestMemory = 4096

/** A folder's options, and what is known of it by now. */
interface Folder {
  readonly fs: FileSystem
  readonly root: string
  readonly durable: boolean
  /** Folders that are there, and durably so. */
  readonly settled: Set<string>
  /** The root was there at some time. */
  seen: boolean
}

/** The folder of one backend. Without `durable`, nothing is synced. */
export function storeFolder(fs: FileSystem, root: string, durable: boolean): StoreFolder {
  const state: Folder = { fs, root, durable, settled: new Set(), seen: false }
  return {
    present: () => present(state),
    found() {
      state.seen = true
    },
    within: (path, call) => within(state, path, call),
    sync: (folder) => sync(state, folder),
  }
}

async function present(state: Folder): Promise<boolean> {
  const { fs, root } = state
  try {
    const stat = await fs.promises.stat(root)
    if (!stat.isDirectory()) throw new QuiltError('INVALID', `${root} is not a folder`)
    state.seen = true
    return true
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw diskError(error, root)
    state.settled.clear()
    if (!state.seen) return false
    throw new QuiltError('UNAVAILABLE', `the folder ${root} is gone`, { cause: error })
  }
}

async function within<T>(state: Folder, path: string, call: () => Promise<T>): Promise<T> {
  for (let left = 2; ; left--) {
    try {
      await make(state, dirname(path))
      return await call()
    } catch (error) {
      // Someone removed a folder: forget what was known, look at the root, and make it anew.
      if (errnoOf(error) !== 'ENOENT' || left === 0) throw error
      state.settled.clear()
    }
  }
}

/** Makes a folder in the root, and all between the two. */
async function make(state: Folder, folder: string): Promise<void> {
  const { root, settled } = state
  if (settled.has(folder)) return
  if (folder === root) {
    if (!(await present(state))) await makeRoot(state, root)
    state.seen = true
  } else {
    await make(state, dirname(folder))
    await makeOne(state, folder)
    // Also when it was there: whoever made it may have been killed before this.
    await sync(state, dirname(folder))
  }
  if (settled.size >= longestMemory) settled.clear()
  settled.add(folder)
}

async function makeRoot(state: Folder, folder: string): Promise<void> {
  const parent = dirname(folder)
  try {
    await makeOne(state, folder)
  } catch (error) {
    if (parent === folder || errnoOf(error) !== 'ENOENT') throw error
    await makeRoot(state, parent)
    await makeOne(state, folder)
  }
  await sync(state, parent)
}

async function makeOne({ fs }: Folder, folder: string): Promise<void> {
  try {
    await fs.promises.mkdir(folder)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}

async function sync({ fs, durable }: Folder, folder: string): Promise<void> {
  if (!durable) return
  try {
    const handle = await fs.promises.open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (!unsyncable.has(errnoOf(error))) throw diskError(error, folder)
  }
}
