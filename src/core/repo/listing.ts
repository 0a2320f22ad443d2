// The listing of a remote, for web servers, which cannot list: every key that a reader needs, in one file, written
// anew after each move. Why two who write it at once leave a right one: docs/format.md, section "The listing".
import type { Backend } from '../backend/backend.ts'
import { equalBytes } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { encodeListing, mostListed, type ListedKey } from '../codec/remotes/listing.ts'
import {
  formatKey,
  indexPrefix,
  listingKey,
  packPrefix,
  refsPrefix,
  remoteConfigKey,
} from '../store/layout.ts'
import type { PackRepository } from './open-repository.ts'

/** Whoever keeps finding others' moves leaves the rest to them. */
const mostRounds = 8
/** In the order of their keys. */
const alone: readonly string[] = [remoteConfigKey, formatKey]
const prefixes: readonly string[] = [indexPrefix, packPrefix, refsPrefix]

/** Lists what readers need, and writes it down, until what is written is what there is. */
export async function writeListing(backend: Backend, ctx?: Context): Promise<void> {
  let written: Uint8Array | undefined
  for (let round = 0; round < mostRounds; round++) {
    const listing = await readKeys(backend, ctx)
    if (listing === undefined) return backend.delete(listingKey, ctx)
    if (written !== undefined && equalBytes(written, listing)) return
    await backend.put(listingKey, listing, undefined, ctx)
    written = listing
  }
}

/** `undefined` for too many keys. */
async function readKeys(backend: Backend, ctx?: Context): Promise<Uint8Array | undefined> {
  const found: ListedKey[] = []
  for (const key of alone) {
    const head = await backend.head(key, ctx)
    if (head !== undefined) found.push(head)
  }
  // Not all at once: a bucket may hold other things beside the remote.
  for (const prefix of prefixes) {
    for await (const head of backend.list(prefix, ctx)) {
      found.push(head)
      if (found.length > mostListed) return undefined
    }
  }
  return encodeListing(found)
}

/**
 * A repository that writes its listing after each batch, and after each move of refs outside of one, where `isKept`
 * says so. What was moved is moved, whatever becomes of the listing: the next move writes it anew.
 */
export function listed(
  repository: PackRepository,
  isKept: (ctx?: Context) => Promise<boolean>,
): PackRepository {
  const { objects, refs, backend } = repository
  let batches = 0

  const write = async (ctx?: Context): Promise<void> => {
    if (batches > 0) return // whoever is at work will write it
    try {
      if (await isKept(ctx)) await writeListing(backend, ctx)
    } catch {
      // The move itself has succeeded.
    }
  }

  return {
    ...repository,
    objects: {
      ...objects,
      batch: async (fn, publish, ctx) => {
        batches++
        try {
          return await objects.batch(fn, publish, ctx)
        } finally {
          batches--
          await write(ctx)
        }
      },
    },
    refs: {
      ...refs,
      update: async (...args) => {
        const state = await refs.update(...args)
        await write(args[3])
        return state
      },
      remove: async (...args) => {
        await refs.remove(...args)
        await write(args[2])
      },
    },
  }
}
