// What arrives over a line is kept nearby for a while: a process that is killed, or whose line is cut for good, leaves it
// to the next one, which goes on where it stopped. The near side can only help, as in caching.
import type { Ambient } from '../base/ambient.ts'
import { checkSignal, type Context } from '../base/context.ts'
import type { Backend, Range } from './backend.ts'
import { nearName } from './near-copy.ts'

/** So many bytes are kept in one piece: a process that is killed loses less than that of each read under way. */
const pieceBytes = 1024 * 1024
/** Pieces that wait to be written; where there are more, the near side is slower than the line, and they are let go. */
const mostWaiting = 16
/** Pieces that are known: the near side keeps no more of so large ones. Older ones are only not looked for. */
const mostKnown = 1024

/** What takes less, in milliseconds, comes again as quickly: to write it twice would take longer. */
const quick = 500

/** When to keep. */
export interface ArrivingOptions {
  /** True for keys whose bytes never change as long as they are there. */
  readonly keeps: (key: string) => boolean
  readonly now: Ambient['now']
  /** A read that takes longer is kept before it ends, in milliseconds: half a second unless told. */
  readonly after?: number
}

/** Bytes of a key that lie nearby. */
interface Span {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** A read into memory of the reader's. */
type RoomyRange = Range & { readonly into: Uint8Array<ArrayBuffer> }

/**
 * `far`, whose long ranges of keys that never change are kept in `near`, and not asked for again while they lie there:
 * what has arrived of a read that fails, and of one that is slow as it arrives.
 *
 * - All of it is dropped when this is closed and no read has failed. Else it stays, for the next.
 * - What comes from near is not checked: whoever reads checks what it makes up, and calls `distrust` where that is damaged.
 * - The near side has no bound of its own: give one that has. `near` must be used by nothing else. Closing closes both.
 */
export function arriving(
  near: Backend,
  far: Backend,
  { keeps, now, after = quick }: ArrivingOptions,
): Backend {
  const spans = nearSpans(near)
  const spare: Uint8Array[] = []
  let writing: Promise<void> = Promise.resolve()
  let waiting = 0
  let reading = 0
  let failed = false

  const keep = (key: string, start: number, piece: Uint8Array, length: number): void => {
    if (length === 0 || waiting >= mostWaiting) return
    waiting++
    const end = start + length
    const span: Span = { name: `${nearName(key)}.${String(start)}-${String(end)}`, start, end }
    writing = writing
      .then(() => near.put(span.name, piece.subarray(0, length)))
      .then(
        () => spans.add(nearName(key), span),
        () => undefined,
      )
      .finally(() => {
        waiting--
        spare.push(piece)
      })
  }

  /** Puts what arrives together to pieces. */
  const collector = (key: string) => {
    let piece: Uint8Array | undefined
    let from = 0
    let filled = 0
    const flush = (): void => {
      if (piece !== undefined) keep(key, from, piece, filled)
      piece = undefined
      from += filled
      filled = 0
    }
    return {
      flush,
      take: (start: number, bytes: Uint8Array): void => {
        if (start !== from + filled) {
          flush()
          from = start
        }
        for (let at = 0; at < bytes.length;) {
          piece ??= spare.pop() ?? new Uint8Array(pieceBytes)
          const part = bytes.subarray(at, at + pieceBytes - filled)
          piece.set(part, filled)
          filled += part.length
          at += part.length
          if (filled === pieceBytes) flush()
        }
      },
    }
  }

  const fetch = async (key: string, range: RoomyRange, ctx?: Context): Promise<Uint8Array> => {
    const { take, flush } = collector(key)
    const began = now().getTime()
    const isSlow = (): boolean => now().getTime() - began >= after
    // What has come into the reader's memory, where it stays until this ends, and is not kept yet.
    let [from, to] = [range.start, range.start]
    const catchUp = (): void => {
      if (from < to) take(from, range.into.subarray(from - range.start, to - range.start))
      from = to
    }
    let told = false
    const onArrival: Context['onArrival'] = (start, bytes) => {
      told = true
      if (isAt(bytes, range, start)) {
        if (start !== to) from = start // what came before is others by now
        to = start + bytes.length
        if (isSlow()) catchUp()
      } else take(start, bytes)
      ctx?.onArrival?.(start, bytes)
    }
    reading++
    try {
      const bytes = await far.get(key, range, { ...ctx, onArrival })
      if (!told && isSlow()) take(range.start, bytes)
      return bytes
    } catch (error) {
      failed = true
      catchUp()
      throw error
    } finally {
      reading--
      flush()
    }
  }

  /** What lies nearby from `at` on; `undefined` where nothing does. */
  const readNear = async (key: string, at: number, end: number): Promise<Uint8Array | undefined> => {
    const of = nearName(key)
    const span = spans.of(of).find((one) => one.start <= at && at < one.end)
    if (span === undefined) return undefined
    const range = { start: at - span.start, end: Math.min(span.end, end) - span.start }
    const bytes = await near.get(span.name, range).catch(() => undefined)
    if (bytes?.length === range.end - range.start) return bytes
    spans.drop(of, span) // swept meanwhile
    return readNear(key, at, end)
  }

  const get = async (key: string, range?: Range, ctx?: Context): Promise<Uint8Array> => {
    if (range === undefined || !(range.end - range.start > pieceBytes) || !keeps(key))
      return far.get(key, range, ctx)
    await spans.load()
    const bytes = range.into ?? new Uint8Array(range.end - range.start)
    for (let at = range.start; at < range.end;) {
      checkSignal(ctx)
      const others = spans.of(nearName(key)).filter(({ start }) => start > at)
      const end = Math.min(range.end, ...others.map(({ start }) => start))
      const into = bytes.subarray(at - range.start, end - range.start)
      const part = (await readNear(key, at, range.end)) ?? (await fetch(key, { start: at, end, into }, ctx))
      if (part.buffer !== bytes.buffer) bytes.set(part, at - range.start)
      at += part.length
    }
    return bytes
  }

  const forget = async (of: string): Promise<void> => {
    await writing
    await spans.forget(of)
  }

  return {
    ...far,
    get features() {
      return far.features
    },
    get,
    distrust: async (key) => {
      await forget(nearName(key))
      await far.distrust?.(key)
    },
    close: async () => {
      try {
        await far.close()
      } finally {
        await writing
        if (!failed && reading === 0) await spans.clear().catch(() => undefined)
        await near.close().catch(() => undefined)
      }
    },
  }
}

/** True for bytes, of the key from `start` on, that lie in the memory of a range where they belong. */
function isAt(bytes: Uint8Array, { start: first, into }: RoomyRange, start: number): boolean {
  return bytes.buffer === into.buffer && bytes.byteOffset === into.byteOffset + start - first
}

/** What lies nearby, by the names of keys. */
function nearSpans(near: Backend) {
  const all = new Map<string, readonly Span[]>()
  /** The same, the oldest first. */
  const known = new Map<Span, string>()
  let loading: Promise<void> | undefined

  const drop = (of: string, span: Span): void => {
    const others = (all.get(of) ?? []).filter((other) => other !== span)
    if (others.length === 0) all.delete(of)
    else all.set(of, others)
    known.delete(span)
  }

  const add = (of: string, span: Span): void => {
    all.set(of, [...(all.get(of) ?? []), span])
    known.set(span, of)
    const [oldest] = known
    if (known.size > mostKnown && oldest !== undefined) drop(oldest[1], oldest[0])
  }

  const read = async (): Promise<void> => {
    for await (const { key: name, size } of near.list('')) {
      const [, of, start, end] = /^(.+)\.(\d+)-(\d+)$/.exec(name) ?? []
      if (of === undefined || Number(end) - Number(start) !== size) continue
      add(of, { name, start: Number(start), end: Number(end) })
    }
  }

  return {
    add,
    /** Finds out what others left, once. */
    load: (): Promise<void> => (loading ??= read().catch(() => undefined)),
    drop,
    of: (name: string): readonly Span[] => all.get(name) ?? [],
    forget: async (of: string): Promise<void> => {
      for (const span of all.get(of) ?? []) {
        drop(of, span)
        await near.delete(span.name).catch(() => undefined)
      }
    },
    /** Deletes all, also what others left; where nothing was asked for yet, nothing. */
    clear: async (): Promise<void> => {
      if (loading === undefined) return
      for await (const { key } of near.list('')) await near.delete(key)
    },
  }
}
