// A gc's list of what it is about to delete, and of the writers that it has to wait for.
import { QuiltError } from '../base/error.ts'
import { decodePackable, encodePackable, type Packable } from './msgpack.ts'
import { seal, unseal } from './seal.ts'

/** What one gc condemned. */
export interface Condemned {
  /** Names of packs. */
  readonly packs: readonly string[]
  /** Writers that were announced when the packs were condemned. */
  readonly writers: readonly string[]
}

const magic = 'QX1\n'
/** The longest list that is read. */
export const condemnedBytes: number = 64 * 1024 * 1024
const limits = { bytes: condemnedBytes, depth: 4 }

/** The list as bytes: sealed, since a flipped bit in a pack's name would leave a pack's name. */
export function encodeCondemned(condemned: Condemned): Uint8Array {
  return seal(encodePackable(magic, [condemned.packs, condemned.writers]))
}

/**
 * The list from its bytes.
 * @throws CORRUPT, UNSUPPORTED
 */
export function decodeCondemned(bytes: Uint8Array): Condemned {
  const value = decodePackable(magic, unseal(bytes, "gc's list"), limits, "gc's list")
  if (!Array.isArray(value) || value.length !== 2) throw new QuiltError('CORRUPT', "gc's list is damaged")
  const [packs, writers] = value as readonly Packable[]
  return { packs: names(packs), writers: names(writers) }
}

function names(value: Packable | undefined): readonly string[] {
  if (!Array.isArray(value)) throw new QuiltError('CORRUPT', "gc's list is damaged")
  return value.map((name: unknown) => {
    if (typeof name !== 'string' || !/^[0-9a-f]{32}$/.test(name))
      throw new QuiltError('CORRUPT', "gc's list is damaged")
    return name
  })
}
