// Notes what removals may have freed in this machine's store. A hint beside the store, not a part of it: when it is
// lost, or wrong, gc comes later or once too often.
import { fromUtf8, utf8 } from '../../core/base/bytes.ts'
import type { Context } from '../../core/base/context.ts'
import type { FileSystem } from '../../core/base/fs-node.ts'
import { isAncestor } from '../../core/history/merge-base.ts'
import { nothingWalked, packageNeeds } from '../../core/repo/needs.ts'
import type { PackRepository } from '../../core/repo/open-repository.ts'
import type { Id } from '../../core/model/id.ts'
import { latest } from '../../core/model/ref-name.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import { readUpTo } from '../../worktree/read-file.ts'
import type { Session } from '../session.ts'

/** Packages with more than so many nodes are not added up: they are worth it. */
const mostNeeds = 100_000
const plenty = 2 ** 50
/** Notes are read as far as this. */
const mostNotes = 64 * 1024

const noteFile = (folder: string): string => `${folder}/cache/garbage`

/**
 * Notes the bytes of the commits that a change has dropped from this machine's store, whoever else keeps them. Nothing
 * fails with it: what it belongs to is done.
 */
export async function noteDropped(session: Session, before: PackageState, ctx?: Context): Promise<void> {
  try {
    const { repository, folder } = await session.local()
    const bytes = await droppedBytes(repository, before, ctx)
    if (bytes > 0) noteGarbage(session.fs, folder, bytes)
  } catch {
    // No hint, then.
  }
}

async function droppedBytes(
  repository: PackRepository,
  before: PackageState,
  ctx?: Context,
): Promise<number> {
  const after = await repository.refs.get(before.pkg, ctx)
  if (after === undefined) return bytesOf(repository, before, ctx)
  const kept = new Set(after.refs.values())
  let bytes = 0
  for (const commit of new Set(before.refs.values())) {
    if (kept.has(commit) || (await isBelow(repository, commit, after, ctx))) continue
    const alone = { ...before, refs: new Map([[latest, commit]]), shallow: new Set([commit]) }
    bytes += await bytesOf(repository, alone, ctx)
  }
  return bytes
}

/** True for an ancestor of what is kept: most builds leave the one before them so. */
async function isBelow(
  { objects }: PackRepository,
  commit: Id,
  { refs, shallow }: PackageState,
  ctx?: Context,
): Promise<boolean> {
  const head = refs.get(latest)
  return head !== undefined && (await isAncestor({ objects, shallow }, commit, head, ctx))
}

/** Notes so many bytes. */
export function noteGarbage(fs: FileSystem, folder: string, bytes: number): void {
  fs.mkdirSync(`${folder}/cache`, { recursive: true })
  const handle = fs.openSync(noteFile(folder), 'a')
  try {
    fs.writeSync(handle, utf8(`${String(bytes)}\n`))
  } finally {
    fs.closeSync(handle)
  }
}

async function bytesOf({ objects }: PackRepository, state: PackageState, ctx?: Context): Promise<number> {
  let bytes = 0
  let needs = 0
  for await (const need of packageNeeds(objects, state, nothingWalked(), ctx)) {
    if (need.kind === 'blob') bytes += need.size
    if (++needs === mostNeeds) return plenty
  }
  return bytes
}

/** All bytes that were noted since the last collection. */
export function notedGarbage(fs: FileSystem, folder: string): number {
  const file = noteFile(folder)
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size === 0) return 0
  const handle = fs.openSync(file, 'r')
  try {
    const text = fromUtf8(readUpTo(fs, handle, Math.min(size, mostNotes))) ?? ''
    return text.split('\n').reduce((sum, line) => sum + (/^\d{1,16}$/.test(line) ? Number(line) : 0), 0)
  } finally {
    fs.closeSync(handle)
  }
}

/** Forgets what was noted: a collection has just looked at all there is. */
export function forgetGarbage(fs: FileSystem, folder: string): void {
  try {
    fs.rmSync(noteFile(folder), { force: true })
  } catch {
    // Then a build collects once too often.
  }
}
