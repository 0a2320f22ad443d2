// Versions of packages: PEP 440, kept in their original spelling, trailing zeros significant as in Quilt 2.
import { explain, compare } from '@renovatebot/pep440'
import { QuiltError } from '../../core/base/error.ts'

/**
 * A version's normal form: what two spellings of one version share.
 * @returns `undefined` for what is no version
 * @example normalVersion(' v1.0-1') // '1.0.post1'
 */
export function normalVersion(text: string): string | undefined {
  const parsed = explain(text.trim().toLowerCase())
  if (parsed === null) return undefined
  return parsed.local === null || parsed.local === '' ? parsed.public : `${parsed.public}+${parsed.local}`
}

/**
 * A version's normal form.
 * @throws INVALID for what is no version
 */
export function parseVersion(text: string): string {
  const version = normalVersion(text)
  if (version !== undefined) return version
  throw new QuiltError('INVALID', `invalid version ${JSON.stringify(text.slice(0, 80))}`, {
    hint: 'use a version as PEP 440 has it: 1.0, 2.1.3, 1.0rc1, 1.0.post1',
  })
}

/** Orders versions as PEP 440 does; equal ones (1.0 and 1.0.0) by their normal forms' text. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [normalVersion(a) ?? a, normalVersion(b) ?? b]
  return compare(a, b) || (x < y ? -1 : x > y ? 1 : 0)
}
