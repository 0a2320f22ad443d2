// Remotes: what an address opens to. A folder or a bucket has one repository for all its packages.
import type { Backend } from '../backend/backend.ts'
import type { Ambient } from '../base/ambient.ts'
import type { Context } from '../base/context.ts'
import { QuiltError, isQuiltError } from '../base/error.ts'
import { formatPackageName, type PackageName } from '../model/package-name.ts'
import type { PackageState } from '../store/ref-store.ts'
import { dryNewRepository, dryRepository } from './dry-repository.ts'
import { guarded } from './guarded.ts'
import { listed, writeListing } from './listing.ts'
import {
  createRepository,
  openRepository,
  type PackRepository,
  type RepositoryOptions,
} from './open-repository.ts'
import { nearRemote } from './near-remote.ts'
import type { Repository } from './repository.ts'

/** What a remote address opens to. */
export interface Remote {
  /**
   * The repository that holds a package.
   * @throws NOT_FOUND when there is none; DENIED, UNAVAILABLE, UNSUPPORTED
   */
  repository(pkg: PackageName, options?: OpenOptions, ctx?: Context): Promise<Repository>
  /** Every package, ascending by name. */
  packages(ctx?: Context): AsyncIterable<PackageState>
  /**
   * All of it as one repository, for those who look after it: verify and gc. Absent where every package has one of
   * its own, and a server that looks after it.
   * @throws NOT_FOUND when there is none; DENIED, UNAVAILABLE
   */
  whole?(ctx?: Context): Promise<PackRepository>
  /** Tells readers who cannot list what there is now, where a listing is kept: after a gc. Beside `whole` only. */
  relist?(ctx?: Context): Promise<void>
  close(): Promise<void>
}

/** How a repository of a remote is opened. */
export interface OpenOptions {
  /** Make it where there is none. @throws DENIED where nothing may be written */
  readonly create?: boolean | undefined
  /** For a dry run: nothing that is written to it, or would be made, is kept. @throws DENIED as above */
  readonly dryRun?: boolean | undefined
}

/** How to use a remote. */
export interface BucketOptions extends RepositoryOptions {
  /** A place for copies of what never changes on remotes. What looks after one reads no copies. */
  readonly near?: Backend | undefined
}

/** A folder or a bucket as a remote: one repository for all its packages, no server. */
export function bucketRemote(
  inner: Backend,
  ambient: Ambient,
  address: string,
  { near, ...options }: BucketOptions = {},
): Remote {
  const { backend, config, settle, refuse } = guarded(inner, ambient)
  const copied =
    near === undefined ? backend : nearRemote(near, backend, { address, now: () => ambient.now() })
  const isListed = async (ctx?: Context): Promise<boolean> => (await config(ctx)).listing
  const opened = new Map<Backend, Promise<PackRepository>>()

  const openOnce = async (on: Backend, create: boolean, ctx?: Context): Promise<PackRepository> => {
    try {
      await settle(ctx)
      const open = create ? createRepository : openRepository
      const repository = await open(on, ambient, ctx, { ...options, far: true })
      return backend.features.writable ? listed(repository, isListed) : repository
    } catch (error) {
      opened.delete(on)
      if (!isQuiltError(error, 'NOT_FOUND')) throw error
      throw new QuiltError('NOT_FOUND', `there is no repository at ${address}`, {
        hint: 'a first push makes one',
        cause: error,
      })
    }
  }
  const open = (on: Backend, create: boolean, ctx?: Context): Promise<PackRepository> => {
    let opening = opened.get(on)
    if (opening === undefined) opened.set(on, (opening = openOnce(on, create, ctx)))
    return opening
  }

  const openDry = async (create: boolean, ctx?: Context): Promise<Repository> => {
    await refuse(ctx)
    try {
      return dryRepository(await open(copied, false, ctx))
    } catch (error) {
      if (!create || !isQuiltError(error, 'NOT_FOUND')) throw error
      return dryNewRepository(ambient, ctx)
    }
  }

  return {
    repository: async (pkg, { create = false, dryRun = false } = {}, ctx) => {
      if ((create || dryRun) && !backend.features.writable) {
        throw new QuiltError('DENIED', `cannot push ${formatPackageName(pkg)}: ${address} is read-only`)
      }
      return dryRun ? openDry(create, ctx) : open(copied, create, ctx)
    },
    packages: async function* (ctx) {
      yield* (await open(copied, false, ctx)).refs.packages(ctx)
    },
    whole: (ctx) => open(backend, false, ctx),
    relist: async (ctx) => {
      if (backend.features.writable && (await isListed(ctx))) await writeListing(backend, ctx)
    },
    close: () => copied.close(),
  }
}
