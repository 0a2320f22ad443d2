// What a build starts from: the package as it is.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Commit } from '../../core/model/commit.ts'
import { hasTrees } from '../../core/model/extent.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import type { Handle } from '../../core/model/revision.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import { withTrees } from '../exchange/bring.ts'
import { findInstalled, needRevision, onlyRead } from '../names/installed.ts'
import type { Session } from '../session.ts'

/** The state that a build starts from. */
export interface Base {
  readonly state: PackageState | undefined
  readonly id: Id | undefined
  readonly commit: Commit | undefined
}

/**
 * The state of the package at a handle.
 * @throws CONFLICT for one that is spelt in another case; DENIED for a node of one that is only read
 */
export async function readBase(session: Session, at: Handle, ctx?: Context): Promise<Base> {
  const { repository } = await session.local()
  const state = await repository.refs.get(at.pkg, ctx)
  if (state !== undefined && formatPackageName(state.pkg) !== formatPackageName(at.pkg)) {
    throw new QuiltError(
      'CONFLICT',
      `there is a package ${formatPackageName(state.pkg)}, spelt in another case`,
      {
        hint: 'use that spelling, or another name',
      },
    )
  }
  if (state === undefined && at.path !== '') {
    const elsewhere = await findInstalled(session, at.pkg, ctx)
    if (elsewhere !== undefined) throw onlyRead(elsewhere) // the rest of the package would be lost from sight
  }
  const id = state?.refs.get(latest)
  if (state !== undefined && id !== undefined && !hasTrees(state.partial.get(id), '')) {
    // What a build compares with has to be here: of a part that was installed, the rest of the trees.
    await withTrees(session, await needRevision(session, { pkg: state.pkg, path: '' }, ctx), ctx)
    return readBase(session, at, ctx)
  }
  return { state, id, commit: id === undefined ? undefined : await readCommit(repository.objects, id, ctx) }
}

/** A build over a package of which only a part is here makes it whole, so its bytes are kept by a new commit. */
export function isWhole({ state, id }: Base): boolean {
  return id === undefined || state?.partial.get(id) === undefined
}
