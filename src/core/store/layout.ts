// The names of everything on a backend. The only file that spells keys; docs/format.md has the same table.
import { packageKey, type PackageName } from '../model/package-name.ts'

/** Says which format the repository has; written first. */
export const formatKey = 'format'

/** Of a remote: who may write to it, and whether it keeps a listing. */
export const remoteConfigKey = 'config'
/** Of a remote: every key that a reader needs, for web servers, which cannot list. */
export const listingKey = 'listing'
/** Keys that are put and deleted again to find out what a store promises. */
export const probePrefix = 'probe/'

/** Packs: append-only files of objects. */
export const packPrefix = 'packs/'
/** Indexes, each of one pack or of several. */
export const indexPrefix = 'index/'
/** Refs of all packages. */
export const refsPrefix = 'refs/'
/** Announcements of those who are writing. */
export const writerPrefix = 'writers/'
/** Writers that gc has given up. */
export const lapsedPrefix = 'lapsed/'
/** What gc is about to delete. */
export const condemnedPrefix = 'condemned/'

/** A pack's key. `name` is 32 hex digits that never come twice. */
export function packKey(name: string): string {
  return `${packPrefix}${name}`
}

/** An index's key: that of its pack's name, or of a name of its own when it covers several. */
export function indexKey(name: string): string {
  return `${indexPrefix}${name}`
}

/** A writer's key. */
export function writerKey(name: string): string {
  return `${writerPrefix}${name}`
}

/** Says that gc has given a writer up. */
export function lapsedKey(name: string): string {
  return `${lapsedPrefix}${name}`
}

/** The key of one gc's list of packs to delete. */
export function condemnedKey(name: string): string {
  return `${condemnedPrefix}${name}`
}

/** Where all of a package's refs lie: `refs/<team or _>/<owner>/<name>/`, in lower case. */
export function packagePrefix(pkg: PackageName): string {
  return `${refsPrefix}${packageKey(pkg)}/`
}

/** One generation of a package's refs; its number in 16 decimal digits, so that keys sort as numbers do. */
export function generationKey(pkg: PackageName, generation: number): string {
  return `${packagePrefix(pkg)}g${digits(generation)}`
}

/** Generations `first` to `last` (both included), folded together. */
export function segmentKey(pkg: PackageName, first: number, last: number): string {
  return `${packagePrefix(pkg)}s${digits(first)}-${digits(last)}`
}

/** The prefix of the package to which a key under `refsPrefix` belongs; `undefined` for a stranger's. */
export function packagePrefixOf(key: string): string | undefined {
  return /^refs\/[^/]+\/[^/]+\/[^/]+\//.exec(key)?.[0]
}

/** What a name below a package's prefix says: a generation's number, a segment's first and last; else nothing. */
export function numbersOf(
  name: string,
): { readonly number: number } | { readonly first: number; readonly last: number } | undefined {
  const number = Number(/^g(\d{16})$/.exec(name)?.[1])
  if (isNumber(number)) return { number }
  const [first, last] = (/^s(\d{16})-(\d{16})$/.exec(name) ?? []).slice(1).map(Number)
  return isNumber(first) && isNumber(last) && first <= last ? { first, last } : undefined
}

function isNumber(number: number | undefined): number is number {
  return number !== undefined && Number.isSafeInteger(number) && number >= 1
}

function digits(generation: number): string {
  return String(generation).padStart(16, '0')
}
