// Cuts text into parts between rows, where its content says so: one row more moves no other cut. Knows where a row
// ends, which is not at every line feed, and nothing else of its cells.

/** How rows are written, as bytes; -1 where there is none. */
export interface RowStyle {
  readonly separator: number
  readonly quote: number
  /** Where it is not the quote itself. */
  readonly escape: number
  readonly comment: number
  /** What ends a row: a line feed, or where a file has none, a carriage return. */
  readonly newline: number
}

/** Bounds of parts, in bytes of text. */
export interface PartBounds {
  readonly least: number
  /** How much longer than `least` parts are on average. */
  readonly more: number
  readonly most: number
}

/** 4 MiB, 12 MiB on average, 48 MiB and a row. Part of the reading: other bounds make other parts. */
const partBounds: PartBounds = {
  least: 4 * 1024 * 1024,
  more: 8 * 1024 * 1024,
  most: 48 * 1024 * 1024,
}

/** Takes text as it comes. */
export interface RowSplitter {
  /**
   * Goes on through bytes until a part ends: how many of them belong to it, or -1 when it goes on.
   * What lies behind is to be given again.
   */
  find(bytes: Uint8Array): number
  /** Rows of the part so far that were seen to end. */
  readonly rows: number
  /** Bytes of the longest row of the part so far. */
  readonly longest: number
  /** True within a quoted cell. */
  readonly quoted: boolean
  /** Where in the part the row begins that is not at its end. */
  readonly rowStart: number
  /** Begins the next part, at a row. */
  restart(): void
}

/** What a byte may mean; 0 for all others. */
const [ends, quotes, escapes, comments] = [1, 2, 3, 4] as const

function kindsOf({ newline, quote, escape, comment }: RowStyle): Uint8Array {
  const kinds = new Uint8Array(256)
  if (comment >= 0) kinds[comment] = comments
  if (escape >= 0) kinds[escape] = escapes
  if (quote >= 0) kinds[quote] = quotes
  kinds[newline] = ends
  return kinds
}

/** Numbers for bytes: a fixed pseudo-random table, as in FastCDC. */
const gear = makeGear()

function makeGear(): Int32Array {
  const table = new Int32Array(256)
  let x = 0x9e3779b9
  for (let i = 0; i < 256; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    table[i] = x
  }
  return table
}

/** Bytes that a hash is of: a further one moves the first out of its 32 bits. */
const hashedBytes = 32

/** The hash of the last bytes before a place in a block, some of which may lie in the blocks before. */
function lastBytes(): {
  hash(block: Uint8Array, end: number): number
  /** Notes the end of a block that was read through. */
  keep(block: Uint8Array): void
  clear(): void
} {
  let kept = new Uint8Array()
  const over = (hash: number, bytes: Uint8Array, from: number, to: number): number => {
    for (let i = from; i < to; i++) hash = ((hash << 1) + (gear[bytes[i] as number] as number)) | 0
    return hash
  }
  return {
    hash: (block, end) => {
      const before =
        end < hashedBytes ? over(0, kept, Math.max(0, kept.length + end - hashedBytes), kept.length) : 0
      return over(before, block, Math.max(0, end - hashedBytes), end)
    },
    keep: (block) => {
      const all = block.length < hashedBytes ? Uint8Array.of(...kept, ...block) : block
      kept = all.slice(-hashedBytes)
    },
    clear: () => {
      kept = new Uint8Array()
    },
  }
}

/** Every bit of a hash in every bit of a number below 2^32: what ends rows is often much the same. */
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * A splitter. A part ends with the row after which the hash of its last 32 bytes, as a number below 2^32, is
 * less than the row's length times 2^32 / `more`: long rows and short ones make parts of the same length.
 */
export function rowSplitter(style: RowStyle, bounds: PartBounds = partBounds): RowSplitter {
  const { separator, quote, newline } = style
  const kinds = kindsOf(style)
  const { least, most } = bounds
  const factor = 2 ** 32 / bounds.more
  let size = 0
  let rowStart = 0
  let rows = 0
  let longest = 0
  let inQuote = false
  let inComment = false
  let skip = false
  let last = newline
  const behind = lastBytes()

  /** A byte that means something, but ends no row. */
  const mark = (c: number, kind: number): void => {
    if (skip) skip = false
    else if (!inComment) {
      if (kind === escapes) skip = true
      else if (kind === comments) inComment = last === newline && !inQuote
      else if (kind === quotes)
        inQuote = !inQuote && (last === separator || last === newline || last === quote)
    }
    last = c
  }

  const state: { -readonly [K in keyof RowSplitter]: RowSplitter[K] } = {
    rows: 0,
    longest: 0,
    quoted: false,
    rowStart: 0,
    find: (bytes) => {
      const end = bytes.length
      let at = 0
      let cut = -1
      while (at < end) {
        const from = at
        let kind = 0
        while (at < end && (kind = kinds[bytes[at] as number] as number) === 0) at++
        if (at > from) {
          skip = false
          last = bytes[at - 1] as number
        }
        if (at === end) break
        const c = bytes[at++] as number
        if (kind !== ends || inQuote || skip) {
          mark(c, kind)
          continue
        }
        const there = size + at
        const length = there - rowStart
        if (length > longest) longest = length
        rowStart = there
        rows++
        inComment = false
        last = c
        if (there < least || (there < most && mixed(behind.hash(bytes, at)) >= length * factor)) continue
        cut = at
        break
      }
      size += at
      if (cut < 0) behind.keep(bytes)
      state.rows = rows
      state.longest = Math.max(longest, size - rowStart)
      state.quoted = inQuote
      state.rowStart = rowStart
      return cut
    },
    restart: () => {
      size = rowStart = rows = longest = 0
      inQuote = inComment = skip = false
      last = newline
      behind.clear()
    },
  }
  return state
}
