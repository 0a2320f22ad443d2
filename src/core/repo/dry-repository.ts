// A dry run on a repository: all is read, compared and counted as if it were written, and nothing stays.
import type { Ambient } from '../base/ambient.ts'
import type { Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import { memoryBackend } from '../backend/memory.ts'
import { formatPackageName } from '../model/package-name.ts'
import { dryRun } from '../store/dry-writer.ts'
import { createRepository } from './open-repository.ts'
import type { Repository } from './repository.ts'

/**
 * A repository as whoever writes to it sees it, and as it stays: its batches only count what they would write, all of
 * them together, and refs are planned but not moved. The trees and commits of its batches can be read through it.
 *
 * @example const there = dryRepository(repository) // a push to it tells what it would send
 */
export function dryRepository({ objects: kept, refs, close }: Repository): Repository {
  const { out, objects } = dryRun(kept)
  return {
    objects: {
      ...objects,
      ids: (prefix, ctx) => kept.ids(prefix, ctx),
      batch: async (fn, publish) => {
        const made = await fn(out)
        await publish?.(made)
        return made
      },
    },
    refs: {
      get: (pkg, ctx) => refs.get(pkg, ctx),
      packages: (ctx) => refs.packages(ctx),
      log: (pkg, ctx) => refs.log(pkg, ctx),
      update: async (pkg, plan, _record, ctx) => {
        const state = await refs.get(pkg, ctx)
        await plan(state)
        return state ?? { pkg, generation: 0, refs: new Map(), partial: new Map(), shallow: new Set() }
      },
      remove: async (pkg, _record, ctx) => {
        if ((await refs.get(pkg, ctx)) === undefined)
          throw new QuiltError('NOT_FOUND', `no package ${formatPackageName(pkg)}`)
      },
    },
    close,
  }
}

/** The same of a repository that is still to be made. */
export async function dryNewRepository(ambient: Ambient, ctx?: Context): Promise<Repository> {
  return dryRepository(await createRepository(memoryBackend(), ambient, ctx))
}
