// ls: what is installed on this machine, or lies on a remote.
import type { Context } from '../core/base/context.ts'
import { isQuiltError } from '../core/base/error.ts'
import { readCommit } from '../core/history/commits.ts'
import type { Id } from '../core/model/id.ts'
import { formatPackageName } from '../core/model/package-name.ts'
import { latest } from '../core/model/ref-name.ts'
import type { ObjectReader } from '../core/store/object-store.ts'
import type { PackageState } from '../core/store/ref-store.ts'
import { labelsOf } from './names/labels.ts'
import type { RemoteOptions } from './exchange/origin.ts'
import type { Session } from './session.ts'

/** One package. */
export interface ListedPackage {
  readonly package: string
  /** Of `latest`; absent where there is none. */
  readonly topHash: Id | undefined
  readonly commit: Id | undefined
  readonly tags: readonly string[]
  readonly versions: readonly string[]
  /** The folder of the store that it is in, or the remote's address. */
  readonly store: string
}

/**
 * Every package of this machine's store, then of the read-only ones; in each ascending by name. With a remote, every
 * package that lies there.
 * @throws CORRUPT when the refs of some are damaged, after all others; NOT_FOUND, UNAVAILABLE for the remote
 * @example for await (const { package: name } of ls(session)) console.log(name)
 */
export async function* ls(
  session: Session,
  options: RemoteOptions = {},
  ctx?: Context,
): AsyncGenerator<ListedPackage> {
  if (options.remote !== undefined) {
    const { address, remote } = await session.remote(options.remote)
    for await (const state of remote.packages(ctx)) {
      yield await listed(state, (await remote.repository(state.pkg, {}, ctx)).objects, address, ctx)
    }
    return
  }
  let damage: unknown
  for (const { repository, folder } of [await session.local(), ...(await session.extra())]) {
    try {
      for await (const state of repository.refs.packages(ctx)) {
        yield await listed(state, repository.objects, folder, ctx)
      }
    } catch (error) {
      if (!isQuiltError(error, 'CORRUPT')) throw error
      damage ??= error
    }
  }
  if (damage !== undefined) throw damage
}

async function listed(
  state: PackageState,
  objects: ObjectReader,
  store: string,
  ctx?: Context,
): Promise<ListedPackage> {
  const commit = state.refs.get(latest)
  const topHash = commit === undefined ? undefined : (await readCommit(objects, commit, ctx)).tree
  return { package: formatPackageName(state.pkg), topHash, commit, ...names(state), store }
}

function names(state: PackageState): Pick<ListedPackage, 'tags' | 'versions'> {
  return {
    tags: labelsOf(state, 'tag').map(({ label }) => label),
    versions: labelsOf(state, 'version').map(({ label }) => label),
  }
}
