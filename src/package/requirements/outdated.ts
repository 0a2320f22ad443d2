// outdated: what a quilt.yml's packages are locked at, what they would be now, and what is newest.
import type { Context } from '../../core/base/context.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import type { Session } from '../session.ts'
import { failedAt, readRequired } from './files.ts'
import { nameHere, requirementKey } from './requirement.ts'
import { findThere, latestThere, meantThere, tellableAddress, type Meant } from './resolve.ts'

/** A revision, and its version where it has one. */
export interface NamedRevision {
  readonly topHash: Id
  readonly commit: Id
  readonly version: string | undefined
}

/** One package of a quilt.yml that is not at its newest. */
export interface OutdatedPackage {
  readonly package: string
  /** '' for all of it. */
  readonly path: string
  /** What is locked; absent where nothing is. */
  readonly current: NamedRevision | undefined
  /** What `quilt install --update` would lock. */
  readonly wanted: NamedRevision
  /** The remote's latest, whatever the file allows. */
  readonly latest: NamedRevision | undefined
  readonly remote: string
}

/** Which file, and where to ask. */
export interface OutdatedOptions {
  /** The file; `quilt.yml` in the working directory unless told. */
  readonly file?: string | undefined
  /** For entries whose file names no remote. */
  readonly remote?: string | undefined
}

/**
 * The packages of a quilt.yml whose lock is not what the file means now, or not the newest there is. Nothing is
 * installed.
 * @throws INVALID listing all that is wrong in the file; NOT_FOUND, UNAVAILABLE naming the place
 * @example for (const { package: name, wanted } of await outdated(session)) console.log(name, wanted.version)
 */
export async function outdated(
  session: Session,
  options: OutdatedOptions = {},
  ctx?: Context,
): Promise<readonly OutdatedPackage[]> {
  const required = await readRequired(session, options.file)
  const rows: OutdatedPackage[] = []
  for (const requirement of required.requirements) {
    try {
      const there = await findThere(session, { required, requirement, given: options.remote }, ctx)
      const current = required.lock?.get(requirementKey(requirement))
      const wanted = named(await meantThere(there, requirement, ctx))
      const newest = await latestThere(there, ctx)
      const latest = newest && named(newest)
      const others = [wanted, ...(latest === undefined ? [] : [latest])]
      if (others.every(({ topHash }) => topHash === current?.topHash)) continue
      rows.push({
        package: formatPackageName(nameHere(requirement)),
        path: requirement.path,
        current: current && { topHash: current.topHash, commit: current.commit, version: current.version },
        wanted,
        latest,
        remote: requirement.remote ?? tellableAddress(there.address),
      })
    } catch (error) {
      throw failedAt(required.shown, requirement, error)
    }
  }
  return rows
}

function named({ id, commit, version }: Meant): NamedRevision {
  return { topHash: commit.tree, commit: id, version }
}
