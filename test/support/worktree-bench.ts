// What tests of the worktree share: a repository in memory, folders taken into it and written out of it, and file
// systems that are watched, or fail, call by call.
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { compareText } from '../../src/core/base/bytes.ts'
import type { Context } from '../../src/core/base/context.ts'
import { isQuiltError, type ErrorCode, type QuiltError } from '../../src/core/base/error.ts'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import type { Id } from '../../src/core/model/id.ts'
import { createRepository, type PackRepository } from '../../src/core/repo/open-repository.ts'
import type { TreeEntry } from '../../src/core/codec/objects/tree-entry.ts'
import type { ObjectWriter } from '../../src/core/store/object-store.ts'
import { build } from '../../src/core/tree/build.ts'
import { walk } from '../../src/core/tree/walk.ts'
import type { CheckoutItem, CheckoutTarget } from '../../src/worktree/checkout-target.ts'
import { checkout, type CheckedOut } from '../../src/worktree/checkout.ts'
import type { SnapshotSource } from '../../src/worktree/snapshot/run.ts'
import { snapshot, type Snapshot } from '../../src/worktree/snapshot.ts'
import { noStatCache, type CachedFile, type StatCache } from '../../src/worktree/stat-cache.ts'
import { fakeAmbient } from './ambient.ts'
import { randomName } from './file-store.ts'

/** A repository, and how folders get in and out of it. */
export interface WorktreeBench {
  readonly repo: PackRepository
  /** A folder into a tree. */
  take(fs: FileSystem, folder: string, how?: Partial<SnapshotSource>, ctx?: Context): Promise<Snapshot>
  /** The same, to a writer of one's own. */
  takeTo(out: ObjectWriter, fs: FileSystem, folder: string, how?: Partial<SnapshotSource>): Promise<Snapshot>
  /** A tree into a folder. */
  put(target: PutTarget, tree: Id, ctx?: Context): Promise<CheckedOut>
  /** What is listed into a folder, as no tree could list it. */
  putListed(target: PutTarget, items: readonly CheckoutItem[]): Promise<CheckedOut>
  /** A tree of these entries, as no folder could give it; `bodies` are written as blobs. */
  tree(entries: readonly TreeEntry[], bodies?: readonly Uint8Array[]): Promise<Id>
}

/** Where to write to. */
export type PutTarget = Pick<CheckoutTarget, 'fs' | 'folder'> & Partial<CheckoutTarget>

/** After every file of a test was written, so that no stamp is racy. */
export const later = (): Date => new Date(Date.now() + 5000)

/** An empty repository in memory. */
export async function worktreeBench(): Promise<WorktreeBench> {
  const repo = await createRepository(memoryBackend(), fakeAmbient())
  const { objects } = repo
  const whole = (target: PutTarget): CheckoutTarget => {
    const recipe = (): Promise<undefined> => Promise.resolve(undefined)
    const common = { objects, recipe, force: false, windows: false, randomName: randomName() }
    return { ...common, ...target }
  }
  const sourceOf = (out: ObjectWriter, fs: FileSystem, folder: string): SnapshotSource => {
    const source = { fs, folder, out, cache: noStatCache, now: later, objects }
    return { ...source, outside: 'refuse', depth: 0 }
  }
  return {
    repo,
    take: (fs, folder, how, ctx) =>
      objects.batch((out) => snapshot({ ...sourceOf(out, fs, folder), ...how }, ctx)),
    takeTo: (out, fs, folder, how) => snapshot({ ...sourceOf(out, fs, folder), ...how }),
    put: (target, tree, ctx) => checkout(whole(target), () => walk(objects, tree, ctx), ctx),
    putListed: (target, items) =>
      checkout(whole(target), async function* () {
        for (const item of items) yield await Promise.resolve(item)
      }),
    tree: (entries, bodies = []) =>
      objects.batch(async (out) => {
        for (const body of bodies) await out.writeBlob(body)
        return build(out, entries)
      }),
  }
}

/** A stat cache in memory. */
export function memoryStatCache(): StatCache & { readonly files: Map<string, CachedFile> } {
  const files = new Map<string, CachedFile>()
  const namesIn = (folder: string, first: string, next: string | undefined): string[] =>
    [...files.keys()]
      .filter((key) => key.startsWith(`${folder}\0`))
      .map((key) => key.slice(folder.length + 1))
      .filter((name) => compareText(name, first) >= 0 && (next === undefined || compareText(name, next) < 0))
  return {
    files,
    read: (folder, first, next) =>
      Promise.resolve(
        new Map(
          namesIn(folder, first, next).map((name) => [name, files.get(`${folder}\0${name}`) as CachedFile]),
        ),
      ),
    write: ({ folder, first, next, files: seen }) => {
      for (const name of namesIn(folder, first, next)) files.delete(`${folder}\0${name}`)
      for (const [name, file] of seen) files.set(`${folder}\0${name}`, file)
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}

/** `base` with `before` called ahead of every call that is not a promise's; it may throw instead. */
export function watchedFs(
  base: FileSystem,
  before: (call: keyof FileSystem, args: readonly unknown[]) => void,
): FileSystem {
  return new Proxy(base, {
    get(target, name: keyof FileSystem) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        before(name, args)
        return (value as (...all: unknown[]) => unknown).apply(target, args)
      }
    },
  })
}

/** Watches which files are opened, by their paths below a folder `in`. */
export function openedIn(base: FileSystem): { readonly fs: FileSystem; readonly opened: string[] } {
  const opened: string[] = []
  const fs = watchedFs(base, (call, [path]) => {
    if (call === 'openSync') opened.push(String(path).replace(/^.*\/in\//, ''))
  })
  return { fs, opened }
}

/** The error that something fails with; it must be one of ours, of that code, and name all of `naming`. */
export async function refusal(
  work: Promise<unknown>,
  code: ErrorCode,
  ...naming: readonly string[]
): Promise<QuiltError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!isQuiltError(error, code)) throw new Error(`should fail with ${code}, not ${String(error)}`)
  for (const name of naming) {
    if (!error.message.includes(name)) throw new Error(`does not name ${name}: ${error.message}`)
  }
  return error
}

/** Every path below a folder with what is there, for comparing two. */
export function contents(fs: FileSystem & typeof import('node:fs'), root: string): Map<string, string> {
  const found = new Map<string, string>()
  const folders = ['']
  for (const folder of folders) {
    for (const name of fs.readdirSync(`${root}/${folder}`).map(String)) {
      const path = folder === '' ? name : `${folder}/${name}`
      const stats = fs.lstatSync(`${root}/${path}`)
      if (stats.isDirectory()) {
        folders.push(path)
        found.set(path, 'folder')
      } else if (stats.isSymbolicLink()) found.set(path, `-> ${fs.readlinkSync(`${root}/${path}`)}`)
      else {
        const bits = (stats.mode & 0o100) === 0 ? '' : 'x '
        found.set(path, `${bits}${fs.readFileSync(`${root}/${path}`).toString('base64')}`)
      }
    }
  }
  return new Map([...found].sort(([a], [b]) => compareText(a, b)))
}
