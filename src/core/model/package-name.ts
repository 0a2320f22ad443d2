// Package names: `[TEAM:]OWNER/NAME`.
import { QuiltError } from '../base/error.ts'

/** Names a package. Two that differ in case only are the same name, misspelt. */
export interface PackageName {
  readonly team?: string
  readonly owner: string
  readonly name: string
}

/** Owner and package: a letter, then letters, digits, `_`, `-`; at most 64. */
const partPattern = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
/** Teams: lower-case letters only, at most 64. */
const teamPattern = /^[a-z]{1,64}$/

/**
 * Text to package name.
 * @throws INVALID, naming the part that is wrong
 * @example parsePackageName('ada/wine') // { owner: 'ada', name: 'wine' }
 */
export function parsePackageName(text: string): PackageName {
  const colon = text.indexOf(':')
  const team = colon < 0 ? undefined : text.slice(0, colon)
  const parts = text.slice(colon + 1).split('/')
  const [owner, name] = parts
  if (parts.length !== 2 || owner === undefined || name === undefined || owner === '' || name === '') {
    throw new QuiltError('INVALID', `invalid package ${JSON.stringify(text.slice(0, 200))}`, {
      hint: 'specify a package as [TEAM:]OWNER/NAME',
    })
  }
  if (team !== undefined && !teamPattern.test(team)) {
    throw new QuiltError('INVALID', `invalid team name ${JSON.stringify(team.slice(0, 80))}`, {
      hint: 'a team has lower-case letters only',
    })
  }
  checkPart('owner', owner)
  checkPart('package', name)
  return team === undefined ? { owner, name } : { team, owner, name }
}

function checkPart(what: string, text: string): void {
  if (partPattern.test(text)) return
  const steps = what === 'package' ? /~\d*$/.exec(text)?.[0] : undefined
  throw new QuiltError('INVALID', `invalid ${what} name ${JSON.stringify(text.slice(0, 80))}`, {
    hint:
      steps === undefined
        ? 'use a letter, then letters, digits, "_" and "-", 64 at most'
        : `for an earlier revision write @latest${steps}`,
  })
}

/** Package name to text, as `parsePackageName` reads it. */
export function formatPackageName(pkg: PackageName): string {
  return `${pkg.team === undefined ? '' : `${pkg.team}:`}${pkg.owner}/${pkg.name}`
}

/** The same for two names that differ in case only: what they are stored and compared under. */
export function packageKey(pkg: PackageName): string {
  return `${pkg.team ?? '_'}/${pkg.owner}/${pkg.name}`.toLowerCase()
}
