// What a build is made from: a folder, a single file for a sub-path, or nothing.
import { QuiltError } from '../core/base/error.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import { isWithin } from '../core/model/path.ts'
import { fileError, onPath } from '../worktree/file-error.ts'

/** A source, its path absolute. */
export type BuildSource =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly executable: boolean }
  | { readonly kind: 'nothing' }

/** Name of the build file. */
const buildFile = 'build.yml'

/**
 * What lies at a path, as a source for the whole package or, with `part`, for a node of it.
 * @throws NOT_FOUND, INVALID, UNSUPPORTED, naming the path
 */
export function buildSource(fs: FileSystem, path: string | undefined, part: boolean): BuildSource {
  if (path === undefined) return { kind: 'nothing' }
  let stats
  try {
    stats = fs.statSync(path)
  } catch (error) {
    throw fileError(error, 'read', path)
  }
  if (stats.isDirectory()) {
    if (!fs.existsSync(`${path}/${buildFile}`)) return { kind: 'folder', path }
    throw new QuiltError('INVALID', `the build file "${path}/${buildFile}" already exists`, {
      hint: `build with it: quilt build PKG "${path}/${buildFile}"`,
    })
  }
  if (!stats.isFile()) throw new QuiltError('INVALID', `"${path}" is neither a file nor a folder`)
  if (part) return { kind: 'file', path, executable: (stats.mode & 0o100) !== 0 }
  if (/\.ya?ml$/i.test(path)) {
    throw new QuiltError('UNSUPPORTED', `cannot build from the build file "${path}" yet`, {
      hint: 'build its folder instead, after moving the build file out of it',
    })
  }
  throw new QuiltError('INVALID', `a package is built from a folder, and "${path}" is a file`, {
    hint: 'build its folder, or name a node for it: quilt build OWNER/NAME/NODE FILE',
  })
}

/**
 * The store's path below a folder that is built, by whichever way the two were named; `undefined` where it lies
 * elsewhere. It is left out: it changes while it is read.
 * @throws INVALID for a folder in the store
 */
export function storeWithin(fs: FileSystem, folder: string, store: string): string | undefined {
  if (!fs.existsSync(store)) return undefined
  const [source, kept] = [folder, store].map((path) => onPath('read', path, () => fs.realpathSync(path)))
  if (source === undefined || kept === undefined) return undefined
  if (isWithin(source, kept)) {
    throw new QuiltError('INVALID', `"${folder}" is inside the store`, { hint: 'build another folder' })
  }
  const above = source === '/' ? '' : source
  return isWithin(kept, above) ? `${folder === '/' ? '' : folder}${kept.slice(above.length)}` : undefined
}
