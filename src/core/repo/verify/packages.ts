// Proves that each package has what it must have here: all of it, or the part that an install brought.
import { concatBytes } from '../../base/bytes.ts'
import type { Context } from '../../base/context.ts'
import { idBytes, idToBytes, isId, type Id } from '../../model/id.ts'
import { idSet } from '../../model/id-set.ts'
import { formatPackageName } from '../../model/package-name.ts'
import { streamBlob } from '../../store/blob-source.ts'
import type { PackStore } from '../../store/pack-store.ts'
import type { PackageState } from '../../store/ref-store.ts'
import { damage, nothingWalked, packageNeeds, type Need } from '../needs.ts'
import type { Scratch } from '../sets/scratch.ts'
import { spillingSet } from '../sets/spilling-set.ts'
import type { Findings } from './findings.ts'
import { findSuspects } from './suspects.ts'
import { hashBytes } from '#hash'

/** Proves blobs, and packages that need them. */
export interface PackageProver {
  /** Proves a chunked blob as a whole, by the recipe by which it is kept. */
  chunked(blob: Id, recipe: Id, ctx?: Context): Promise<void>
  package(state: PackageState, ctx?: Context): Promise<void>
  /** True when some of the blobs of the packages that were proved are not known to be whole, or have another size. */
  hasSuspects(ctx?: Context): Promise<boolean>
  /** Tells what such blobs hurt in a package. */
  tell(state: PackageState, ctx?: Context): Promise<void>
  /** Deletes what lies on the scratch place. */
  drop(): Promise<void>
}

type Blob = Extract<Need, { readonly kind: 'blob' }>
type Hint = Extract<Need, { readonly kind: 'recipe' }>

/** Why a chunked blob cannot be had: something of it is missing, or it is damaged. */
interface Failure {
  readonly isMissing: boolean
  readonly message: string
}

/** Proves blobs. */
interface BlobProver {
  /** What is wrong with a blob and its recipe; `undefined` when the recipe gives the blob. */
  join(blob: Id, recipe: Id, ctx?: Context): Promise<Failure | undefined>
  /** Proves those that are not known to be whole; says why the others are not, whom nobody may need. */
  prove(ids: readonly Id[], ctx?: Context): Promise<ReadonlyMap<Id, string>>
}

/** Blobs proved together. */
const blobsAtOnce = 512
/** An id, and a size in 8 bytes. */
const sizedIdBytes = idBytes + 8

/** What proving packages needs. */
export interface ProverParts {
  readonly found: Findings
  /** True when all that is whole in the store is known: what is not known to be whole is not read again. */
  readonly wholeIsKnown: boolean
  readonly scratch: Scratch | undefined
}

/**
 * A prover over `objects`. Where all that is whole is known, blobs are not looked up one by one: their ids are
 * collected, held against what is whole in one pass by id, and only when some are suspect the packages are walked
 * once more, to tell where these are.
 */
