// Where gc and verify put what does not fit in memory, and sorted runs of records there: written once, read by range,
// deleted at the end.
import type { Backend } from '../../backend/backend.ts'
import { firstBits, recordOrder } from '../../model/id-set.ts'

/** A place for what may be lost: nothing that lies there outlives the work it was put there for. */
export interface Scratch {
  /** The place, made when it is first needed. */
  open(): Promise<Backend>
  /** A key that nobody has used. */
  newKey(): string
  /** Records that a set keeps in memory; 262,144 unless told: about 10 MB of ids. */
  readonly most?: number
}

/** Records in order, each once, on a scratch backend. In memory are 256 KiB, and two bytes for each record. */
export interface Run {
  readonly count: number
  /** The records whose first 16 bits lie in `from` to `to` (excluded), as they lie. */
  range(from: number, to: number): Promise<Uint8Array>
  /** False when the record is not there, without a read. */
  mayHave(bytes: Uint8Array, at: number): boolean
  has(bytes: Uint8Array, at: number): Promise<boolean>
  drop(): Promise<void>
}

/** How many different first 16 bits there are. */
export const slots: number = 2 ** 16
/** Bits of the filter for each record: one in 2,000 that are not there costs a read. */
const filterBits = 16
/** Bits that one record sets. */
const filterProbes = 6

/** What a run is made of: records of one width, ascending, each once, of which there are at most `most`. */
export interface RunParts {
  readonly width: number
  readonly most: number
  readonly records: AsyncIterable<Uint8Array>
}

/** Writes a run. */
export async function writeRun(scratch: Scratch, { width, most, records }: RunParts): Promise<Run> {
  const backend = await scratch.open()
  const key = scratch.newKey()
  const starts = new Uint32Array(slots + 1)
  const filter = recordFilter(most)
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const part of records) {
      for (let at = 0; at < part.length; at += width) {
        starts[firstBits(part, at) + 1]!++
        filter.add(part, at)
      }
      yield part
    }
  }
  await backend.put(key, counted())
  for (let slot = 0; slot < slots; slot++) starts[slot + 1]! += starts[slot] as number
  return readRun({ backend, key, width, starts, filter })
}

interface WrittenRun {
  readonly backend: Backend
  readonly key: string
  readonly width: number
  readonly starts: Uint32Array
  readonly filter: RecordFilter
}

/** Apart from the writing, whose records would else stay in memory as long as the run is known. */
function readRun({ backend, key, width, starts, filter }: WrittenRun): Run {
  const compare = recordOrder(width)
  const range = async (from: number, to: number): Promise<Uint8Array> => {
    const [start, end] = [(starts[from] as number) * width, (starts[to] as number) * width]
    return start === end ? new Uint8Array(0) : backend.get(key, { start, end })
  }
  return {
    count: starts[slots] as number,
    range,
    mayHave: filter.mayHave,
    has: async (bytes, at) => {
      const slot = firstBits(bytes, at)
      const some = await range(slot, slot + 1)
      for (let i = 0; i < some.length; i += width) if (compare(some, i, bytes, at) === 0) return true
      return false
    },
    drop: () => backend.delete(key),
  }
}

interface RecordFilter {
  add(bytes: Uint8Array, at: number): void
  mayHave(bytes: Uint8Array, at: number): boolean
}

/** A Bloom filter. The bytes of an id are as good as hashes of it: no others are made. */
function recordFilter(records: number): RecordFilter {
  const bits = 2 ** Math.min(31, Math.ceil(Math.log2(Math.max(records, 1) * filterBits)))
  const words = new Uint32Array(Math.max(1, bits / 32))
  const mask = words.length * 32 - 1
  const probe = (bytes: Uint8Array, at: number, i: number): number => {
    const from = at + 4 + 4 * i
    const high = ((bytes[from] as number) << 24) | ((bytes[from + 1] as number) << 16)
    return (high | ((bytes[from + 2] as number) << 8) | (bytes[from + 3] as number)) & mask
  }
  return {
    add: (bytes, at) => {
      for (let i = 0; i < filterProbes; i++) {
        const bit = probe(bytes, at, i)
        words[bit >>> 5]! |= 1 << (bit & 31)
      }
    },
    mayHave: (bytes, at) => {
      for (let i = 0; i < filterProbes; i++) {
        const bit = probe(bytes, at, i)
        if (((words[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false
      }
      return true
    },
  }
}
