// Sets of ids, and of records that begin with one, in little memory: their bytes and a table of their places, where a
// Set of strings takes 200 bytes an id.
import { idBytes, idFromBytes, idToBytes, type Id } from './id.ts'

/** Ids, each once. */
export interface IdSet extends Iterable<Id> {
  readonly size: number
  has(id: Id): boolean
  /** Adds an id; false when it is in already. */
  add(id: Id): boolean
}

/** Records of one width, each once. They begin with bytes that are spread evenly, as those of ids are. */
export interface RecordSet {
  readonly size: number
  /** Whether the record at `at` in `bytes` is in. */
  has(bytes: Uint8Array, at?: number): boolean
  /** Adds the record at `at` in `bytes`; false when it is in already. */
  add(bytes: Uint8Array, at?: number): boolean
  /** All of them, in the order in which they were added. */
  all(): Uint8Array
  /** Takes all of them out; the memory stays for the next. */
  clear(): void
}

/** An empty set of ids. */
export function idSet(): IdSet {
  const records = recordSet(idBytes)
  const probe = new Uint8Array(idBytes)
  return {
    get size() {
      return records.size
    },
    has: (id) => records.has(idToBytes(id, probe)),
    add: (id) => records.add(idToBytes(id, probe)),
    *[Symbol.iterator]() {
      for (let i = 0; i < records.size; i++) yield idFromBytes(records.all(), i * idBytes)
    },
  }
}

/** An empty set of records of `width` bytes. */
export function recordSet(width: number): RecordSet {
  let held = new Uint8Array(256 * width)
  let table = new Int32Array(512).fill(-1)
  let size = 0

  /** Where a record is in the table, or the free place where it belongs. */
  const slotOf = (bytes: Uint8Array, at: number): number => {
    const mask = table.length - 1
    const first = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
    for (let slot = (first | ((bytes[at + 3] as number) << 24)) & mask; ; slot = (slot + 1) & mask) {
      const place = table[slot] as number
      if (place < 0 || isAt(place * width, bytes, at)) return slot
    }
  }

  const isAt = (place: number, bytes: Uint8Array, at: number): boolean => {
    for (let i = 0; i < width; i++) if (held[place + i] !== bytes[at + i]) return false
    return true
  }

  const grow = (): void => {
    const wider = new Uint8Array(held.length * 2)
    wider.set(held)
    held = wider
    table = new Int32Array(table.length * 2).fill(-1)
    for (let i = 0; i < size; i++) table[slotOf(held, i * width)] = i
  }

  return {
    get size() {
      return size
    },
    has: (bytes, at = 0) => (table[slotOf(bytes, at)] as number) >= 0,
    add: (bytes, at = 0) => {
      let slot = slotOf(bytes, at)
      if ((table[slot] as number) >= 0) return false
      if (size * width === held.length) {
        grow()
        slot = slotOf(bytes, at)
      }
      held.set(at === 0 && bytes.length === width ? bytes : bytes.subarray(at, at + width), size * width)
      table[slot] = size++
      return true
    },
    all: () => held.subarray(0, size * width),
    clear: () => {
      table.fill(-1)
      size = 0
    },
  }
}

/** Compares records of `width` bytes, each a place in bytes: below 0, 0 or above 0. */
export function recordOrder(
  width: number,
): (a: Uint8Array, at: number, b: Uint8Array, start: number) => number {
  return (a, at, b, start) => {
    for (let i = 0; i < width; i++) {
      const d = (a[at + i] as number) - (b[start + i] as number)
      if (d !== 0) return d
    }
    return 0
  }
}

/** Fewer records are sorted without a table of where each of the 65,536 ranges begins. */
const fewRecords = 4096

/** The records in `bytes`, ascending, each once. */
export function sortRecords(bytes: Uint8Array, width: number): Uint8Array {
  const count = bytes.length / width
  const compare = (a: number, b: number): number => {
    const [left, right] = [a * width, b * width]
    for (let i = 0; i < width; i++) {
      const d = (bytes[left + i] as number) - (bytes[right + i] as number)
      if (d !== 0) return d
    }
    return 0
  }
  const order =
    count < fewRecords ? Uint32Array.from({ length: count }, (_, i) => i).sort(compare) : byRange()
  const out = new Uint8Array(bytes.length)
  let length = 0
  let last = -1
  for (const i of order) {
    if (last >= 0 && compare(last, i) === 0) continue
    out.set(bytes.subarray(i * width, (i + 1) * width), length)
    length += width
    last = i
  }
  return out.subarray(0, length)

  /** Counted into ranges by their first 16 bits, then each range sorted: ids are spread evenly over them. */
  function byRange(): Uint32Array {
    const starts = new Uint32Array(2 ** 16 + 1)
    for (let i = 0; i < count; i++) starts[firstBits(bytes, i * width) + 1]!++
    for (let slot = 0; slot < 2 ** 16; slot++) starts[slot + 1]! += starts[slot] as number
    const placed = new Uint32Array(count)
    const next = starts.slice(0, -1)
    for (let i = 0; i < count; i++) placed[next[firstBits(bytes, i * width)]!++] = i
    for (let slot = 0; slot < 2 ** 16; slot++) {
      const [start, end] = [starts[slot] as number, starts[slot + 1] as number]
      if (end > start + 1) placed.subarray(start, end).sort(compare)
    }
    return placed
  }
}

/** The first 16 bits of a record, as a number. */
export function firstBits(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}
