// log: the moves of a package's latest, or the commits behind it.
import type { Context } from '../core/base/context.ts'
import { isQuiltError } from '../core/base/error.ts'
import { ancestors, readCommit } from '../core/history/commits.ts'
import type { Commit } from '../core/model/commit.ts'
import type { Id } from '../core/model/id.ts'
import { latest } from '../core/model/ref-name.ts'
import type { Repository } from '../core/repo/repository.ts'
import type { PackageState } from '../core/store/ref-store.ts'
import { findInstalled, needInstalled, packageOf } from './names/installed.ts'
import { labelsAt } from './names/labels.ts'
import { openRemoteFor, remoteFor, type RemoteOptions } from './exchange/origin.ts'
import type { Session } from './session.ts'

/** One row of a log. */
export interface LogRow {
  /** Absent where the commit is not here any more. */
  readonly topHash: Id | undefined
  readonly commit: Id
  /** When the ref was moved, or with `commits` when the commit was made: ISO 8601, UTC. */
  readonly time: string
  readonly author: string
  readonly message: string
  readonly tags: readonly string[]
  readonly versions: readonly string[]
}

/** What to show. */
export interface LogOptions extends RemoteOptions {
  /** Walk the commits by their parents, instead of the moves. */
  readonly commits?: boolean | undefined
  /** Only what this machine knows. */
  readonly local?: boolean | undefined
}

/**
 * The moves of `latest`, newest first: a row for each push that the origin saw, and for each local build that it
 * has not.
 * @throws NOT_FOUND, UNAVAILABLE
 * @example for await (const row of log(session, 'ada/wine')) console.log(row.topHash)
 */
export async function* log(
  session: Session,
  pkg: string,
  options: LogOptions = {},
  ctx?: Context,
): AsyncGenerator<LogRow> {
  const name = packageOf(pkg)
  const here = await findInstalled(session, name, ctx)
  const remote = options.local === true ? undefined : remoteFor(session, here?.state, options)
  if (options.commits === true || remote === undefined) {
    const { store, state } = here ?? (await needInstalled(session, name, ctx))
    yield* options.commits === true
      ? commitRows(store.repository, state, ctx)
      : withoutReasons(moveRows(store.repository, state, ctx))
    return
  }
  const there = await openRemoteFor(session, name, { state: here?.state, options }, ctx)
  const state = await there.repository.refs.get(name, ctx)
  const theirs = state === undefined ? noRows() : moveRows(there.repository, state, ctx)
  if (here === undefined || options.remote !== undefined) {
    if (state === undefined) await needInstalled(session, name, ctx)
    yield* withoutReasons(theirs)
    return
  }
  const pushed = await movedTo(there.repository, state, ctx)
  yield* newestFirst(
    builtHere(moveRows(here.store.repository, here.state, ctx), pushed),
    withoutReasons(theirs),
  )
}

async function* noRows(): AsyncGenerator<MoveRow> {}

/** The rows of builds that the origin has not seen as moves of its own: installs are none. */
async function* builtHere(rows: AsyncGenerator<MoveRow>, pushed: ReadonlySet<Id>): AsyncGenerator<LogRow> {
  for await (const { reason, ...row } of rows) {
    if (reason !== 'install' && reason !== 'fetch' && !pushed.has(row.commit)) yield row
  }
}

async function* withoutReasons(rows: AsyncGenerator<MoveRow>): AsyncGenerator<LogRow> {
  for await (const { reason: _, ...row } of rows) yield row
}

/** Two logs as one, by their times, each keeping its own order. */
async function* newestFirst(
  ours: AsyncGenerator<LogRow>,
  theirs: AsyncGenerator<LogRow>,
): AsyncGenerator<LogRow> {
  let [a, b] = [await ours.next(), await theirs.next()]
  while (a.done !== true || b.done !== true) {
    if (b.done === true || (a.done !== true && a.value.time >= b.value.time)) {
      yield (a as IteratorYieldResult<LogRow>).value
      a = await ours.next()
    } else {
      yield b.value
      b = await theirs.next()
    }
  }
}

async function movedTo(
  repository: Repository,
  state: PackageState | undefined,
  ctx?: Context,
): Promise<ReadonlySet<Id>> {
  const ids = new Set<Id>()
  if (state === undefined) return ids
  for await (const { edits } of repository.refs.log(state.pkg, ctx)) {
    for (const { name, to } of edits) if (name === latest && to !== undefined) ids.add(to)
  }
  return ids
}

/** A row, and why `latest` was moved. */
interface MoveRow extends LogRow {
  readonly reason: string
}

async function* moveRows(
  repository: Repository,
  state: PackageState,
  ctx?: Context,
): AsyncGenerator<MoveRow> {
  for await (const record of repository.refs.log(state.pkg, ctx)) {
    if (record.deleted) return
    const to = record.edits.find(({ name }) => name === latest)?.to
    if (to === undefined) continue
    const commit = await commitIfHere(repository, to, ctx)
    const { name, time } = record.who
    yield {
      ...row(state, { id: to, commit, author: commit?.author.name ?? name, time }),
      reason: record.reason,
    }
  }
}

async function* commitRows(
  repository: Repository,
  state: PackageState,
  ctx?: Context,
): AsyncGenerator<LogRow> {
  const start = state.refs.get(latest)
  if (start === undefined) return
  for await (const { id, commit } of ancestors(repository.objects, start, { shallow: state.shallow }, ctx)) {
    yield row(state, { id, commit, author: commit.author.name, time: commit.author.time })
  }
}

function row(
  state: PackageState,
  { id, commit, author, time }: { id: Id; commit: Commit | undefined; author: string; time: Date },
): LogRow {
  return {
    topHash: commit?.tree,
    commit: id,
    time: time.toISOString(),
    author,
    message: commit?.message ?? '',
    ...labelsAt(state, id),
  }
}

/** A commit that an older move names may have been freed. */
async function commitIfHere(repository: Repository, id: Id, ctx?: Context): Promise<Commit | undefined> {
  try {
    return await readCommit(repository.objects, id, ctx)
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}
