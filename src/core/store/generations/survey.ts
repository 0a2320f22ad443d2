// What is whole of a package's refs and what is damaged, with single flipped bits turned back on the way.
import type { Backend } from '../../backend/backend.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { isQuiltError } from '../../base/error.ts'
import { mendSealed, mostMendedBytes } from '../../codec/mend-seal.ts'
import { foldedMove, type FoldedMove } from '../../codec/segment.ts'
import { readGeneration, readSegment, type ReadGeneration } from './chain.ts'
import type { ListedGeneration, ListedSegment, Listing } from './listing.ts'

/** A file that says nothing of the numbers that its key names. */
export interface DamagedFile {
  readonly key: string
  readonly first: number
  readonly last: number
}

/** What the files of a package's refs say. */
export interface Survey {
  /** Whole generation files by number: those in the chain, and strays. */
  readonly files: ReadonlyMap<number, ReadGeneration>
  /** Moves that whole segments hold, by number. */
  readonly folded: ReadonlyMap<number, FoldedMove>
  readonly damaged: readonly DamagedFile[]
  /** Keys of files in which a flipped bit was turned back. */
  readonly mended: readonly string[]
}

/**
 * Reads all files of a package's refs; `undefined` when one was folded away meanwhile.
 * @throws UNSUPPORTED for a file of a newer format
 */
export async function survey(backend: Backend, listing: Listing, ctx?: Context): Promise<Survey | undefined> {
  const files = new Map<number, ReadGeneration>()
  const folded = new Map<number, FoldedMove>()
  const damaged: DamagedFile[] = []
  const mended: string[] = []
  const read = async <T>(
    file: ListedGeneration | ListedSegment,
    parse: () => Promise<T | undefined>,
  ): Promise<T | 'damaged' | undefined> => {
    checkSignal(ctx)
    try {
      return await parse()
    } catch (error) {
      if (!isQuiltError(error, 'CORRUPT')) throw error
    }
    if (!(await mend(backend, file, ctx))) return 'damaged'
    mended.push(file.key)
    return parse().catch((error: unknown) => {
      if (isQuiltError(error, 'CORRUPT')) return 'damaged' // it belongs to another place
      throw error
    })
  }
  for (const file of listing.generations) {
    const { key, number } = file
    const found = await read(file, () => readGeneration(backend, file, ctx))
    if (found === undefined) return undefined
    if (found === 'damaged') damaged.push({ key, first: number, last: number })
    else files.set(number, found)
  }
  for (const file of listing.segments) {
    const found = await read(file, () => readSegment(backend, file, ctx))
    if (found === undefined) return undefined
    if (found === 'damaged') damaged.push(file)
    else for (const move of found.moves) if (!folded.has(move.number)) folded.set(move.number, move)
  }
  return { files, folded, damaged, mended }
}

/** The moves that are known, by number: what a segment says goes before a file, which may be a stray. */
export function knownMoves({ files, folded }: Survey): Map<number, FoldedMove> {
  const known = new Map(folded)
  for (const [number, { generation, id }] of files) {
    if (!known.has(number)) known.set(number, foldedMove(generation, id))
  }
  return known
}

/** Puts a file as it was before one bit of it flipped. */
async function mend(
  backend: Backend,
  { key, size }: ListedGeneration | ListedSegment,
  ctx?: Context,
): Promise<boolean> {
  if (size > mostMendedBytes) return false
  try {
    const bytes = mendSealed(await backend.get(key, undefined, ctx))
    if (bytes === undefined) return false
    await backend.put(key, bytes, {}, ctx)
    return true
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return false
    throw error
  }
}
