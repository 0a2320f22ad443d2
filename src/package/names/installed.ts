// Packages that are on this machine: in its store, or in one of the read-only stores beside it.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { formatPackageName, type PackageName } from '../../core/model/package-name.ts'
import {
  formatRevision,
  parseHandle,
  parseRevision,
  type Handle,
  type Revision,
} from '../../core/model/revision.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import { resolveRevision, type Resolved } from './revisions.ts'
import type { LocalStore, Session } from '../session.ts'

/** A package that is here. */
export interface InstalledPackage {
  readonly store: LocalStore
  readonly state: PackageState
}

/** Why a package cannot be changed that lies only in one of the read-only stores. */
export function onlyRead({ store, state }: InstalledPackage): QuiltError {
  const name = formatPackageName(state.pkg)
  return new QuiltError('DENIED', `${name} lies in "${store.folder}", which is only read`, {
    hint: `bring it into your own store first: quilt install ${name} --remote "${store.folder}"`,
  })
}

/** A revision of a package that is here. */
export interface InstalledRevision extends InstalledPackage, Resolved {
  readonly handle: Handle
}

/** The package where it is first found, or `undefined`. */
export async function findInstalled(
  session: Session,
  pkg: PackageName,
  ctx?: Context,
): Promise<InstalledPackage | undefined> {
  for (const store of [await session.local(), ...(await session.extra())]) {
    const state = await store.repository.refs.get(pkg, ctx)
    if (state !== undefined) return { store, state }
  }
  return undefined
}

/**
 * The package where it is first found.
 * @throws NOT_FOUND
 */
export async function needInstalled(
  session: Session,
  pkg: PackageName,
  ctx?: Context,
): Promise<InstalledPackage> {
  const found = await findInstalled(session, pkg, ctx)
  if (found !== undefined) return found
  const name = formatPackageName(pkg)
  throw new QuiltError('NOT_FOUND', `package ${name} is not installed`, {
    hint: `build it with: quilt build ${name} FOLDER, or install it with: quilt install ${name}`,
  })
}

/** The long way to say a revision; one of them at most. */
export interface RevisionOptions {
  readonly hash?: string | undefined
  readonly version?: string | undefined
  readonly tag?: string | undefined
}

/**
 * A handle from text, with the revision from an option where one is given.
 * @throws INVALID, also when there are two revisions
 */
export function handleWith(text: string, options: RevisionOptions = {}): Handle {
  const handle = parseHandle(text)
  const given = [options.hash, options.version, options.tag].filter((value) => value !== undefined)
  if (given.length + (handle.revision === undefined ? 0 : 1) > 1) {
    throw new QuiltError('INVALID', `${JSON.stringify(text)} is given more than one revision`, {
      hint: 'use one of @REVISION, --hash, --version and --tag',
    })
  }
  return given[0] === undefined ? handle : { ...handle, revision: parseRevision(given[0]) }
}

/**
 * The package of a text that names neither path nor revision.
 * @throws INVALID
 */
export function packageOf(text: string): PackageName {
  const { pkg, path, revision } = parseHandle(text)
  if (path === '' && revision === undefined) return pkg
  throw new QuiltError('INVALID', `${JSON.stringify(text)} names more than a package`, {
    hint: `use only ${formatPackageName(pkg)}`,
  })
}

/**
 * A revision of a package that is here.
 * @throws NOT_FOUND, AMBIGUOUS, INVALID
 */
export async function needRevision(
  session: Session,
  handle: Handle,
  ctx?: Context,
): Promise<InstalledRevision> {
  const { store, state } = await needInstalled(session, handle.pkg, ctx)
  const resolved = await resolveRevision(store.repository, state, handle.revision, ctx)
  return { store, state, handle, ...resolved }
}

/** A handle for messages: package and revision, without the path. */
export function describeRevision(pkg: PackageName, revision: Revision | undefined): string {
  return revision === undefined
    ? formatPackageName(pkg)
    : `${formatPackageName(pkg)}@${formatRevision(revision)}`
}
