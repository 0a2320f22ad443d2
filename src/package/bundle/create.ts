// bundle create: a revision of a package in one file, for places without a network.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import { parseHandle, parseRevision } from '../../core/model/revision.ts'
import { bundleParts } from '../../core/repo/bundle/write-bundle.ts'
import { keptCommits } from '../../core/repo/kept.ts'
import { replaceFile } from '../../worktree/replace-file.ts'
import { withBytes, withTrees } from '../exchange/bring.ts'
import { isAncestor } from '../../core/history/merge-base.ts'
import { describeRevision, needRevision, type InstalledRevision } from '../names/installed.ts'
import type { Session } from '../session.ts'

/** What to bundle, and into which file. */
export interface BundleTarget {
  /** OWNER/NAME[@REVISION] */
  readonly handle: string
  readonly file: string
}

/** How to bundle. */
export interface BundleCreateOptions {
  /** A revision that whoever installs the bundle has already: only what is new since goes along. */
  readonly since?: string | undefined
  /** Replace a file that is there. */
  readonly force?: boolean | undefined
}

/** What was bundled. */
export interface BundleCreated {
  /** Absolute. */
  readonly file: string
  readonly package: string
  readonly topHash: Id
  readonly commit: Id
  /** The commit that the bundle builds on, when it was made with `since`. */
  readonly since: Id | undefined
  readonly objects: number
  /** Of the whole file. */
  readonly bytes: number
}

/**
 * Writes a revision of a package into one file: its data, the commits before it without theirs, tags and versions.
 * What is not on this machine is brought from the origin first. The same revision gives the same bytes.
 * @throws NOT_FOUND, AMBIGUOUS, INVALID; CONFLICT when the file is there; UNAVAILABLE, DENIED
 * @example await bundleCreate(session, { handle: 'ada/wine@1.0', file: 'wine.bundle' })
 */
export async function bundleCreate(
  session: Session,
  { handle, file }: BundleTarget,
  options: BundleCreateOptions = {},
  ctx?: Context,
): Promise<BundleCreated> {
  const at = parseHandle(handle)
  if (at.path !== '') {
    throw new QuiltError('INVALID', 'a bundle is of a whole package', {
      hint: `leave the path out: ${describeRevision(at.pkg, at.revision)}`,
    })
  }
  const path = session.resolvePath(file)
  const revision = await withBytes(session, await needRevision(session, at, ctx), '', ctx)
  const since = options.since === undefined ? undefined : await baseOf(session, revision, options.since, ctx)
  const { state, store, id, commit } = revision
  const { objects } = store.repository
  const refs = new Map([...state.refs].filter(([name]) => name !== latest))
  const alone = await commitsAlone(revision, new Set(refs.values()), ctx)
  const count = { objects: 0, bytes: 0 }
  const header = { pkg: state.pkg, commit: id, refs, ...(since === undefined ? {} : { since }) }
  const parts = bundleParts(objects, { header, alone }, { count, scratch: session.scratch }, ctx)
  const place = {
    fs: session.fs,
    path,
    randomName: session.ambient.randomName(),
    absent: options.force !== true,
  }
  await replaceFile(place, parts, ctx)
  return {
    file: path,
    package: formatPackageName(state.pkg),
    topHash: commit.tree,
    commit: id,
    since,
    ...count,
  }
}

/** The commit that a bundle is to build on: one that the bundled one came from. */
async function baseOf(
  session: Session,
  { handle, state, store, id }: InstalledRevision,
  since: string,
  ctx?: Context,
): Promise<Id> {
  const base = await needRevision(session, { ...handle, revision: parseRevision(since) }, ctx)
  const name = describeRevision(state.pkg, base.handle.revision)
  if (base.id === id) {
    throw new QuiltError('INVALID', `there is nothing new since ${name}`, {
      hint: 'name an earlier revision',
    })
  }
  if (!(await isAncestor({ objects: store.repository.objects, shallow: state.shallow }, base.id, id, ctx))) {
    throw new QuiltError('INVALID', `${name} is no revision that the bundled one came from`, {
      hint: `list them with: quilt log ${formatPackageName(state.pkg)} --commits`,
    })
  }
  await withTrees(session, base, ctx)
  return base.id
}

/** Commits that go along without what they reach: those before it, and those that tags and versions name. */
async function commitsAlone(
  { store, state, id }: InstalledRevision,
  labelled: ReadonlySet<Id>,
  ctx?: Context,
): Promise<readonly Id[]> {
  const { objects } = store.repository
  const before = { ...state, refs: new Map([[latest, id]]), partial: new Map() }
  const alone = new Set<Id>()
  try {
    for await (const kept of keptCommits(objects, before, ctx)) alone.add(kept.id)
  } catch (error) {
    if (!isQuiltError(error, 'NOT_FOUND')) throw error // what is not here is not told
  }
  for (const label of [...labelled].sort()) alone.add(label)
  alone.delete(id)
  return [...alone]
}
