// What lies under a package's prefix: generation files and segments. Reads names, no bytes.
//
// A listing shows whatever is there from before it begins until it ends. So its newest generation is the state
// at its beginning or a later one: that is deleted only when `keep` further ones have been made (see
// fold.ts).
import type { Backend, Head } from '../../backend/backend.ts'
import type { Context } from '../../base/context.ts'
import { numbersOf, packagePrefixOf, refsPrefix } from '../layout.ts'

/** A generation file. */
export interface ListedGeneration {
  readonly number: number
  readonly key: string
  readonly size: number
}

/** A segment of generations `first` to `last`. */
export interface ListedSegment {
  readonly first: number
  readonly last: number
  readonly key: string
  readonly size: number
}

/** All files of a package's refs. */
export interface Listing {
  /** `refs/<team or _>/<owner>/<name>/`, in lower case. */
  readonly prefix: string
  /** Ascending by number. */
  readonly generations: readonly ListedGeneration[]
  /** Ascending by `first`; of two that begin together, the longer is first. */
  readonly segments: readonly ListedSegment[]
  /** Keys that are neither. */
  readonly strangers: readonly string[]
}

/** The files under one package's prefix. */
export async function listPackage(backend: Backend, prefix: string, ctx?: Context): Promise<Listing> {
  const heads: Head[] = []
  for await (const head of backend.list(prefix, ctx)) heads.push(head)
  return asListing(prefix, heads)
}

/** The same for every package, in the backend's order of prefixes, by one listing. */
export async function* listPackages(backend: Backend, ctx?: Context): AsyncGenerator<Listing> {
  let prefix: string | undefined
  let heads: Head[] = []
  for await (const head of backend.list(refsPrefix, ctx)) {
    const folder = packagePrefixOf(head.key) ?? refsPrefix
    if (prefix !== undefined && folder !== prefix) {
      yield asListing(prefix, heads)
      heads = []
    }
    prefix = folder
    heads.push(head)
  }
  if (prefix !== undefined) yield asListing(prefix, heads)
}

/** The newest generation's file. */
export function newestGeneration(listing: Listing): ListedGeneration | undefined {
  return listing.generations.at(-1)
}

/** The segment that holds a generation and reaches back the farthest. */
export function segmentOf(listing: Listing, number: number): ListedSegment | undefined {
  return listing.segments.find((segment) => segment.first <= number && number <= segment.last)
}

/** The highest number in any segment; 0 without segments. */
export function lastFolded(listing: Listing): number {
  return listing.segments.reduce((last, segment) => Math.max(last, segment.last), 0)
}

/** The package's name as its prefix says it: in lower case. For messages. */
export function packageOfPrefix(prefix: string): string {
  const [team, owner, name] = prefix.slice(refsPrefix.length, -1).split('/')
  return `${team === '_' ? '' : `${team ?? ''}:`}${owner ?? ''}/${name ?? ''}`
}

function asListing(prefix: string, heads: readonly Head[]): Listing {
  const generations: ListedGeneration[] = []
  const segments: ListedSegment[] = []
  const strangers: string[] = []
  for (const { key, size } of heads) {
    const named = numbersOf(key.slice(prefix.length))
    if (named === undefined) strangers.push(key)
    else if ('number' in named) generations.push({ ...named, key, size })
    else segments.push({ ...named, key, size })
  }
  generations.sort((a, b) => a.number - b.number)
  segments.sort((a, b) => a.first - b.first || b.last - a.last)
  return { prefix, generations, segments, strangers }
}
