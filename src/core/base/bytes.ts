// Small operations on Uint8Array, and text in UTF-8. Bytes are bytes: nothing here guesses.

/** A body to be written: all at once, or as it comes. */
export type Bytes = Uint8Array | AsyncIterable<Uint8Array>

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text to UTF-8. A lone surrogate becomes U+FFFD: check with `isWellFormed` first where that matters. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** UTF-8 to text, or `undefined` when the bytes are no valid UTF-8. A byte-order mark is kept. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** True when the text holds no lone surrogate, so that UTF-8 can say it exactly. */
export function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)
}

/** One array of all parts, in their order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array
  let size = 0
  for (const part of parts) size += part.length
  const all = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Below 0, 0 or above 0, as the bytes of `a` sort before, with or after those of `b`. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const d = (a[i] as number) - (b[i] as number)
    if (d !== 0) return d
  }
  return a.length - b.length
}

/** True when both hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0
}

/**
 * Orders two texts as their UTF-8 bytes do. JavaScript's own order is that of UTF-16, which differs
 * where a surrogate pair meets U+E000–U+FFFF.
 */
export function compareText(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above U+FFFF, so they sort after the other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

/** The whole of a body in memory: for what is known to be small. */
export async function collectBytes(body: Bytes): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return concatBytes(parts)
}

/** A body as parts, whichever form it has. */
export async function* iterateBytes(body: Bytes): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body
  else yield* body
}
