// What a quilt.yml asks for, entry by entry, and how an entry is written as text.
import { formatPackageName, packageKey, type PackageName } from '../../core/model/package-name.ts'
import { formatRevision, type Revision } from '../../core/model/revision.ts'
import type { Position } from '../manifest/problems.ts'

/** Which revision is asked for. */
export type Selection =
  | { readonly kind: 'latest' }
  | { readonly kind: 'revision'; readonly revision: Revision }
  /** The highest version that PEP 440's specifiers allow. */
  | { readonly kind: 'range'; readonly range: string }

/** One entry of a quilt.yml. */
export interface Requirement {
  readonly at: Position
  readonly pkg: PackageName
  /** '' for all of it. */
  readonly path: string
  readonly selection: Selection
  /** As the file says it; a folder's path begins at the file. */
  readonly remote: string | undefined
  /** The name to give it here. */
  readonly as: PackageName | undefined
  readonly metaOnly: boolean
}

/** What stands in the lock for what is asked: the same words again mean the same entry. */
export function askedText({ pkg, path, selection, remote }: Requirement): string {
  const handle = `${formatPackageName(pkg)}${path === '' ? '' : `/${path.replaceAll('%', '%25').replaceAll('@', '%40')}`}`
  const which =
    selection.kind === 'latest'
      ? ''
      : `@${selection.kind === 'range' ? selection.range : formatRevision(selection.revision)}`
  return `${handle}${which}${remote === undefined ? '' : ` from ${remote}`}`
}

/** The name that a requirement has on this machine. */
export function nameHere({ pkg, as }: Requirement): PackageName {
  return as ?? pkg
}

/** What tells requirements apart: the name here and the path. */
export function requirementKey(requirement: Requirement): string {
  return lockKey(nameHere(requirement), requirement.path)
}

/** The same for an entry of a lock. */
export function lockKey(pkg: PackageName, path: string): string {
  return `${packageKey(pkg)}/${path}`
}
