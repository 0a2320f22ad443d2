// A set of ids in little memory: 32 bytes each and a table of their places, where a Set of strings takes 200.
import { idBytes, idFromBytes, idToBytes, type Id } from './id.ts'

/** Ids, each once. */
export interface IdSet extends Iterable<Id> {
  readonly size: number
  has(id: Id): boolean
  /** Adds an id; false when it is in already. */
  add(id: Id): boolean
}

/** An empty set. */
export function idSet(): IdSet {
  let bytes = new Uint8Array(1024 * idBytes)
  let table = new Int32Array(2048).fill(-1)
  let size = 0
  const probe = new Uint8Array(idBytes)

  /** Where the id in `probe` is in the table, or the free place where it belongs. */
  const slotOf = (id: Uint8Array, at: number): number => {
    const mask = table.length - 1
    const first = (id[at] as number) | ((id[at + 1] as number) << 8) | ((id[at + 2] as number) << 16)
    for (let slot = (first | ((id[at + 3] as number) << 24)) & mask; ; slot = (slot + 1) & mask) {
      const place = table[slot] as number
      if (place < 0 || equalAt(bytes, place * idBytes, id, at)) return slot
    }
  }

  const grow = (): void => {
    const wider = new Uint8Array(bytes.length * 2)
    wider.set(bytes)
    bytes = wider
    table = new Int32Array(table.length * 2).fill(-1)
    for (let i = 0; i < size; i++) table[slotOf(bytes, i * idBytes)] = i
  }

  return {
    get size() {
      return size
    },
    has: (id) => (table[slotOf(idToBytes(id, probe), 0)] as number) >= 0,
    add: (id) => {
      const slot = slotOf(idToBytes(id, probe), 0)
      if ((table[slot] as number) >= 0) return false
      bytes.set(probe, size * idBytes)
      table[slot] = size++
      if (size * idBytes === bytes.length) grow()
      return true
    },
    *[Symbol.iterator]() {
      for (let i = 0; i < size; i++) yield idFromBytes(bytes, i * idBytes)
    },
  }
}

function equalAt(a: Uint8Array, at: number, b: Uint8Array, start: number): boolean {
  for (let i = 0; i < idBytes; i++) if (a[at + i] !== b[start + i]) return false
  return true
}
