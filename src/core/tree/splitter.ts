// Where the nodes of a tree end: a rule of names and sizes alone, so that equal entries make equal nodes.
// Layout: docs/format.md, section "Trees". Knows neither objects nor how nodes are encoded.

/** Fewest items of a node that is not the last of its level. */
export const fewestItems = 32
/** Most items of a node. */
export const mostItems = 512
/** A node ends when its items take this many bytes, however few they are. */
export const fullBytes: number = 48 * 1024
/** One name in 128 ends a node. */
const endBelow = 2 ** 32 / 128

/** How far the node is that is being filled: its items so far and what they take, the newest included. */
export interface Fill {
  readonly items: number
  readonly bytes: number
}

/** True when a node of `level` ends after the item called `name`. The last of a level may end anywhere. */
export function endsNode(level: number, name: string, fill: Fill): boolean {
  if (fill.bytes >= fullBytes || fill.items >= mostItems) return true
  return fill.items >= fewestItems && nameHash(name, level) < endBelow
}

/**
 * 32 well-mixed bits of a name: FNV-1a over its UTF-8 bytes, the level's own constant, then the end of
 * MurmurHash3. Each level ends its nodes at other names.
 */
export function nameHash(name: string, level: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    if (unit < 0x80) hash = Math.imul(hash ^ unit, 0x01000193)
    else {
      const point = name.codePointAt(i) as number
      if (point > 0xffff) i++
      hash = addPoint(hash, point)
    }
  }
  return mix(hash ^ Math.imul(level, 0x9e3779b9))
}

/** FNV-1a over the two to four bytes that UTF-8 has for a code point above U+007F. */
function addPoint(hash: number, point: number): number {
  let next = hash
  const add = (byte: number): void => {
    next = Math.imul(next ^ byte, 0x01000193)
  }
  if (point < 0x800) add(0xc0 | (point >> 6))
  else {
    if (point < 0x10000) add(0xe0 | (point >> 12))
    else {
      add(0xf0 | (point >> 18))
      add(0x80 | ((point >> 12) & 0x3f))
    }
    add(0x80 | ((point >> 6) & 0x3f))
  }
  add(0x80 | (point & 0x3f))
  return next
}

/** MurmurHash3's finalizer (fmix32). */
function mix(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
