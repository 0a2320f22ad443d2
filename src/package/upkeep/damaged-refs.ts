// What to make of a package whose refs are damaged: its state all the same, and what to say of what is lost.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError } from '../../core/base/error.ts'
import { formatPackageName, type PackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import type { PackRepository } from '../../core/repo/open-repository.ts'
import { repairRefs, type RefRepair, type RepairedRefs } from '../../core/store/generations/repair-refs.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import type { Session } from '../session.ts'

/**
 * A package's state. Where its refs are damaged they are repaired first; where no state is left, the package counts as
 * deleted. For those who want to be rid of the state that there is.
 */
export async function stateDespiteDamage(
  session: Session,
  repository: PackRepository,
  pkg: PackageName,
  ctx?: Context,
): Promise<PackageState | 'lost' | undefined> {
  const found = await stateOrLost(repository, pkg, ctx)
  if (found !== 'lost') return found
  const { refs, backend } = repository
  const repaired = await repairRefs(backend, { ...repairOf(session, pkg), giveUp: true }, ctx)
  const state = await refs.get(pkg, ctx)
  session.warn(describeRepair(pkg, repaired, state))
  return state ?? 'lost'
}

/** A package's state; 'lost' where its refs are damaged, which nothing is done about. */
export async function stateOrLost(
  { refs }: PackRepository,
  pkg: PackageName,
  ctx?: Context,
): Promise<PackageState | 'lost' | undefined> {
  try {
    return await refs.get(pkg, ctx)
  } catch (error) {
    if (!isQuiltError(error, 'CORRUPT')) throw error
    return 'lost'
  }
}

/** A repair of a package's refs, by whoever uses this session. */
export function repairOf(session: Session, pkg: PackageName): RefRepair {
  const record = { who: session.identity(), reason: 'repair' }
  return { pkg, record, randomName: () => session.ambient.randomName() }
}

/** What of a package's refs could be saved, and what could not. */
export function describeRepair(
  pkg: PackageName,
  repaired: RepairedRefs,
  state: PackageState | undefined,
): string {
  const name = formatPackageName(state?.pkg ?? pkg)
  const { mended, lost, resumed } = repaired
  if (lost.length === 0 && resumed === undefined) {
    return mended.length === 0
      ? `nothing of ${name} is lost`
      : `a flipped bit was turned back: nothing of ${name} is lost`
  }
  const moves = `${name} has lost what is known of ${describeNumbers(lost)}`
  if (resumed === undefined) return `${moves}; its state is whole`
  if (state === undefined) return `${moves}, and with that its state`
  const at = state.refs.get(latest)?.slice(0, 12)
  const now = at === undefined ? 'it has no latest' : `latest is at ${at}`
  return `${moves}; its state is that of move ${String(resumed)} again: ${now}`
}

function describeNumbers(lost: readonly number[]): string {
  const [first, last] = [lost[0], lost.at(-1)]
  if (lost.length < 2) return `move ${String(first)}`
  return `${String(lost.length)} of its moves, ${String(first)} to ${String(last)}`
}
