// Two stores read as one: what the first does not have comes from the second.
import { isQuiltError } from '../base/error.ts'
import type { ObjectReader } from './object-store.ts'

/** Reads from `near`, and from `far` what is not there. */
export function layered(near: ObjectReader, far: ObjectReader): ObjectReader {
  return {
    missing: async (ids, ctx) => far.missing(await near.missing(ids, ctx), ctx),
    open: async (blob, recipe, ctx) => {
      try {
        return await near.open(blob, recipe, ctx)
      } catch (error) {
        if (!isQuiltError(error, 'NOT_FOUND')) throw error
        return far.open(blob, recipe, ctx)
      }
    },
    readMany: async function* (ids, ctx, options) {
      const absent = new Set(await near.missing(ids, ctx))
      yield* near.readMany(
        ids.filter((id) => !absent.has(id)),
        ctx,
        options,
      )
      if (absent.size > 0) yield* far.readMany([...absent], ctx, options)
    },
  }
}
