// push of a whole commit: it and what came before it, as far as the remote lacks them.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { ancestors, readCommit } from '../../core/history/commits.ts'
import { isAncestor } from '../../core/history/merge-base.ts'
import type { Extent } from '../../core/model/extent.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import { transfer } from '../../core/repo/transfer.ts'
import type { WantedCommit } from '../../core/repo/transfer/ends.ts'
import { layered } from '../../core/store/layered.ts'
import { commitsHere, covers } from './here.ts'
import { describeRevision, type InstalledRevision } from '../names/installed.ts'
import { moveRemote, nothing, type PushJob, type Sending, type Sent } from './push-job.ts'

/** Sends a commit with the history that the remote lacks, and makes it the remote's `latest`. */
export async function pushCommit(job: PushJob, commit: Id, ctx?: Context): Promise<Sent> {
  const { revision, there, theirs } = job
  const { objects } = revision.store.repository
  const { tree } = await readCommit(objects, commit, ctx)
  const head = theirs?.refs.get(latest)
  const replaced = await checkForward(job, commit, ctx)
  const both = layered(objects, there.repository.objects)
  const known = await commitsHere(both, theirs, ctx)
  if (head === commit && covers(known.get(commit), undefined)) return { commit, tree, moved: nothing }
  const sending = { ...(await commitsToSend(job, commit, known, ctx)), replaced }
  const moved = await transfer(
    both,
    there.repository.objects,
    { commits: sending.wanted, near: objects, publish: () => moveRemote(job, commit, sending, ctx) },
    ctx,
  )
  return { commit, tree, moved, replaced }
}

/**
 * Refuses to take the remote's `latest` away from what others pushed. An older revision that was asked for by
 * name may become `latest` again.
 * @returns the `latest` of others that is taken away, by force
 */
async function checkForward(
  { revision, there, theirs, options }: PushJob,
  commit: Id,
  ctx?: Context,
): Promise<Id | undefined> {
  const head = theirs?.refs.get(latest)
  if (head === undefined || head === commit || theirs === undefined) return undefined
  const ours = revision.store.repository.objects
  const objects = layered(ours, there.repository.objects)
  const cut = new Set([...revision.state.shallow].filter((id) => !theirs.shallow.has(id) && id !== head))
  if (await isAncestor({ objects, shallow: cut }, head, commit, ctx)) return undefined
  const named = options.hash !== undefined || revision.handle.revision !== undefined
  if (named && (await isAncestor({ objects, shallow: theirs.shallow }, commit, head, ctx))) return undefined
  if (options.force === true) return head
  const name = formatPackageName(revision.state.pkg)
  throw new QuiltError(
    'CONFLICT',
    `someone else has pushed ${name}: its latest at ${there.address} is ${head}`,
    {
      hint: `join it with yours: quilt install ${name} --merge, then push again; or replace it: quilt push ${name} --force`,
    },
  )
}

/** The commits that the remote lacks, or has only a part of. */
async function commitsToSend(
  { revision }: PushJob,
  commit: Id,
  known: ReadonlyMap<Id, Extent | undefined>,
  ctx?: Context,
): Promise<Sending> {
  const { state, store } = revision
  const here = await commitsHere(store.repository.objects, state, ctx)
  const whole = new Set([...known].filter(([, extent]) => covers(extent, undefined)).map(([id]) => id))
  const line = await newCommits(revision, commit, whole, ctx)
  const there = new Set(known.keys())
  const wanted: WantedCommit[] = []
  const shallow = new Map<Id, boolean>()
  const relied = new Map<Id, Extent | undefined>()
  for (const { id, parents } of line.reverse()) {
    const isWhole = !here.has(id) || covers(here.get(id), undefined)
    if (!isWhole && known.has(id)) continue // neither side has all of it
    const than = parents.find((parent) => whole.has(parent))
    if (!isWhole && than === undefined) throw notWhole(revision)
    for (const parent of parents) if (known.has(parent)) relied.set(parent, 'commit')
    if (than !== undefined && known.has(than)) relied.set(than, undefined)
    shallow.set(
      id,
      parents.some((parent) => !there.has(parent)),
    )
    wanted.push({ id, than })
    there.add(id)
    whole.add(id)
  }
  return { wanted, shallow, relied }
}

async function newCommits(
  { state, store }: InstalledRevision,
  commit: Id,
  known: ReadonlySet<Id>,
  ctx?: Context,
): Promise<{ readonly id: Id; readonly parents: readonly Id[] }[]> {
  const line: { id: Id; parents: readonly Id[] }[] = []
  const stop = new Set([...state.shallow, ...known])
  for await (const { id, commit: found } of ancestors(
    store.repository.objects,
    commit,
    { shallow: stop },
    ctx,
  )) {
    if (!known.has(id)) line.push({ id, parents: found.parents })
  }
  return line
}

function notWhole({ state, handle }: InstalledRevision): QuiltError {
  const name = describeRevision(state.pkg, handle.revision)
  return new QuiltError('NOT_FOUND', `not all of ${name} is on this machine`, {
    hint: `bring the rest first: quilt install ${name}`,
  })
}
