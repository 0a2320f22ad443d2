// A world to break: stores and a remote on one disk in memory, copied anew for every fault, and looked at afterwards.
import { createHash } from 'node:crypto'
import type nodeFs from 'node:fs'
import { Volume, createFsFromVolume } from 'memfs'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import { formatPackageName } from '../../src/core/model/package-name.ts'
import { exportPackage } from '../../src/package/export.ts'
import { ls } from '../../src/package/list.ts'
import { verify } from '../../src/package/verify.ts'
import type { Session } from '../../src/package/session.ts'
import { openSession } from '../../src/session/open-session.ts'
import { mortalDisk, restoreDisk, type Survivor } from '../../src/testing/power-cut.ts'
import { fakeAmbient } from './ambient.ts'

/** Where everything lies. */
export const root = '/work'

export type MemoryFs = FileSystem & typeof nodeFs

/** A disk as data. */
export type DiskImage = readonly Survivor[]

/** A new disk in memory with these files on it. */
export function diskOf(image: DiskImage): MemoryFs {
  const fs = createFsFromVolume(new Volume()) as unknown as MemoryFs
  fs.mkdirSync(root)
  restoreDisk(fs, root, image)
  return fs
}

/** A disk's files as data. */
export function imageOf(fs: FileSystem): DiskImage {
  return mortalDisk(fs, root).survivors(() => 0)
}

/** Ambients of different seeds give different names. */
let seeds = 0

/** Opens someone's session on this disk, as a new process would. Time stands still, so that commits are the same. */
export function sessionOn(fs: FileSystem, who: string, folder: string = root): Promise<Session> {
  const env = { HOME: `${folder}/home`, QUILT_AUTHOR_NAME: who, QUILT_AUTHOR_EMAIL: `${who}@example.org` }
  return openSession({ store: `${folder}/${who}`, folder, env, fs, ambient: fakeAmbient(++seeds) })
}

/** Someone's session for one piece of work. */
export async function within<T>(
  fs: FileSystem,
  who: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await sessionOn(fs, who)
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

/** What a store says: refs, origins and what is here of each package. */
export async function stateOf(fs: FileSystem, who: string): Promise<string> {
  if (!fs.existsSync(`${root}/${who}/format`)) return '{}'
  return within(fs, who, async (session) => {
    const { repository } = await session.local()
    const state: Record<string, unknown> = {}
    for await (const { pkg, refs, origin, partial } of repository.refs.packages()) {
      state[formatPackageName(pkg)] = { refs: [...refs].sort(), origin, partial: [...partial].sort() }
    }
    return JSON.stringify(state)
  })
}

/** All that is wrong with a store: what verify finds, and what cannot be read. */
export async function problemsOf(fs: FileSystem, who: string): Promise<readonly string[]> {
  if (!fs.existsSync(`${root}/${who}`)) return []
  return within(fs, who, async (session) => {
    const { problems } = await verify(session, [])
    return problems.map((problem) => JSON.stringify(problem))
  })
}

/** A digest of every package's files by top hash, each read back whole; of partial ones nothing. */
export async function contentsOf(fs: FileSystem, who: string): Promise<ReadonlyMap<string, string>> {
  const contents = new Map<string, string>()
  if (!fs.existsSync(`${root}/${who}/format`)) return contents
  await within(fs, who, async (session) => {
    const { repository } = await session.local()
    const partial = new Set<string>()
    for await (const state of repository.refs.packages()) {
      if (state.partial.size > 0) partial.add(formatPackageName(state.pkg))
    }
    for await (const row of ls(session)) {
      if (partial.has(row.package) || row.topHash === undefined) continue
      const to = `${root}/check-${who}`
      await exportPackage(session, { handle: row.package, destination: to })
      contents.set(row.topHash, digestOf(fs, to))
      fs.rmSync(to, { recursive: true })
    }
  })
  return contents
}

/** A digest of all that lies below a folder; '' where nothing is. */
export function digestOf(fs: FileSystem, folder: string): string {
  return fs.existsSync(folder) ? digestOfImage(mortalDisk(fs, folder).survivors(() => 0)) : ''
}

/** A digest of all that is on a disk. */
export function digestOfImage(image: DiskImage): string {
  const hash = createHash('sha256')
  for (const { path, kind, bytes, target } of [...image].sort(byPath)) {
    hash.update(`${kind} ${path} ${target} ${String(bytes.length)}\n`).update(bytes)
  }
  return hash.digest('hex')
}

function byPath(a: Survivor, b: Survivor): number {
  return a.path < b.path ? -1 : 1
}

/** Whole numbers from 0 to below n, the same for each seed. */
export function dice(seed: number): (count: number) => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1
  return (count) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % count
  }
}
