// What tidies a repository behind builds, pushes and installs. Not loaded before a batch has ended: no start waits for it.
import type { Context } from '../core/base/context.ts'
import type { PackRepository } from '../core/repo/open-repository.ts'
import { notedGarbage } from '../package/upkeep/garbage.ts'
import type { GarbagePlace } from '../package/upkeep/collect-garbage.ts'

/** Joins small packs, where there are many. */
export async function tidyPacks(repository: PackRepository, ctx?: Context): Promise<void> {
  const { joinSmallPacks } = await import('../core/repo/join-packs.ts')
  await joinSmallPacks(repository, ctx)
}

/** In this machine's store collects what removals have left, where it is much; else the same. */
export function tidyLocal(place: GarbagePlace): typeof tidyPacks {
  return async (repository, ctx) => {
    if (notedGarbage(place.fs, place.folder) > 0) {
      const { collectGarbage } = await import('../package/upkeep/collect-garbage.ts')
      await collectGarbage(repository, place, ctx)
    }
    await tidyPacks(repository, ctx)
  }
}
