// Proves all that lies in a store, whether a package needs it or not: packs, indexes, chunked blobs.
import type { Backend } from '../../backend/backend.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { decodeCondemned } from '../../codec/condemned.ts'
import { entryBytes, readIndexEntry } from '../../codec/pack-index.ts'
import type { PackRecord } from '../../codec/pack.ts'
import type { Id } from '../../model/id.ts'
import { idSet, type IdSet } from '../../model/id-set.ts'
import { condemnedPrefix, packPrefix } from '../../store/layout.ts'
import type { StoredObject } from '../../store/object-store.ts'
import type { PackStore } from '../../store/pack-store.ts'
import { sortedEntries } from '../../store/packs/sorted-entries.ts'
import type { ListedPack } from '../gc/classify.ts'
import { damage } from '../needs.ts'
import type { Findings } from './findings.ts'
import { proveIndex, tallyRecords, type Tally } from './indexes.ts'
import type { PackageProver } from './packages.ts'
import { proveByIndex, provePack } from './packs.ts'

/** What proving a store needs. */
export interface StoreParts {
  readonly backend: Backend
  readonly found: Findings
  readonly prover: PackageProver
}

/** Proves packs, then indexes against what the packs hold, then chunked blobs as wholes. */
export async function proveStore(objects: PackStore, parts: StoreParts, ctx?: Context): Promise<void> {
  const { found, prover } = parts
  await objects.packs.refresh(ctx)
  for (const [key, { message }] of objects.packs.damaged)
    found.file('index', key, `index "${key}": ${message}`)
  const chunked = idSet()
  const held = await provePacks(objects, parts, chunked, ctx)
  await proveIndexes(objects, parts, held, ctx)
  await proveLists(parts, ctx)
  for (const id of chunked) {
    checkSignal(ctx)
    try {
      for await (const { recipe } of objects.readMany([id], ctx)) {
        if (recipe !== undefined) await prover.chunked(id, recipe, ctx)
      }
    } catch (error) {
      found.damaged(id, damage(error).message)
    }
  }
}

/** gc's lists: a damaged one stops all who write. */
async function proveLists({ backend, found }: StoreParts, ctx?: Context): Promise<void> {
  for await (const { key } of backend.list(condemnedPrefix, ctx)) {
    try {
      decodeCondemned(await backend.get(key, undefined, ctx))
    } catch (error) {
      const { code, message } = damage(error)
      if (code === 'NOT_FOUND') continue // that gc has just ended
      const stops = 'nothing is written until gc sweeps it, two and a half hours after it was put'
      found.file('file', key, `"${key}": ${message}; ${stops}`)
    }
  }
}

/** @returns a tally of each pack that is whole */
async function provePacks(
  objects: PackStore,
  { backend, found }: StoreParts,
  chunked: IdSet,
  ctx?: Context,
): Promise<ReadonlyMap<string, Tally>> {
  const held = new Map<string, Tally>()
  const packs = await listPacks(backend, ctx)
  const total = packs.reduce((sum, { size }) => sum + size, 0)
  for (const pack of packs) {
    const whole = idSet()
    const take = ({ id, recipe }: StoredObject): undefined => {
      ;(recipe === undefined ? whole : chunked).add(id)
      return undefined
    }
    const { records, isWhole } = await provePack(backend, pack, { found, take }, ctx)
    const refused = new Set<Id>() // whole, but for their records' headers
    if (isWhole) held.set(pack.name, tallyRecords(records))
    else {
      const told: Findings = {
        ...found,
        damaged: (id, message) => {
          refused.add(id)
          found.damaged(id, message)
        },
      }
      await proveByIndex(backend, entriesOf(objects, pack, ctx), { pack, records }, { found: told, take })
    }
    for (const id of whole) if (!refused.has(id)) await found.whole.put(id)
    ctx?.onProgress?.({ task: 'verify', unit: 'bytes', done: found.checked.bytes, total })
  }
  return held
}

/** All packs. */
export async function listPacks(backend: Backend, ctx?: Context): Promise<readonly ListedPack[]> {
  const packs: ListedPack[] = []
  for await (const { key, size, modified } of backend.list(packPrefix, ctx)) {
    packs.push({ name: key.slice(packPrefix.length), size, modified })
  }
  return packs
}

/** What the indexes say of one pack. */
export async function* entriesOf(
  objects: PackStore,
  { name }: ListedPack,
  ctx?: Context,
): AsyncGenerator<PackRecord> {
  const all = await objects.packs.indexes(ctx)
  const indexes = all.filter(({ header }) => header.packs.some((pack) => pack.name === name))
  for await (const table of sortedEntries(indexes, new Map([[name, 0]]), ctx)) {
    for (let at = 0; at < table.length; at += entryBytes) yield readIndexEntry(table, at)
  }
}

/** An index of packs that are gone says nothing: what it covered is looked for elsewhere. */
async function proveIndexes(
  objects: PackStore,
  { backend, found }: StoreParts,
  held: ReadonlyMap<string, Tally>,
  ctx?: Context,
): Promise<void> {
  for (const index of await objects.packs.indexes(ctx)) {
    const says = await proveIndex(backend, index, found, ctx)
    for (const [name, tally] of says ?? []) {
      const has = held.get(name)
      if (has === undefined || (has.count === tally.count && has.sum === tally.sum)) continue
      found.file('index', index.key, `index "${index.key}" tells of other objects than pack ${name} holds`)
    }
  }
}
