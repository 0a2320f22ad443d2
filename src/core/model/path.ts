// Paths inside a package: names joined by `/`; the empty path is the root.
import { QuiltError } from '../base/error.ts'
import { checkName, treeDepth } from './entry.ts'

/**
 * A path's names.
 * @throws INVALID for an empty or impossible name, or more than 512 of them
 * @example splitPath('a/b') // ['a', 'b']
 */
export function splitPath(path: string): readonly string[] {
  if (path === '') return []
  const names = path.split('/')
  if (names.length > treeDepth) {
    throw new QuiltError('INVALID', `a path is deeper than ${String(treeDepth)} levels`)
  }
  for (const name of names) checkName(name)
  return names
}

/** Joins a folder's path and a name. */
export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** True when `path` is `folder` or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`)
}
