// How a commit's derived tree names things: a recipe by its blob, a view by its blob and how it was read.
import type { Id } from './id.ts'

/** The name of a blob's recipe in the derived tree: the blob's id. */
export function recipeName(blob: Id): string {
  return blob
}

/**
 * The name of a view in the derived tree. `readingId` is the SHA-256 of the canonical encoding of
 * `[parser, parser version, options]`; the entry is a group whose `meta` says them in clear.
 */
export function viewName(blob: Id, readingId: Id): string {
  return `${blob}.${readingId}`
}

/** The blob of a view, by the view's name. */
export function blobOfView(name: string): Id {
  return name.slice(0, name.indexOf('.')) as Id
}
