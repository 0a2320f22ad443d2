// Small reads of packs with what follows them: trees are read in the order in which they were written. The first
// read in a place fetches little more than was asked, before and behind it, since it may be the only one; each that goes on where one ended
// fetches twice as much.
import type { Range } from '../../backend/backend.ts'
import type { Context } from '../../base/context.ts'

/** Where a read lies. */
export interface ReadPlace {
  readonly pack: string
  readonly packSize: number
  readonly start: number
  readonly end: number
}

/** Reads a range of a pack. */
export type GetRange = (pack: string, range: Range, ctx?: Context) => Promise<Uint8Array>

/** A first read fetches at least so much. */
const firstBytes = 16 * 1024
/** No read fetches more, unless it asks for more. */
const longestBytes = 1024 * 1024
/** A read that begins so near behind the end of another goes on where that one ended. */
const nearBytes = 64 * 1024
/** Bytes kept of what was read. */
const keptBytes = 8 * 1024 * 1024

interface Span {
  readonly pack: string
  readonly start: number
  readonly bytes: Uint8Array
}

/** A reader that keeps what it read last, and reads ahead. */
export interface ReadAhead {
  read(place: ReadPlace, ctx?: Context): Promise<Uint8Array>
  /** Drops what was read of a pack: it was not what it should be. */
  forget(pack: string): void
}

/** Reads small places of packs. */
export function readAhead(getRange: GetRange): ReadAhead {
  const spans = new Set<Span>() // the one used last at the end
  let kept = 0

  const drop = (span: Span): void => {
    if (spans.delete(span)) kept -= span.bytes.length
  }

  const read: ReadAhead['read'] = async ({ pack, packSize, start, end }, ctx) => {
    let before: Span | undefined
    for (const span of spans) {
      if (span.pack !== pack || span.start > start) continue
      const spanEnd = span.start + span.bytes.length
      if (end <= spanEnd) {
        spans.delete(span)
        spans.add(span)
        return span.bytes.subarray(start - span.start, end - span.start)
      }
      if (start - spanEnd <= nearBytes) before = span
    }
    const length = before === undefined ? firstBytes : Math.min(longestBytes, 2 * before.bytes.length)
    // On from where the last one ended, so that nothing is left out between them. A root lies before its commit.
    const from =
      before === undefined
        ? Math.max(0, start - firstBytes / 2)
        : Math.min(start, before.start + before.bytes.length)
    const range = { start: from, end: Math.min(packSize, Math.max(end, from + length)) }
    const span: Span = { pack, start: from, bytes: await getRange(pack, range, ctx) }
    spans.add(span)
    kept += span.bytes.length
    for (const oldest of spans) {
      if (kept <= keptBytes) break
      drop(oldest)
    }
    return span.bytes.subarray(start - from, end - from)
  }

  return {
    read,
    forget: (pack) => {
      for (const span of spans) if (span.pack === pack) drop(span)
    },
  }
}
