// Repairs a repository: what is whole in damaged packs is copied, what packages need beyond that is brought from
// elsewhere, and the damaged packs go by gc's protocol. The argument for it: docs/format.md, section "Repair".
import { checkSignal, type Context } from '../base/context.ts'
import { isQuiltError } from '../base/error.ts'
import type { Id } from '../model/id.ts'
import { streamBlob } from '../store/blob-source.ts'
import type { ObjectWriter } from '../store/object-store.ts'
import { packStore, type PackStore } from '../store/pack-store.ts'
import { readCondemnedPacks } from '../store/writers.ts'
import type { ListedPack } from './gc/classify.ts'
import { mendIndexes } from './gc/sweep.ts'
import { damage } from './needs.ts'
import type { PackRepository } from './open-repository.ts'
import { bringNeeds, type SourceOf } from './repair/bring-needs.ts'
import { damagedPacks, eachWhole } from './repair/damaged-packs.ts'
import { condemnDamaged, dropDamaged } from './repair/drop-damaged.ts'
import { hidePacks } from './repair/hidden-packs.ts'
import type { Scratch } from './sets/scratch.ts'
import { spillingIds, type SpillingIds } from './sets/spilling-set.ts'
import { verify, type Problem } from './verify.ts'

/** How to repair. */
export interface RepairOptions {
  /** What `verify` found. */
  readonly problems: readonly Problem[]
  readonly sourceOf: SourceOf
  /** Where ids go that do not fit in memory. */
  readonly scratch?: Scratch
}

/**
 * Repairs what can be: `verify` says what is left. Any number of builds, installs, pushes and runs of gc may go on
 * beside it, and after a crash at any instant another run finishes. Refs are repaired before, package by package.
 * @returns how many objects were brought
 * @throws UNAVAILABLE, DENIED when something cannot be read or written: nothing is worse than it was
 */
export async function repair(
  repository: PackRepository,
  options: RepairOptions,
  ctx?: Context,
): Promise<number> {
  if (!(await canWrite(repository, ctx))) return 0
  await repairIndexes(repository, ctx)
  const suspects = new Set(options.problems.flatMap(({ id }) => (id === undefined ? [] : [id])))
  if (suspects.size === 0 && !options.problems.some(({ what }) => what === 'pack')) return 0
  const packs = await damagedPacks(repository, suspects, ctx)
  const hidden = hidePacks(
    repository.backend,
    packs.map(({ name }) => name),
  )
  const view = packStore(hidden, repository.ambient)
  const list = await condemnDamaged(repository, packs, ctx)
  const live = spillingIds(options.scratch)
  try {
    return await view.batch(
      (out) => rescue(repository, { packs, view, out, live, options }, ctx),
      async () => {
        const isProved = await allIsThere({ ...repository, backend: hidden }, options.scratch, ctx)
        await dropDamaged(repository, { packs, list, live, view, isProved }, ctx)
      },
      ctx,
    )
  } finally {
    await live.drop()
  }
}

/** False where a damaged list stops all writers: gc sweeps it when it is old. */
async function canWrite({ backend }: PackRepository, ctx?: Context): Promise<boolean> {
  try {
    await readCondemnedPacks(backend, ctx)
    return true
  } catch (error) {
    if (isQuiltError(error, 'CORRUPT')) return false
    throw error
  }
}

/** Makes damaged indexes anew; one that covered several packs is put as one for each, and goes. */
async function repairIndexes(repository: PackRepository, ctx?: Context): Promise<void> {
  const { backend, objects } = repository
  await mendIndexes(repository, ctx)
  for (const key of objects.packs.damaged.keys()) await backend.delete(key, ctx)
  await objects.packs.refresh(ctx)
}

interface Rescue {
  readonly packs: readonly ListedPack[]
  readonly view: PackStore
  readonly out: ObjectWriter
  /** Every object that comes to lie elsewhere. */
  readonly live: SpillingIds
  readonly options: RepairOptions
}

/** Copies what is whole in damaged packs, then brings what packages need. */
async function rescue(repository: PackRepository, parts: Rescue, ctx?: Context): Promise<number> {
  const { packs, view, out, live, options } = parts
  const chunked = new Map<Id, Id>()
  for (const pack of packs) {
    const take = async ({ id, recipe, ...rest }: Parameters<ObjectWriter['copy']>[0]): Promise<void> => {
      if (recipe !== undefined) {
        chunked.set(id, recipe)
        return
      }
      await out.copy({ id, ...rest })
      await live.put(id)
    }
    await eachWhole(repository, pack, take, ctx)
  }
  let count = 0
  const brought = (id: Id): Promise<void> | undefined => {
    count++
    return live.put(id)
  }
  try {
    for await (const state of repository.refs.packages(ctx)) {
      await bringNeeds(
        { view, out, sourceOf: options.sourceOf, scratch: options.scratch, brought },
        state,
        ctx,
      )
    }
  } catch (error) {
    damage(error) // refs: of which packages, verify says
  }
  await noteChunked(parts, chunked, ctx)
  return count
}

/** Notes again which blobs are kept as chunks, where these give the blob. */
async function noteChunked(
  { view, out, live }: Rescue,
  chunked: ReadonlyMap<Id, Id>,
  ctx?: Context,
): Promise<void> {
  for (const [blob, recipe] of chunked) {
    checkSignal(ctx)
    try {
      if ((await view.missing([blob], ctx)).length > 0) {
        let size = 0
        for await (const part of streamBlob(view, blob, recipe, ctx)) size += part.length
        await out.writeChunked(blob, size, recipe)
      }
      await live.put(blob)
    } catch (error) {
      damage(error) // nobody needs it, or what it lacks cannot be had
    }
  }
}

/** True when a store has all that its packages need. */
async function allIsThere(repository: PackRepository, scratch?: Scratch, ctx?: Context): Promise<boolean> {
  const options = scratch === undefined ? {} : { scratch }
  for await (const { what, packages } of verify(repository, options, ctx).problems) {
    if (what === 'refs' || packages.length > 0) return false
  }
  return true
}
