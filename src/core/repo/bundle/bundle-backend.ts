// A bundle's packs and index as a read-only backend, so that everything that reads a repository reads a bundle.
import { QuiltError } from '../../base/error.ts'
import type { ByteSource } from '../../base/source.ts'
import type { Backend, Head } from '../../backend/backend.ts'
import { checkRange } from '../../backend/range.ts'
import type { IndexedPack } from '../../codec/pack-index.ts'
import { indexKey, packKey } from '../../store/layout.ts'

/** Where the parts of a bundle lie. */
export interface BundleLayout {
  /** In the order in which they lie. */
  readonly packs: readonly IndexedPack[]
  readonly packsStart: number
  readonly indexStart: number
  readonly indexEnd: number
}

interface Place {
  readonly start: number
  readonly end: number
}

/** The key of a bundle's one index: no pack has this name. */
const onlyIndex = indexKey('0'.repeat(32))

/** A bundle's bytes by the keys that a repository would have. Each key reads as a part of the one file. */
export function bundleBackend(source: ByteSource, layout: BundleLayout): Backend {
  const places = new Map<string, Place>()
  let at = layout.packsStart
  for (const { name, size } of layout.packs) places.set(packKey(name), { start: at, end: (at += size) })
  places.set(onlyIndex, { start: layout.indexStart, end: layout.indexEnd })
  const keys = [...places.keys()].sort()
  const modified = new Date(0) // a bundle never changes

  const headOf = (key: string): Head | undefined => {
    const place = places.get(key)
    return place && { key, size: place.end - place.start, modified }
  }
  const refuse = (): Promise<never> => Promise.reject(new QuiltError('DENIED', 'a bundle cannot be changed'))

  return {
    features: { putIfAbsent: false, writable: false },
    get: async (key, range, ctx) => {
      const place = places.get(key)
      if (place === undefined) throw new QuiltError('NOT_FOUND', `no ${key}`)
      const { start, end } = checkRange(range, place.end - place.start, key)
      return source.slice(place.start + start, place.start + end, ctx)
    },
    put: refuse,
    head: (key) => Promise.resolve(headOf(key)),
    list: async function* (prefix) {
      for (const key of keys) if (key.startsWith(prefix)) yield (await Promise.resolve(headOf(key))) as Head
    },
    delete: refuse,
    close: () => Promise.resolve(),
  }
}
