// Garbage collection: drops what no ref reaches, beside live builds, installs and pushes. The protocol and the
// argument for it: docs/format.md, section "Garbage collection".
import { checkSignal, type Context } from '../base/context.ts'
import { packPrefix } from '../store/layout.ts'
import { packBytes, packRecords } from '../store/packs/pack-builder.ts'
import { announcedWriters, readCondemnedPacks } from '../store/writers.ts'
import { isWasteful, usePacks, type ListedPack, type UsedPack } from './gc/classify.ts'
import { condemn, storeTime, sweepWriters, takeOver, waitForWriters, type CondemnedList } from './gc/lists.ts'
import { steadily } from './gc/live.ts'
import { marker, type Marker } from './gc/mark.ts'
import { mendIndexes, sweep } from './gc/sweep.ts'
import type { PackRepository } from './open-repository.ts'
import type { Scratch } from './sets/scratch.ts'

/** How to collect. */
export interface GcOptions {
  /** How long to wait for older writers, in milliseconds; 10 seconds unless told. */
  readonly patience?: number
  /** Only tells what would be freed. */
  readonly dryRun?: boolean
  /** Joins small packs into full ones too: `repack`. */
  readonly joinSmall?: boolean
  /** Where ids go that do not fit in memory; without one, memory grows by 40 bytes for each object. */
  readonly scratch?: Scratch
}

/** What was collected. */
export interface GcReport {
  /** Bytes of the packs that were deleted, less those of what was copied out of them. */
  readonly freedBytes: number
  readonly packsDeleted: number
  /** Those of the deleted packs from which something had to be copied. */
  readonly packsRewritten: number
  /** Writers that had not ended: what waits for them is deleted by a later gc. */
  readonly waiting: number
  /** Bytes of the packs that are left, those that wait for writers among them. */
  readonly keptBytes: number
}

/** How long to wait for older writers unless told. */
const usualPatience = 10_000
/** A pack below this size is small, unless it has many records. */
const smallPackBytes = packBytes / 4
const smallPackRecords = packRecords / 4
/** So many small packs are no reason to join them: the last of each lane always may be one. */
const usualSmallPacks = 2

/**
 * Deletes what no package needs. Any number of builds, installs, pushes and other runs may go on beside it; a
 * crash at any instant leaves a repository that works, and a later run goes on from there.
 *
 * Memory: with a scratch place, two bytes for each object that is reached are all that grows with the repository.
 * @throws CORRUPT, naming an object that is reached and missing: then nothing is deleted
 */
export async function gc(
  repository: PackRepository,
  options: GcOptions = {},
  ctx?: Context,
): Promise<GcReport> {
  const marks = marker(repository, options.scratch)
  try {
    return await (options.dryRun === true ? dryRun : run)(repository, marks, options, ctx)
  } finally {
    await marks.drop()
  }
}

async function run(
  repository: PackRepository,
  marks: Marker,
  options: GcOptions,
  ctx?: Context,
): Promise<GcReport> {
  await mendIndexes(repository, ctx)
  const lists = [...(await takeOver(repository, await storeTime(repository, ctx), ctx))]
  const before = await listPacks(repository, ctx)
  const wasted = await findWaste(repository, { listed: before, marks, options }, ctx)
  if (wasted.length > 0) {
    const names = wasted.map(({ name }) => name)
    lists.push(await condemn(repository, names, ctx))
  }
  const waiting = await waitForWriters(repository, lists, options.patience ?? usualPatience, ctx)
  const ready = lists.filter(({ writers }) => !writers.some((name) => waiting.has(name)))
  const report = await collect(repository, { ready, before, marks }, ctx)
  await sweepWriters(repository, ctx)
  return { ...report, waiting: waiting.size }
}

interface Collection {
  readonly ready: readonly CondemnedList[]
  readonly before: readonly ListedPack[]
  readonly marks: Marker
}

