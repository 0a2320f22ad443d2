// The chain of a package's generations: reading its files, its newest end, and its way back.
import type { Backend } from '../../backend/backend.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { isQuiltError, QuiltError } from '../../base/error.ts'
import { decodeGeneration, generationBytes, type Generation } from '../../codec/generation.ts'
import {
  decodeSegment,
  foldedMove,
  segmentBytes,
  type FoldedMove,
  type Segment,
} from '../../codec/segment.ts'
import type { Id } from '../../model/id.ts'
import {
  lastFolded,
  listPackage,
  newestGeneration,
  packageOfPrefix,
  segmentOf,
  type ListedGeneration,
  type ListedSegment,
  type Listing,
} from './listing.ts'
import { packagePrefix, refsPrefix } from '../layout.ts'
import { hashBytes } from '#hash'

/** A generation as it was read, with the id of its file. */
export interface ReadGeneration {
  readonly generation: Generation
  readonly id: Id
}

/** A record that lay in the store; `unsure` when it perhaps never did: its put failed, or the answer was lost. */
export interface Candidate {
  readonly number: number
  readonly id: Id
  readonly unsure: boolean
}

/** How often a listing is made anew when what it showed was folded away before it was read. */
const mostListings = 100
/** How often a package must show no newest generation before that counts as damage. */
const lostTries = 3
/** How often the walk back may find nothing where it must go on before that counts as damage. */
const walkTries = 20

/**
 * The generation in a listed file; `undefined` when it is gone by now: folded.
 * @throws CORRUPT, naming the package and the key
 */
export async function readGeneration(
  backend: Backend,
  listed: ListedGeneration,
  ctx?: Context,
): Promise<ReadGeneration | undefined> {
  return readFile(backend, { ...listed, most: generationBytes }, ctx, (bytes, what) => {
    const generation = decodeGeneration(bytes, what)
    if (packagePrefix(generation.pkg) !== folderOf(listed.key) || generation.number !== listed.number) {
      throw new QuiltError('CORRUPT', `${what} belongs to another place`)
    }
    return { generation, id: hashBytes(bytes) }
  })
}

/**
 * The segment in a listed file; `undefined` when it is gone by now: part of a larger one.
 * @throws CORRUPT, naming the package and the key
 */
export async function readSegment(
  backend: Backend,
  listed: ListedSegment,
  ctx?: Context,
): Promise<Segment | undefined> {
  return readFile(backend, { ...listed, most: segmentBytes }, ctx, (bytes, what) => {
    const segment = decodeSegment(bytes, what)
    const last = segment.first + segment.moves.length - 1
    const place = `${refsPrefix}${segment.package}/`
    if (place !== folderOf(listed.key) || segment.first !== listed.first || last !== listed.last) {
      throw new QuiltError('CORRUPT', `${what} belongs to another place`)
    }
    return segment
  })
}

/**
 * The newest generation; `undefined` when there never was one. One listing and one file, however long the log.
 * @throws CORRUPT when its file is damaged or missing
 */
export async function readNewest(
  backend: Backend,
  prefix: string,
  ctx?: Context,
): Promise<ReadGeneration | undefined> {
  return newestOf(backend, await listPackage(backend, prefix, ctx), ctx)
}

/** The same, from a listing that was made already. */
export async function newestOf(
  backend: Backend,
  listing: Listing,
  ctx?: Context,
): Promise<ReadGeneration | undefined> {
  let lost = 0
  for (let tries = 0; tries < mostListings; tries++) {
    const newest = newestGeneration(listing)
    if (newest === undefined && listing.segments.length === 0) return undefined
    if (newest !== undefined && newest.number > lastFolded(listing)) {
      const read = await readGeneration(backend, newest, ctx)
      if (read !== undefined) return read
    } else if (++lost === lostTries) throw lostNewest(listing.prefix)
    listing = await listPackage(backend, listing.prefix, ctx)
  }
  throw restless(listing.prefix)
}

/**
 * The listing that showed the record to be in the chain; `undefined` when it is not in it. To be asked after it
 * was put (it won, or lost) or read.
 *
 * A generation's file is deleted only after a segment that holds it was written, and what a segment holds is in
 * some segment for ever. So if one holds this number, it says which record the chain has; and if none does, no
 * file of this number was ever deleted, and the one that is there was the first. What then names it as its
 * predecessor, or that nothing does, agrees.
 */
export async function findInChain(
  backend: Backend,
  prefix: string,
  it: Candidate,
): Promise<Listing | undefined> {
  for (let tries = 0; tries < mostListings; tries++) {
    const listing = await listPackage(backend, prefix)
    const verdict = await judge(backend, listing, it)
    if (verdict !== undefined) return verdict ? listing : undefined
  }
  throw restless(prefix)
}

