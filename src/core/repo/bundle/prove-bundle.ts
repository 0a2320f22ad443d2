// Proves that a bundle holds all that it must, by an install that goes nowhere.
import type { Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import type { Id } from '../../model/id.ts'
import { layered } from '../../store/layered.ts'
import type { ObjectReader, ObjectStore, ObjectWriter } from '../../store/object-store.ts'
import { spillingIds } from '../sets/spilling-set.ts'
import type { Scratch } from '../sets/scratch.ts'
import { transfer } from '../transfer.ts'
import type { Bundle } from './open-bundle.ts'

/** What proving may use. */
export interface Proving {
  /** Where the commit lies that an incremental bundle builds on; without it only what is in the bundle is proved. */
  readonly base: ObjectReader | undefined
  readonly scratch?: Scratch
}

/** Objects read at once. */
const objectsAtOnce = 1024

/**
 * Proves every object of a bundle against its id, and that its commit has all that it reaches.
 * @returns true when all that the commit reaches was proved, false when that needs a commit that is not here
 * @throws CORRUPT, NOT_FOUND naming what is damaged or missing
 */
export async function proveBundle(
  { header, objects }: Bundle,
  { base, scratch }: Proving,
  ctx?: Context,
): Promise<boolean> {
  let ids: Id[] = []
  const prove = async (): Promise<void> => {
    for await (const _ of objects.readMany(ids, ctx)); // each is checked on the way
    ids = []
  }
  for await (const id of objects.ids('', ctx)) {
    ids.push(id)
    if (ids.length === objectsAtOnce) await prove()
  }
  await prove()
  if (header.since !== undefined && base === undefined) return false
  const from = base === undefined ? objects : layered(objects, base)
  const seen = spillingIds(scratch)
  try {
    const wanted = { id: header.commit, than: header.since }
    await transfer(
      from,
      nowhere(from, (id) => seen.add(id)),
      { commits: [wanted], near: from },
      ctx,
    )
    return true
  } finally {
    await seen.drop()
  }
}

/** A store that takes everything once, and keeps nothing. */
function nowhere(from: ObjectReader, isNew: (id: Id) => Promise<boolean> | boolean): ObjectStore {
  const written = { objects: 0, bytes: 0 }
  const refuse = (): Promise<never> =>
    Promise.reject(new QuiltError('UNSUPPORTED', 'what is moved here is copied'))
  const out: ObjectWriter = {
    written,
    missing: async (ids) => {
      const fresh: Id[] = []
      for (const id of new Set(ids)) if (await isNew(id)) fresh.push(id)
      return fresh
    },
    write: refuse,
    writeBlob: refuse,
    writeBlobs: refuse,
    copy: () => Promise.resolve(),
    writeChunked: () => Promise.resolve(),
  }
  return {
    missing: (ids, ctx) => from.missing(ids, ctx),
    open: (...given) => from.open(...given),
    readMany: (...given) => from.readMany(...given),
    batch: (fn) => fn(out),
    ids: async function* () {},
  }
}
