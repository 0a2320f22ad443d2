// Versions of packages: PEP 440, kept in their original spelling, trailing zeros significant as in Quilt 2.
import { compare, explain, maxSatisfying, validRange } from '@renovatebot/pep440'
import { QuiltError } from '../../core/base/error.ts'

/** Longer numbers are not told apart by those who read them as JavaScript's: such versions are refused. */
const tooLongNumber = /\d{16}/

/**
 * A version's normal form: what two spellings of one version share.
 * @returns `undefined` for what is no version
 * @example normalVersion(' v1.0-1') // '1.0.post1'
 */
export function normalVersion(text: string): string | undefined {
  const clean = text.trim().toLowerCase()
  const parsed = tooLongNumber.test(clean) ? null : explain(clean)
  if (parsed === null) return undefined
  const [, local] = clean.split('+')
  return local === undefined ? parsed.public : `${parsed.public}+${normalLocal(local)}`
}

/** By ourselves: the parser takes 1e2 and 0x64 for 100. */
function normalLocal(local: string): string {
  const parts = local.split(/[-_.]/)
  return parts.map((part) => (/^\d+$/.test(part) ? String(Number(part)) : part)).join('.')
}

/**
 * A version's normal form.
 * @throws INVALID for what is no version
 */
export function parseVersion(text: string): string {
  const version = normalVersion(text)
  if (version !== undefined) return version
  throw new QuiltError('INVALID', `invalid version ${JSON.stringify(text.slice(0, 80))}`, {
    hint: 'use a version as PEP 440 has it: 1.0, 2.1.3, 1.0rc1, 1.0.post1; numbers have at most 15 digits',
  })
}

/** Orders versions as PEP 440 does; equal ones (1.0 and 1.0.0) by their normal forms' text. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [normalVersion(a) ?? a, normalVersion(b) ?? b]
  return compare(a, b) || (x < y ? -1 : x > y ? 1 : 0)
}

/**
 * True for a set of PEP 440's specifiers: what says which of several versions will do.
 * @example isVersionRange('>=1.0,<2') // true
 */
export function isVersionRange(text: string): boolean {
  return text.length <= 256 && !tooLongNumber.test(text) && /[<>=~!]/.test(text) && validRange(text)
}

/** The highest version that a range allows, as it is spelt; pre-releases only where it names one. */
export function highestIn(range: string, versions: readonly string[]): string | undefined {
  const spelt = new Map(versions.map((version) => [normalVersion(version) ?? version, version]))
  const best = maxSatisfying([...spelt.keys()], range)
  return best === null ? undefined : spelt.get(best)
}
