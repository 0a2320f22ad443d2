// Repairs the refs of packages of this machine's store, and says what of them is lost.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError } from '../../core/base/error.ts'
import {
  formatPackageName,
  packageKey,
  parsePackageName,
  type PackageName,
} from '../../core/model/package-name.ts'
import type { PackRepository } from '../../core/repo/open-repository.ts'
import { repairRefs, type RepairedRefs } from '../../core/store/generations/repair-refs.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import { install } from '../exchange/install.ts'
import { openRemoteFor, remoteFor, type RemoteOptions } from '../exchange/origin.ts'
import { describeRepair, repairOf } from './damaged-refs.ts'
import type { Session } from '../session.ts'

/**
 * Repairs the refs of the packages of these names, as far as can be. A package of which no state is left is installed
 * anew from its remote; one that goes on from an older state is brought forward to what the remote has, where nothing
 * that was built here is lost by that.
 * @returns by name in lower case, what became of it
 */
export async function repairPackages(
  session: Session,
  repository: PackRepository,
  { names, options }: { readonly names: Iterable<string>; readonly options: RemoteOptions },
  ctx?: Context,
): Promise<ReadonlyMap<string, string>> {
  const outcomes = new Map<string, string>()
  for (const name of new Set(names)) {
    const pkg = parsePackageName(name)
    let repaired: RepairedRefs
    try {
      repaired = await repairRefs(repository.backend, repairOf(session, pkg), ctx)
    } catch (error) {
      if (!isQuiltError(error, 'UNSUPPORTED')) throw error
      continue // of a newer release: not damaged
    }
    const theirs = await stateAtRemote(session, pkg, options, ctx)
    if (!repaired.hasState && theirs !== undefined) {
      repaired = await repairRefs(repository.backend, { ...repairOf(session, pkg), giveUp: true }, ctx)
    }
    const state = repaired.hasState ? await repository.refs.get(pkg, ctx) : undefined
    let outcome = describeRepair(pkg, repaired, state)
    if (repaired.resumed !== undefined && theirs !== undefined)
      outcome += await bringForward(session, { pkg: theirs.pkg, state, options }, ctx)
    if (repaired.hasState) outcomes.set(name, outcome)
  }
  return outcomes
}

async function stateAtRemote(
  session: Session,
  pkg: PackageName,
  options: RemoteOptions,
  ctx?: Context,
): Promise<PackageState | undefined> {
  if (remoteFor(session, undefined, options) === undefined) return undefined
  try {
    const { repository } = await openRemoteFor(session, pkg, { state: undefined, options }, ctx)
    return await repository.refs.get(pkg, ctx)
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return undefined
    if (!isQuiltError(error) || (options.remote !== undefined && error.code !== 'CORRUPT')) throw error
    session.warn(`the refs of ${formatPackageName(pkg)} cannot be had from a remote: ${error.message}`)
    return undefined
  }
}

interface Behind {
  readonly pkg: PackageName
  readonly state: PackageState | undefined
  readonly options: RemoteOptions
}

async function bringForward(session: Session, behind: Behind, ctx?: Context): Promise<string> {
  const { pkg, state, options } = behind
  if (state !== undefined && state.partial.size > 0) return '' // which part of the newer one is wanted nobody knows
  try {
    const { commit, latest: moved } = await install(
      session,
      formatPackageName(state?.pkg ?? pkg),
      options,
      ctx,
    )
    return moved ? `; the remote's state was taken: latest is at ${commit.slice(0, 12)}` : ''
  } catch (error) {
    if (!isQuiltError(error, 'CONFLICT') && !isQuiltError(error, 'NOT_FOUND')) throw error
    return `; the remote's is another line: ${error.message}`
  }
}

/** The names, in lower case, of packages whose refs are damaged. */
export function damagedNames(
  problems: readonly { readonly what: string; readonly packages: readonly string[] }[],
): readonly string[] {
  const names = problems.filter(({ what }) => what === 'refs').flatMap(({ packages }) => packages)
  return names.map((name) => name.toLowerCase()).filter(isName)
}

function isName(name: string): boolean {
  try {
    return packageKey(parsePackageName(name)) !== ''
  } catch {
    return false
  }
}
