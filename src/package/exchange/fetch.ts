// Brings commits of a package from a remote into this machine's store, whole or in part, and moves refs with them.
import type { Context } from '../../core/base/context.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Extent } from '../../core/model/extent.ts'
import type { Id } from '../../core/model/id.ts'
import type { PackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import { transfer, type Moved } from '../../core/repo/transfer.ts'
import type { WantedCommit } from '../../core/repo/transfer/ends.ts'
import { layered } from '../../core/store/layered.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import type { PackageState, RefChange, RefEdit } from '../../core/store/ref-store.ts'
import type { Session } from '../session.ts'
import { checkReliance, commitsHere, joined } from './here.ts'

/** What to bring. */
export interface FetchPlan {
  /** The package as it is to be called here. */
  readonly pkg: PackageName
  /** Where it comes from. */
  readonly from: { readonly objects: ObjectReader }
  readonly commit: Id
  /** Absent: all of it. */
  readonly extent: Extent | undefined
  /** Commits of which only the commit itself is wanted: what tags and versions name. */
  readonly named?: readonly Id[]
  /** Refs to move once all is here, given the state of that moment. */
  readonly edits: (state: PackageState | undefined) => readonly RefEdit[]
  readonly origin?: string | undefined
  readonly reason: string
}

/**
 * Brings what a plan asks for. What is here already stays and is not brought again.
 * @throws NOT_FOUND, CORRUPT, CONFLICT, UNAVAILABLE
 */
export async function fetchCommit(session: Session, plan: FetchPlan, ctx?: Context): Promise<Moved> {
  const { repository } = await session.local()
  const state = await repository.refs.get(plan.pkg, ctx)
  const here = await commitsHere(repository.objects, state, ctx)
  const whole = [...here].find(([, extent]) => extent === undefined)?.[0]
  const latestHere = state?.refs.get(latest)
  const than =
    latestHere !== undefined && here.get(latestHere) === undefined && here.has(latestHere)
      ? latestHere
      : whole
  const extent = joined(here.has(plan.commit), here.get(plan.commit), plan.extent)
  const commits: WantedCommit[] = [{ id: plan.commit, extent, than: plan.commit === than ? undefined : than }]
  for (const id of new Set(plan.named ?? [])) {
    if (id !== plan.commit && !here.has(id)) commits.push({ id, extent: 'commit' })
  }
  const { parents } = await readCommit(plan.from.objects, plan.commit, ctx)
  const shallow = parents.some((parent) => !here.has(parent))
  const relied = new Map<Id, Extent | undefined>(
    [...parents, ...(plan.named ?? [])].map((id) => [id, 'commit']),
  )
  for (const id of relied.keys()) if (!here.has(id)) relied.delete(id)
  if (than !== undefined) relied.set(than, undefined)
  return transfer(
    layered(plan.from.objects, repository.objects),
    repository.objects,
    {
      commits,
      task: 'receive',
      publish: async () => {
        const record = { who: session.identity(), reason: plan.reason }
        const change = async (now: PackageState | undefined): Promise<RefChange> => {
          await checkReliance(repository.objects, { before: state, now, relied }, ctx)
          return refChange(plan, commits, { now, shallow, extent })
        }
        await repository.refs.update(state?.pkg ?? plan.pkg, change, record, ctx)
      },
    },
    ctx,
  )
}

interface Arrived {
  readonly now: PackageState | undefined
  readonly shallow: boolean
  readonly extent: Extent | undefined
}

function refChange(
  plan: FetchPlan,
  commits: readonly WantedCommit[],
  { now, shallow, extent }: Arrived,
): RefChange {
  const edits = plan.edits(now)
  const after = new Map(now?.refs)
  for (const { name, to } of edits) {
    if (to === undefined) after.delete(name)
    else after.set(name, to)
  }
  const named = new Set(after.values())
  const extents = new Map<Id, Extent | 'all'>()
  // What `latest` leaves behind is kept no longer for its part alone.
  const left = now?.refs.get(latest)
  if (left !== undefined && !named.has(left) && now?.partial.has(left) === true) extents.set(left, 'all')
  for (const { id, extent: only } of commits) {
    if (only === 'commit' && now?.partial.has(id) !== true) extents.set(id, 'commit')
  }
  // A commit that no ref names is kept by its extent: '' is all of it.
  const kept = extent ?? (named.has(plan.commit) ? 'all' : [''])
  extents.set(plan.commit, kept)
  const cut = new Map<Id, boolean>(
    commits.filter(({ extent: only }) => only === 'commit').map(({ id }) => [id, true]),
  )
  cut.set(plan.commit, shallow)
  return {
    edits,
    extents,
    shallow: cut,
    ...(plan.origin === undefined ? undefined : { origin: plan.origin }),
  }
}
