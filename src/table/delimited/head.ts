// The beginning of delimited text: what is skipped, the line with the names, where the rows begin.
import { fromUtf8 } from '../../core/base/bytes.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { ByteSource } from '../../core/base/source.ts'
import type { DelimitedText } from '../../plugins/api.ts'
import { rowSplitter, type RowStyle } from './row-splitter.ts'

/** What the beginning says. */
export interface Head {
  readonly style: RowStyle
  /** Names of all columns, each once, whatever their case. */
  readonly names: readonly string[]
  /** Where the rows begin, in bytes of text. */
  readonly start: number
  /** Lines before that. */
  readonly lines: number
}

/** Longest head: what is skipped, and the names. */
const headBytes = 16 * 1024 * 1024
/** Most columns of a table; the engine takes some 300 KiB for each while it reads them. */
export const mostColumns = 4096

/**
 * Reads the beginning of a text.
 * @throws INVALID for an empty file, or names that cannot be read
 */
export async function readHead(text: ByteSource, dialect: DelimitedText): Promise<Head> {
  let bytes = await text.slice(0, Math.min(text.size, 64 * 1024))
  let head = parseHead(bytes, dialect, bytes.length === text.size)
  if (head === undefined) {
    bytes = await text.slice(0, Math.min(text.size, headBytes))
    head = parseHead(bytes, dialect, true)
  }
  if (head !== undefined) return head
  throw new QuiltError('INVALID', 'line 1: the file has no columns', {
    hint: 'is it empty? Say names: [a, b]',
  })
}

/** `undefined` when it goes on behind these bytes, or when there is no row. */
function parseHead(bytes: Uint8Array, dialect: DelimitedText, isAll: boolean): Head | undefined {
  const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  const style = styleOf(bytes, dialect)
  let at = bom
  let lines = 0
  for (; lines < dialect.skipLines; lines++) {
    const end = bytes.indexOf(style.newline, at)
    if (end < 0) return undefined
    at = end + 1
  }
  const rows = rowsFrom(bytes, at, style)
  let seen = -1
  for (const { start, end, open } of rows) {
    const isLast = end === bytes.length
    if (isLast && !isAll) return undefined
    const row = bytes.subarray(start, end)
    lines += countLines(row, style.newline, isLast)
    if (isBlank(row) || row[0] === style.comment) continue
    seen++
    if (dialect.headerLine !== undefined && seen < dialect.headerLine) continue
    if (open) throw new QuiltError('INVALID', `line ${String(lines)}: a quote is never closed`)
    const cells = splitRow(textOf(row, lines), dialect)
    if (cells.length > mostColumns)
      throw new QuiltError('INVALID', `line ${String(lines)}: more than ${String(mostColumns)} columns`)
    const hasHeader = dialect.headerLine !== undefined
    const before = hasHeader ? lines : lines - countLines(row, style.newline, isLast)
    const names = namesOf(hasHeader ? cells : cells.map(() => ''), dialect.names, lines)
    return { style, names, start: hasHeader ? end : start, lines: before }
  }
  return undefined
}

function namesOf(
  cells: readonly string[],
  given: readonly string[] | undefined,
  line: number,
): readonly string[] {
  if (given !== undefined && given.length !== cells.length) {
    throw new QuiltError(
      'INVALID',
      `line ${String(line)}: there are ${String(cells.length)} columns, and ${String(given.length)} names`,
      { hint: 'names must name each column' },
    )
  }
  return uniqueNames(given ?? cells)
}

/** Names without doubles, as SQL sees them: `a`, `A` become `a`, `A.1`. */
export function uniqueNames(names: readonly string[]): readonly string[] {
  const taken = new Set<string>()
  return names.map((raw, i) => {
    const name = raw === '' ? `column${String(i)}` : raw
    let unique = name
    for (let n = 1; taken.has(unique.toLowerCase()); n++) unique = `${name}.${String(n)}`
    taken.add(unique.toLowerCase())
    return unique
  })
}

function styleOf(bytes: Uint8Array, dialect: DelimitedText): RowStyle {
  const byte = (text: string | undefined): number => (text === undefined ? -1 : text.charCodeAt(0))
  const quote = byte(dialect.quote)
  const escape = byte(dialect.escape)
  const lf = bytes.indexOf(10)
  return {
    separator: byte(dialect.separator),
    quote,
    escape: escape === quote ? -1 : escape,
    comment: byte(dialect.comment),
    newline: lf < 0 && bytes.includes(13) ? 13 : 10,
  }
}

/** A row with what ends it; `open` when the text ends within quotes. */
interface RowPlace {
  readonly start: number
  readonly end: number
  readonly open: boolean
}

function* rowsFrom(bytes: Uint8Array, from: number, style: RowStyle): Generator<RowPlace> {
  const splitter = rowSplitter(style, { least: 1, more: 1, most: 1 }) // each row is a part
  for (let at = from; at < bytes.length;) {
    const length = splitter.find(bytes.subarray(at))
    const end = length < 0 ? bytes.length : at + length
    yield { start: at, end, open: splitter.quoted }
    splitter.restart()
    at = end
  }
}

function countLines(row: Uint8Array, newline: number, isLast: boolean): number {
  let lines = 0
  for (const c of row) if (c === newline) lines++
  return isLast && row.at(-1) !== newline ? lines + 1 : lines
}

function isBlank(row: Uint8Array): boolean {
  return row.every((c) => c === 10 || c === 13)
}

function textOf(row: Uint8Array, line: number): string {
  const text = fromUtf8(row)
  if (text !== undefined) return text.replace(/[\r\n]+$/, '')
  throw new QuiltError('INVALID', `line ${String(line)}: the text is no UTF-8`, {
    hint: 'say its encoding, such as encoding: latin1',
  })
}

/** The cells of one row. */
export function splitRow(
  row: string,
  { separator, quote, escape }: Pick<DelimitedText, 'separator' | 'quote' | 'escape'>,
): readonly string[] {
  const cells: string[] = []
  let cell = ''
  let inQuote = false
  for (let i = 0; i < row.length; i++) {
    const c = row[i] as string
    const next = row[i + 1]
    if (inQuote && c === (escape ?? quote) && next === quote) {
      cell += quote
      i++
    } else if (c === quote && (inQuote || cell === '')) inQuote = !inQuote
    else if (c === separator && !inQuote) {
      cells.push(cell)
      cell = ''
    } else cell += c
  }
  return [...cells, cell]
}
