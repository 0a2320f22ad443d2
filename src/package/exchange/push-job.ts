// What the ways to push share: what is pushed, where to, and the move of the remote's refs that ends it.
import type { Context } from '../../core/base/context.ts'
import { isAncestor } from '../../core/history/merge-base.ts'
import type { Extent } from '../../core/model/extent.ts'
import type { Id } from '../../core/model/id.ts'
import { latest } from '../../core/model/ref-name.ts'
import type { Moved } from '../../core/repo/transfer.ts'
import type { WantedCommit } from '../../core/repo/transfer/ends.ts'
import type { PackageState, RefEdit } from '../../core/store/ref-store.ts'
import { checkReliance, commitsHere } from './here.ts'
import type { InstalledRevision } from '../names/installed.ts'
import type { RemoteRepository } from './origin.ts'
import type { Session } from '../session.ts'
import { layered } from '../../core/store/layered.ts'

/** How a push treats what others pushed. */
export interface PushWays {
  /** The revision to push, where it is not `latest`. */
  readonly hash?: string | undefined
  /** Move the remote's `latest` away from what others pushed. */
  readonly force?: boolean | undefined
  /** Find out what would be sent, and whether it may be; send and keep nothing. */
  readonly dryRun?: boolean | undefined
}

/** One push. */
export interface PushJob {
  readonly session: Session
  readonly revision: InstalledRevision
  readonly there: RemoteRepository
  readonly theirs: PackageState | undefined
  readonly options: PushWays
}

/** What the log of the remote's refs says of a push. */
function reasonOf(replaced: Id | undefined): string {
  return replaced === undefined ? 'push' : `push --force, which replaced ${replaced}`
}

/** What was sent. */
export interface Sent {
  readonly commit: Id
  readonly tree: Id
  readonly moved: Moved
  /** The remote's `latest` that was given up for it. */
  readonly replaced?: Id | undefined
}

/** Nothing was. */
export const nothing: Moved = { objects: 0, bytes: 0 }

/** What goes to a remote. */
export interface Sending {
  /** Older ones first. */
  readonly wanted: readonly WantedCommit[]
  /** The remote's `latest` that is given up for it. */
  readonly replaced?: Id | undefined
  /** For each of them, whether the remote will lack its parents. */
  readonly shallow: ReadonlyMap<Id, boolean>
  /** What the remote has and must keep: whole ones that others were compared with, and parents. */
  readonly relied: ReadonlyMap<Id, Extent | undefined>
}

/** Moves the remote's refs to what was sent. */
export async function moveRemote(
  { session, revision, there, theirs }: PushJob,
  commit: Id,
  { wanted, shallow, relied, replaced }: Sending,
  ctx?: Context,
): Promise<void> {
  const from = theirs?.refs.get(latest)
  const both = layered(revision.store.repository.objects, there.repository.objects)
  const labels: RefEdit[] = []
  if (theirs === undefined) {
    const sent = await commitsHere(revision.store.repository.objects, revision.state, ctx)
    for (const [name, to] of revision.state.refs) {
      if (name !== latest && sent.has(to) && (await reaches(revision, commit, to, ctx)))
        labels.push({ name, from: undefined, to })
    }
  }
  await there.repository.refs.update(
    revision.state.pkg,
    async (state) => {
      await checkReliance(both, { before: theirs, now: state, relied }, ctx)
      return {
        // Moved already when the batch ran again after its writer was given up.
        edits: state?.refs.get(latest) === commit ? [] : [{ name: latest, from, to: commit }, ...labels],
        extents: new Map(wanted.map(({ id }) => [id, 'all'])),
        shallow,
      }
    },
    { who: session.identity(), reason: reasonOf(replaced) },
    ctx,
  )
}

/** True when a tag's or version's commit goes along with the one that is pushed. */
async function reaches(
  { state, store }: InstalledRevision,
  commit: Id,
  id: Id,
  ctx?: Context,
): Promise<boolean> {
  return isAncestor({ objects: store.repository.objects, shallow: state.shallow }, id, commit, ctx)
}
