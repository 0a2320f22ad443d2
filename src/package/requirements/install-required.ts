// install without a package: what a quilt.yml asks for, pinned by the quilt.lock beside it.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Extent } from '../../core/model/extent.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import { commitsHere, covers } from '../exchange/here.ts'
import { install, type InstallResult } from '../exchange/install.ts'
import { findNode } from '../names/nodes.ts'
import type { Session } from '../session.ts'
import { failedAt, placedRemote, readRequired, writeLock, type Required } from './files.ts'
import type { LockEntry } from './lock.ts'
import { askedText, nameHere, requirementKey, type Requirement } from './requirement.ts'
import { findThere, meantThere, tellableAddress } from './resolve.ts'

/** How to install what a file asks for. */
export interface RequiredOptions {
  /** The file; `quilt.yml` in the working directory unless told. */
  readonly file?: string | undefined
  /** Take what is locked and nothing else, and write no lock: for machines that must not decide. */
  readonly frozen?: boolean | undefined
  /** Take what the file means now, whatever is locked. */
  readonly update?: boolean | undefined
  /** For entries whose file names no remote. */
  readonly remote?: string | undefined
  /** Only the trees. */
  readonly metaOnly?: boolean | undefined
  /** Install over builds that were never pushed, or over the same names from other remotes. */
  readonly force?: boolean | undefined
}

/** What was installed, in the order of the file. */
export interface RequiredResult {
  /** Absolute paths. */
  readonly file: string
  readonly lockFile: string
  /** True when the lock was written. */
  readonly locked: boolean
  readonly packages: readonly InstallResult[]
}

/**
 * Installs what a quilt.yml asks for. What its lock has is installed to the hash, and what is here already asks nobody;
 * the rest is found at its remotes, and locked once all is here.
 * @throws INVALID listing all that is wrong in the file; with `frozen` NOT_FOUND where there is no lock, CONFLICT
 * where it is not of this file; UNSUPPORTED for a lock of a newer quilt; what `install` throws, naming the place
 * @example await installRequired(session, { frozen: true })
 */
export async function installRequired(
  session: Session,
  options: RequiredOptions = {},
  ctx?: Context,
): Promise<RequiredResult> {
  const required = await readRequired(session, options.file)
  if (options.frozen === true) checkFrozen(required)
  const packages: InstallResult[] = []
  const entries: LockEntry[] = []
  for (const requirement of required.requirements) {
    const job: Job = { session, required, requirement, options }
    const pin = options.update === true ? undefined : pinOf(required, requirement)
    try {
      const { entry, result } = pin === undefined ? await resolve(job, ctx) : await follow(job, pin, ctx)
      entries.push(entry)
      packages.push(result)
    } catch (error) {
      throw failedAt(required.shown, requirement, error)
    }
  }
  const { file, lockFile } = required
  const locked = options.frozen === true ? false : await writeLock(session, required, entries)
  return { file, lockFile, locked, packages }
}

/** What is locked for a requirement that still asks for the same. */
function pinOf({ lock }: Required, requirement: Requirement): LockEntry | undefined {
  const entry = lock?.get(requirementKey(requirement))
  return entry?.asked === askedText(requirement) ? entry : undefined
}

function checkFrozen(required: Required): void {
  const { lock, requirements, shown, shownLock } = required
  const hint = 'bring it up to date with: quilt install'
  if (lock === undefined) throw new QuiltError('NOT_FOUND', `there is no ${shownLock}`, { hint })
  const asked = new Set(requirements.map(requirementKey))
  const differences = [
    ...requirements
      .filter((one) => pinOf(required, one) === undefined)
      .map((one) => `${askedText(one)} is not locked`),
    ...[...lock]
      .filter(([key]) => !asked.has(key))
      .map(([, entry]) => `${formatPackageName(entry.package)} is locked, and not asked for`),
  ]
  if (differences.length === 0) return
  const [first, ...more] = differences
  const rest = more.length === 0 ? '' : `, and ${String(more.length)} more`
  throw new QuiltError('CONFLICT', `${shownLock} is not that of ${shown}: ${first as string}${rest}`, {
    hint,
  })
}

