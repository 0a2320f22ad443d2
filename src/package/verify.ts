// verify: proves this machine's store, or what some of its packages reach, and repairs it from remotes; or proves a
// remote.
import type { Context } from '../core/base/context.ts'
import { isQuiltError } from '../core/base/error.ts'
import type { ObjectReader } from '../core/store/object-store.ts'
import { formatPackageName, packageKey, type PackageName } from '../core/model/package-name.ts'
import { repair } from '../core/repo/repair.ts'
import { verify as verifyRepository, type Checked, type Problem } from '../core/repo/verify.ts'
import type { PackageState } from '../core/store/ref-store.ts'
import { openRemoteFor, remoteFor, type RemoteOptions } from './exchange/origin.ts'
import { needInstalled, packageOf } from './names/installed.ts'
import { openWhole } from './remote/open-whole.ts'
import { damagedNames, repairPackages } from './upkeep/repair-refs.ts'
import type { LocalStore, Session } from './session.ts'
import { proveFiles, repairFiles } from './upkeep/verify-files.ts'

/** How to verify. */
export interface VerifyOptions extends RemoteOptions {
  /**
   * Repair what is damaged in this machine's store; what is missing comes from `remote`, or else from each package's
   * origin. Without it, `remote` is what is proved.
   */
  readonly repair?: boolean | undefined
}

/** Damage, whom it hurts, and after a repair what to do about it. */
export interface ReportedProblem extends Problem {
  readonly hint?: string
}

/** Damage that is no more, and for refs what was lost with it. */
export interface RepairedProblem extends Problem {
  readonly outcome?: string
}

/** What was proved, and what is wrong. */
export interface VerifyReport {
  readonly checked: Checked
  /** What is wrong; after a repair, what is left of it. */
  readonly problems: readonly ReportedProblem[]
  /** What was wrong and is no more: with `repair` only. */
  readonly repaired?: readonly RepairedProblem[]
}

/**
 * Proves every byte of this machine's store, plain files in `files/` among it; with packages, only of what these reach, wherever they are.
 * With `repair`, damaged packs are replaced by what is whole in them and by what a remote has of the rest; then all
 * is proved again. With a remote and without `repair`, proves what lies there.
 * @throws NOT_FOUND for a package that is not here; UNAVAILABLE when the named remote cannot be reached
 * @example const { problems } = await verify(session, ['ada/wine'])
 */
export async function verify(
  session: Session,
  packages: readonly string[],
  options: VerifyOptions = {},
  ctx?: Context,
): Promise<VerifyReport> {
  if (options.remote !== undefined && options.repair !== true)
    return proveRemote(session, packages.map(packageOf), options.remote, ctx)
  if (packages.length === 0) {
    return proveOne(session, { store: await session.local(), options }, ctx)
  }
  const reports: VerifyReport[] = []
  const seen = new Set<string>()
  for (const text of packages) {
    const pkg = packageOf(text)
    if (seen.size === seen.add(packageKey(pkg)).size) continue
    reports.push(await proveOne(session, { ...(await partOf(session, pkg, ctx)), options }, ctx))
  }
  return joined(reports, options)
}

async function proveRemote(
  session: Session,
  packages: readonly PackageName[],
  remote: string,
  ctx?: Context,
): Promise<VerifyReport> {
  const { repository } = await openWhole(session, remote, ctx)
  const only = packages.length === 0 ? {} : { packages }
  const verification = verifyRepository(repository, { ...only, scratch: session.scratch }, ctx)
  const problems: Problem[] = []
  for await (const problem of verification.problems) problems.push(problem)
  return { checked: { ...verification.checked }, problems }
}

/** Where a package lies. One whose refs are damaged is here too. */
async function partOf(
  session: Session,
  pkg: PackageName,
  ctx?: Context,
): Promise<{ readonly store: LocalStore; readonly only: PackageName }> {
  try {
    const { store, state } = await needInstalled(session, pkg, ctx)
    return { store, only: state.pkg }
  } catch (error) {
    if (!isQuiltError(error, 'CORRUPT')) throw error
    return { store: await session.local(), only: pkg }
  }
}