async function collect(
  repository: PackRepository,
  { ready, before, marks }: Collection,
  ctx?: Context,
): Promise<Omit<GcReport, 'waiting'>> {
  if (ready.length === 0) {
    return { freedBytes: 0, packsDeleted: 0, packsRewritten: 0, keptBytes: total(before) }
  }
  await marks.mark(ctx) // what the writers that were waited for have published
  const { deleted, rewritten, copiedBytes } = await sweep(repository, ready, marks, ctx)
  const gone = before.filter(({ name }) => deleted.has(name))
  return {
    freedBytes: total(gone) - copiedBytes,
    packsDeleted: gone.length,
    packsRewritten: rewritten.size,
    keptBytes: total(await listPacks(repository, ctx)),
  }
}

function total(packs: readonly ListedPack[]): number {
  return packs.reduce((sum, { size }) => sum + size, 0)
}

async function listPacks({ backend }: PackRepository, ctx?: Context): Promise<readonly ListedPack[]> {
  const packs: ListedPack[] = []
  for await (const { key, size, modified } of backend.list(packPrefix, ctx)) {
    checkSignal(ctx)
    packs.push({ name: key.slice(packPrefix.length), size, modified })
  }
  return packs
}

interface Search {
  readonly listed: readonly ListedPack[]
  readonly marks: Marker
  readonly options: GcOptions
}

/**
 * Marks, and gives the packs to condemn. Left out are those that are condemned already; those that no index covers,
 * since nobody knows what is in them; and those younger than the oldest writer, who may be about to publish what it
 * wrote. Packs were listed before the writers, and these before the marking: a writer that is not among them has
 * published.
 */
async function findWaste(
  repository: PackRepository,
  { listed, marks, options }: Search,
  ctx?: Context,
): Promise<readonly UsedPack[]> {
  let oldest = Infinity
  for await (const { since } of announcedWriters(repository.backend, ctx)) {
    oldest = Math.min(oldest, since.getTime())
  }
  await marks.mark(ctx)
  const condemned = await readCondemnedPacks(repository.backend, ctx)
  const { used, covered } = await steadily(
    repository,
    async (indexes) => ({
      covered: new Set(indexes.flatMap(({ header }) => header.packs.map(({ name }) => name))),
      used: await usePacks(listed, indexes, { live: marks.live, condemned }, ctx),
    }),
    ctx,
  )
  const open = used.filter(
    ({ name, modified }) => covered.has(name) && !condemned.has(name) && modified.getTime() < oldest,
  )
  const isSmall = ({ size, records }: UsedPack): boolean =>
    size < smallPackBytes && records < smallPackRecords
  const small = options.joinSmall === true ? open.filter(isSmall) : []
  const joined = new Set(small.length > usualSmallPacks ? small : [])
  return open.filter((pack) => joined.has(pack) || isWasteful(pack))
}

/** What a run would free now, packs that are condemned already among it. */
async function dryRun(
  repository: PackRepository,
  marks: Marker,
  options: GcOptions,
  ctx?: Context,
): Promise<GcReport> {
  const { backend, objects } = repository
  await objects.packs.refresh(ctx)
  const listed = await listPacks(repository, ctx)
  const wasted = await findWaste(repository, { listed, marks, options }, ctx)
  const condemned = await readCondemnedPacks(backend, ctx)
  const used = await steadily(
    repository,
    (indexes) => usePacks(listed, indexes, { live: marks.live, condemned }, ctx),
    ctx,
  )
  const doomed = [...wasted, ...used.filter(({ name }) => condemned.has(name))]
  const freedBytes = doomed.reduce((sum, { size, liveBytes }) => sum + size - liveBytes, 0)
  const writers = new Set<string>()
  if (doomed.length > 0) for await (const { name } of announcedWriters(backend, ctx)) writers.add(name)
  return {
    freedBytes,
    packsDeleted: doomed.length,
    packsRewritten: doomed.filter(({ liveObjects }) => liveObjects > 0).length,
    waiting: writers.size,
    keptBytes: total(listed) - freedBytes,
  }
}
