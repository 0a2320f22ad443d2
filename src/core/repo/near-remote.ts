// What of a remote is kept on this machine: what was read of its indexes, small reads of its packs, and for a while what
// is arriving. Never refs, nor what a remote says of itself.
import { arriving } from '../backend/arriving.ts'
import type { Backend } from '../backend/backend.ts'
import { bounded } from '../backend/bounded.ts'
import { caching } from '../backend/caching.ts'
import { prefixed } from '../backend/prefixed.ts'
import type { Ambient } from '../base/ambient.ts'
import { utf8 } from '../base/bytes.ts'
import { indexPrefix, packPrefix } from '../store/layout.ts'
import { hashBytes } from '#hash'

const mebibyte = 1024 * 1024
const week = 7 * 24 * 60 * 60 * 1000
/** Of all remotes together. */
const keptBytes = 128 * mebibyte
/** What an install has not written to its store yet: three packs of some 10 MiB, three reads of 16 MiB. */
const arrivingBytes = 96 * mebibyte
/** The longest reads that are kept. Those of blobs are longer: whoever has asked for them keeps them itself. */
const longestIndex = 16 * mebibyte
const longestOfPack = mebibyte

/**
 * A remote's backend, of which `near` keeps what never changes: a place for copies of all remotes, from which anything
 * may be lost at any time. Closing closes both.
 */
export function nearRemote(
  near: Backend,
  far: Backend,
  { address, now }: { readonly address: string } & Pick<Ambient, 'now'>,
): Backend {
  const own = `${hashBytes(utf8(address)).slice(0, 32)}/`
  const place = (name: string, bytes: number): Backend =>
    prefixed(bounded(prefixed(near, `${name}/`), { bytes, age: week }), own)
  const isPack = (key: string): boolean => key.startsWith(packPrefix)
  return caching(
    place('read', keptBytes),
    arriving(place('arriving', arrivingBytes), far, { keeps: isPack, now }),
    {
      keeps: (key) => (isPack(key) ? longestOfPack : key.startsWith(indexPrefix) ? longestIndex : 0),
    },
  )
}
