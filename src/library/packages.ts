// Packages in code: one function for each command of the same name.
import { isQuiltError, type QuiltError } from '../core/base/error.ts'
import { build as buildIn, type BuildOptions, type BuildResult } from '../package/build.ts'
import { check as checkIn, type CheckOptions, type CheckReport } from '../package/check.ts'
import { diff as diffIn, type Difference } from '../package/diff.ts'
import { exportPackage as exportIn, type ExportOptions, type ExportResult } from '../package/export.ts'
import type { NodeCalls } from '../package/load/node-types.ts'
import type { GcReport } from '../core/repo/gc.ts'
import type { RemoteOptions } from '../package/exchange/origin.ts'
import { gc as gcIn, type GcOptions } from '../package/gc.ts'
import { generate as generateIn, type Generated, type GenerateOptions } from '../package/generate.ts'
import { inspect as inspectIn, type InspectOptions, type Inspected } from '../package/inspect.ts'
import { install as installIn, type InstallOptions, type InstallResult } from '../package/exchange/install.ts'
import { log as logIn, type LogOptions, type LogRow } from '../package/log.ts'
import { ls as lsIn, type ListedPackage } from '../package/list.ts'
import { push as pushIn, type PushOptions, type PushResult } from '../package/exchange/push.ts'
import { rm as rmIn, type Removed, type RmOptions } from '../package/remove.ts'
import { verify as verifyIn, type VerifyOptions, type VerifyReport } from '../package/verify.ts'
import { collect, within, type CallOptions } from './call.ts'

/**
 * Builds a package from a folder, a `build.yml` or a git repository, or the node at the handle's path from one of these or
 * a file; or from a node that `load` gave, with what was changed in it; without either an empty package or group. When nothing has changed no commit is made. Sizes in the result are in bytes.
 * @throws QuiltError INVALID, NOT_FOUND, DENIED naming what cannot be built; CONFLICT when another build was first
 * @example const { topHash } = await build('ada/wine', './wine', { message: 'first harvest' })
 */
export function build(
  handle: string,
  from?: string | NodeCalls,
  options: BuildOptions & CallOptions = {},
): Promise<BuildResult> {
  const target = typeof from === 'object' ? { handle, tree: from } : { handle, path: from }
  return within(options, (session) => buildIn(session, target, options, options))
}

/**
 * What a build would find wrong in a build file, or in a folder with or without one, and what it would make; nothing
 * is written. What is wrong is no error but a problem in the report.
 * @throws QuiltError NOT_FOUND, DENIED, UNAVAILABLE for what is no fault of the build file
 * @example for (const { line, message } of (await check('./build.yml')).problems) console.log(line, message)
 */
export function check(path?: string, options: CheckOptions & CallOptions = {}): Promise<CheckReport> {
  return within(options, (session) => checkIn(session, path, options, options))
}

/**
 * Writes a `build.yml` into a folder: building with it gives what building the folder gives.
 * @throws QuiltError CONFLICT when there is one; NOT_FOUND, INVALID, DENIED naming the path
 * @example const { file } = await generate('./wine')
 */
export function generate(folder: string, options: GenerateOptions & CallOptions = {}): Promise<Generated> {
  return within(options, (session) => generateIn(session, folder, options, options))
}

/** How to list. */
export interface ListOptions {
  /** Told of packages whose refs are damaged; then the others are given all the same. */
  readonly onDamage?: ((error: QuiltError) => void) | undefined
}

/**
 * Every package on this machine: this user's store first, then the read-only ones, each ascending by name.
 * With `remote`, every package that lies there.
 * @throws QuiltError CORRUPT when a package's refs are damaged, and nobody is there to be told with `onDamage`;
 * NOT_FOUND, UNAVAILABLE for the remote
 * @example for (const { package: name, topHash } of await ls()) console.log(name, topHash)
 */
export function ls(
  options: ListOptions & RemoteOptions & CallOptions = {},
): Promise<readonly ListedPackage[]> {
  return within(options, async (session) => {
    const found: ListedPackage[] = []
    try {
      for await (const one of lsIn(session, options, options)) found.push(one)
    } catch (error) {
      if (options.onDamage === undefined || !isQuiltError(error, 'CORRUPT')) throw error
      options.onDamage(error)
    }
    return found
  })
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
 * What changed from `a` to `b`: two revisions, or a revision and a folder; with `remote`, `b` lies there. Sizes in bytes.
 * @throws QuiltError NOT_FOUND, AMBIGUOUS, INVALID
 * @example const { added, renamed } = await diff('ada/wine@1.0', 'ada/wine@2.0')
 */
export function diff(a: string, b?: string, options: RemoteOptions & CallOptions = {}): Promise<Difference> {
  return within(options, (session) => diffIn(session, { a, b, remote: options.remote }, options))
}

/**
 * Writes a package's files below a folder, byte by byte as they went in. Also exported as `export`.
 * @throws QuiltError CONFLICT naming what is in the way; NOT_FOUND, INVALID, CORRUPT, UNAVAILABLE. Then nothing is written.
 * @example await exportPackage('ada/wine@1.0', './wine', { force: true })
 * @example await exportPackage('ada/wine', 's3://warehouse/wine', { format: 'parquet', partitionBy: ['year'] })
 */
export function exportPackage(
  handle: string,
  destination?: string,
  options: ExportOptions & CallOptions = {},
): Promise<ExportResult> {
  return within(options, (session) => exportIn(session, { handle, destination }, options, options))
}

/**
 * Removes a package from this machine, not from a remote; `gc` frees its bytes.
 * @throws QuiltError NOT_FOUND, DENIED
 * @example await rm('ada/wine')
 */
export function rm(pkg: string, options: RmOptions & CallOptions = {}): Promise<Removed> {
  return within(options, (session) => rmIn(session, pkg, options, options))
}

/**
 * Proves every byte of the store, or of what some packages reach. With `repair`, replaces what is damaged by what
 * `remote`, or else each package's origin, has of it, and proves all again. With `remote` alone, proves what lies there.
 * @throws QuiltError NOT_FOUND for a package that is not here; UNAVAILABLE; damage is no error but a problem in the report
 * @example const { problems, repaired } = await verify(['ada/wine'], { repair: true })
 */
export function verify(
  packages: readonly string[] = [],
  options: VerifyOptions & CallOptions = {},
): Promise<VerifyReport> {
  return within(options, (session) => verifyIn(session, packages, options, options))
}

/**
 * Frees what no package needs, on this machine or on a `remote`. `patience` is in milliseconds.
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
