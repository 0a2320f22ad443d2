// verify: proves this machine's store, or what some of its packages reach.
import type { Context } from '../core/base/context.ts'
import { verify as verifyRepository, type Checked, type Problem } from '../core/repo/verify.ts'
import { packageKey } from '../core/model/package-name.ts'
import { needInstalled, packageOf } from './names/installed.ts'
import type { Session } from './session.ts'

/** What was proved, and what is wrong. */
export interface VerifyReport {
  readonly checked: Checked
  readonly problems: readonly Problem[]
}

/**
 * Proves every byte of this machine's store; with packages, only of what these reach, wherever they are.
 * @throws NOT_FOUND for a package that is not here
 * @example const { problems } = await verify(session, ['ada/wine'])
 */
export async function verify(
  session: Session,
  packages: readonly string[],
  ctx?: Context,
): Promise<VerifyReport> {
  const { scratch } = session
  if (packages.length === 0) {
    return collect(verifyRepository((await session.local()).repository, { scratch }, ctx))
  }
  const problems: Problem[] = []
  const checked = { packs: 0, objects: 0, bytes: 0, packages: 0, commits: 0 }
  const seen = new Set<string>()
  for (const text of packages) {
    const pkg = packageOf(text)
    if (seen.size === seen.add(packageKey(pkg)).size) continue
    const { store, state } = await needInstalled(session, pkg, ctx)
    const one = await collect(verifyRepository(store.repository, { packages: [state.pkg], scratch }, ctx))
    problems.push(...one.problems)
    for (const key of Object.keys(checked) as (keyof Checked)[]) checked[key] += one.checked[key]
  }
  return { checked, problems }
}

async function collect(verification: ReturnType<typeof verifyRepository>): Promise<VerifyReport> {
  const problems: Problem[] = []
  for await (const problem of verification.problems) problems.push(problem)
  return { checked: { ...verification.checked }, problems }
}
