// Keeps the number of indexes small: eight of one size become one of the next, so that a store of n objects has
// about 8 × log4(n) of them, and each entry was written as often as there are sizes below it.
import type { Backend } from '../../backend/backend.ts'
import type { Ambient } from '../../base/ambient.ts'
import { collectBytes } from '../../base/bytes.ts'
import type { Context } from '../../base/context.ts'
import {
  encodeIndexHeader,
  entryBytes,
  entryFirstBits,
  indexHeaderBytes,
  indexTrailerBytes,
  type IndexedPack,
} from '../../codec/pack-index.ts'
import { idToBytes } from '../../model/id.ts'
import { proveIndexFile, type IndexFile } from './index-file.ts'
import { indexKey } from '../layout.ts'
import type { PackSet } from './pack-set.ts'
import { sortedEntries } from './sorted-entries.ts'
import { createHasher } from '#hash'

/** What merging needs. */
export interface MergeParts {
  readonly backend: Backend
  readonly ambient: Ambient
  readonly packs: PackSet
  /** Packs that a gc means to delete: indexes that cover one are left to it. */
  readonly condemned: ReadonlySet<string>
  /** True where to look into one index more is a request: with those that are merged go all smaller ones. */
  readonly far?: boolean | undefined
}

/** So many indexes of one size are merged. */
const ripe = 8
/** Most indexes merged at once; more become ripe again with what comes. */
const mostAtOnce = 64
/** A size class: its indexes have up to four times as many entries as the smallest of them. */
const sizeClass = (count: number): number => Math.floor(Math.log2(Math.max(count, 1)) / 2)
/** From this class on (2^30 entries) indexes stay as they are: a count has 32 bits. */
const lastClass = 15
/** Indexes up to this many bytes are put in one piece, which can be sent again after a failure. */
const wholeBytes = 16 * 1024 * 1024

/**
 * Merges indexes until fewer than eight are left of each size. The caller is announced as a writer, so that gc
 * deletes no pack meanwhile. Merged indexes are deleted after the one that holds their entries is there, so any
 * number may merge the same ones at once, and a crash leaves at most entries that are told twice.
 */
export async function mergeIndexes(parts: MergeParts, ctx?: Context): Promise<void> {
  const { backend, ambient, packs } = parts
  if (!mayBeRipe((await packs.sizes(ctx)).indexes)) return // far away, no index is opened to find that out
  if (ripeGroup(await packs.indexes(ctx), parts) === undefined) return
  for (;;) {
    await packs.refresh(ctx) // others may have merged since
    const group = ripeGroup(await packs.indexes(ctx), parts)
    if (group === undefined) return
    await replaceIndexes({ backend, ambient }, group, packs.gone, ctx)
    if (parts.far === true) return // to look once more costs three requests: what may be ripe by now, the next batch merges
  }
}

/** Whether enough are of one size, as far as their bytes tell; a few that are near two sizes may be misjudged. */
function mayBeRipe(sizes: readonly number[]): boolean {
  const classes = new Map<number, number>()
  for (const bytes of sizes) {
    const size = sizeClass((bytes - indexHeaderBytes(0, 1) - indexTrailerBytes) / entryBytes)
    classes.set(size, (classes.get(size) ?? 0) + 1)
  }
  return [...classes.values()].some((count) => count >= ripe)
}

/** The indexes of the smallest size of which there are enough; far away, all smaller ones too: each has fewer than eight. */
function ripeGroup(
  indexes: readonly IndexFile[],
  { condemned, far }: Pick<MergeParts, 'condemned' | 'far'>,
): readonly IndexFile[] | undefined {
  const classes = new Map<number, IndexFile[]>()
  for (const index of indexes) {
    if (!index.stored || index.header.packs.some(({ name }) => condemned.has(name))) continue
    const size = sizeClass(index.header.count)
    if (size >= lastClass) continue
    const group = classes.get(size)
    if (group === undefined) classes.set(size, [index])
    else group.push(index)
  }
  const sizes = [...classes.keys()].sort((a, b) => a - b)
  const size = sizes.find((one) => (classes.get(one) as IndexFile[]).length >= ripe)
  if (size === undefined) return undefined
  const smaller = far === true ? sizes.filter((one) => one < size) : []
  return [...smaller, size].flatMap((one) => classes.get(one) as IndexFile[]).slice(0, mostAtOnce)
}

/**
 * Puts one index with the entries of `indexes`, those of the packs in `without` left out, then deletes them.
 * @throws CORRUPT when one of them is damaged, before anything is deleted
 */
export async function replaceIndexes(
  parts: Pick<MergeParts, 'backend' | 'ambient'>,
  indexes: readonly IndexFile[],
  without: ReadonlySet<string>,
  ctx?: Context,
): Promise<void> {
  const { backend, ambient } = parts
  for (const index of indexes) await proveIndexFile(backend, index, ctx)
  const covered = new Map<string, IndexedPack>()
  for (const { header } of indexes) {
    for (const pack of header.packs) if (!without.has(pack.name)) covered.set(pack.name, pack)
  }
  const packs = [...covered.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  if (packs.length > 0) {
    const body = mergedIndex(indexes, packs, await countEntries(indexes, packs, ctx), ctx)
    const key = indexKey(ambient.randomName())
    const small = indexes.reduce((sum, { header }) => sum + header.count, 0) * entryBytes <= wholeBytes
    await backend.put(key, small ? await collectBytes(body) : body, { absent: true }, ctx)
  }
  for (const { key } of indexes) await backend.delete(key, ctx)
}

interface Counts {
  readonly count: number
  readonly firstBits: Uint32Array
}

function numbersOf(packs: readonly IndexedPack[]): ReadonlyMap<string, number> {
  return new Map(packs.map(({ name }, number) => [name, number]))
}

/** How many entries there are, of each beginning: the header says so before the first entry. */
async function countEntries(
  indexes: readonly IndexFile[],
  packs: readonly IndexedPack[],
  ctx?: Context,
): Promise<Counts> {
  const firstBits = new Uint32Array(2 ** 16)
  let count = 0
  for await (const table of sortedEntries(indexes, numbersOf(packs), ctx)) {
    count += table.length / entryBytes
    for (let at = 0; at < table.length; at += entryBytes) firstBits[entryFirstBits(table, at)]!++
  }
  return { count, firstBits }
}

/** One index with the entries of several, of these packs in this order, as it comes. */
export async function* joinedIndex(
  indexes: readonly IndexFile[],
  packs: readonly IndexedPack[],
  ctx?: Context,
): AsyncGenerator<Uint8Array> {
  yield* mergedIndex(indexes, packs, await countEntries(indexes, packs, ctx), ctx)
}

async function* mergedIndex(
  indexes: readonly IndexFile[],
  packs: readonly IndexedPack[],
  { count, firstBits }: Counts,
  ctx?: Context,
): AsyncGenerator<Uint8Array> {
  const hasher = createHasher()
  const header = encodeIndexHeader(count, packs, firstBits)
  hasher.update(header)
  yield header
  for await (const table of sortedEntries(indexes, numbersOf(packs), ctx)) {
    hasher.update(table)
    yield table.slice() // a backend may keep what it is given until it has more
  }
  yield idToBytes(hasher.digest())
}
