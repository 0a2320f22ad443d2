// ls: what is installed on this machine.
import type { Context } from '../core/base/context.ts'
import { isQuiltError } from '../core/base/error.ts'
import { readCommit } from '../core/history/commits.ts'
import type { Id } from '../core/model/id.ts'
import { formatPackageName } from '../core/model/package-name.ts'
import { latest } from '../core/model/ref-name.ts'
import type { PackageState } from '../core/store/ref-store.ts'
import { labelsOf } from './names/labels.ts'
import type { LocalStore, Session } from './session.ts'

/** One installed package. */
export interface ListedPackage {
  readonly package: string
  /** Of `latest`; absent where there is none. */
  readonly topHash: Id | undefined
  readonly commit: Id | undefined
  readonly tags: readonly string[]
  readonly versions: readonly string[]
  /** The folder of the store that it is in. */
  readonly store: string
}

/**
 * Every package of this machine's store, then of the read-only ones; in each ascending by name.
 * @throws CORRUPT when the refs of some are damaged, after all others
 * @example for await (const { package: name } of ls(session)) console.log(name)
 */
export async function* ls(session: Session, ctx?: Context): AsyncGenerator<ListedPackage> {
  let damage: unknown
  for (const store of [await session.local(), ...(await session.extra())]) {
    try {
      yield* packagesOf(store, ctx)
    } catch (error) {
      if (!isQuiltError(error, 'CORRUPT')) throw error
      damage ??= error
    }
  }
  if (damage !== undefined) throw damage
}

async function* packagesOf(
  { repository, folder }: LocalStore,
  ctx: Context | undefined,
): AsyncGenerator<ListedPackage> {
  for await (const state of repository.refs.packages(ctx)) {
    const commit = state.refs.get(latest)
    const topHash =
      commit === undefined ? undefined : (await readCommit(repository.objects, commit, ctx)).tree
    yield { package: formatPackageName(state.pkg), topHash, commit, ...names(state), store: folder }
  }
}

function names(state: PackageState): Pick<ListedPackage, 'tags' | 'versions'> {
  return {
    tags: labelsOf(state, 'tag').map(({ label }) => label),
    versions: labelsOf(state, 'version').map(({ label }) => label),
  }
}
