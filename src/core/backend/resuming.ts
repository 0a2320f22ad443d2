// Reads bytes that come over a line which may break: goes on at the byte where it broke, and notices when the bytes
// are others by then. Memory is what was asked for, or grows with what arrives; it is never what was announced.
import { checkSignal, type Context } from '../base/context.ts'
import { isQuiltError, QuiltError } from '../base/error.ts'
import type { Range } from './backend.ts'
import { patient, persist, type RetryOptions } from './patience.ts'
import { checkRange } from './range.ts'

/** One answer to a request for bytes. */
export interface RangeAnswer {
  /** Where its bytes begin: where they were asked from, or at 0 from those who know no ranges. */
  readonly start: number
  /** Length of all the bytes under the key. */
  readonly size: number
  /** Another one says that the bytes are others; `undefined` where nobody says. */
  readonly mark: string | undefined
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * Asks for bytes from `start` on, up to `end` (excluded) or all. With a mark it throws CONFLICT when that is not the
 * bytes' mark any more.
 */
export type AskRange = (
  range: { readonly start: number; readonly end: number | undefined },
  mark: string | undefined,
) => Promise<RangeAnswer>

/** What to read, and how patiently. */
export interface Reading {
  readonly key: string
  readonly range: Range | undefined
  readonly patience: RetryOptions
}

/** The longest value that is read whole, in bytes. */
const longestWhole: number = 2 ** 31
/** Who gets on by so much has not stalled. */
const goodProgress = 64 * 1024
const firstRoom = 4 * 1024 * 1024
/** A range up to so many bytes has its memory at once. */
const longestAtOnce = 32 * 1024 * 1024

/**
 * The bytes under a key, or a range of them that is not empty.
 * @throws what `ask` throws; INVALID for a range that lies outside; UNAVAILABLE when the line breaks too often;
 * CORRUPT when the bytes change twice meanwhile, or there are more of them than announced
 */
export async function readResuming(ask: AskRange, reading: Reading, ctx?: Context): Promise<Uint8Array> {
  try {
    return await readOnce(ask, reading, ctx)
  } catch (error) {
    if (!isQuiltError(error, 'CONFLICT')) throw error
    checkSignal(ctx)
  }
  try {
    return await readOnce(ask, reading, ctx)
  } catch (error) {
    if (!isQuiltError(error, 'CONFLICT')) throw error
    throw new QuiltError('CORRUPT', `${reading.key} keeps changing while it is read`, { cause: error })
  }
}

async function readOnce(
  ask: AskRange,
  { key, range, patience }: Reading,
  ctx?: Context,
): Promise<Uint8Array> {
  const start = range?.start ?? 0
  let end = range?.end
  let mark: string | undefined
  let bytes = roomFor(range)
  let got = 0
  let waiting = patient(patience, ctx)
  for (;;) {
    const before = got
    const answer = await persist(patience, ctx, () =>
      ask({ start: start + got, end }, got > 0 ? mark : undefined),
    ).catch((error: unknown) => {
      // What was announced is not there any more, or never was.
      throw got > 0 && isQuiltError(error, 'INVALID') ? changed(key) : error
    })
    const { size } = answer
    if (range !== undefined) checkRange(range, size, key)
    if (end !== undefined && range === undefined && end !== size) throw changed(key)
    if (got > 0 && mark !== answer.mark) throw changed(key)
    mark = answer.mark
    end ??= size
    const wanted = end - start
    if (wanted > longestWhole) throw tooLong(key)
    try {
      for await (const part of taken(answer, { from: start + got, end, key })) {
        checkSignal(ctx)
        if (got + part.length > bytes.length) bytes = withRoom(bytes, got, got + part.length, wanted)
        bytes.set(part, got)
        got += part.length
        ctx?.onArrival?.(start + got - part.length, bytes.subarray(got - part.length, got))
      }
      if (got === wanted) return bytes
      throw new QuiltError('UNAVAILABLE', `${key}: the answer was cut after ${got} of ${wanted} bytes`)
    } catch (error) {
      if (got - before >= goodProgress) waiting = patient(patience, ctx)
      await waiting.again(error)
    }
  }
}

/** The bytes from `from` to `end` of an answer, which may begin before them and end behind. */
async function* taken(
  { body, start }: RangeAnswer,
  { from, end, key }: { readonly from: number; readonly end: number; readonly key: string },
): AsyncGenerator<Uint8Array> {
  if (start > from) throw new QuiltError('CORRUPT', `${key}: other bytes came than were asked for`)
  let at = start
  for await (const part of body) {
    const skipped = Math.min(Math.max(from - at, 0), part.length)
    const left = part.subarray(skipped, Math.max(skipped, Math.min(part.length, end - at)))
    at += part.length
    if (left.length > 0) yield left
    if (at > end) return // exactly at the end, the line is left in order for the next request
  }
}

/** Memory for a range that is not too long; for anything else none yet. */
function roomFor(range: Range | undefined): Uint8Array<ArrayBuffer> {
  const { start, end, into } = range ?? { start: 0, end: 0 }
  const wanted = end - start
  if (into?.length === wanted) return into
  return new Uint8Array(wanted <= longestAtOnce ? wanted : 0)
}

/** Room for `least` bytes, more if it seems worth it, `most` at most. */
function withRoom(bytes: Uint8Array, used: number, least: number, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(most, Math.max(least, firstRoom, 2 * bytes.length)))
  larger.set(bytes.subarray(0, used))
  return larger
}

function changed(key: string): QuiltError {
  return new QuiltError('CONFLICT', `${key} has changed while it was read`)
}

function tooLong(key: string): QuiltError {
  return new QuiltError('CORRUPT', `${key} is longer than anything that is read whole (2 GiB)`)
}
