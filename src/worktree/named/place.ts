// Where a build file's sources may lie: below its folder, by their real paths, and never in the store.
import type { Stats } from 'node:fs'
import type { FileSystem } from '../../core/base/fs-node.ts'
import { distance } from '../../core/base/closest.ts'
import { QuiltError } from '../../core/base/error.ts'
import { isWithin } from '../../core/model/path.ts'
import { errnoOf, fileError, onPath } from '../file-error.ts'

/** The folder that sources are named from. */
export interface SourceRoot {
  readonly fs: FileSystem
  /** Its absolute path, and that with links followed. */
  readonly folder: string
  readonly real: string
  /** The store's real path, where there is a store. */
  readonly store: string | undefined
  /** The build file itself, its real path: no pattern matches it. */
  readonly file: string
  /** True when sources may lie elsewhere. */
  readonly outside: boolean
}

/** A file that was found; `path` is its real path. */
export interface FoundSource {
  readonly path: string
  readonly stats: Stats
}

/** A source, or why there is none. */
export type Located = FoundSource | { readonly problem: string }

/** What to type where a source lies elsewhere. */
const allow = 'allow it with --allow-outside'
/** As many names are suggested, and looked at to find them. */
const mostSuggested = 3
const mostLookedAt = 20_000

/** A root for the sources of a build file. @throws NOT_FOUND, DENIED */
export function sourceRoot(
  fs: FileSystem,
  file: string,
  { store, outside }: { readonly store: string; readonly outside: boolean },
): SourceRoot {
  const folder = file.slice(0, Math.max(file.lastIndexOf('/'), 1))
  const real = (path: string): string => onPath('read', path, () => fs.realpathSync(path))
  return {
    fs,
    folder,
    real: real(folder),
    store: fs.existsSync(store) ? real(store) : undefined,
    file: real(file),
    outside,
  }
}

/** True when a real path is one that sources may have. */
export function isAllowed({ real, store, outside }: SourceRoot, path: string): boolean {
  if (store !== undefined && isWithin(path, store)) return false
  return outside || isBelow(path, real)
}

/** As `isWithin`, for absolute paths: below `/` lies everything. */
function isBelow(path: string, folder: string): boolean {
  return folder === '/' || isWithin(path, folder)
}

/** The file that a text names, from the build file's folder. Nothing outside is looked at unless that is allowed. */
export function locate(root: SourceRoot, text: string): Located {
  const { fs, folder } = root
  if (text.includes('\0')) return { problem: 'a path holds no NUL' }
  const path = normalized(text.startsWith('/') ? text : `${folder}/${text}`)
  if (!root.outside && !isBelow(path, folder) && !isBelow(path, root.real)) {
    return { problem: `${JSON.stringify(text)} lies outside the build file's folder: ${allow}` }
  }
  try {
    const real = onPath('read', path, () => fs.realpathSync(path))
    if (!isAllowed(root, real)) return { problem: whyNot(root, text, real) }
    const stats = onPath('read', path, () => fs.statSync(real))
    if (stats.isFile()) return { path: real, stats }
    const folderHint = `: name its files, or all of them with a pattern such as ${JSON.stringify(`${text.replace(/\/+$/, '')}/*`)}`
    return {
      problem: stats.isDirectory()
        ? `${JSON.stringify(text)} is a folder${folderHint}`
        : `${JSON.stringify(text)} is neither a file nor a folder`,
    }
  } catch (error) {
    if (!(error instanceof QuiltError)) throw error
    if (error.code !== 'NOT_FOUND') return { problem: error.message }
    return { problem: `there is no file ${JSON.stringify(text)}${nearMisses(root, path)}` }
  }
}

function whyNot({ store }: SourceRoot, text: string, real: string): string {
  const name = JSON.stringify(text)
  if (store !== undefined && isWithin(real, store)) return `${name} lies in the store`
  return `${name} leads outside the build file's folder, by a link: ${allow}`
}

/** A path without `.`, `..` and empty parts, as text: links are followed later. */
export function normalized(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** What is there under nearly that name, in the last folder of the path that there is. */
function nearMisses(root: SourceRoot, path: string): string {
  const { fs, folder } = root
  let at = path
  let wanted = ''
  do {
    wanted = at.slice(at.lastIndexOf('/') + 1)
    at = at.slice(0, Math.max(at.lastIndexOf('/'), 1))
  } while (!fs.existsSync(at) && at !== '/')
  if (!isBelow(at, folder) && !root.outside) return ''
  let names: readonly string[]
  try {
    names = fs.readdirSync(at)
  } catch (error) {
    if (errnoOf(error) !== undefined) return ''
    throw fileError(error, 'read', at)
  }
  const near = nearest(wanted, names.slice(0, mostLookedAt)).map((name) => {
    const whole = at === '/' ? `/${name}` : `${at}/${name}`
    return JSON.stringify(whole.startsWith(`${folder}/`) ? whole.slice(folder.length + 1) : whole)
  })
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`
}

/** The names nearest to one: other case, another extension, a few letters more or less. */
function nearest(wanted: string, names: readonly string[]): readonly string[] {
  const plain = (text: string): string => text.normalize('NFC').toLowerCase()
  const most = Math.max(1, Math.floor(wanted.length / 3))
  const cost = (name: string): number => {
    if (plain(name) === plain(wanted)) return 0
    if (Math.abs(name.length - wanted.length) <= most) {
      const edits = distance(plain(wanted), plain(name))
      if (edits <= most) return edits
    }
    return stem(plain(name)) === stem(plain(wanted)) ? most : Infinity
  }
  const scored = names.map((name) => ({ name, cost: cost(name) })).filter((one) => one.cost < Infinity)
  return scored
    .toSorted((a, b) => a.cost - b.cost || (a.name < b.name ? -1 : 1))
    .slice(0, mostSuggested)
    .map(({ name }) => name)
}

function stem(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? name : name.slice(0, dot)
}
