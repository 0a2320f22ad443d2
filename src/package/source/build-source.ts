// What a build is made from: a folder, a build file, a single file for a sub-path, or nothing.
import { QuiltError } from '../../core/base/error.ts'
import type { FileSystem } from '../../core/base/fs-node.ts'
import { isWithin } from '../../core/model/path.ts'
import type { NodePlace } from '../load/node.ts'
import { onPath } from '../../worktree/file-error.ts'

/** A source, its path absolute; a build file is shown as `shown`, and a tree is one that was loaded. */
export type BuildSource =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly executable: boolean }
  | { readonly kind: 'manifest'; readonly path: string; readonly shown: string }
  | { readonly kind: 'tree'; readonly place: NodePlace }
  | { readonly kind: 'nothing' }

/** What is looked at, and as what. */
export interface SourceQuestion {
  /** Absolute; absent for nothing. */
  readonly path: string | undefined
  /** The path as it was given. */
  readonly shown: string | undefined
  /** True for a node of a package: then a file is data, unless it is called as build files are. */
  readonly part: boolean
  /** True: it is a build file, or holds one; false: it is data. Absent: its name tells. */
  readonly buildFile: boolean | undefined
}

/** The name of a build file at the top of a folder. */
export const buildFileName = 'build.yml'

/**
 * What lies at a path, as a source for the whole package or for a node of it.
 * @throws NOT_FOUND, INVALID, naming the path
 */
export function buildSource(
  fs: FileSystem,
  { path, shown = path, part, buildFile }: SourceQuestion,
): BuildSource {
  if (path === undefined || shown === undefined) return { kind: 'nothing' }
  const stats = onPath('read', path, () => fs.statSync(path))
  if (stats.isDirectory()) {
    const held = `${path === '/' ? '' : path}/${buildFileName}`
    if (buildFile !== false && fs.existsSync(held)) {
      return { kind: 'manifest', path: held, shown: `${shown.replace(/\/+$/, '')}/${buildFileName}` }
    }
    if (buildFile !== true) return { kind: 'folder', path }
    throw new QuiltError('NOT_FOUND', `there is no build.yml in "${path}"`, {
      hint: `write one with: quilt generate "${shown}"`,
    })
  }
  if (!stats.isFile()) throw new QuiltError('INVALID', `"${path}" is neither a file nor a folder`)
  if (buildFile ?? isBuildFile(path, part)) return { kind: 'manifest', path, shown }
  if (part) return { kind: 'file', path, executable: (stats.mode & 0o100) !== 0 }
  throw new QuiltError(
    'INVALID',
    `a package is built from a folder or a build.yml, and "${path}" is another file`,
    {
      hint: 'build its folder, or name a node for it: quilt build OWNER/NAME/NODE FILE',
    },
  )
}

/** Where only a folder or a build file can be meant, every YAML file is one; else only one that is called so. */
function isBuildFile(path: string, part: boolean): boolean {
  return part ? path.endsWith(`/${buildFileName}`) : /\.ya?ml$/i.test(path)
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
