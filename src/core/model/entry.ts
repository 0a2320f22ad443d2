// Entries: what one name in a tree stands for, and which names and targets are valid.
import { isWellFormed } from '../base/bytes.ts'
import { QuiltError } from '../base/error.ts'
import type { Id } from './id.ts'
import { utf8Length, type JsonObject } from './metadata.ts'

/** One name in a package's tree. */
export type Entry = GroupEntry | FileEntry | LinkEntry

interface Named {
  /** Any path component of 1–255 bytes of UTF-8, kept exactly. */
  readonly name: string
  /** The user's metadata; absent rather than empty. */
  readonly meta?: JsonObject
}

/** A folder: `id` is its tree. */
export interface GroupEntry extends Named {
  readonly type: 'group'
  readonly id: Id
}

/** A file: `id` is its blob, `size` its length in bytes. */
export interface FileEntry extends Named {
  readonly type: 'file'
  readonly id: Id
  readonly size: number
  readonly executable?: true
  /** The source's base name, where a build file gave the node another name. */
  readonly source?: string
  /** How the build file says it is to be read. */
  readonly reading?: Reading
}

/** What there is to say of a file. */
export interface FileFacts extends Pick<FileEntry, 'name' | 'id' | 'size'> {
  readonly executable?: boolean | undefined
  readonly source?: string | undefined
  readonly reading?: Reading | undefined
}

/** A file's entry: what is not so is left out. */
export function fileEntry({ name, id, size, executable, source, reading }: FileFacts): FileEntry {
  return {
    type: 'file',
    name,
    id,
    size,
    ...(executable === true ? { executable } : undefined),
    ...(source === undefined ? undefined : { source }),
    ...(reading === undefined ? undefined : { reading }),
  }
}

/** A symbolic link that stays inside the package; `target` is relative to its folder. */
export interface LinkEntry extends Named {
  readonly type: 'link'
  readonly target: string
}

/** As the build file says it, after inheritance and before a parser's defaults; absent where nothing was said. */
export interface Reading {
  readonly parser: string
  readonly options: JsonObject
}

/** One name in a commit's derived tree: a large blob's recipe, or a view (a group; see docs/format.md). */
export type DerivedEntry = RecipeEntry | GroupEntry

/** `name` is a blob's id, `id` its recipe, `size` the blob's length in bytes. */
export interface RecipeEntry {
  readonly type: 'recipe'
  readonly name: string
  readonly id: Id
  readonly size: number
}

/** Longest name, in UTF-8 bytes. */
export const nameBytes = 255
/** Longest link target, in UTF-8 bytes. */
export const targetBytes = 4096
/** Deepest nesting of groups in a package. */
export const treeDepth = 512

/** Why a name cannot be kept, or `undefined` when it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (name === '.' || name === '..') return 'it names a folder relative to another'
  if (name.includes('/') || name.includes('\\')) return 'it holds a path separator'
  if (name.includes('\0')) return 'it holds a NUL'
  if (!isWellFormed(name)) return 'it is no valid Unicode'
  if (name.length > nameBytes / 3 && utf8Length(name) > nameBytes) {
    return `it is longer than ${String(nameBytes)} bytes`
  }
  return undefined
}

/**
 * Refuses a name that no tree may hold.
 * @throws INVALID, quoting the name and why
 */
export function checkName(name: string): void {
  const problem = nameProblem(name)
  if (problem !== undefined) {
    throw new QuiltError('INVALID', `invalid name ${JSON.stringify(name.slice(0, 300))}: ${problem}`)
  }
}

/**
 * Why a link cannot be kept, or `undefined` when it can. `depth` is the number of groups above the link.
 * A target is relative, climbs only at its beginning, and never above the package's root, so that a chain of
 * links cannot leave the package either.
 */
export function targetProblem(target: string, depth: number): string | undefined {
  if (target === '') return 'its target is empty'
  if (target.startsWith('/') || target.includes('\\') || /^[A-Za-z]:/.test(target))
    return 'its target is absolute'
  if (target.includes('\0') || !isWellFormed(target)) return 'its target is no valid path'
  if (utf8Length(target) > targetBytes) return `its target is longer than ${String(targetBytes)} bytes`
  let climbed = 0
  let down = false
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') down = true
    else if (down) return 'its target climbs after descending'
    else climbed++
  }
  return climbed > depth ? 'it points outside the package' : undefined
}
