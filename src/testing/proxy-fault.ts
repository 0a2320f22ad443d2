// What can go wrong between a client and an HTTP server, and the rules that say when.

/** A request as the proxy saw it; `url` is its target, query included. Counts are of body bytes. */
export interface ProxiedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** What the client was told; `undefined` while it waits, and when the connection was cut before. */
  readonly status: number | undefined
  readonly sent: number
  readonly received: number
}

/**
 * One fault of an HTTP exchange:
 * - `cut`: the connection is destroyed: when the request's head is there, after `after` bytes of its body, when it was
 *   carried out but nothing was answered, in the middle of the answer's head, or after `after` bytes of its body.
 * - `delay`: the request waits so long before it is passed on. `stall`: the answer stops after `after` bytes of body,
 *   and the connection stays open.
 * - `answer`: another answer than the server's; with `done` the request was carried out all the same. `raw`: these bytes
 *   in the place of an answer, head and all; then the connection ends.
 * - `headers`: the answer has these headers, in the place of those of the same names.
 * - `length`: Content-Length says so many bytes more (or, below 0, fewer) than come.
 * - `flip`: one wrong bit in the answer's body, at byte `at`, or in its middle.
 * - `truncate`: only `keep` bytes of the body come, and Content-Length agrees with them.
 * - `replace`: the same status, with this body. `endless`: the body never ends.
 * - `stale`: what was answered the first time to the same method and URL, whatever happened since.
 */
export type ProxyFault =
  | {
      readonly kind: 'cut'
      readonly place: 'request-head' | 'request-body' | 'answer-lost' | 'answer-head' | 'answer-body'
      readonly after?: number
    }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | { readonly kind: 'stall'; readonly after: number }
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string | Uint8Array
      readonly done?: boolean
    }
  | { readonly kind: 'raw'; readonly bytes: string | Uint8Array }
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'length'; readonly off: number }
  | { readonly kind: 'flip'; readonly at?: number }
  | { readonly kind: 'truncate'; readonly keep: number }
  | { readonly kind: 'replace'; readonly body: string | Uint8Array }
  | { readonly kind: 'endless' }
  | { readonly kind: 'stale' }

/** Which fault, and when. */
export interface ProxyRule {
  readonly fault: ProxyFault
  /** Only such requests are counted. */
  readonly when?: (request: ProxiedRequest) => boolean
  /** The first of them that it befalls, counted from 1; 1 unless told. */
  readonly at?: number
  /** How many it befalls from there on; 1 unless told. A `stale` fault remembers those before `at`. */
  readonly times?: number
  /** What happens elsewhere meanwhile: awaited before a request that it befalls is passed on. */
  readonly before?: () => Promise<unknown>
}

/** What became of a rule. */
export interface ProxyRuleRecord {
  /** Requests that it could befall, so far. */
  readonly seen: number
  /** Requests that it befell. */
  readonly hits: number
}

/** A rule at work. */
export interface ActiveRule extends ProxyRuleRecord {
  /** Counts a request; the fault, if it befalls this one. */
  next(request: ProxiedRequest): ProxyFault | undefined
  readonly before: ProxyRule['before']
  /** First answers, for `stale`. */
  readonly answers: Map<string, KeptAnswer>
}

/** An answer that was kept to be given again. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Uint8Array
}

/** Starts counting for one rule. */
export function activeRule({ fault, when = () => true, at = 1, times = 1, before }: ProxyRule): ActiveRule {
  let seen = 0
  let hits = 0
  return {
    get seen() {
      return seen
    },
    get hits() {
      return hits
    },
    before,
    answers: new Map(),
    next: (request) => {
      if (!when(request)) return undefined
      seen++
      if (seen < at || seen >= at + times) return undefined
      hits++
      return fault
    },
  }
}

/** Bytes of an answer's body, changed on their way; `length` is what Content-Length said, where it did. */
export async function* changedBody(
  body: AsyncIterable<Uint8Array>,
  fault: ProxyFault | undefined,
  length: number | undefined,
): AsyncGenerator<Uint8Array> {
  if (fault?.kind === 'replace') {
    yield asBytes(fault.body)
    return
  }
  if (fault?.kind === 'endless') {
    for (;;) yield new Uint8Array(65536).fill(0x61)
  }
  const flipAt = fault?.kind === 'flip' ? (fault.at ?? Math.floor((length ?? 1) / 2)) : -1
  const most = fault?.kind === 'truncate' ? fault.keep : Infinity
  let done = 0
  for await (const part of body) {
    if (done >= most) continue // the rest is read away, so that the server ends in peace
    const piece = Uint8Array.from(part.subarray(0, most - done))
    if (flipAt >= done && flipAt < done + piece.length) {
      const i = flipAt - done
      piece[i] = (piece[i] as number) ^ 1
    }
    done += piece.length
    yield piece
  }
}

/** What Content-Length says under a fault; `undefined` for an answer without it. */
export function changedLength(fault: ProxyFault | undefined, length: number | undefined): number | undefined {
  if (fault?.kind === 'replace') return asBytes(fault.body).length
  if (fault?.kind === 'endless' || length === undefined) return undefined
  if (fault?.kind === 'length') return Math.max(0, length + fault.off)
  return fault?.kind === 'truncate' ? Math.min(length, fault.keep) : length
}

/** A body as bytes. */
export function asBytes(body: string | Uint8Array | undefined): Uint8Array {
  return typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? new Uint8Array())
}
