// Folding: old generation files become segments, segments of similar size become larger ones, so that a
// package's listing stays short however long its log. Every step leaves the whole log readable: a file is
// deleted only when a segment that was written, or read, whole holds what it says.
import type { Backend } from '../../backend/backend.ts'
import { isQuiltError, QuiltError } from '../../base/error.ts'
import { mapOrdered } from '../../base/pool.ts'
import { encodeSegment, foldedMove, type FoldedMove, type Segment } from '../../codec/segment.ts'
import { packageKey, type PackageName } from '../../model/package-name.ts'
import { readGeneration, readSegment } from './chain.ts'
import { lastFolded, type ListedGeneration, type ListedSegment, type Listing } from './listing.ts'
import { segmentKey } from '../layout.ts'

/** When to fold, and how much. */
export interface FoldRules {
  /** This many of the newest generations stay files, so that slow readers find what they saw in a listing. */
  readonly keep: number
  /** Folds when there are more generation files than this. */
  readonly foldAbove: number
  /** Segments are not joined to more bytes than this. */
  readonly joinBytes: number
}

/** How folding goes without other orders. */
export const foldRules: FoldRules = { keep: 8, foldAbove: 16, joinBytes: 4 * 1024 * 1024 }

/** At most so many files are folded, or swept, at once: a move must not become slow. */
const mostFiles = 64
/** At most so many bytes of generations are folded at once, but one file in any case. */
const mostBytes = 32 * 1024 * 1024
/** A segment joins the newer one when it is at most so many times as large: then there are O(log n) of them. */
const joinRatio = 2
const width = 4

/**
 * Folds what is due, and sweeps what an earlier fold left behind when it was cut off. Any number may do so at
 * once: they write the same segments, or overlapping ones that say the same.
 */
export async function fold(
  backend: Backend,
  pkg: PackageName,
  listing: Listing,
  rules: FoldRules,
): Promise<void> {
  await sweep(backend, listing)
  const run = foldable(listing, rules)
  if (run.length < 2) return
  const moves = await readRun(backend, run)
  const segment = encodeSegment(packageKey(pkg), moves)
  const older = await readJoinable(backend, listing, { moves, size: segment.length }, rules)
  const all = [
    ...joined(
      older.flatMap((it) => it.segment.moves),
      moves,
    ),
  ]
  const [first, last] = [all[0] as FoldedMove, all.at(-1) as FoldedMove]
  const body = older.length === 0 ? segment : encodeSegment(packageKey(pkg), all)
  // CONFLICT: another has folded the very same; it deletes, or the next sweep does.
  await backend.put(segmentKey(pkg, first.number, last.number), body, { absent: true })
  const keys = [...run.slice(0, -1), ...older.map((it) => it.listed)].map((file) => file.key)
  await deleteAll(backend, keys)
}

/**
 * The generations to fold, and behind them the one whose link vouches for the last of them; empty when nothing
 * is due. A number that no segment holds was never deleted, so that its file is in the chain. Where one is
 * missing the listing raced another fold, or there is damage: nothing is touched.
 */
function foldable(listing: Listing, rules: FoldRules): readonly ListedGeneration[] {
  const from = lastFolded(listing) + 1
  const files = listing.generations.filter((file) => file.number >= from)
  if (files.length <= rules.foldAbove || files.some((file, i) => file.number !== from + i)) return []
  let count = 0
  let bytes = 0
  const most = Math.min(mostFiles, files.length - Math.max(rules.keep, 1))
  while (count < most && (count === 0 || bytes + (files[count] as ListedGeneration).size <= mostBytes)) {
    bytes += (files[count] as ListedGeneration).size
    count++
  }
  return count === 0 ? [] : files.slice(0, count + 1)
}

async function readRun(backend: Backend, run: readonly ListedGeneration[]): Promise<readonly FoldedMove[]> {
  const moves: FoldedMove[] = []
  const reads = mapOrdered(run, width, async (file) => {
    const read = await readGeneration(backend, file)
    if (read === undefined) throw raced(file.key)
    return foldedMove(read.generation, read.id)
  })
  for await (const move of reads) {
    const last = moves.at(-1)
    if (last !== undefined && move.previous !== last.id) throw raced(last.number.toString())
    moves.push(move)
  }
  return moves.slice(0, -1)
}

/** The segments right before a run that are of its size, ascending, each whole; none when one is damaged. */
async function readJoinable(
  backend: Backend,
  listing: Listing,
  run: { readonly moves: readonly FoldedMove[]; readonly size: number },
  rules: FoldRules,
): Promise<readonly { readonly listed: ListedSegment; readonly segment: Segment }[]> {
  const found: { readonly listed: ListedSegment; readonly segment: Segment }[] = []
  let next = run.moves[0] as FoldedMove
  let size = run.size
  for (const listed of outermost(listing).reverse()) {
    if (
      listed.last < next.number - 1 ||
      listed.size > joinRatio * size ||
      size + listed.size > rules.joinBytes
    )
      break
    const segment = await readWhole(backend, listed)
    if (segment === undefined || segment.moves[next.number - 1 - listed.first]?.id !== next.previous) break
    found.unshift({ listed, segment })
    next = segment.moves[0] as FoldedMove
    size += listed.size
  }
  return found
}

/** A segment; `undefined` when it is damaged, which is no reason to fold nothing more. */
async function readWhole(backend: Backend, listed: ListedSegment): Promise<Segment | undefined> {
  try {
    const segment = await readSegment(backend, listed)
    if (segment === undefined) throw raced(listed.key)
    return segment
  } catch (error) {
    if (isQuiltError(error, 'CORRUPT')) return undefined
    throw error
  }
}

/** The moves by number, each once: segments may overlap. */
function joined(older: readonly FoldedMove[], newer: readonly FoldedMove[]): Iterable<FoldedMove> {
  const byNumber = new Map<number, FoldedMove>()
  for (const move of [...older, ...newer]) byNumber.set(move.number, move)
  return [...byNumber.values()].sort((a, b) => a.number - b.number)
}

/** Deletes generation files and segments that a larger segment holds, once that was read whole. */
async function sweep(backend: Backend, listing: Listing): Promise<void> {
  let left = mostFiles
  for (const holder of outermost(listing)) {
    const held = [
      ...listing.generations.filter(({ number }) => holder.first <= number && number <= holder.last),
      ...listing.segments.filter((segment) => segment !== holder && holds(holder, segment)),
    ].slice(0, left)
    if (held.length === 0) continue
    left -= held.length
    const segment = await readWhole(backend, holder)
    if (segment !== undefined)
      await deleteAll(
        backend,
        held.map((file) => file.key),
      )
  }
}

/** The segments that no other holds, ascending. */
function outermost(listing: Listing): ListedSegment[] {
  return listing.segments.filter((it) => !listing.segments.some((other) => other !== it && holds(other, it)))
}

function holds(outer: ListedSegment, inner: ListedSegment): boolean {
  return outer.first <= inner.first && inner.last <= outer.last
}

async function deleteAll(backend: Backend, keys: readonly string[]): Promise<void> {
  for await (const _ of mapOrdered(keys, width, (key) => backend.delete(key))) void _
}

/** Ends a fold that met another's, or damage; nobody sees it, the next move folds again. */
function raced(what: string): QuiltError {
  return new QuiltError('UNAVAILABLE', `"${what}" changed while it was folded`)
}