function joined(reports: readonly VerifyReport[], options: VerifyOptions): VerifyReport {
  const checked = { packs: 0, objects: 0, bytes: 0, packages: 0, commits: 0 }
  for (const report of reports) {
    for (const key of Object.keys(checked) as (keyof Checked)[]) checked[key] += report.checked[key]
  }
  const problems = reports.flatMap((report) => report.problems)
  if (options.repair !== true) return { checked, problems }
  return { checked, problems, repaired: reports.flatMap(({ repaired = [] }) => repaired) }
}

/** A store, or one package of it. */
interface Part {
  readonly store: LocalStore
  readonly only?: PackageName
  readonly options: VerifyOptions
}

async function proveOne(session: Session, part: Part, ctx?: Context): Promise<VerifyReport> {
  const before = await prove(session, part, ctx)
  if (part.options.repair !== true) return before
  const { repository } = part.store
  if (before.problems.length === 0 || !repository.backend.features.writable)
    return { ...before, repaired: [] }
  const outcomes = await repairPackages(
    session,
    repository,
    { names: damagedNames(before.problems), options: part.options },
    ctx,
  )
  // Packages whose refs were damaged could not be proved before.
  const { problems } = outcomes.size === 0 ? before : await prove(session, part, ctx)
  const { scratch } = session
  const stored = problems.filter(({ what }) => what !== 'plain')
  await repair(repository, { problems: stored, scratch, sourceOf: sourceOf(session, part) }, ctx)
  await repairFiles(session, part, problems, ctx)
  const after = await prove(session, part, ctx)
  const left = new Set(after.problems.map(nameOf))
  const known = new Map([...before.problems, ...problems].map((problem) => [nameOf(problem), problem]))
  return {
    checked: after.checked,
    problems: after.problems.map((problem) => ({ ...problem, hint: hintFor(problem, part.options) })),
    repaired: [...known.values()]
      .filter((problem) => !left.has(nameOf(problem)))
      .map((problem) => withOutcome(problem, outcomes)),
  }
}

function withOutcome(problem: Problem, outcomes: ReadonlyMap<string, string>): RepairedProblem {
  const [name = ''] = problem.packages
  const outcome = problem.what === 'refs' ? outcomes.get(name.toLowerCase()) : undefined
  return outcome === undefined ? problem : { ...problem, outcome }
}

const nameOf = ({ what, id, key }: Problem): string =>
  key === undefined && id !== undefined ? id : `${what} ${key ?? ''}`

async function prove(session: Session, part: Part, ctx?: Context): Promise<VerifyReport> {
  const { store, only } = part
  const { scratch } = session
  const packages = only === undefined ? {} : { packages: [only] }
  const verification = verifyRepository(store.repository, { ...packages, scratch }, ctx)
  const problems: Problem[] = []
  for await (const problem of verification.problems) problems.push(problem)
  const files = { files: 0, bytes: 0 }
  problems.push(...(await proveFiles(session, part, files, ctx)))
  const { bytes, ...checked } = verification.checked
  return { checked: { ...checked, bytes: bytes + files.bytes }, problems }
}

/** Where a package can be had; nothing is asked for packages that nobody asked to repair. */
function sourceOf(
  session: Session,
  { only, options }: Part,
): (state: PackageState, ctx?: Context) => Promise<ObjectReader | undefined> {
  return async (state, ctx) => {
    if (only !== undefined && packageKey(only) !== packageKey(state.pkg)) return undefined
    if (remoteFor(session, state, options) === undefined) return undefined
    try {
      return (await openRemoteFor(session, state.pkg, { state, options }, ctx)).repository.objects
    } catch (error) {
      if (isQuiltError(error, 'NOT_FOUND')) return undefined
      if (options.remote !== undefined || !isQuiltError(error, 'UNAVAILABLE')) throw error
      session.warn(`${formatPackageName(state.pkg)} cannot be repaired from its origin: ${error.message}`)
      return undefined
    }
  }
}

/** What to do about a problem that a repair has left. */
function hintFor({ what, packages }: Problem, { remote }: VerifyOptions): string {
  const [name = 'OWNER/NAME'] = packages
  if (what === 'refs') {
    return `no state of ${name} is left: install it with: quilt install ${name} --force --remote ADDRESS, or give it up with: quilt rm ${name}`
  }
  if (what === 'plain') return 'its blob is not here whole: repair that first'
  if (what === 'file') return 'quilt gc sweeps it, two and a half hours after it was put; then repair again'
  if (remote !== undefined) return `${remote} does not have it whole: name another remote with --remote`
  return 'no origin has it whole: name a remote that has it with --remote, or build it again'
}
