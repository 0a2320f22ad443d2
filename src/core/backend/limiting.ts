// Keeps what goes over the line below a rate, on average: after each transfer the next waits until the line would
// have been free.
import type { Ambient } from '../base/ambient.ts'
import type { Bytes } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import type { Backend, Range } from './backend.ts'

/** Ranges longer than what goes through in so many seconds are read piece by piece. */
const pieceSeconds = 2
const leastPiece = 256 * 1024

/** One line that takes so many bytes a second. */
export interface Pace {
  /** Takes the line for so many bytes, once it is free. */
  pass(bytes: number, ctx: Context | undefined): Promise<void>
  /** The same for each part of a body. */
  paced(body: AsyncIterable<Uint8Array>, ctx: Context | undefined): AsyncIterable<Uint8Array>
}

/** A line of `rate` bytes a second. */
export function pace(ambient: Pick<Ambient, 'now' | 'sleep'>, rate: number): Pace {
  let free = ambient.now().getTime()
  const pass = async (bytes: number, ctx: Context | undefined): Promise<void> => {
    const now = ambient.now().getTime()
    const start = Math.max(free, now)
    free = start + (bytes / rate) * 1000
    if (start > now) await ambient.sleep(start - now, ctx?.signal)
  }
  return {
    pass,
    async *paced(body, ctx) {
      for await (const part of body) {
        await pass(part.length, ctx)
        yield part
      }
    },
  }
}

/**
 * `backend`, whose bytes in both directions together stay below `rate` bytes a second. One piece goes at full speed,
 * and is waited for afterwards: a range in pieces of two seconds, an array that is put, or a part of a stream, as it is.
 */
export function limiting(backend: Backend, ambient: Pick<Ambient, 'now' | 'sleep'>, rate: number): Backend {
  const piece = Math.max(leastPiece, Math.ceil(rate * pieceSeconds))
  const { pass, paced } = pace(ambient, rate)

  const getPieces = async (key: string, range: Range, ctx?: Context): Promise<Uint8Array> => {
    const bytes = new Uint8Array(range.end - range.start)
    for (let at = range.start; at < range.end; at += piece) {
      const end = Math.min(at + piece, range.end)
      await pass(end - at, ctx)
      bytes.set(await backend.get(key, { start: at, end }, ctx), at - range.start)
    }
    return bytes
  }

  const lengthOf = ({ start, end }: Range): number =>
    Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 ? Math.max(end - start, 0) : 0

  const presign = backend.presign?.bind(backend)
  return {
    get features() {
      return backend.features
    },
    async get(key, range, ctx) {
      if (range === undefined) {
        const bytes = await backend.get(key, range, ctx)
        await pass(bytes.length, ctx)
        return bytes
      }
      const length = lengthOf(range)
      if (length > piece) {
        // A range that lies outside is refused before room is made for it.
        await backend.get(key, { start: range.end - 1, end: range.end }, ctx)
        return getPieces(key, range, ctx)
      }
      if (length > 0) await pass(length, ctx)
      return backend.get(key, range, ctx)
    },
    async put(key: string, body: Bytes, options, ctx) {
      if (!(body instanceof Uint8Array)) return backend.put(key, paced(body, ctx), options, ctx)
      await pass(body.length, ctx)
      await backend.put(key, body, options, ctx)
    },
    head: (key, ctx) => backend.head(key, ctx),
    list: (prefix, ctx) => backend.list(prefix, ctx),
    delete: (key, ctx) => backend.delete(key, ctx),
    close: () => backend.close(),
    ...(presign === undefined ? {} : { presign }),
  }
}
