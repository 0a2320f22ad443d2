// Proves a repository: every byte of every pack, every index, all refs, and that each package has what it must have.
// Reads only. Damage is told, never thrown. Memory: with a scratch place, a few bytes for each object, and what is
// damaged.
import { readOnly } from '../backend/read-only.ts'
import type { Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import { formatPackageName, type PackageName } from '../model/package-name.ts'
import { refsPrefix } from '../store/layout.ts'
import { packStore } from '../store/pack-store.ts'
import type { PackageState } from '../store/ref-store.ts'
import { verifyRefs } from '../store/verify-refs.ts'
import { damage } from './needs.ts'
import type { PackRepository } from './open-repository.ts'
import type { Scratch } from './sets/scratch.ts'
import { findings, type Counts, type Findings, type FoundProblem } from './verify/findings.ts'
import { packageProver } from './verify/packages.ts'
import { proveStore } from './verify/store.ts'

/** What to prove. */
export interface VerifyOptions {
  /** Only these packages, and what they reach. Absent: the whole repository. */
  readonly packages?: readonly PackageName[]
  /** Where ids go that do not fit in memory; without one, memory grows by 40 bytes for each object. */
  readonly scratch?: Scratch
}

/** Damage, and whom it hurts. */
export type Problem = FoundProblem

/** How much was looked at. */
export type Checked = Counts

/** A verification under way. */
export interface Verification {
  /** Counts up while `problems` is gone through. */
  readonly checked: Checked
  /** All damage, once everything was looked at. */
  readonly problems: AsyncGenerator<Problem>
}

/**
 * Proves a repository, or some packages of it. `problems` does the work; it ends without a problem when every
 * byte is what it must be. What lies outside a partial package is not here, which is no problem.
 *
 * `problems` throws NOT_FOUND for a package that there is not, and UNAVAILABLE or DENIED when something cannot be
 * read; damage it never throws.
 */
export function verify(repository: PackRepository, options: VerifyOptions = {}, ctx?: Context): Verification {
  const found = findings(options.scratch)
  return { checked: found.checked, problems: run(repository, options, found, ctx) }
}

async function* run(
  repository: PackRepository,
  options: VerifyOptions,
  found: Findings,
  ctx?: Context,
): AsyncGenerator<Problem> {
  const { packages, scratch } = options
  // A store of its own, so that nothing is mended on the way.
  const objects = packStore(readOnly(repository.backend), repository.ambient)
  const prover = packageProver(objects, { found, wholeIsKnown: packages === undefined, scratch })
  try {
    await proveRefs(repository, packages, found, ctx)
    if (packages === undefined) await proveStore(objects, { backend: repository.backend, found, prover }, ctx)
    for await (const state of statesOf(repository, packages, found, ctx)) {
      await prover.package(state, ctx)
      if (packages !== undefined)
        ctx?.onProgress?.({ task: 'verify', unit: 'bytes', done: found.checked.bytes })
    }
    if (await prover.hasSuspects(ctx)) {
      for await (const state of statesOf(repository, packages, found, ctx)) await prover.tell(state, ctx)
    }
    yield* found.problems()
  } finally {
    await prover.drop()
  }
}

async function proveRefs(
  { backend }: PackRepository,
  packages: readonly PackageName[] | undefined,
  found: Findings,
  ctx?: Context,
): Promise<void> {
  const asked = packages && new Set(packages.map((pkg) => formatPackageName(pkg).toLowerCase()))
  for await (const { package: name, key, problem } of verifyRefs(backend, ctx)) {
    if (asked === undefined || asked.has(name)) found.file('refs', key, `"${key}": ${problem}`, [name])
  }
}

/** The states of the packages; those whose refs are damaged are left out, and were told. */
async function* statesOf(
  { refs }: PackRepository,
  packages: readonly PackageName[] | undefined,
  found: Findings,
  ctx?: Context,
): AsyncGenerator<PackageState> {
  const tell = (error: unknown, names: readonly string[]): void => {
    const { message } = damage(error)
    const told = [...found.problems()].some(({ what }) => what === 'refs')
    if (!told) found.file('refs', refsPrefix, message, names)
  }
  if (packages === undefined) {
    try {
      yield* refs.packages(ctx)
    } catch (error) {
      tell(error, [])
    }
  }
  for (const pkg of packages ?? []) {
    const name = formatPackageName(pkg)
    const state = await refs.get(pkg, ctx).catch((error: unknown) => tell(error, [name]))
    if (state !== undefined) yield state
    else if (!hasDamagedRefs(found, name)) throw new QuiltError('NOT_FOUND', `no package ${name}`)
  }
}

function hasDamagedRefs(found: Findings, name: string): boolean {
  const lower = name.toLowerCase()
  for (const { what, packages } of found.problems()) {
    if (what === 'refs' && packages.some((pkg) => pkg.toLowerCase() === lower)) return true
  }
  return false
}
