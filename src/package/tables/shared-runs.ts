// What two states of a large file share, by their recipes: bytes that lie in both, without reading either.
import type { Context } from '../../core/base/context.ts'
import type { Id } from '../../core/model/id.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import { recipeChunks } from '../../core/store/recipe-tree.ts'

/** Most chunks of a file that are held in memory: a file of about 128 GiB. */
const mostChunks = 2_000_000

interface Run {
  readonly from: number
  readonly to: number
  readonly by: number
}

/**
 * Where bytes of the old file lie in the new one: `undefined` for bytes that are not there in one piece.
 * Two chunks of one id have the same bytes.
 */
export async function sharedRuns(
  objects: ObjectReader,
  { old, now }: { readonly old: Id; readonly now: Id },
  ctx?: Context,
): Promise<(start: number, end: number) => number | undefined> {
  const starts = new Map<Id, { readonly start: number; readonly size: number }>()
  for await (const { id, start, size } of recipeChunks(objects, old, undefined, ctx)) {
    if (starts.size >= mostChunks) return () => undefined
    if (!starts.has(id)) starts.set(id, { start, size })
  }
  const runs: Run[] = []
  let open: { from: number; to: number; by: number } | undefined
  for await (const { id, start, size } of recipeChunks(objects, now, undefined, ctx)) {
    const known = starts.get(id)
    if (known === undefined) continue
    const by = start - known.start
    if (open !== undefined && open.by === by && open.to === known.start) open.to += size
    else runs.push((open = { from: known.start, to: known.start + size, by }))
  }
  return (start, end) => {
    const run = runs.find(({ from, to }) => from <= start && end <= to)
    return run === undefined ? undefined : start + run.by
  }
}
