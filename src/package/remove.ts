// rm: takes a package off this machine. Its bytes go with a later gc.
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import { formatPackageName } from '../core/model/package-name.ts'
import { stateDespiteDamage, stateOrLost } from './upkeep/damaged-refs.ts'
import { needInstalled, packageOf } from './names/installed.ts'
import { noteDropped } from './upkeep/garbage.ts'
import type { Session } from './session.ts'

/** How to remove. */
export interface RmOptions {
  /** Only find out whether it could be removed. */
  readonly dryRun?: boolean | undefined
}

/** What was removed, or would be. */
export interface Removed {
  readonly removed: string
}

/**
 * Removes a package from this machine's store, not from any remote. What other packages share stays;
 * the rest goes with the next gc, which a later build begins by itself when much was removed.
 * @throws NOT_FOUND; DENIED for one in a read-only store
 * @example await rm(session, 'ada/wine')
 */
export async function rm(
  session: Session,
  pkg: string,
  { dryRun = false }: RmOptions = {},
  ctx?: Context,
): Promise<Removed> {
  const name = packageOf(pkg)
  const { repository } = await session.local()
  const state = dryRun
    ? await stateOrLost(repository, name, ctx)
    : await stateDespiteDamage(session, repository, name, ctx)
  if (state === 'lost') return { removed: formatPackageName(name) }
  if (state === undefined) {
    const { store } = await needInstalled(session, name, ctx)
    throw new QuiltError(
      'DENIED',
      `${formatPackageName(name)} lies in "${store.folder}", which is only read`,
      {
        hint: 'remove it with that store: quilt rm --store DIR, or leave the store out of packageDirs',
      },
    )
  }
  const removed = formatPackageName(state.pkg)
  if (dryRun) return { removed }
  await repository.refs.remove(name, { who: session.identity(), reason: 'rm' }, ctx)
  await noteDropped(session, state, ctx)
  return { removed }
}
