// What lies in one folder of a worktree, sorted as trees are, and the folder's rules. Reads no other file.
import { compareText, fromUtf8 } from '../core/base/bytes.ts'
import { QuiltError } from '../core/base/error.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import { nameProblem } from '../core/model/entry.ts'
import { errnoOf, fileError, onPath } from './file-error.ts'
import { costlyRule, ignoreFile } from './ignore.ts'
import { openToRead, readUpTo } from './read-file.ts'
import type { FileStatus } from './stat-stamp.ts'

/** Largest `.quiltignore`, in bytes. */
const ignoreBytes = 1024 * 1024
/** Among such names JavaScript's own order, by UTF-16 units, is that of the UTF-8 bytes, and much faster. */
const belowSurrogates = /^[\u0000-\ud7ff]*$/

/**
 * The names in a folder, ascending by their UTF-8 bytes.
 * @throws INVALID for a name that is no UTF-8; DENIED, NOT_FOUND
 */
export function readNames(fs: FileSystem, folder: string): string[] {
  return sortedNames(
    fs,
    folder,
    onPath('read', folder, () => fs.readdirSync(folder)),
  )
}

/** What a name in a folder is. */
export type Kind = 'file' | 'folder' | 'link' | 'special'

/** The names in a folder, ascending by their UTF-8 bytes, and what they are where the folder itself says so. */
export interface ListedFolder {
  readonly names: readonly string[]
  readonly kinds: ReadonlyMap<string, Kind>
}

/**
 * The same names as `readNames` gives, with their kinds.
 * @throws INVALID for a name that is no UTF-8; DENIED, NOT_FOUND
 */
export function readKinds(fs: FileSystem, folder: string): ListedFolder {
  const kinds = new Map<string, Kind>()
  for (const item of onPath('read', folder, () => fs.readdirSync(folder, { withFileTypes: true }))) {
    kinds.set(item.name, kindOf(item))
  }
  return { names: sortedNames(fs, folder, [...kinds.keys()]), kinds }
}

/** A scanned path's status, a link's own; `undefined` when it was removed since its folder was read. */
export function statusOfScanned(fs: FileSystem, path: string): FileStatus | undefined {
  try {
    return fs.lstatSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw fileError(error, 'read', path)
  }
}

/** What a status, or a folder's own word, says that a name is. */
export function kindOf(status: Pick<FileStatus, 'isDirectory' | 'isFile' | 'isSymbolicLink'>): Kind {
  if (status.isFile()) return 'file'
  if (status.isDirectory()) return 'folder'
  return status.isSymbolicLink() ? 'link' : 'special'
}

function sortedNames(fs: FileSystem, folder: string, names: string[]): string[] {
  if (names.every((name) => belowSurrogates.test(name))) return names.sort()
  if (names.some((name) => name.includes('\uFFFD'))) refuseDamagedNames(fs, folder)
  return names.sort(compareText)
}

/** Node puts U+FFFD where a name is no UTF-8, so that two names may become one: such names are refused. */
function refuseDamagedNames(fs: FileSystem, folder: string): void {
  for (const raw of onPath('read', folder, () => fs.readdirSync(folder, { encoding: 'buffer' }))) {
    if (fromUtf8(raw) !== undefined) continue
    const name = JSON.stringify(raw.toString('latin1'))
    throw new QuiltError('INVALID', `a name in "${folder}" is no valid UTF-8: ${name}`, {
      hint: 'rename it, or leave out its folder with a .quiltignore',
    })
  }
}

/**
 * A folder's own rules, if `names` tells that it has any. Rules that cannot be read are never skipped: what they
 * were to leave out would be taken in.
 * @throws INVALID, DENIED, UNAVAILABLE naming the file
 */
export function readRules(fs: FileSystem, folder: string, names: readonly string[]): string | undefined {
  if (!names.includes(ignoreFile)) return undefined
  const path = `${folder}/${ignoreFile}`
  const refuse = (why: string): never => {
    throw new QuiltError('INVALID', `"${path}" ${why}`)
  }
  if (!onPath('read', path, () => fs.statSync(path)).isFile()) refuse('is no file')
  const handle = openToRead(fs, path)
  try {
    const bytes = onPath('read', path, () => readUpTo(fs, handle, ignoreBytes))
    if (bytes.length > ignoreBytes) refuse('is larger than 1 MiB')
    const text = fromUtf8(bytes)?.replace(/^\uFEFF/, '') ?? refuse('is no valid UTF-8')
    const costly = costlyRule(text)
    if (costly !== undefined) refuse(`has a rule with more than two "**/": ${costly.slice(0, 100)}`)
    return text
  } finally {
    onPath('read', path, () => fs.closeSync(handle))
  }
}

/**
 * Refuses what is neither file, folder nor link, and names that no tree can hold.
 * @throws INVALID, naming the path
 */
export function checkScanned(path: string, name: string, kind: Kind): void {
  const problem =
    nameProblem(name) ?? (kind === 'special' ? 'it is neither a file nor a folder nor a link' : undefined)
  if (problem === undefined) return
  throw new QuiltError('INVALID', `"${path}" cannot be kept: ${problem}`, {
    hint: 'leave it out with a .quiltignore',
  })
}
