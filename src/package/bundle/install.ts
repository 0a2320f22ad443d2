// bundle install: what bundles hold, into this machine's store. Proved first, whole; then as an install from a remote.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName, parsePackageName, type PackageName } from '../../core/model/package-name.ts'
import { latest, type RefName } from '../../core/model/ref-name.ts'
import { proveSeal } from '../../core/repo/bundle/open-bundle.ts'
import { layered } from '../../core/store/layered.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import type { PackageState, RefEdit } from '../../core/store/ref-store.ts'
import { fetchCommit } from '../exchange/fetch.ts'
import { commitsHere, covers } from '../exchange/here.ts'
import type { InstallResult } from '../exchange/install.ts'
import { versionRef } from '../names/revisions.ts'
import type { Session } from '../session.ts'
import { noteDropped } from '../upkeep/garbage.ts'
import { named, openBundleFile, type BundleFile } from './bundle-file.ts'

/** How to install bundles. */
export interface BundleInstallOptions {
  /** Install over builds that the bundle knows nothing of, and over other versions of the same names. */
  readonly force?: boolean | undefined
  /** The name to give it here: OWNER/NAME. */
  readonly as?: string | undefined
}

/** What came out of a bundle. */
export interface BundleInstalled extends InstallResult {
  readonly file: string
}

/**
 * Installs bundles; of incremental ones each after the one that it builds on, in whatever order they are named. All are
 * proved before anything is kept.
 * @throws CORRUPT for a bundle that is damaged or not whole; NOT_FOUND when what it builds on is not here; CONFLICT over
 * builds that it knows nothing of, or over a version of the same name; UNSUPPORTED for a newer format
 * @example await bundleInstall(session, ['wine.bundle', 'wine-1.0-to-2.0.bundle'])
 */
export async function bundleInstall(
  session: Session,
  files: readonly string[],
  options: BundleInstallOptions = {},
  ctx?: Context,
): Promise<readonly BundleInstalled[]> {
  let waiting: BundleFile[] = []
  for (const file of files) {
    const one = await openBundleFile(session, file, ctx)
    await named(file, () => proveSeal(one.source, ctx))
    waiting.push(one)
  }
  const as = options.as === undefined ? undefined : parsePackageName(options.as)
  const done: BundleInstalled[] = []
  while (waiting.length > 0) {
    const next = await firstReady(session, waiting, as, ctx)
    waiting = waiting.filter((one) => one !== next)
    done.push(await installOne(session, next, { as, force: options.force === true }, ctx))
  }
  return done
}

/** The first whose base is here. */
async function firstReady(
  session: Session,
  waiting: readonly BundleFile[],
  as: PackageName | undefined,
  ctx?: Context,
): Promise<BundleFile> {
  const { repository } = await session.local()
  for (const one of waiting) {
    const { pkg, since } = one.bundle.header
    if (since === undefined) return one
    const here = await commitsHere(repository.objects, await repository.refs.get(as ?? pkg, ctx), ctx)
    if (here.has(since) && covers(here.get(since), undefined)) return one
  }
  const [{ shown, bundle }] = waiting as [BundleFile]
  const name = formatPackageName(as ?? bundle.header.pkg)
  throw new QuiltError(
    'NOT_FOUND',
    `the bundle "${shown}" builds on commit ${bundle.header.since ?? ''} of ${name}, of which not all is here`,
    { hint: 'install the bundle with that one first, or a bundle that was made without --since' },
  )
}

interface How {
  readonly as: PackageName | undefined
  readonly force: boolean
}

async function installOne(
  session: Session,
  { shown, bundle }: BundleFile,
  { as, force }: How,
  ctx?: Context,
): Promise<BundleInstalled> {
  const { header, objects } = bundle
  const { repository } = await session.local()
  const pkg = as ?? header.pkg
  const state = await repository.refs.get(pkg, ctx)
  const both = layered(objects, repository.objects)
  const { tree } = await named(shown, () => readCommit(both, header.commit, ctx))
  const moves = await named(shown, () =>
    latestMoves({ both, ours: repository.objects, state, force }, header.commit),
  )
  const plan = {
    pkg,
    from: { objects },
    commit: header.commit,
    extent: undefined,
    named: [...header.refs.values()],
    edits: (now: PackageState | undefined) => refEdits(now, header, { moves, force }),
    reason: 'install',
  }
  const moved = await named(shown, () => fetchCommit(session, plan, ctx))
  if (state !== undefined) await noteDropped(session, state, ctx)
  return {
    file: shown,
    package: formatPackageName(state?.pkg ?? pkg),
    topHash: tree,
    commit: header.commit,
    path: '',
    fetchedObjects: moved.objects,
    fetchedBytes: moved.bytes,
    latest: moves,
  }
}

interface Setting {
  readonly both: ObjectReader
  readonly ours: ObjectReader
  readonly state: PackageState | undefined
  readonly force: boolean
}

/** True when `latest` is to move to what the bundle holds; false when that is older than what is here. */
async function latestMoves({ both, ours, state, force }: Setting, commit: Id): Promise<boolean> {
  const head = state?.refs.get(latest)
  if (state === undefined || head === undefined || head === commit || force) return true
  if (await cameFrom(both, commit, head)) return true
  if (await cameFrom(ours, head, commit)) return false
  const name = formatPackageName(state.pkg)
  throw new QuiltError('CONFLICT', `${name} has builds here that the bundle knows nothing of`, {
    hint: 'keep both with --as OWNER/NAME, or give up what is here with --force',
  })
}

/** Whether a commit is among those that another came from, as far as these can be read. */
async function cameFrom(objects: ObjectReader, start: Id, ancestor: Id): Promise<boolean> {
  const seen = new Set<Id>()
  let level: readonly Id[] = [start]
  while (level.length > 0) {
    if (level.includes(ancestor)) return true
    for (const id of level) seen.add(id)
    const missing = new Set(await objects.missing(level))
    const parents = new Set<Id>()
    for (const id of level) {
      if (missing.has(id)) continue
      for (const parent of (await readCommit(objects, id)).parents) if (!seen.has(parent)) parents.add(parent)
    }
    level = [...parents]
  }
  return false
}

interface Edits {
  readonly moves: boolean
  readonly force: boolean
}

/** Its tags and versions, and `latest` where it moves. Tags that are here move only with `latest`, versions never. */
function refEdits(
  now: PackageState | undefined,
  { commit, refs }: { readonly commit: Id; readonly refs: ReadonlyMap<RefName, Id> },
  { moves, force }: Edits,
): readonly RefEdit[] {
  const edits: RefEdit[] = []
  for (const [name, to] of refs) {
    const isVersion = name.startsWith('version/')
    const there = now && isVersion ? versionRef(now, name.slice('version/'.length)) : name
    const from = there === undefined ? undefined : now?.refs.get(there)
    if (from === to || (!isVersion && from !== undefined && !moves)) continue
    if (isVersion && from !== undefined && !force) throw otherVersion(now, name)
    edits.push({ name: there ?? name, from, to })
  }
  const from = now?.refs.get(latest)
  if (moves && from !== commit) edits.push({ name: latest, from, to: commit })
  return edits
}

function otherVersion(now: PackageState | undefined, name: RefName): QuiltError {
  const pkg = now === undefined ? '' : formatPackageName(now.pkg)
  const version = name.slice('version/'.length)
  return new QuiltError('CONFLICT', `${pkg} has a version ${version} here, and it is another one`, {
    hint: 'keep both with --as OWNER/NAME, or give up what is here with --force',
  })
}
