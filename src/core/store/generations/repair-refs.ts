// Repairs a package's refs: flipped bits are turned back; where the newest state is lost, the last whole one goes on as
// a further generation; and moves that nobody can read any more become segments that say so. The argument for it:
// docs/format.md, section "Repairing refs".
import type { Backend } from '../../backend/backend.ts'
import { utf8 } from '../../base/bytes.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { isQuiltError, QuiltError } from '../../base/error.ts'
import { encodeGeneration, type Generation } from '../../codec/generation.ts'
import { encodeSegment, type FoldedMove } from '../../codec/segment.ts'
import type { Id } from '../../model/id.ts'
import { formatPackageName, packageKey, type PackageName } from '../../model/package-name.ts'
import type { RefName } from '../../model/ref-name.ts'
import { generationKey, packagePrefix, segmentKey } from '../layout.ts'
import type { RefRecord } from '../ref-store.ts'
import { lastFolded, listPackage, newestGeneration, type Listing } from './listing.ts'
import { knownMoves, survey, type Survey } from './survey.ts'
import { hashBytes } from '#hash'

/** Whose refs to repair, and how. */
export interface RefRepair {
  /** Its spelling counts only where no whole generation says another. */
  readonly pkg: PackageName
  readonly record: RefRecord
  /** 32 hex digits, never the same twice. */
  readonly randomName: () => string
  /** Where no state is left, the package is deleted, so that its name can be used again. */
  readonly giveUp?: boolean
}

/** What a repair of refs did. */
export interface RepairedRefs {
  /** Keys of files in which a flipped bit was turned back: nothing of them is lost. */
  readonly mended: readonly string[]
  /** Numbers of moves of which nothing is known any more, ascending. */
  readonly lost: readonly number[]
  /** The generation whose state holds again, where the newest was lost; 0 when there was none, and it was deleted. */
  readonly resumed?: number
  /** False when no state is left and the package was not to be given up, or when it cannot be told what was there. */
  readonly hasState: boolean
}

/** How often a repair begins anew when others move or fold meanwhile. */
const mostTries = 20
/** A file that claims to be so far above all that is whole is not believed. */
const mostLost = 100_000
/** Lost moves in one segment. */
const segmentMoves = 10_000

/**
 * Repairs one package's refs, beside others that move and fold them; after a crash another run goes on.
 * @throws UNSUPPORTED for files of a newer format; CONFLICT when others keep moving them
 */
export async function repairRefs(backend: Backend, repair: RefRepair, ctx?: Context): Promise<RepairedRefs> {
  const mended = new Set<string>()
  const lost = new Set<number>()
  let resumed: number | undefined
  for (let tries = 0; tries < mostTries; tries++) {
    checkSignal(ctx)
    const listing = await listPackage(backend, packagePrefix(repair.pkg), ctx)
    const found = await survey(backend, listing, ctx)
    if (found === undefined) continue
    for (const key of found.mended) mended.add(key)
    const report = (hasState: boolean): RepairedRefs => ({
      mended: [...mended],
      lost: [...lost].sort((a, b) => a - b),
      ...(resumed === undefined ? {} : { resumed }),
      hasState,
    })
    const newest = newestGeneration(listing)
    if (newest === undefined && listing.segments.length === 0) return report(false)
    if (newest === undefined || !found.files.has(newest.number) || newest.number <= lastFolded(listing)) {
      const made = nextAfterLoss(listing, found, repair)
      if (made === undefined) return report(false)
      if (await put(backend, made.generation, ctx)) resumed = made.from
      continue
    }
    for (const number of await fillGaps(backend, { listing, found, repair, newest: newest.number }, ctx)) {
      lost.add(number)
    }
    return report(true)
  }
  throw new QuiltError('CONFLICT', `others kept moving ${formatPackageName(repair.pkg)} meanwhile`, {
    hint: 'try again',
  })
}

/** Puts a generation; false when another was first. */
async function put(backend: Backend, generation: Generation, ctx?: Context): Promise<boolean> {
  const key = generationKey(generation.pkg, generation.number)
  try {
    await backend.put(key, encodeGeneration(generation), { absent: true }, ctx)
    return true
  } catch (error) {
    if (isQuiltError(error, 'CONFLICT')) return false
    throw error
  }
}

/** The id that a lost move gets when nothing names it: the same for all who repair. */
function lostId(pkg: PackageName, number: number): Id {
  return hashBytes(utf8(`lost ${packageKey(pkg)} ${String(number)}`))
}

interface Resumed {
  readonly generation: Generation
  /** The number of the generation that goes on in it; 0 for none. */
  readonly from: number
}

