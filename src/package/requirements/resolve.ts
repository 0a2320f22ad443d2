// What requirements come to now: asked of their remotes.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import { parseRevision } from '../../core/model/revision.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import { openRemoteFor, type RemoteRepository } from '../exchange/origin.ts'
import { labelsAt, labelsOf } from '../names/labels.ts'
import { resolveRevision, type Resolved } from '../names/revisions.ts'
import { highestIn } from '../names/version.ts'
import type { Session } from '../session.ts'
import { placedRemote, type Required } from './files.ts'
import { nameHere, type Requirement } from './requirement.ts'

/** A requirement of a file, and the remote to ask where the file names none. */
export interface Sought {
  readonly required: Required
  readonly requirement: Requirement
  readonly given: string | undefined
}

/** A requirement's package at its remote. */
export interface FoundThere extends RemoteRepository {
  readonly state: PackageState
}

/** A commit that a requirement may mean, and its highest version. */
export interface Meant extends Resolved {
  readonly version: string | undefined
}

/**
 * Opens the remote of a requirement: what its file says, else what is given, else the origin of the package here, else
 * the configured one.
 * @throws NOT_FOUND when it does not have the package; INVALID without a remote; UNAVAILABLE
 */
export async function findThere(
  session: Session,
  { required, requirement, given }: Sought,
  ctx?: Context,
): Promise<FoundThere> {
  const remote = placedRemote(session, required, requirement.remote) ?? given
  const here = await (await session.local()).repository.refs.get(nameHere(requirement), ctx)
  const { pkg } = requirement
  const there = await openRemoteFor(session, pkg, { state: here, options: { remote } }, ctx)
  const state = await there.repository.refs.get(pkg, ctx)
  if (state !== undefined) return { ...there, state }
  throw new QuiltError('NOT_FOUND', `no package ${formatPackageName(pkg)} at ${there.address}`, {
    hint: 'is the name right, and the remote?',
  })
}

/**
 * The commit that a requirement means at its remote.
 * @throws NOT_FOUND, AMBIGUOUS
 */
export async function meantThere(
  { repository, state }: FoundThere,
  { selection }: Requirement,
  ctx?: Context,
): Promise<Meant> {
  if (selection.kind === 'latest')
    return meant(state, await resolveRevision(repository, state, undefined, ctx))
  const revision =
    selection.kind === 'revision' ? selection.revision : parseRevision(inRange(state, selection.range))
  return meant(state, await resolveRevision(repository, state, revision, ctx))
}

/** What `latest` is at the remote; `undefined` where there is none. */
export async function latestThere(
  { repository, state }: FoundThere,
  ctx?: Context,
): Promise<Meant | undefined> {
  if (!state.refs.has(latest)) return undefined
  return meant(state, await resolveRevision(repository, state, undefined, ctx))
}

function meant(state: PackageState, resolved: Resolved): Meant {
  return { ...resolved, version: labelsAt(state, resolved.id).versions.at(-1) }
}

function inRange(state: PackageState, range: string): string {
  const versions = labelsOf(state, 'version').map(({ label }) => label)
  const best = highestIn(range, versions)
  if (best !== undefined) return best
  const pkg = formatPackageName(state.pkg)
  const last = versions.at(-1)
  throw new QuiltError('NOT_FOUND', `no version of ${pkg} is ${range}`, {
    hint: last === undefined ? `${pkg} has no versions` : `the highest is ${last}: quilt version list ${pkg}`,
  })
}

/** An address as a lock may tell it to everyone: without a user's name and password. */
export function tellableAddress(address: string): string {
  const url = new URL(address)
  url.username = url.password = ''
  return url.href
}
