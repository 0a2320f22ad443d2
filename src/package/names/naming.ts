// tag and version: names for commits. The origin is asked first and is right where the two differ.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import type { Id } from '../../core/model/id.ts'
import { isIdPrefix } from '../../core/model/id.ts'
import { formatPackageName, type PackageName } from '../../core/model/package-name.ts'
import { isRefLabel, latest, parseRefName, type RefName } from '../../core/model/ref-name.ts'
import { parseRevision } from '../../core/model/revision.ts'
import type { Repository } from '../../core/repo/repository.ts'
import { transfer } from '../../core/repo/transfer.ts'
import { layered } from '../../core/store/layered.ts'
import type { PackageState, RefChange } from '../../core/store/ref-store.ts'
import { readCommit } from '../../core/history/commits.ts'
import { commitsHere } from '../exchange/here.ts'
import { findInstalled, needInstalled, onlyRead, packageOf } from './installed.ts'
import { labelsOf } from './labels.ts'
import { openRemoteFor, remoteFor, type RemoteOptions } from '../exchange/origin.ts'
import { resolveRevision, versionRef } from './revisions.ts'
import type { Session } from '../session.ts'
import { noteDropped } from '../upkeep/garbage.ts'
import { normalVersion, parseVersion } from './version.ts'

/** Where names are read and set. */
export interface NamingOptions extends RemoteOptions {
  /** Only on this machine. */
  readonly local?: boolean | undefined
}

/** A tag to set. */
export interface TagNaming {
  readonly pkg: string
  readonly tag: string
  readonly revision: string
}

/** A version to add. */
export interface VersionNaming {
  readonly pkg: string
  readonly version: string
  readonly revision: string
}

/** A tag and what it names. */
export interface NamedTag {
  readonly tag: string
  readonly topHash: Id | undefined
  readonly commit: Id
}

/** A version, in the spelling it was added in, and what it names. */
export interface NamedVersion {
  readonly version: string
  readonly topHash: Id | undefined
  readonly commit: Id
}

/**
 * A package's tags, ascending.
 * @throws NOT_FOUND, UNAVAILABLE
 * @example const tags = await tagList(session, 'ada/wine')
 */
export async function tagList(
  session: Session,
  pkg: string,
  options: NamingOptions = {},
  ctx?: Context,
): Promise<readonly NamedTag[]> {
  return (await listed(session, { pkg, kind: 'tag', options }, ctx)).map(({ label, ...rest }) => ({
    tag: label,
    ...rest,
  }))
}

/**
 * A package's versions, in PEP 440's order.
 * @throws NOT_FOUND, UNAVAILABLE
 */
export async function versionList(
  session: Session,
  pkg: string,
  options: NamingOptions = {},
  ctx?: Context,
): Promise<readonly NamedVersion[]> {
  return (await listed(session, { pkg, kind: 'version', options }, ctx)).map(({ label, ...rest }) => ({
    version: label,
    ...rest,
  }))
}

/**
 * Sets a tag, or moves it. Names that read like a version or a hash are refused.
 * @throws INVALID, NOT_FOUND, CONFLICT, UNAVAILABLE
 * @example await tagAdd(session, { pkg: 'ada/wine', tag: 'prod', revision: 'latest' })
 */
export async function tagAdd(
  session: Session,
  naming: TagNaming,
  options: NamingOptions = {},
  ctx?: Context,
): Promise<NamedTag> {
  const ref = tagRef(naming.tag)
  const named = await name(
    session,
    { pkg: packageOf(naming.pkg), revision: naming.revision, options, ref: () => ref },
    ctx,
  )
  return { tag: naming.tag, ...named }
}

/**
 * Removes a tag.
 * @throws NOT_FOUND, UNAVAILABLE
 */
