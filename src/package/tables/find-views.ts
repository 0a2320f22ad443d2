// Views in a commit's derived tree: which there are of a blob, and which one serves a file.
import type { Context } from '../../core/base/context.ts'
import type { FileEntry, GroupEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { derivedEntries, viewsOf } from '../../core/tree/entries.ts'
import type { TreeSource } from '../../core/tree/node.ts'
import type { ParserListing } from '../../plugins/api.ts'
import { viewHead } from '../../table/view/store-view.ts'
import { readingOf } from './readings.ts'

/** Where a file's view is looked for. */
export interface ViewPlace {
  readonly objects: TreeSource
  readonly derived: Id | undefined
  readonly parsers: readonly ParserListing[]
}

/**
 * The view that serves a file: read by the same parser with the same options. A parser's version does not matter to
 * those who read what is there; a build makes the view again when it has another.
 */
export async function viewFor(
  { objects, derived, parsers }: ViewPlace,
  file: FileEntry,
  ctx?: Context,
): Promise<GroupEntry | undefined> {
  if (derived === undefined) return undefined
  const isServing = servingViews(parsers, file)
  if (isServing === undefined) return undefined
  for await (const entry of viewsOf(objects, derived, file.id, ctx)) if (isServing(entry)) return entry
  return undefined
}

/** Which views serve a file, of those of its blob; `undefined` for a file that is no more than its bytes. */
function servingViews(
  parsers: readonly ParserListing[],
  file: FileEntry,
): ((view: GroupEntry) => boolean) | undefined {
  const reading = readingIfKnown(parsers, file)
  if (reading === undefined) return undefined
  const options = canonical(reading.options)
  return (view) => {
    const head = viewHead(view)
    return head?.parser === reading.parser && canonical(head.options) === options
  }
}

/** Whether a view serves a file; one by a parser that is not installed here may serve any. */
export function mayServe(parsers: readonly ParserListing[]): (file: FileEntry, view: GroupEntry) => boolean {
  const known = new Set(parsers.map(({ name }) => name))
  return (file, view) => {
    const head = viewHead(view)
    return head === undefined || !known.has(head.parser) || servingViews(parsers, file)?.(view) === true
  }
}

/** Also by a parser that is not installed here: who reads a view does not need it. */
function readingIfKnown(
  parsers: readonly ParserListing[],
  file: FileEntry,
): { readonly parser: string; readonly options: object } | undefined {
  try {
    const found = readingOf(parsers, file)
    return found === undefined ? undefined : { parser: found.listing.name, options: found.options }
  } catch {
    return file.reading === undefined
      ? undefined
      : { parser: file.reading.parser.toLowerCase(), options: file.reading.options }
  }
}

/** JSON with its keys in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : one,
  )
}

/** How many files are tables, by what a derived tree holds. */
export async function countTables(
  objects: TreeSource,
  derived: Id | undefined,
  ctx?: Context,
): Promise<number> {
  let count = 0
  if (derived === undefined) return count
  for await (const entry of derivedEntries(objects, derived, undefined, ctx))
    if (entry.type === 'group' && viewHead(entry)?.kind.startsWith('table') === true) count++
  return count
}
