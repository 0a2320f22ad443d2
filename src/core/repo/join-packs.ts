// Keeps the number of packs small by itself. Builds leave small packs; when there are many, they are joined: everything
// in them is copied, whether a package needs it or not, so that nothing has to be marked and no writer waited for. The
// argument for why that is safe: docs/format.md, section "Joining packs".
import { checkSignal, type Context } from '../base/context.ts'
import { isQuiltError } from '../base/error.ts'
import { decodeCondemned, encodeCondemned } from '../codec/condemned.ts'
import { condemnedKey, condemnedPrefix } from '../store/layout.ts'
import { packBytes, packRecords } from '../store/packs/pack-builder.ts'
import { dropPacks } from './gc/sweep.ts'
import type { PackRepository } from './open-repository.ts'

/** So many small packs may be there. */
const mostSmall = 12
/** A pack below this size is small, where it has few records. */
const smallBytes = packBytes / 4
const smallRecords = packRecords / 4
/** Where the number of a pack's records is not known, it is small below this size: a pack full of records is larger. */
const surelySmallBytes = 5 * 2 ** 19
/** Lists that were left behind are finished where their packs have no more bytes than this. */
const mostLeftBytes = 2 * packBytes
/** A pack is left alone when it has so many times the bytes of all smaller ones: so each byte is copied rarely. */
const growth = 2

interface Pack {
  readonly name: string
  readonly size: number
}

/**
 * Joins small packs when there are more than a dozen of them; asks the open indexes only where there are not. Builds,
 * pushes, gc and other joins may go on beside it.
 * @returns the number of packs that were joined
 */
export async function joinSmallPacks(repository: PackRepository, ctx?: Context): Promise<number> {
  const { backend, ambient, objects } = repository
  if ((await smallPacks(repository, ctx)).length <= mostSmall) return 0
  await objects.packs.refresh(ctx) // others may have joined them
  const small = await smallPacks(repository, ctx)
  if (small.length <= mostSmall) return 0
  const { left, condemned } = await readLists(repository, small, ctx)
  const chosen = choose(small.filter(({ name }) => !condemned.has(name)))
  const lists = [...left]
  if (chosen.length > 1) {
    const list = { name: ambient.randomName(), packs: chosen.map(({ name }) => name), writers: [] }
    await backend.put(condemnedKey(list.name), encodeCondemned(list), {}, ctx)
    lists.push(list)
  }
  if (lists.length === 0) return 0
  checkSignal(ctx)
  const { deleted } = await dropPacks(repository, lists, undefined, ctx)
  return deleted.size
}

/** As the indexes say; they are read only where the packs' lengths leave it open that there are too many. */
async function smallPacks({ objects }: PackRepository, ctx?: Context): Promise<readonly Pack[]> {
  const { packs } = await objects.packs.sizes(ctx)
  if (packs.filter((size) => size < smallBytes).length <= mostSmall) return []
  const small = new Map<string, Pack>()
  for (const { header } of await objects.packs.indexes(ctx)) {
    const isKnown = header.packs.length === 1
    for (const pack of header.packs) {
      if (objects.packs.gone.has(pack.name)) continue
      const few = isKnown ? header.count < smallRecords : pack.size < surelySmallBytes
      if (few && pack.size < smallBytes) small.set(pack.name, pack)
    }
  }
  return [...small.values()].sort((a, b) => a.size - b.size)
}

/** The smallest packs, up to where each of the rest is much larger than all before it; at least half of them. */
function choose(small: readonly Pack[]): readonly Pack[] {
  let [before, end] = [0, Math.floor(small.length / 2)]
  for (const [i, { size }] of small.entries()) {
    if (i > 0 && size < growth * before) end = Math.max(end, i + 1)
    before += size
  }
  return small.slice(0, end)
}

interface List {
  readonly name: string
  readonly packs: readonly string[]
  readonly writers: readonly string[]
}

/** Lists of small packs that others left or are still at, and the packs of all lists. */
async function readLists(
  { backend }: PackRepository,
  small: readonly Pack[],
  ctx?: Context,
): Promise<{ readonly left: readonly List[]; readonly condemned: ReadonlySet<string> }> {
  const sizes = new Map(small.map(({ name, size }) => [name, size]))
  const left: List[] = []
  const condemned = new Set<string>()
  for await (const { key } of backend.list(condemnedPrefix, ctx)) {
    try {
      const list = decodeCondemned(await backend.get(key, undefined, ctx))
      const bytes = list.packs.reduce((sum, name) => sum + (sizes.get(name) ?? Infinity), 0)
      if (bytes <= mostLeftBytes) left.push({ ...list, name: key.slice(condemnedPrefix.length) })
      for (const name of list.packs) condemned.add(name)
    } catch (error) {
      if (!isQuiltError(error, 'NOT_FOUND')) throw error // another has just finished it
    }
  }
  return { left, condemned }
}
