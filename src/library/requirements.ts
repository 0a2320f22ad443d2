// What a quilt.yml asks for, in code: `installRequired` is `quilt install` without a package.
import {
  installRequired as installRequiredIn,
  type RequiredOptions,
  type RequiredResult,
} from '../package/requirements/install-required.ts'
import {
  outdated as outdatedIn,
  type OutdatedOptions,
  type OutdatedPackage,
} from '../package/requirements/outdated.ts'
import { within, type CallOptions } from './call.ts'

/**
 * Installs what a `quilt.yml` asks for, to the hashes in the `quilt.lock` beside it, and locks what is not locked yet.
 * @throws QuiltError INVALID listing all that is wrong in the file; with `frozen` NOT_FOUND, CONFLICT where the lock is
 * not of this file; what `install` throws
 * @example const { packages } = await installRequired({ frozen: true })
 */
export function installRequired(options: RequiredOptions & CallOptions = {}): Promise<RequiredResult> {
  return within(options, (session) => installRequiredIn(session, options, options))
}

/**
 * The packages of a `quilt.yml` that are not locked at what the file means now, or not at the newest there is.
 * @throws QuiltError INVALID listing all that is wrong in the file; NOT_FOUND, UNAVAILABLE
 * @example for (const { package: name, wanted } of await outdated()) console.log(name, wanted.version)
 */
export function outdated(options: OutdatedOptions & CallOptions = {}): Promise<readonly OutdatedPackage[]> {
  return within(options, (session) => outdatedIn(session, options, options))
}
