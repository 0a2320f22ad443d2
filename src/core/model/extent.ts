// How much of a commit is here, where not all of it is.

/**
 * What is here of a commit: only itself, only its trees, or its trees and the files at or below these paths.
 * The path '' is the root: with it all is here, and the commit is kept although no ref may reach it.
 */
export type Extent = 'commit' | 'meta' | readonly string[]
