// How much of a commit is here, where not all of it is.
import { isWithin } from './path.ts'

/**
 * What is here of a commit: only itself; only its trees; its trees and the files at or below these paths; or these
 * paths alone, with the groups on the way to them. The path '' is the root: with it all is here, and the commit is kept
 * although no ref may reach it.
 */
export type Extent = 'commit' | 'meta' | readonly string[] | PathsAlone

/** Some paths, with no more of the trees than leads to them. */
export interface PathsAlone {
  readonly only: readonly string[]
}

/** The paths whose files are here; none where no file is. */
export function pathsOf(extent: Extent): readonly string[] {
  if (typeof extent === 'string') return []
  return 'only' in extent ? extent.only : extent
}

/** True when the extent has the files at or below a path. */
export function hasFiles(extent: Extent | undefined, path: string): boolean {
  return extent === undefined || pathsOf(extent).some((part) => isWithin(path, part))
}

/** True when the extent has the tree of the group at a path; not always all that is below it. */
export function hasTree(extent: Extent | undefined, path: string): boolean {
  if (extent === undefined || extent === 'meta') return true
  if (extent === 'commit') return false
  return !('only' in extent) || extent.only.some((part) => isWithin(path, part) || isWithin(part, path))
}

/** The names in the group at a path of which the nodes are here, where that is not all of the group: those on the way. */
export function namesOnWay(extent: Extent | undefined, path: string): readonly string[] | undefined {
  if (extent === undefined || typeof extent === 'string' || !('only' in extent)) return undefined
  if (hasFiles(extent, path)) return undefined
  const start = path === '' ? 0 : path.length + 1
  const below = extent.only.filter((part) => isWithin(part, path))
  return [...new Set(below.map((part) => part.slice(start).split('/')[0] as string))]
}

/** True when the extent has every tree at and below a path. */
export function hasTrees(extent: Extent | undefined, path: string): boolean {
  if (extent === undefined || extent === 'meta') return true
  if (extent === 'commit') return false
  return !('only' in extent) || hasFiles(extent, path)
}
