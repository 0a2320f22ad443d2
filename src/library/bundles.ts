// Bundles in code: `bundleCreate` is `quilt bundle create`.
import {
  bundleCreate as createIn,
  type BundleCreated,
  type BundleCreateOptions,
} from '../package/bundle/create.ts'
import {
  bundleInstall as installIn,
  type BundleInstalled,
  type BundleInstallOptions,
} from '../package/bundle/install.ts'
import {
  bundleList as listIn,
  bundleVerify as verifyIn,
  type ListedBundle,
  type ProvedBundle,
} from '../package/bundle/list.ts'
import { within, type CallOptions } from './call.ts'

/**
 * Writes a revision of a package into one file, with `since` only what is new since that one. Sizes are in bytes.
 * @throws QuiltError NOT_FOUND, AMBIGUOUS, INVALID; CONFLICT when the file is there; UNAVAILABLE, DENIED
 * @example await bundleCreate('ada/wine@2.0', 'wine-2.bundle', { since: '1.0' })
 */
export function bundleCreate(
  handle: string,
  file: string,
  options: BundleCreateOptions & CallOptions = {},
): Promise<BundleCreated> {
  return within(options, (session) => createIn(session, { handle, file }, options, options))
}

/**
 * Installs what bundles hold; all are proved before anything is kept.
 * @throws QuiltError CORRUPT for one that is damaged; NOT_FOUND when what it builds on is not here; CONFLICT
 * @example await bundleInstall(['wine.bundle', 'wine-2.bundle'])
 */
export function bundleInstall(
  files: readonly string[],
  options: BundleInstallOptions & CallOptions = {},
): Promise<readonly BundleInstalled[]> {
  return within(options, (session) => installIn(session, files, options, options))
}

/**
 * What bundles say that they hold.
 * @throws QuiltError NOT_FOUND, CORRUPT, UNSUPPORTED
 * @example const [{ package: name, versions }] = await bundleList(['wine.bundle'])
 */
export function bundleList(
  files: readonly string[],
  options: CallOptions = {},
): Promise<readonly ListedBundle[]> {
  return within(options, (session) => listIn(session, files, options))
}

/**
 * Proves every byte of bundles, and that nothing is missing in them.
 * @throws QuiltError CORRUPT for the first that is damaged; NOT_FOUND, UNSUPPORTED
 * @example await bundleVerify(['wine.bundle'])
 */
export function bundleVerify(
  files: readonly string[],
  options: CallOptions = {},
): Promise<readonly ProvedBundle[]> {
  return within(options, (session) => verifyIn(session, files, options))
}