/** The generation behind all that is there, with the last state that is known; `undefined` when there is none. */
function nextAfterLoss(listing: Listing, found: Survey, repair: RefRepair): Resumed | undefined {
  const top = Math.max(lastFolded(listing), newestGeneration(listing)?.number ?? 0)
  const known = knownMoves(found)
  const highest = [...known.keys()].reduce((a, b) => Math.max(a, b), 0)
  if (top - highest > mostLost) return undefined
  const base = lastWhole(found)
  const state = base === undefined ? undefined : { ...base, from: base.number }
  const begun = state ?? (isWholeLog(known, highest) ? emptyState(repair.pkg) : undefined)
  if (begun === undefined && repair.giveUp !== true) return undefined
  const { from, ...last } = begun ?? { ...emptyState(repair.pkg), deleted: true }
  const replayed = replay(last, known)
  return {
    from: begun === undefined ? 0 : Math.max(from, highest),
    generation: {
      ...replayed,
      number: top + 1,
      previous: known.get(top)?.id ?? lostId(repair.pkg, top),
      nonce: repair.randomName(),
      move: { ...repair.record, edits: [] },
    },
  }
}

/** The newest generation file that is whole and no stray. */
function lastWhole({ files, folded }: Survey): Generation | undefined {
  const numbers = [...files.keys()].sort((a, b) => b - a)
  for (const number of numbers) {
    const read = files.get(number)
    const held = folded.get(number)
    if (held === undefined || held.id === read?.id) return read?.generation
  }
  return undefined
}

/** True when every move from the first one is known: then the refs can be had from them. */
function isWholeLog(known: ReadonlyMap<number, FoldedMove>, highest: number): boolean {
  return highest > 0 && known.size === highest
}

type Last = Omit<Generation, 'previous' | 'nonce' | 'move'>

function emptyState(pkg: PackageName): Last & { readonly from: number } {
  return {
    from: 0,
    pkg,
    number: 0,
    refs: new Map(),
    partial: new Map(),
    shallow: new Set(),
    deleted: false,
  }
}

/** A state after the moves behind it that are known from segments alone. */
function replay(state: Last, known: ReadonlyMap<number, FoldedMove>): Last {
  let { deleted } = state
  const refs = new Map<RefName, Id>(state.refs)
  for (const { number, move, ...it } of [...known.values()].sort((a, b) => a.number - b.number)) {
    if (number <= state.number) continue
    for (const { name, to } of move.edits) {
      if (to === undefined) refs.delete(name)
      else refs.set(name, to)
    }
    deleted = it.deleted
  }
  if (!deleted) return { ...state, refs, deleted }
  const { origin, ...rest } = state
  void origin
  return { ...rest, refs: new Map(), partial: new Map(), shallow: new Set(), deleted }
}

interface Filling {
  readonly listing: Listing
  readonly found: Survey
  readonly repair: RefRepair
  /** The number of the newest generation, which is whole. */
  readonly newest: number
}

/**
 * Writes segments of the moves that are lost, then deletes the damaged files.
 * @returns the numbers of the lost moves
 */
async function fillGaps(backend: Backend, filling: Filling, ctx?: Context): Promise<readonly number[]> {
  const { found, repair } = filling
  const lost = lostMoves(filling)
  const { pkg } = repair
  const replaced = new Set<string>()
  for (const run of runsOf(lost)) {
    const [first, last] = [run[0] as FoldedMove, run.at(-1) as FoldedMove]
    const key = segmentKey(pkg, first.number, last.number)
    const isDamaged = found.damaged.some((file) => file.key === key)
    try {
      await backend.put(key, encodeSegment(packageKey(pkg), run), { absent: !isDamaged }, ctx)
    } catch (error) {
      if (!isQuiltError(error, 'CONFLICT')) throw error // another repair has put it
    }
    replaced.add(key)
  }
  for (const { key } of found.damaged) if (!replaced.has(key)) await backend.delete(key, ctx)
  for (const { number } of lost) {
    // A whole file that the chain does not have under its number: a segment holds that now.
    if (found.files.has(number)) await backend.delete(generationKey(pkg, number), ctx)
  }
  return lost.map(({ number }) => number)
}

/** The moves below the newest that are damaged, missing, or not those that the chain has; ascending. */
function lostMoves({ found, repair, newest }: Filling): readonly FoldedMove[] {
  const known = knownMoves(found)
  const ids = new Map<number, Id>() // of lost moves
  let expected = known.get(newest)?.previous
  for (let number = newest - 1; number >= 1; number--) {
    const move = known.get(number)
    if (move !== undefined && (expected === undefined || move.id === expected || found.folded.has(number))) {
      expected = move.previous
    } else {
      ids.set(number, expected ?? lostId(repair.pkg, number))
      expected = undefined
    }
  }
  const move = { ...repair.record, reason: 'lost: its record was damaged', edits: [] }
  return [...ids].reverse().map(([number, id]) => {
    const before = number === 1 ? undefined : (ids.get(number - 1) ?? known.get(number - 1)?.id)
    return { number, id, ...(before === undefined ? {} : { previous: before }), deleted: false, move }
  })
}

function* runsOf(moves: readonly FoldedMove[]): Generator<readonly FoldedMove[]> {
  let run: FoldedMove[] = []
  for (const move of moves) {
    const last = run.at(-1)
    if (last !== undefined && (move.number !== last.number + 1 || run.length === segmentMoves)) {
      yield run
      run = []
    }
    run.push(move)
  }
  if (run.length > 0) yield run
}
