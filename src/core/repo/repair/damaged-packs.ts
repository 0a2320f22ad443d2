// Finds damaged packs, and gives what is whole in them.
import { checkSignal, type Context } from '../../base/context.ts'
import type { Id } from '../../model/id.ts'
import type { StoredObject } from '../../store/object-store.ts'
import type { ListedPack } from '../gc/classify.ts'
import type { PackRepository } from '../open-repository.ts'
import { findings } from '../verify/findings.ts'
import { proveByIndex, provePack, type Sink } from '../verify/packs.ts'
import { entriesOf, listPacks } from '../verify/store.ts'

/** A pack that is to be replaced. */
export interface DamagedPack extends ListedPack {
  /** True when each byte is what it must be, but what it says of a chunked blob is not so. */
  readonly isWhole: boolean
}

/**
 * Packs with a damaged byte. No id vouches for which recipe a chunked blob has, so a pack is taken for damaged as well
 * when it names, for a blob in `suspects`, one that there is not: `suspects` are those that cannot be had.
 */
export async function damagedPacks(
  repository: PackRepository,
  suspects: ReadonlySet<Id>,
  ctx?: Context,
): Promise<readonly DamagedPack[]> {
  const { backend, objects } = repository
  const damaged: DamagedPack[] = []
  for (const pack of await listPacks(backend, ctx)) {
    checkSignal(ctx)
    const recipes = new Set<Id>()
    const found = findings()
    const take = ({ id, recipe }: StoredObject): undefined => {
      if (recipe !== undefined && suspects.has(id)) recipes.add(recipe)
      return undefined
    }
    await provePack(backend, pack, { found, take }, ctx)
    const [problem] = found.problems()
    const isLost = (await objects.locate([...recipes], ctx)).size < recipes.size
    if (isLost || problem !== undefined) damaged.push({ ...pack, isWhole: problem === undefined })
  }
  return damaged
}

/** Every object of a damaged pack that is whole, as its records and the indexes tell. */
export async function eachWhole(
  { backend, objects }: PackRepository,
  pack: ListedPack,
  take: Sink['take'],
  ctx?: Context,
): Promise<void> {
  const sink = { found: findings(), take, salvage: true }
  const { records } = await provePack(backend, pack, sink, ctx)
  await proveByIndex(backend, entriesOf(objects, pack, ctx), { pack, records }, sink)
}