/** One look at the store; `undefined` when what the listing showed was folded away meanwhile. */
async function judge(backend: Backend, listing: Listing, it: Candidate): Promise<boolean | undefined> {
  const listed = segmentOf(listing, it.number)
  if (listed !== undefined) {
    const segment = await readSegment(backend, listed)
    return segment && segment.moves[it.number - segment.first]?.id === it.id
  }
  const own = listing.generations.find((generation) => generation.number === it.number)
  if (own === undefined) return it.unsure && lastNumber(listing) < it.number ? false : undefined
  if (own === newestGeneration(listing)) {
    if (!it.unsure) return true
    const read = await readGeneration(backend, own)
    return read && read.id === it.id
  }
  const next = listing.generations.find((generation) => generation.number === it.number + 1)
  const read = next && (await readGeneration(backend, next))
  if (read === undefined || read.generation.previous === it.id) return read && true
  // A record that was put first can only be disowned by a stray, read after all this was folded: look again.
  return it.unsure ? false : undefined
}

/**
 * True when what `readNewest` gave was in the chain. It can only not be when so much happened between its
 * listing and its reading that the file was folded away, and put again by one who slept.
 */
export async function wasInChain(
  backend: Backend,
  prefix: string,
  read: ReadGeneration | undefined,
): Promise<boolean> {
  if (read === undefined) return true
  const it = { number: read.generation.number, id: read.id, unsure: false }
  return (await findInChain(backend, prefix, it)) !== undefined
}

/**
 * Every move from the newest back to the first, while others move and fold.
 * @throws CORRUPT where the chain is broken; what came before that is good
 */
export async function* walkBack(backend: Backend, prefix: string, ctx?: Context): AsyncGenerator<FoldedMove> {
  const newest = await readNewest(backend, prefix, ctx)
  if (newest === undefined) return
  let last = foldedMove(newest.generation, newest.id)
  yield last
  let listing: Listing | undefined
  let tries = 0
  while (last.number > 1) {
    checkSignal(ctx)
    listing ??= await listPackage(backend, prefix, ctx)
    const older = await readBefore(backend, listing, last, ctx)
    if (older.length > 0) tries = 0
    else {
      // Folded away since the listing, or a stray that was put in its place: a fresh one shows the segment.
      if (++tries === walkTries) throw brokenChain(prefix, last.number - 1)
      listing = undefined
    }
    for (const move of older) yield (last = move)
  }
}

/** What comes right before a move, newest first: one, or as many as a segment holds. Empty when it is not there. */
async function readBefore(
  backend: Backend,
  listing: Listing,
  after: FoldedMove,
  ctx: Context | undefined,
): Promise<readonly FoldedMove[]> {
  const number = after.number - 1
  const listed = segmentOf(listing, number)
  if (listed !== undefined) {
    const segment = await readSegment(backend, listed, ctx)
    const moves = segment === undefined ? [] : segment.moves.slice(0, number - segment.first + 1)
    return moves.at(-1)?.id === after.previous ? moves.reverse() : []
  }
  const file = listing.generations.find((generation) => generation.number === number)
  const read = file && (await readGeneration(backend, file, ctx))
  return read !== undefined && read.id === after.previous ? [foldedMove(read.generation, read.id)] : []
}

async function readFile<T>(
  backend: Backend,
  { key, size, most }: { readonly key: string; readonly size: number; readonly most: number },
  ctx: Context | undefined,
  decode: (bytes: Uint8Array, what: string) => T,
): Promise<T | undefined> {
  const what = `the file "${key}" of ${packageOfPrefix(folderOf(key))}'s refs`
  // Not read at all: it might not fit into memory.
  if (size > most) throw damaged(`${what} has ${String(size)} bytes, more than any can have`)
  try {
    return decode(await backend.get(key, undefined, ctx), what)
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return undefined
    if (isQuiltError(error, 'CORRUPT')) throw damaged(error.message, error)
    throw error
  }
}

function lastNumber(listing: Listing): number {
  return Math.max(lastFolded(listing), newestGeneration(listing)?.number ?? 0)
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1)
}

function damaged(message: string, cause?: unknown): QuiltError {
  return new QuiltError('CORRUPT', message, { hint: 'mend it with: quilt verify --repair', cause })
}

function lostNewest(prefix: string): QuiltError {
  return damaged(`the newest generation of ${packageOfPrefix(prefix)}'s refs is missing under "${prefix}"`)
}

function brokenChain(prefix: string, number: number): QuiltError {
  return damaged(
    `generation ${String(number)} of ${packageOfPrefix(prefix)}'s refs is missing or not the one that followed`,
  )
}

function restless(prefix: string): QuiltError {
  return new QuiltError(
    'UNAVAILABLE',
    `the refs of ${packageOfPrefix(prefix)} change faster than they can be read`,
    {
      hint: 'try again',
    },
  )
}
