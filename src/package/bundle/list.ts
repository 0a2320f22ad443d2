// bundle list and bundle verify: what bundles hold, and whether they hold it.
import type { Context } from '../../core/base/context.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { proveSeal } from '../../core/repo/bundle/open-bundle.ts'
import { proveBundle } from '../../core/repo/bundle/prove-bundle.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import { commitsHere, covers } from '../exchange/here.ts'
import type { Session } from '../session.ts'
import { named, openBundleFile, type BundleFile } from './bundle-file.ts'

/** What a bundle says of itself. */
export interface ListedBundle {
  readonly file: string
  readonly package: string
  readonly topHash: Id
  readonly commit: Id
  /** Names of the bundled commit. */
  readonly tags: readonly string[]
  readonly versions: readonly string[]
  /** The commit that it builds on. */
  readonly since: Id | undefined
  readonly objects: number
  /** Of the whole file. */
  readonly bytes: number
}

/** A bundle that was proved. */
export interface ProvedBundle extends ListedBundle {
  /** False when it builds on a commit that is not here whole: then only what it holds was proved. */
  readonly whole: boolean
}

/**
 * What bundles hold, as they say it: nothing is proved.
 * @throws NOT_FOUND, CORRUPT, UNSUPPORTED
 * @example const [{ package: name, versions }] = await bundleList(session, ['wine.bundle'])
 */
export async function bundleList(
  session: Session,
  files: readonly string[],
  ctx?: Context,
): Promise<readonly ListedBundle[]> {
  const rows: ListedBundle[] = []
  for (const file of files) rows.push(await listed(await openBundleFile(session, file, ctx), ctx))
  return rows
}

/**
 * Proves bundles: every byte, every object, and that all is there. Nothing is kept.
 * @throws CORRUPT for the first that is damaged or not whole; NOT_FOUND, UNSUPPORTED
 */
export async function bundleVerify(
  session: Session,
  files: readonly string[],
  ctx?: Context,
): Promise<readonly ProvedBundle[]> {
  const rows: ProvedBundle[] = []
  for (const file of files) {
    const one = await openBundleFile(session, file, ctx)
    const base = await baseOf(session, one, ctx)
    const whole = await named(file, async () => {
      await proveSeal(one.source, ctx)
      return proveBundle(one.bundle, { base, scratch: session.scratch }, ctx)
    })
    rows.push({ ...(await listed(one, ctx)), whole })
  }
  return rows
}

/** This machine's store, where it has what a bundle builds on. */
async function baseOf(
  session: Session,
  { bundle }: BundleFile,
  ctx?: Context,
): Promise<ObjectReader | undefined> {
  const { pkg, since } = bundle.header
  if (since === undefined) return undefined
  const { repository } = await session.local()
  const here = await commitsHere(repository.objects, await repository.refs.get(pkg, ctx), ctx)
  return here.has(since) && covers(here.get(since), undefined) ? repository.objects : undefined
}

async function listed({ shown, bundle }: BundleFile, ctx?: Context): Promise<ListedBundle> {
  const { header, objects, size, records } = bundle
  const { pkg, commit, refs, since } = header
  const { tree } = await named(shown, () => readCommit(objects, commit, ctx))
  const labels = (kind: 'tag' | 'version'): readonly string[] =>
    [...refs]
      .filter(([name, id]) => id === commit && name.startsWith(`${kind}/`))
      .map(([name]) => name.slice(kind.length + 1))
  return {
    file: shown,
    package: formatPackageName(pkg),
    topHash: tree,
    commit,
    tags: labels('tag'),
    versions: labels('version'),
    since,
    objects: records,
    bytes: size,
  }
}
