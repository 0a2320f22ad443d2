// Objects that are said to be here: one that is not there is damage, not an answer.
import { isQuiltError, QuiltError } from '../base/error.ts'
import type { ObjectReader } from './object-store.ts'

/**
 * A reader of objects that some state says are here.
 * @throws CORRUPT where `objects` throws NOT_FOUND
 */
export function promised(objects: ObjectReader): ObjectReader {
  return {
    missing: (ids, ctx) => objects.missing(ids, ctx),
    open: (blob, recipe, ctx) => objects.open(blob, recipe, ctx).catch(lost),
    readMany: async function* (ids, ctx, options) {
      try {
        yield* objects.readMany(ids, ctx, options)
      } catch (error) {
        lost(error)
      }
    },
  }
}

function lost(error: unknown): never {
  if (!isQuiltError(error, 'NOT_FOUND')) throw error
  throw new QuiltError('CORRUPT', `the store is damaged: ${error.message}`, {
    hint: 'mend it from a remote that has the package: quilt verify --repair',
    cause: error,
  })
}
