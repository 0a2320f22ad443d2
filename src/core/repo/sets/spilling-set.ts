// Sets that outgrow memory: the newest records in a table, older ones in sorted runs on a scratch backend. A set that
// stays below its bound, as most do, never touches a disk.
import { firstBits, recordOrder, recordSet, sortRecords } from '../../model/id-set.ts'
import { idBytes, idToBytes, type Id } from '../../model/id.ts'
import { slots, writeRun, type Run, type Scratch } from './scratch.ts'

/** Records of one width. A promise comes back only where the disk is needed: await it then. */
export interface SpillingSet {
  /** Adds a record, and does not ask whether it is in already. */
  put(bytes: Uint8Array, at?: number): Promise<void> | undefined
  /** Adds a record; false when it is in already. */
  add(bytes: Uint8Array, at?: number): Promise<boolean> | boolean
  has(bytes: Uint8Array, at?: number): Promise<boolean> | boolean
  /** The records whose first 16 bits lie in `from` to `to` (excluded): ascending, each once. */
  within(from: number, to: number): Promise<Uint8Array>
  /** Grows with what is added: two equal answers say that nothing new came between. */
  readonly added: number
  /** Deletes what lies on the scratch backend; the set is of no use then. */
  drop(): Promise<void>
}

/** Ids, as many as there are. */
export interface SpillingIds {
  put(id: Id): Promise<void> | undefined
  add(id: Id): Promise<boolean> | boolean
  has(id: Id): Promise<boolean> | boolean
  within(from: number, to: number): Promise<Uint8Array>
  readonly added: number
  drop(): Promise<void>
}

/** Records that a set keeps in memory unless told. */
const mostInMemory = 262_144
/** More runs than these are made one. */
const mostRuns = 16
/** Runs are joined so many of the 65,536 ranges at a time. */
const slotsAtOnce = 256

/** An empty set of records of `width` bytes. Without a scratch place all of it stays in memory. */
export function spillingSet(width: number, scratch?: Scratch): SpillingSet {
  const most = scratch === undefined ? Infinity : (scratch.most ?? mostInMemory)
  const recent = recordSet(width)
  let sorted: Uint8Array | undefined // what `recent` has
  let runs: Run[] = []
  let added = 0

  const spill = async (place: Scratch): Promise<void> => {
    const records = sorted ?? sortRecords(recent.all(), width)
    runs.push(await writeRun(place, { width, most: recent.size, records: parts(records) }))
    recent.clear()
    sorted = undefined
    if (runs.length > mostRuns) await join(place)
  }

  const join = async (place: Scratch): Promise<void> => {
    const old = runs
    const total = old.reduce((sum, { count }) => sum + count, 0)
    const records = async function* (): AsyncGenerator<Uint8Array> {
      for (let from = 0; from < slots; from += slotsAtOnce) {
        yield await mergeRanges(old, from, from + slotsAtOnce)
      }
    }
    runs = [await writeRun(place, { width, most: total, records: records() })]
    for (const run of old) await run.drop()
  }

  const mergeRanges = async (from: readonly Run[], start: number, end: number): Promise<Uint8Array> => {
    const ranges: Uint8Array[] = []
    for (const run of from) ranges.push(await run.range(start, end))
    return mergeSorted(ranges, width)
  }

  const put = (bytes: Uint8Array, at = 0): Promise<void> | undefined => {
    if (!recent.add(bytes, at)) return undefined
    added++
    sorted = undefined
    return recent.size >= most && scratch !== undefined ? spill(scratch) : undefined
  }

  const inRuns = (bytes: Uint8Array, at: number): Promise<boolean> | false => {
    const maybe = runs.filter((run) => run.mayHave(bytes, at))
    // A copy, since the caller may use its bytes again meanwhile.
    return maybe.length === 0 ? false : anyHas(maybe, bytes.slice(at, at + width))
  }

  return {
    put,
    add: (bytes, at = 0) => {
      if (recent.has(bytes, at)) return false
      const found = inRuns(bytes, at)
      if (found !== false) {
        const record = bytes.slice(at, at + width)
        return found.then(async (isIn) => {
          if (!isIn) await put(record)
          return !isIn
        })
      }
      const written = put(bytes, at)
      return written === undefined ? true : written.then(() => true)
    },
    has: (bytes, at = 0) => recent.has(bytes, at) || inRuns(bytes, at),
    within: async (from, to) => {
      sorted ??= sortRecords(recent.all(), width)
      const [start, end] = [from, to].map((bits) => lowerBound(sorted as Uint8Array, width, bits))
      const here = sorted.subarray(start, end)
      if (runs.length === 0) return here
      const ranges = [here]
      for (const run of runs) ranges.push(await run.range(from, to))
      return mergeSorted(ranges, width)
    },
    get added() {
      return added
    },
    drop: async () => {
      for (const run of runs.splice(0)) await run.drop()
    },
  }
}

/** An empty set of ids. */
export function spillingIds(scratch?: Scratch): SpillingIds {
  const set = spillingSet(idBytes, scratch)
  const probe = new Uint8Array(idBytes)
  return {
    put: (id) => set.put(idToBytes(id, probe)),
    add: (id) => set.add(idToBytes(id, probe)),
    has: (id) => set.has(idToBytes(id, probe)),
    within: set.within,
    get added() {
      return set.added
    },
    drop: set.drop,
  }
}

async function anyHas(runs: readonly Run[], record: Uint8Array): Promise<boolean> {
  for (const run of runs) if (await run.has(record, 0)) return true
  return false
}

async function* parts(records: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(records)
}

/** Where the first record lies, in bytes, whose first 16 bits are not below `bits`. */
function lowerBound(records: Uint8Array, width: number, bits: number): number {
  let low = 0
  let high = records.length / width
  while (low < high) {
    const middle = (low + high) >>> 1
    if (firstBits(records, middle * width) < bits) low = middle + 1
    else high = middle
  }
  return low * width
}

/** Several sorted lists as one, each record once. */
export function mergeSorted(lists: readonly Uint8Array[], width: number): Uint8Array {
  let open = lists.filter(({ length }) => length > 0)
  if (open.length <= 1) return open[0] ?? new Uint8Array(0)
  while (open.length > 1) {
    const joined: Uint8Array[] = []
    for (let i = 0; i < open.length; i += 2) {
      const [a, b] = [open[i] as Uint8Array, open[i + 1]]
      joined.push(b === undefined ? a : mergeTwo(a, b, width))
    }
    open = joined
  }
  return open[0] as Uint8Array
}

function mergeTwo(a: Uint8Array, b: Uint8Array, width: number): Uint8Array {
  const compare = recordOrder(width)
  const out = new Uint8Array(a.length + b.length)
  let [i, j, length] = [0, 0, 0]
  while (i < a.length || j < b.length) {
    const order = i === a.length ? 1 : j === b.length ? -1 : compare(a, i, b, j)
    const [from, at] = order <= 0 ? [a, i] : [b, j]
    for (let k = 0; k < width; k++) out[length + k] = from[at + k] as number
    length += width
    if (order <= 0) i += width
    if (order >= 0) j += width
  }
  return out.subarray(0, length)
}