export async function tagRemove(
  session: Session,
  { pkg, tag }: Pick<TagNaming, 'pkg' | 'tag'>,
  options: NamingOptions = {},
  ctx?: Context,
): Promise<{ readonly removed: string }> {
  const ref = tagRef(tag)
  const places = await placesFor(session, { pkg: packageOf(pkg), options, use: 'write' }, ctx)
  let removed = false
  for (const { repository, state } of places) {
    if (state?.refs.has(ref) !== true) continue
    const change = (now: PackageState | undefined): RefChange => ({
      edits: [{ name: ref, from: now?.refs.get(ref), to: undefined }],
    })
    await repository.refs.update(
      state.pkg,
      change,
      { who: session.identity(), reason: `tag remove ${tag}` },
      ctx,
    )
    removed = true
    if (repository === (await session.local()).repository) await noteDropped(session, state, ctx)
  }
  if (removed) return { removed: tag }
  throw new QuiltError('NOT_FOUND', `no tag ${JSON.stringify(tag)} of ${pkg}`, {
    hint: `list them with: quilt tag list ${pkg}`,
  })
}

/**
 * Adds a version, which is for ever: it can be neither moved nor removed.
 * @throws INVALID for what PEP 440 does not know; CONFLICT when there is that version, however it is spelt
 * @example await versionAdd(session, { pkg: 'ada/wine', version: '1.0', revision: 'latest' })
 */
export async function versionAdd(
  session: Session,
  naming: VersionNaming,
  options: NamingOptions = {},
  ctx?: Context,
): Promise<NamedVersion> {
  const version = naming.version.trim()
  parseVersion(version)
  const ref = parseRefName(`version/${version}`)
  const pick = (state: PackageState | undefined, commit: Id): RefName | undefined => {
    const there = state === undefined ? undefined : versionRef(state, version)
    if (there === undefined) return ref
    if (state?.refs.get(there) === commit) return undefined
    throw new QuiltError(
      'CONFLICT',
      `${naming.pkg} has a version ${there.slice('version/'.length)} already`,
      {
        hint: 'versions are for ever: add another one',
      },
    )
  }
  const named = await name(
    session,
    { pkg: packageOf(naming.pkg), revision: naming.revision, options, ref: pick },
    ctx,
  )
  return { version, ...named }
}

function tagRef(tag: string): RefName {
  const reads =
    tag === latest
      ? 'latest'
      : normalVersion(tag) !== undefined
        ? 'a version'
        : isIdPrefix(tag)
          ? 'a hash'
          : undefined
  if (reads !== undefined || !isRefLabel(tag)) {
    const why = reads === undefined ? '' : `: it reads like ${reads}`
    throw new QuiltError('INVALID', `invalid tag ${JSON.stringify(tag.slice(0, 80))}${why}`, {
      hint: 'use letters, digits, "_", ".", "+" and "-", 64 at most',
    })
  }
  return parseRefName(`tag/${tag}`)
}

/** A repository that holds the package, and its state there. */
interface Place {
  readonly repository: Repository
  readonly state: PackageState | undefined
}

/** The origin, where there is one, then this machine; read-only stores only to read. */
async function placesFor(
  session: Session,
  { pkg, options, use }: { pkg: PackageName; options: NamingOptions; use: 'read' | 'write' },
  ctx?: Context,
): Promise<readonly Place[]> {
  const here = await findInstalled(session, pkg, ctx)
  const places: Place[] = []
  if (
    options.local !== true &&
    remoteFor(session, here?.state, options) !== undefined &&
    (options.remote !== undefined || here?.state.origin !== undefined || here === undefined)
  ) {
    const { repository } = await openRemoteFor(session, pkg, { state: here?.state, options }, ctx)
    places.push({ repository, state: await repository.refs.get(pkg, ctx) })
  }
  const local = await session.local()
  if (here !== undefined && (here.store === local || use === 'read'))
    places.push({ repository: here.store.repository, state: here.state })
  if (places.some(({ state }) => state !== undefined)) return places
  throw onlyRead(await needInstalled(session, pkg, ctx))
}

