// The public API: one function for each command, with the same name and meaning, and what they stand on.
// Each opens a session of its own, from the environment and the configuration; to make many calls, open one.
import type { Context } from './core/base/context.ts'
import type { Session } from './package/session.ts'
import { build as buildIn, type BuildOptions, type BuildResult } from './package/build.ts'
import { diff as diffIn, type Difference } from './package/diff.ts'
import { exportPackage as exportIn, type ExportOptions, type ExportResult } from './package/export.ts'
import type { GcOptions, GcReport } from './core/repo/gc.ts'
import { gc as gcIn } from './package/gc.ts'
import { inspect as inspectIn, type InspectOptions, type Inspected } from './package/inspect.ts'
import { install as installIn, type InstallOptions, type InstallResult } from './package/exchange/install.ts'
import { log as logIn, type LogOptions, type LogRow } from './package/log.ts'
import { ls as lsIn, type ListedPackage } from './package/list.ts'
import {
  tagAdd as tagAddIn,
  tagList as tagListIn,
  tagRemove as tagRemoveIn,
  versionAdd as versionAddIn,
  versionList as versionListIn,
  type NamedTag,
  type NamedVersion,
  type NamingOptions,
} from './package/names/naming.ts'
import { push as pushIn, type PushOptions, type PushResult } from './package/exchange/push.ts'
import { rm as rmIn, type Removed } from './package/remove.ts'
import { verify as verifyIn, type VerifyReport } from './package/verify.ts'
import {
  configGet as configGetIn,
  configList as configListIn,
  configSet as configSetIn,
  type ConfiguredValue,
} from './session/configuration.ts'
import { openSession, type ConfiguredSession, type SessionOptions } from './session/open-session.ts'
import {
  remoteAdd as remoteAddIn,
  remoteList as remoteListIn,
  remoteRemove as remoteRemoveIn,
  type ListedRemote,
  type NamedRemote,
} from './session/remotes.ts'

export { isQuiltError, QuiltError, type ErrorCode } from './core/base/error.ts'
export type { Context, Progress } from './core/base/context.ts'
export { openSession, type ConfiguredSession, type SessionOptions } from './session/open-session.ts'
export type { Session } from './package/session.ts'
export type { BuildOptions, BuildResult } from './package/build.ts'
export type { ChangedPath, Difference, ModifiedPath, RenamedPath } from './package/diff.ts'
export type { ExportOptions, ExportResult } from './package/export.ts'
export type { GcOptions, GcReport } from './core/repo/gc.ts'
export type { InspectedNode, Inspected, InspectOptions } from './package/inspect.ts'
export type { InstallOptions, InstallResult } from './package/exchange/install.ts'
export type { ListedPackage } from './package/list.ts'
export type { LogOptions, LogRow } from './package/log.ts'
export type { NamedTag, NamedVersion, NamingOptions } from './package/names/naming.ts'
export type { PushOptions, PushResult } from './package/exchange/push.ts'
export type { Removed } from './package/remove.ts'
export type { VerifyReport } from './package/verify.ts'
export type { ConfiguredValue } from './session/configuration.ts'
export type { ListedRemote, NamedRemote } from './session/remotes.ts'

/** What every function takes beside its own options: which session to use or open, how to stop, whom to tell. */
export interface CallOptions extends SessionOptions, Context {
  /** A session to use; it is not closed. Without one, a session is opened with the other options and closed. */
  readonly session?: Session | undefined
}

/**
 * Builds a package from a folder, or the node at the handle's path from a folder or a file; without a path an
 * empty package or group. When nothing has changed no commit is made. Sizes in the result are in bytes.
 * @throws QuiltError INVALID, NOT_FOUND, DENIED naming what cannot be built; CONFLICT when another build was first
 * @example const { topHash } = await build('ada/wine', './wine', { message: 'first harvest' })
 */
export function build(
  handle: string,
  path?: string,
  options: BuildOptions & CallOptions = {},
): Promise<BuildResult> {
  return within(options, (session) => buildIn(session, { handle, path }, options, options))
}

/**
 * Every package on this machine: this user's store first, then the read-only ones, each ascending by name.
 * @throws QuiltError CORRUPT when a package's refs are damaged, after the others
 * @example for (const { package: name, topHash } of await ls()) console.log(name, topHash)
 */
export function ls(options: CallOptions = {}): Promise<readonly ListedPackage[]> {
  return within(options, (session) => collect(lsIn(session, options)))
}

/**
 * A package's tree, or that of a node: names, types, ids, sizes in bytes, aliases, metadata.
 * @throws QuiltError NOT_FOUND, AMBIGUOUS, INVALID
 * @example const { children } = await inspect('ada/wine@1.0')
 */
export function inspect(handle: string, options: InspectOptions & CallOptions = {}): Promise<Inspected> {
  return within(options, (session) => inspectIn(session, handle, options, options))
}

/**
 * The moves of a package's `latest`, newest first; times in ISO 8601, UTC.
 * @throws QuiltError NOT_FOUND, UNAVAILABLE when the origin cannot be reached
 * @example for (const row of await log('ada/wine')) console.log(row.time, row.topHash)
 */
export function log(pkg: string, options: LogOptions & CallOptions = {}): Promise<readonly LogRow[]> {
  return within(options, (session) => collect(logIn(session, pkg, options, options)))
}

/**
 * What changed from `a` to `b`: two revisions, or a revision and a folder. Sizes in bytes.
 * @throws QuiltError NOT_FOUND, AMBIGUOUS, INVALID
 * @example const { added, renamed } = await diff('ada/wine@1.0', 'ada/wine@2.0')
 */
