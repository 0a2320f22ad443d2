// One part's text on disk, for the engine to read: copied from the source, and, where the engine needs it, mended.
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import type { Context } from '../../core/base/context.ts'
import { checkSignal } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { ByteSource } from '../../core/base/source.ts'
import type { Id } from '../../core/model/id.ts'
import type { RowSplitter } from './row-splitter.ts'
import { createHasher } from '#hash'

/** A part of a text, on disk. */
export interface PartFile {
  readonly path: string
  /** SHA-256 of the text. */
  readonly id: Id
  /** Where it begins in the text. */
  readonly start: number
  readonly bytes: number
  /** Rows that were seen to end. */
  readonly rows: number
  readonly longest: number
  /** True when the text ends within quotes; `rowStart` is where that row begins in the part. */
  readonly open: boolean
  readonly rowStart: number
  drop(): void
}

/** Bytes read at once. */
const blockBytes = 1024 * 1024
/** The longest row that the engine takes. */
export const longestRow: number = 16 * 1024 * 1024

/** Where a part is written, from where, and by which rule it ends. */
export interface PartPlace {
  readonly text: ByteSource
  readonly splitter: RowSplitter
  readonly start: number
  readonly path: string
  /** A part of known length, made again. */
  readonly end?: number | undefined
}

/**
 * Writes the part that begins at `start`: up to where the splitter says, or the text ends.
 * @throws INVALID for a row that is too long
 */
export async function writePart(place: PartPlace, ctx?: Context): Promise<PartFile> {
  const { text, splitter, start, path } = place
  const last = place.end ?? text.size
  splitter.restart()
  const hasher = createHasher()
  const handle = openSync(path, 'w', 0o600)
  let bytes = 0
  try {
    for (let cut = -1; cut < 0 && start + bytes < last;) {
      checkSignal(ctx)
      const from = start + bytes
      const block = await text.slice(from, Math.min(last, from + blockBytes), ctx)
      cut = splitter.find(block)
      if (place.end !== undefined) cut = -1
      const part = cut < 0 ? block : block.subarray(0, cut)
      hasher.update(part)
      for (let at = 0; at < part.length;) at += writeSync(handle, part, at)
      bytes += part.length
      if (splitter.longest > longestRow) throw tooLong(start + splitter.rowStart, splitter.quoted)
    }
  } finally {
    closeSync(handle)
  }
  const { rows, longest, quoted, rowStart } = splitter
  const drop = (): void => rmSync(path, { force: true })
  return { path, id: hasher.digest(), start, bytes, rows, longest, open: quoted, rowStart, drop }
}

function tooLong(at: number, quoted: boolean): QuiltError {
  const where = `the row at byte ${String(at)} is longer than ${String(longestRow / 1024 / 1024)} MiB`
  return new QuiltError('INVALID', where, quoted ? { hint: 'is a quote never closed?' } : {})
}

/** Bytes of a part that the engine could not read, and what stands for them. */
export interface Mending {
  readonly start: number
  readonly end: number
  readonly by: Uint8Array
}

/** Writes a part's text anew, with some rows mended, ascending, and every row ended by a line feed. */
export function mendPart({ path }: PartFile, mendings: readonly Mending[]): void {
  const bytes = readFileSync(path)
  const handle = openSync(path, 'w', 0o600)
  try {
    let at = 0
    for (const { start, end, by } of mendings) {
      writeSync(handle, bytes, at, start - at)
      if (by.length > 0) writeSync(handle, by)
      at = end
    }
    if (at < bytes.length) writeSync(handle, bytes, at)
  } finally {
    closeSync(handle)
  }
}

/** The text with line feeds alone between rows; what lies within quotes stays. */
export function unifyRowEnds({ path }: PartFile, quote: number): void {
  const bytes = readFileSync(path)
  const out = new Uint8Array(bytes.length)
  let length = 0
  let inQuote = false
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i] as number
    if (c === quote) inQuote = !inQuote
    if (c === 13 && !inQuote && bytes[i + 1] === 10) continue
    out[length++] = c
  }
  writeFileSync(path, out.subarray(0, length))
}

/** Line and text of the row at a byte of a part, its lines counted from the part's beginning. */
export function rowAt(
  { path }: PartFile,
  byte: number,
): { readonly line: number; readonly bytes: Uint8Array } {
  const bytes = readFileSync(path)
  let line = 0
  for (let i = 0; i < byte && i < bytes.length; i++)
    if (bytes[i] === 10 || (bytes[i] === 13 && bytes[i + 1] !== 10)) line++
  const end = bytes.indexOf(10, byte)
  return { line, bytes: bytes.subarray(byte, end < 0 ? bytes.length : end) }
}