async function listed(
  session: Session,
  {
    pkg,
    kind,
    options,
  }: { readonly pkg: string; readonly kind: 'tag' | 'version'; readonly options: NamingOptions },
  ctx?: Context,
): Promise<readonly { readonly label: string; readonly topHash: Id | undefined; readonly commit: Id }[]> {
  const places = await placesFor(session, { pkg: packageOf(pkg), options, use: 'read' }, ctx)
  const place = places.find(({ state }) => state !== undefined)
  const rows = []
  for (const { label, commit } of place?.state === undefined ? [] : labelsOf(place.state, kind)) {
    rows.push({
      label,
      topHash: (await readCommit((place as Place).repository.objects, commit, ctx)).tree,
      commit,
    })
  }
  return rows
}

interface Naming {
  readonly pkg: PackageName
  readonly revision: string
  readonly options: NamingOptions
  /** The ref to set, or `undefined` when it is there already; asked anew at each try. */
  readonly ref: (state: PackageState | undefined, commit: Id) => RefName | undefined
}

/** Names a commit on the origin, then here. A name that the origin has and this machine lost is set again. */
async function name(
  session: Session,
  naming: Naming,
  ctx?: Context,
): Promise<{ readonly topHash: Id; readonly commit: Id }> {
  const places = (await placesFor(session, { ...naming, use: 'write' }, ctx)).filter(
    ({ state }) => state !== undefined,
  )
  const found = await resolveIn(places, naming, ctx)
  for (const place of places) {
    await setRef(session, { ...place, from: places }, { ...naming, commit: found.id }, ctx)
    if (place.state !== undefined && place.repository === (await session.local()).repository)
      await noteDropped(session, place.state, ctx)
  }
  return { topHash: found.commit.tree, commit: found.id }
}

async function resolveIn(
  places: readonly Place[],
  { revision }: Naming,
  ctx?: Context,
): ReturnType<typeof resolveRevision> {
  const wanted = parseRevision(revision)
  let failure: unknown
  // What a person names is what this machine shows; the origin knows what is not here.
  for (const { repository, state } of [...places].reverse()) {
    try {
      return await resolveRevision(repository, state as PackageState, wanted, ctx)
    } catch (error) {
      if (!isQuiltError(error, 'NOT_FOUND')) throw error
      failure ??= error
    }
  }
  throw failure
}

async function setRef(
  session: Session,
  { repository, state, from }: Place & { readonly from: readonly Place[] },
  { ref, commit }: Naming & { readonly commit: Id },
  ctx?: Context,
): Promise<void> {
  const pkg = (state as PackageState).pkg
  const source = from.find((place) => place.repository !== repository)
  // A commit that this machine lacks comes by itself, without what it reaches; the origin never lacks one.
  const bare = source !== undefined && (await session.local()).repository === repository
  const plan = async (now: PackageState | undefined): Promise<RefChange> => {
    const target = ref(now, commit)
    if (target === undefined) return { edits: [] }
    const edits = [{ name: target, from: now?.refs.get(target), to: commit }]
    if ((await commitsHere(repository.objects, now, ctx)).has(commit)) return { edits }
    if (!bare) throw notHere(pkg, commit, source !== undefined)
    return { edits, extents: new Map([[commit, 'commit']]), shallow: new Map([[commit, true]]) }
  }
  const publish = async (): Promise<void> => {
    await repository.refs.update(pkg, plan, { who: session.identity(), reason: 'name' }, ctx)
  }
  if (!bare) return publish()
  const both = layered(repository.objects, source.repository.objects)
  await transfer(both, repository.objects, { commits: [{ id: commit, extent: 'commit' }], publish }, ctx)
}

function notHere(pkg: PackageName, commit: Id, isOrigin: boolean): QuiltError {
  const name = formatPackageName(pkg)
  if (!isOrigin) return new QuiltError('NOT_FOUND', `${name} has no commit ${commit} any more`)
  return new QuiltError('NOT_FOUND', `${name} has no commit ${commit} at its origin`, {
    hint: `push it first: quilt push ${name}@${commit.slice(0, 12)}`,
  })
}
