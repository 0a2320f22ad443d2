// Delimited text of which nobody could make other rows: read here, so that a small part need not be asked about.
import { fromUtf8 } from '../../core/base/bytes.ts'
import type { DelimitedText } from '../../plugins/api.ts'
import type { RowStyle } from './row-splitter.ts'

/** What is known of how a text's cells are written. */
export interface PlainStyle {
  readonly dialect: Pick<DelimitedText, 'separator' | 'quote' | 'escape' | 'comment'>
  readonly style: Pick<RowStyle, 'newline'>
  /** Cells of each row. */
  readonly width: number
}

/**
 * The rows of a text; `undefined` for one that has anything that readers differ about: rows of other lengths, empty
 * lines, a quote within a cell that is not quoted, an escape, a comment, carriage returns between some rows only.
 */
export function plainRows(bytes: Uint8Array, of: PlainStyle): readonly (readonly string[])[] | undefined {
  const { dialect, style, width } = of
  const { separator, quote, escape, comment } = dialect
  const text = style.newline === 10 ? fromUtf8(bytes) : undefined
  if (text === undefined || text === '' || text.includes('\0')) return undefined
  if (comment !== undefined && text.includes(comment)) return undefined
  if (escape !== undefined && escape !== quote && text.includes(escape)) return undefined
  const feeds = unifiedFeeds(text)
  if (feeds === undefined) return undefined
  const rows =
    quote !== undefined && feeds.includes(quote)
      ? quotedRows(feeds, { separator, quote, doubled: escape === undefined || escape === quote })
      : feeds.split('\n').map((row) => row.split(separator))
  if (rows?.at(-1)?.length === 1 && feeds.endsWith('\n')) rows.pop()
  const isPlain = rows?.every((row) => row.length === width && (width > 1 || row[0] !== '')) === true
  return isPlain ? rows : undefined
}

/** Rows that end with a line feed, where all did so or all with a carriage return before it. */
function unifiedFeeds(text: string): string | undefined {
  if (!text.includes('\r')) return text
  const unified = text.replaceAll('\r\n', '\n')
  const isAll = !unified.includes('\r') && !/(^|[^\r])\n/.test(text)
  return isAll ? unified : undefined
}

interface Quoting {
  readonly separator: string
  readonly quote: string
  /** True where a quote in a cell is written twice. */
  readonly doubled: boolean
}

function quotedRows(text: string, { separator, quote, doubled }: Quoting): string[][] | undefined {
  const rows: string[][] = []
  let row: string[] = []
  for (let at = 0; at <= text.length;) {
    let cell: string
    let end: number
    if (text[at] === quote) {
      const close = closingQuote(text, at + 1, quote)
      if (close < 0) return undefined
      cell = text.slice(at + 1, close)
      if (cell.includes(quote)) {
        if (!doubled) return undefined
        cell = cell.replaceAll(quote + quote, quote)
      }
      end = close + 1
    } else {
      end = at
      while (end < text.length && text[end] !== separator && text[end] !== '\n') end++
      cell = text.slice(at, end)
      if (cell.includes(quote)) return undefined
    }
    row.push(cell)
    const c = text[end]
    if (c !== separator) {
      if (c !== undefined && c !== '\n') return undefined
      rows.push(row)
      row = []
    }
    at = end + 1
  }
  return rows
}

/** Where the cell ends that begins at `from`, behind its quote; -1 where it does not. */
function closingQuote(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 2))
    if (text[at + 1] !== quote) return at
  return -1
}
