// Tags and versions in code: `tagAdd` is `quilt tag add`.
import {
  tagAdd as tagAddIn,
  tagList as tagListIn,
  tagRemove as tagRemoveIn,
  versionAdd as versionAddIn,
  versionList as versionListIn,
  type NamedTag,
  type NamedVersion,
  type NamingOptions,
} from '../package/names/naming.ts'
import { within, type CallOptions } from './call.ts'

/**
 * A package's tags, ascending.
 * @throws QuiltError NOT_FOUND, UNAVAILABLE
 * @example const tags = await tagList('ada/wine')
 */
export function tagList(
  pkg: string,
  options: NamingOptions & CallOptions = {},
): Promise<readonly NamedTag[]> {
  return within(options, (session) => tagListIn(session, pkg, options, options))
}

/**
 * Sets a tag, or moves it.
 * @throws QuiltError INVALID for a tag that reads like a version or a hash; NOT_FOUND, CONFLICT, UNAVAILABLE
 * @example await tagAdd('ada/wine', 'prod', 'latest')
 */
export function tagAdd(
  pkg: string,
  tag: string,
  revision: string,
  options: NamingOptions & CallOptions = {},
): Promise<NamedTag> {
  return within(options, (session) => tagAddIn(session, { pkg, tag, revision }, options, options))
}

/**
 * Removes a tag.
 * @throws QuiltError NOT_FOUND, UNAVAILABLE
 * @example await tagRemove('ada/wine', 'prod')
 */
export function tagRemove(
  pkg: string,
  tag: string,
  options: NamingOptions & CallOptions = {},
): Promise<{ readonly removed: string }> {
  return within(options, (session) => tagRemoveIn(session, { pkg, tag }, options, options))
}

/**
 * A package's versions, in PEP 440's order and their original spelling.
 * @throws QuiltError NOT_FOUND, UNAVAILABLE
 * @example const versions = await versionList('ada/wine')
 */
export function versionList(
  pkg: string,
  options: NamingOptions & CallOptions = {},
): Promise<readonly NamedVersion[]> {
  return within(options, (session) => versionListIn(session, pkg, options, options))
}

/**
 * Adds a version: it can neither be moved nor removed.
 * @throws QuiltError INVALID for what PEP 440 does not know; CONFLICT when there is that version
 * @example await versionAdd('ada/wine', '1.0', 'latest')
 */
export function versionAdd(
  pkg: string,
  version: string,
  revision: string,
  options: NamingOptions & CallOptions = {},
): Promise<NamedVersion> {
  return within(options, (session) => versionAddIn(session, { pkg, version, revision }, options, options))
}