export function packageProver(
  objects: PackStore,
  { found, wholeIsKnown, scratch }: ProverParts,
): PackageProver {
  const { checked, whole } = found
  const blobs = blobProver(objects, found)
  const needed = spillingSet(sizedIdBytes, scratch) // blobs without a recipe, and their sizes
  const suspects = idSet()
  const probe = new Uint8Array(sizedIdBytes)

  const proveBlobs = async (name: string, needs: readonly Blob[], ctx?: Context): Promise<void> => {
    const ids = [...new Set(needs.map(({ id }) => id))]
    const failed = await blobs.prove(ids, ctx)
    const places = await objects.locate(ids, ctx)
    for (const need of needs) {
      const { id, path, size, recipe } = need
      if (!(await whole.has(id))) hurts(found, name, need, failed.get(id) ?? `blob ${id} is missing`)
      else if (recipe !== undefined) {
        const failure = await blobs.join(id, recipe, ctx)
        if (failure !== undefined)
          hurts(found, name, { ...need, id: recipe }, `recipe ${recipe}: ${failure.message}`)
      }
      const place = places.get(id)
      if (place === undefined || place.encoding === 'recipe' || place.size === size) continue
      const says = `the tree says that "${path}" has ${String(size)} bytes`
      hurts(found, name, need, `${says}, and blob ${id} has ${String(place.size)}`)
    }
  }

  /** A recipe that the derived tree has for some blob: it need not be here, but must not lie. */
  const proveHint = async (name: string, need: Hint, ctx?: Context): Promise<void> => {
    if (!isId(need.blob)) return hurts(found, name, need, `recipe ${need.id} belongs to no blob`)
    if ((await objects.missing([need.id], ctx)).length > 0) return
    const failure = await blobs.join(need.blob, need.id, ctx)
    if (failure?.isMissing === false) hurts(found, name, need, failure.message)
  }

  const note = ({ id, size }: Blob): Promise<void> | undefined => {
    idToBytes(id, probe)
    new DataView(probe.buffer).setBigUint64(idBytes, BigInt(size))
    return needed.put(probe)
  }

  /** Goes through blobs, some at once. */
  const eachBlob = async (
    needs: AsyncIterable<Blob>,
    prove: (some: readonly Blob[]) => Promise<void>,
  ): Promise<void> => {
    let waiting: Blob[] = []
    for await (const need of needs) {
      if (waiting.push(need) < blobsAtOnce) continue
      await prove(waiting)
      waiting = []
    }
    await prove(waiting)
  }

  const othersOf = async function* (state: PackageState, ctx?: Context): AsyncGenerator<Blob> {
    const name = formatPackageName(state.pkg)
    const walked = nothingWalked(scratch)
    try {
      for await (const need of packageNeeds(objects, state, walked, ctx)) {
        if (need.kind === 'commit') checked.commits++
        else if (need.kind === 'broken')
          hurts(found, name, need, `${need.why.message}, which ${need.from} names`)
        else if (need.kind === 'recipe') await proveHint(name, need, ctx)
        else if (need.kind === 'blob' && (!wholeIsKnown || need.recipe !== undefined)) yield need
        else if (need.kind === 'blob') await note(need)
      }
    } finally {
      for (const set of [walked.whole, walked.trees]) await set.drop()
    }
  }

  const suspectsOf = async function* (state: PackageState, ctx?: Context): AsyncGenerator<Blob> {
    for await (const need of packageNeeds(objects, state, nothingWalked(), ctx)) {
      if (need.kind === 'blob' && need.recipe === undefined && suspects.has(need.id)) yield need
    }
  }

  return {
    chunked: async (blob, recipe, ctx) => {
      const failure = await blobs.join(blob, recipe, ctx)
      if (failure === undefined) await whole.put(blob)
      // Chunks that are missing are damage only where the blob is needed.
      else if (!failure.isMissing) found.damaged(blob, failure.message)
    },
    package: async (state, ctx) => {
      checked.packages++
      const name = formatPackageName(state.pkg)
      await eachBlob(othersOf(state, ctx), (some) => proveBlobs(name, some, ctx))
    },
    hasSuspects: async (ctx) => {
      if (needed.added > 0) await findSuspects(objects, { needed, whole, suspects }, ctx)
      return suspects.size > 0
    },
    tell: (state, ctx) =>
      eachBlob(suspectsOf(state, ctx), (some) => proveBlobs(formatPackageName(state.pkg), some, ctx)),
    drop: async () => {
      for (const set of [needed, whole]) await set.drop()
    },
  }
}

function blobProver(objects: PackStore, { checked, whole }: Findings): BlobProver {
  const joined = idSet() // pairs of blob and recipe that are proved

  const join = async (blob: Id, recipe: Id, ctx?: Context): Promise<Failure | undefined> => {
    const pair = hashBytes(concatBytes([idToBytes(blob), idToBytes(recipe)]))
    if (joined.has(pair)) return undefined
    try {
      for await (const part of streamBlob(objects, blob, recipe, ctx)) void part
    } catch (error) {
      const { code, message } = damage(error)
      return { isMissing: code === 'NOT_FOUND', message }
    }
    joined.add(pair)
    return undefined
  }

  return {
    join,
    prove: async (ids, ctx) => {
      const failed = new Map<Id, string>()
      const open = new Set<Id>()
      for (const id of ids) if (!(await whole.has(id))) open.add(id)
      const read = async (some: readonly Id[]): Promise<void> => {
        for await (const { id, body, recipe } of objects.readMany(some, ctx)) {
          open.delete(id)
          checked.objects++
          checked.bytes += body.length
          const failure = recipe === undefined ? undefined : await join(id, recipe, ctx)
          if (failure === undefined) await whole.put(id)
          else failed.set(id, `blob ${id} cannot be had: ${failure.message}`)
        }
      }
      try {
        await read([...open])
      } catch (error) {
        damage(error)
        for (const id of open)
          await read([id]).catch((cause: unknown) => failed.set(id, damage(cause).message))
      }
      return failed
    },
  }
}

function hurts(found: Findings, name: string, need: Need, message: string): void {
  found.hurts(need.id, { package: name, path: handleOf(name, need) }, message)
}

/** The handle of what needs an object. */
function handleOf(name: string, { path, commit }: Need): string {
  const below = path === '' ? '' : `/${path.replaceAll('@', '%40')}`
  return `${name}${below}@${commit.slice(0, 12)}`
}
