// From what people write to a commit: latest, a version, a tag, a hash prefix, in this order; ~N steps back.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Commit } from '../../core/model/commit.ts'
import { isIdPrefix, type Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { latest, type RefName } from '../../core/model/ref-name.ts'
import { formatRevision, type Revision } from '../../core/model/revision.ts'
import { keptCommits } from '../../core/repo/kept.ts'
import type { Repository } from '../../core/repo/repository.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import { normalVersion } from './version.ts'

/** A commit that a revision names. */
export interface Resolved {
  readonly id: Id
  readonly commit: Commit
}

/** The revision that stands for the newest state. */
export const latestRevision: Revision = { name: 'latest', back: 0 }

/**
 * The commit that a revision of a package names.
 * @throws NOT_FOUND; AMBIGUOUS for a hash prefix of several; INVALID
 */
export async function resolveRevision(
  repository: Repository,
  state: PackageState,
  revision: Revision = latestRevision,
  ctx?: Context,
): Promise<Resolved> {
  let id = await namedCommit(repository, state, revision.name, ctx)
  let commit = await readCommit(repository.objects, id, ctx)
  for (let step = 0; step < revision.back; step++) {
    const parent = commit.parents[0]
    if (parent === undefined) throw tooFar(state, revision, step)
    if (state.shallow.has(id)) throw cutOff(state, revision)
    id = parent
    commit = await readCommit(repository.objects, id, ctx)
  }
  return { id, commit }
}

async function namedCommit(
  repository: Repository,
  state: PackageState,
  name: string,
  ctx?: Context,
): Promise<Id> {
  const pkg = formatPackageName(state.pkg)
  if (name === latest) {
    const id = state.refs.get(latest)
    if (id !== undefined) return id
    throw new QuiltError('NOT_FOUND', `${pkg} has no latest revision here`, { hint: `quilt install ${pkg}` })
  }
  const ref = versionRef(state, name) ?? tagRef(state, name)
  const id = ref === undefined ? undefined : state.refs.get(ref)
  if (id !== undefined) return id
  if (isIdPrefix(name)) return prefixedCommit(repository, state, name.toLowerCase(), ctx)
  const what = normalVersion(name) === undefined ? 'tag' : 'version'
  throw new QuiltError('NOT_FOUND', `no ${what} ${JSON.stringify(name.slice(0, 80))} of ${pkg}`, {
    hint: `list them with: quilt ${what} list ${pkg}`,
  })
}

/** The ref of the version that `name` spells, in whatever spelling it was added. */
export function versionRef(state: PackageState, name: string): RefName | undefined {
  const wanted = normalVersion(name)
  if (wanted === undefined) return undefined
  for (const ref of state.refs.keys()) {
    if (ref.startsWith('version/') && normalVersion(ref.slice('version/'.length)) === wanted) return ref
  }
  return undefined
}

function tagRef(state: PackageState, name: string): RefName | undefined {
  const ref = `tag/${name}` as RefName
  return state.refs.has(ref) ? ref : undefined
}

/** A hash prefix names a commit, or the newest commit with that top hash. */
async function prefixedCommit(
  repository: Repository,
  state: PackageState,
  prefix: string,
  ctx?: Context,
): Promise<Id> {
  const found = new Map<Id, Id>() // by what the prefix matched: the newest commit
  for await (const { id, commit } of keptCommits(repository.objects, state, ctx)) {
    if (id === prefix) return id // nothing else has this hash: what came before it need not be read
    if (id.startsWith(prefix)) found.set(id, id)
    if (commit.tree.startsWith(prefix) && !found.has(commit.tree)) found.set(commit.tree, id)
  }
  const pkg = formatPackageName(state.pkg)
  if (found.size > 1) {
    throw new QuiltError(
      'AMBIGUOUS',
      `${pkg} has several hashes that begin with ${prefix}: ${[...found.keys()].sort().join(', ')}`,
      {
        hint: 'give more digits',
      },
    )
  }
  for (const id of found.values()) return id
  throw new QuiltError('NOT_FOUND', `no hash of ${pkg} begins with ${prefix}`, {
    hint: `list them with: quilt log ${pkg}`,
  })
}

function tooFar(state: PackageState, revision: Revision, steps: number): QuiltError {
  const pkg = formatPackageName(state.pkg)
  return new QuiltError(
    'NOT_FOUND',
    `${pkg}@${revision.name} has ${steps === 1 ? '1 revision' : `${String(steps)} revisions`} before it, not ${String(revision.back)}`,
    {
      hint: `list them with: quilt log ${pkg}`,
    },
  )
}

function cutOff(state: PackageState, revision: Revision): QuiltError {
  const pkg = formatPackageName(state.pkg)
  return new QuiltError(
    'NOT_FOUND',
    `the history of ${pkg} before ${formatRevision({ ...revision, back: 0 })} is not here`,
    {
      hint: `find the hash with: quilt log ${pkg}, then install it: quilt install ${pkg}@HASH`,
    },
  )
}