interface Job {
  readonly session: Session
  readonly required: Required
  readonly requirement: Requirement
  readonly options: RequiredOptions
}

interface Installed {
  readonly entry: LockEntry
  readonly result: InstallResult
}

/** Installs what the remote says now. */
async function resolve(job: Job, ctx?: Context): Promise<Installed> {
  const { session, required, requirement, options } = job
  const there = await findThere(session, { required, requirement, given: options.remote }, ctx)
  const { id, commit, version } = await meantThere(there, requirement, ctx)
  const remote = requirement.remote ?? tellableAddress(there.address)
  const { path } = requirement
  const entry: LockEntry = {
    package: nameHere(requirement),
    path,
    asked: askedText(requirement),
    topHash: commit.tree,
    commit: id,
    version,
    remote,
  }
  const here = await pinnedHere(job, entry, ctx)
  return { entry, result: here ?? (await bring(job, entry, there.address, ctx)) }
}

/** Installs what is locked. */
async function follow(job: Job, entry: LockEntry, ctx?: Context): Promise<Installed> {
  const { session, required, requirement, options } = job
  const here = await pinnedHere(job, entry, ctx)
  if (here !== undefined) return { entry, result: here }
  const { repository } = await session.local()
  const state = await repository.refs.get(nameHere(requirement), ctx)
  const remote =
    placedRemote(session, required, requirement.remote) ??
    options.remote ??
    (state?.origin === undefined ? placedRemote(session, required, entry.remote) : undefined)
  const result = await bring(job, entry, remote, ctx)
  if (result.topHash !== entry.topHash) {
    throw new QuiltError(
      'CORRUPT',
      `commit ${entry.commit} has the top hash ${result.topHash}, and ${required.shownLock} says ${entry.topHash}`,
      { hint: `was it changed by hand? Lock it again: quilt install --update` },
    )
  }
  return { entry, result }
}

function bring(
  { session, requirement, options }: Job,
  { commit }: LockEntry,
  remote: string | undefined,
  ctx?: Context,
): Promise<InstallResult> {
  const { pkg, path, as } = requirement
  const at = path.replaceAll('%', '%25').replaceAll('@', '%40')
  const handle = `${formatPackageName(pkg)}${path === '' ? '' : `/${at}`}@${commit}`
  return install(
    session,
    handle,
    {
      remote,
      metaOnly: metaOnly(requirement, options),
      force: options.force,
      ...(as === undefined ? undefined : { as: formatPackageName(as) }),
    },
    ctx,
  )
}

function metaOnly(requirement: Requirement, options: RequiredOptions): boolean {
  return requirement.metaOnly || options.metaOnly === true
}

/** The result of an install that has nothing to do: the very commit is here, with all that is asked of it. */
async function pinnedHere(
  { session, requirement, options }: Job,
  { commit: id, topHash }: LockEntry,
  ctx?: Context,
): Promise<InstallResult | undefined> {
  const { repository } = await session.local()
  const state = await repository.refs.get(nameHere(requirement), ctx)
  const here = await commitsHere(repository.objects, state, ctx)
  if (state === undefined || !here.has(id)) return undefined
  const { tree } = await readCommit(repository.objects, id, ctx)
  if (tree !== topHash) return undefined
  const { path } = requirement
  let asked: Extent | undefined = metaOnly(requirement, options) ? 'meta' : undefined
  if (path !== '') {
    // Of a part that was installed only the groups on the way to it are here: another one cannot be looked up.
    const node = await findNode(repository.objects, tree, path, ctx).catch(() => undefined)
    if (node === undefined) return undefined // who brings it tells what is wrong
    asked ??= { only: [node.path] }
  }
  if (!covers(here.get(id), asked)) return undefined
  return {
    package: formatPackageName(state.pkg),
    topHash,
    commit: id,
    path,
    fetchedObjects: 0,
    fetchedBytes: 0,
    latest: state.refs.get(latest) === id,
  }
}