export function diff(a: string, b?: string, options: CallOptions = {}): Promise<Difference> {
  return within(options, (session) => diffIn(session, { a, b }, options))
}

/**
 * Writes a package's files below a folder, byte by byte as they went in. Also exported as `export`.
 * @throws QuiltError CONFLICT naming what is in the way; NOT_FOUND, INVALID, CORRUPT, UNAVAILABLE. Then nothing is written.
 * @example await exportPackage('ada/wine@1.0', './wine', { force: true })
 */
export function exportPackage(
  handle: string,
  destination?: string,
  options: ExportOptions & CallOptions = {},
): Promise<ExportResult> {
  return within(options, (session) => exportIn(session, { handle, destination }, options, options))
}
export { exportPackage as export }

/**
 * Removes a package from this machine, not from a remote; `gc` frees its bytes.
 * @throws QuiltError NOT_FOUND, DENIED
 * @example await rm('ada/wine')
 */
export function rm(pkg: string, options: CallOptions = {}): Promise<Removed> {
  return within(options, (session) => rmIn(session, pkg, options))
}

/**
 * Proves every byte of the store, or of what some packages reach.
 * @throws QuiltError NOT_FOUND for a package that is not here; damage is no error but a problem in the report
 * @example const { problems } = await verify(['ada/wine'])
 */
export function verify(packages: readonly string[] = [], options: CallOptions = {}): Promise<VerifyReport> {
  return within(options, (session) => verifyIn(session, packages, options))
}

/**
 * Frees what no package needs. `patience` is in milliseconds.
 * @throws QuiltError CORRUPT when something that is needed is missing: then nothing is deleted
 * @example const { freedBytes } = await gc()
 */
export function gc(options: GcOptions & CallOptions = {}): Promise<GcReport> {
  return within(options, (session) => gcIn(session, options, options))
}

/**
 * Pushes a package to its origin, or to `remote`: a configured name, an address, a folder's path.
 * @throws QuiltError CONFLICT when someone else has pushed; NOT_FOUND, DENIED, UNAVAILABLE
 * @example await push('ada/wine', { remote: 'file:///shared/data' })
 */
export function push(handle: string, options: PushOptions & CallOptions = {}): Promise<PushResult> {
  return within(options, (session) => pushIn(session, handle, options, options))
}

/**
 * Installs a revision of a package, or a part of it.
 * @throws QuiltError NOT_FOUND; CONFLICT over local builds; UNAVAILABLE; CORRUPT
 * @example await install('ada/wine/train.csv', { version: '1.0', remote: 'file:///shared/data' })
 */
export function install(handle: string, options: InstallOptions & CallOptions = {}): Promise<InstallResult> {
  return within(options, (session) => installIn(session, handle, options, options))
}

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

/** What the functions take that read or set the configuration: a session that `openSession` made. */
export interface ConfigurationOptions extends CallOptions {
  readonly session?: ConfiguredSession | undefined
}

/**
 * The remotes that have names, ascending, and the file that names each.
 * @throws QuiltError INVALID when a configuration cannot be read
 * @example for (const { name, address } of await remoteList()) console.log(name, address)
 */
export function remoteList(options: ConfigurationOptions = {}): Promise<readonly ListedRemote[]> {
  return within(options, remoteListIn)
}

/**
 * Gives a remote a name, in the user's own configuration; a folder's path is kept as an address.
 * @throws QuiltError INVALID for a name or an address that is none; UNSUPPORTED for a scheme that no plugin opens;
 * CONFLICT when the name stands for another one
 * @example await remoteAdd('shared', 'file:///shared/data')
 */
export function remoteAdd(
  name: string,
  address: string,
  options: ConfigurationOptions = {},
): Promise<NamedRemote> {
  return within(options, (session) => remoteAddIn(session, name, address))
}

/**
 * Forgets a remote's name; what lies there stays.
 * @throws QuiltError NOT_FOUND; INVALID when another file than the user's names it
 * @example await remoteRemove('shared')
 */
export function remoteRemove(
  name: string,
  options: ConfigurationOptions = {},
): Promise<{ readonly removed: string }> {
  return within(options, (session) => remoteRemoveIn(session, name))
}

/**
 * Every value that is configured, ascending by key, and the file or the variable that it is from.
 * @throws QuiltError INVALID when a configuration cannot be read
 * @example const values = await configList()
 */
export function configList(options: ConfigurationOptions = {}): Promise<readonly ConfiguredValue[]> {
  return within(options, configListIn)
}

/**
 * One configured value.
 * @throws QuiltError INVALID for what is no key; NOT_FOUND for one that is not set
 * @example const { value } = await configGet('author.name')
 */
export function configGet(key: string, options: ConfigurationOptions = {}): Promise<ConfiguredValue> {
  return within(options, (session) => configGetIn(session, key))
}

/**
 * Sets a value in the user's own configuration, relative folders made absolute; an empty one is removed.
 * @throws QuiltError INVALID for what is no key; DENIED, UNAVAILABLE when the file cannot be written
 * @example await configSet('author.name', 'Ada Lovelace')
 */
export function configSet(
  key: string,
  value: string,
  options: ConfigurationOptions = {},
): Promise<ConfiguredValue> {
  return within(options, (session) => configSetIn(session, key, value))
}

/** Runs in the session given, or in one that is opened for this call. */
async function within<S extends Session, T>(
  options: SessionOptions & { readonly session?: S | undefined },
  run: (session: S | ConfiguredSession) => T | Promise<T>,
): Promise<T> {
  if (options.session !== undefined) return run(options.session)
  const session = await openSession(options)
  try {
    return await run(session)
  } finally {
    await session.close()
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
