// Which remote a verb acts on: the one that is named, the package's origin, or the configured one.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import { formatPackageName, type PackageName } from '../../core/model/package-name.ts'
import type { Repository } from '../../core/repo/repository.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import type { Session } from '../session.ts'

/** Which remote to use. */
export interface RemoteOptions {
  /** A configured name, an address, or a folder's path. */
  readonly remote?: string | undefined
}

/** A remote's repository for one package. */
export interface RemoteRepository {
  readonly address: string
  readonly repository: Repository
}

/** The remote that is named, else the origin, else the configured one; `undefined` when there is none. */
export function remoteFor(
  session: Session,
  state: PackageState | undefined,
  options: RemoteOptions,
): string | undefined {
  return options.remote ?? state?.origin ?? session.defaultRemote
}

/**
 * Opens a package's repository on the remote to use.
 * @throws INVALID when there is no remote; NOT_FOUND when nothing is there; UNAVAILABLE, also when the origin is gone
 */
export async function openRemoteFor(
  session: Session,
  pkg: PackageName,
  choice: {
    readonly state: PackageState | undefined
    readonly options: RemoteOptions
    readonly create?: boolean
    /** Nothing is to be kept of what is written there. */
    readonly dryRun?: boolean | undefined
  },
  ctx?: Context,
): Promise<RemoteRepository> {
  const name = remoteFor(session, choice.state, choice.options)
  if (name === undefined) {
    throw new QuiltError('INVALID', `${formatPackageName(pkg)} has no remote`, {
      hint: 'name one with --remote ADDRESS, or for all packages with: quilt config set remote ADDRESS',
    })
  }
  const { address, remote } = await session.remote(name)
  const isOrigin = choice.options.remote === undefined && choice.state?.origin !== undefined
  const { dryRun } = choice
  // What a package came from is not made anew: where it is gone, a disk is not mounted, or a folder was moved.
  const create = choice.create === true && !isOrigin
  try {
    return { address, repository: await remote.repository(pkg, { create, dryRun }, ctx) }
  } catch (error) {
    if (!isOrigin || !isQuiltError(error, 'NOT_FOUND')) throw error
    throw new QuiltError(
      'UNAVAILABLE',
      `the origin of ${formatPackageName(pkg)} is not there: no repository at ${address}`,
      {
        hint: 'is its disk mounted? Name another remote with --remote, or see what is here with --local',
        cause: error,
      },
    )
  }
}
