// Symbolic links of a source folder: kept when they stay inside, else refused, or followed when asked to.
import type { Stats } from 'node:fs'
import { fromUtf8 } from '../core/base/bytes.ts'
import { QuiltError } from '../core/base/error.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import { targetProblem } from '../core/model/entry.ts'
import { errnoOf, onPath } from './file-error.ts'

/** What to do with a link that points outside the folder that is built. */
export type OutsideLinks = 'refuse' | 'follow'

/** A link as it is kept, or what it leads to. */
export type FoundLink =
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file'; readonly path: string; readonly stats: Stats }
  | { readonly kind: 'folder'; readonly path: string; readonly followed: readonly string[] }

/** Where a link lies. */
export interface LinkPlace {
  readonly path: string
  /** How far up its target may climb: groups above it in the package, or folders below the one last followed to. */
  readonly depth: number
  /** The real paths of the folders out of which links were followed to here. */
  readonly followed: readonly string[]
}

/**
 * Reads the link at a place.
 * @throws INVALID when it points outside and is not to be followed, or leads round in a circle; NOT_FOUND when
 * it is to be followed and leads nowhere
 */
export function readLink(fs: FileSystem, outside: OutsideLinks, place: LinkPlace): FoundLink {
  const { path, depth } = place
  const target = readTarget(fs, path)
  const problem = targetProblem(target, depth)
  if (problem === undefined) return { kind: 'link', target }
  if (outside === 'follow') return follow(fs, place)
  throw new QuiltError('INVALID', `the link "${path}" cannot be kept: ${problem}`, {
    hint: 'follow such links with --follow-links, or leave it out with a .quiltignore',
  })
}

/** Node puts U+FFFD where a target is no UTF-8: such a link would lead elsewhere when it is written again. */
function readTarget(fs: FileSystem, path: string): string {
  const target = onPath('read', path, () => linkTarget(fs, path))
  if (!target.includes('\uFFFD')) return target
  const raw = onPath('read', path, () => fs.readlinkSync(path, { encoding: 'buffer' }))
  if (fromUtf8(raw) !== undefined) return target
  throw new QuiltError('INVALID', `the link "${path}" cannot be kept: its target is no valid UTF-8`, {
    hint: 'leave it out with a .quiltignore',
  })
}

function linkTarget(fs: FileSystem, path: string): string {
  try {
    return fs.readlinkSync(path)
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error
    throw new QuiltError('INVALID', `"${path}" is no link any more`, { cause: error })
  }
}

function follow(fs: FileSystem, { path, followed }: LinkPlace): FoundLink {
  const real = onPath('follow', path, () => fs.realpathSync(path))
  const stats = onPath('follow', path, () => fs.statSync(real))
  if (stats.isFile()) return { kind: 'file', path: real, stats }
  if (!stats.isDirectory()) {
    throw new QuiltError('INVALID', `the link "${path}" leads to what is neither a file nor a folder`)
  }
  const parent = onPath('follow', path, () => fs.realpathSync(path.slice(0, path.lastIndexOf('/')) || '/'))
  const way = [...followed, parent]
  const within = real.endsWith('/') ? real : `${real}/`
  if (way.some((folder) => folder === real || folder.startsWith(within))) {
    throw new QuiltError('INVALID', `the link "${path}" leads to a folder that it lies in`, {
      hint: 'leave it out with a .quiltignore',
    })
  }
  return { kind: 'folder', path: real, followed: way }
}
