// The canonical encoding: a magic of four characters, then msgpack in the one form that docs/format.md allows.
// msgpackr writes; what is read goes through strict-msgpack.ts, since msgpackr takes more than one form and
// drops a byte-order mark at the front of a text above 64 bytes (seen with 2.1.3).
import { Packr } from 'msgpackr/pack'
import { compareText, isWellFormed, utf8 } from '../base/bytes.ts'
import { QuiltError } from '../base/error.ts'
import { metadataDepth, type Json } from '../model/metadata.ts'
import { readStrictMsgpack, type Unpacked } from './strict-msgpack.ts'

/** What the canonical encoding can say. Maps may be given in any order: they are written sorted. */
export type Packable = Unpacked

/** What a reader takes at most: bytes in all, magic included, and arrays and maps within one another. */
export interface PackLimits {
  readonly bytes: number
  readonly depth: number
}

/** Length of a magic: `Q`, the kind's letter, the version's digit, a line feed. */
const magicBytes = 4
/** Deepest nesting that is written. */
const mostDepth = 256
/** From here up, and below -2^31, integers take nine bytes. */
const bigFrom = 2 ** 32

const packr = new Packr({ useRecords: false, variableMapSize: true, mapsAsObjects: false })

/**
 * The canonical bytes of a value, behind `magic` (four ASCII characters, such as `QT1\n`).
 * @throws INVALID for NaN, infinities, lone surrogates and what is no Packable
 */
export function encodePackable(magic: string, value: Packable): Uint8Array {
  const body: Uint8Array = packr.pack(canonical(value, 0))
  const bytes = new Uint8Array(magicBytes + body.length)
  bytes.set(utf8(magic))
  bytes.set(body, magicBytes)
  return bytes
}

/**
 * The value that these bytes say. `what` names them in errors. Binaries may be views of `bytes`.
 * @throws CORRUPT for whatever does not encode back to the same bytes, or exceeds `limits`; UNSUPPORTED when
 * the magic is that of a later version
 */
export function decodePackable(magic: string, bytes: Uint8Array, limits: PackLimits, what: string): Packable {
  if (bytes.length > limits.bytes) {
    throw new QuiltError('CORRUPT', `${what} is larger than ${String(limits.bytes)} bytes`)
  }
  checkMagic(magic, bytes, what)
  return readStrictMsgpack(bytes.subarray(magicBytes), limits.depth, what)
}

function checkMagic(magic: string, bytes: Uint8Array, what: string): void {
  const same = (i: number): boolean => bytes[i] === magic.charCodeAt(i)
  if (!same(0) || !same(1) || !same(3))
    throw new QuiltError('CORRUPT', `${what} is no such object: wrong magic`)
  if (same(2)) return
  const version = bytes[2] as number
  if (version > magic.charCodeAt(2) && version <= 0x39) {
    throw new QuiltError('UNSUPPORTED', `${what} was made by a newer version`, { hint: 'upgrade quilt' })
  }
  throw new QuiltError('CORRUPT', `${what} is no such object: unknown version`)
}

/** The same value in the types and the order that msgpackr writes canonically. */
function canonical(value: Packable, depth: number): unknown {
  switch (typeof value) {
    case 'number':
      return canonicalNumber(value)
    case 'string':
      if (!isWellFormed(value))
        throw new QuiltError('INVALID', 'a text holds half a character: a lone surrogate')
      return value
    case 'boolean':
      return value
    case 'object':
      if (value === null || value instanceof Uint8Array) return value
      if (depth >= mostDepth) throw new QuiltError('INVALID', 'a value is nested too deep to be written')
      if (isArray(value)) return value.map((item) => canonical(item, depth + 1))
      if (value instanceof Map) return canonicalMap(value as ReadonlyMap<string, Packable>, depth)
      break
    default:
  }
  throw new QuiltError('INVALID', `a value of type ${typeof value} cannot be written`)
}

function canonicalNumber(value: number): number | bigint {
  if (!Number.isFinite(value))
    throw new QuiltError('INVALID', `the number ${String(value)} cannot be written`)
  if (!Number.isSafeInteger(value)) return value
  return value >= bigFrom || value < -(2 ** 31) ? BigInt(value) : value + 0 // -0 + 0 is 0
}

function canonicalMap(map: ReadonlyMap<string, Packable>, depth: number): Map<string, unknown> {
  const keys = [...map.keys()].sort(compareText)
  const sorted = new Map<string, unknown>()
  for (const key of keys) {
    if (typeof key !== 'string') throw new QuiltError('INVALID', 'a key is no text')
    sorted.set(canonical(key, depth) as string, canonical(map.get(key) as Packable, depth + 1))
  }
  return sorted
}

function isArray(value: object): value is readonly Packable[] {
  return Array.isArray(value)
}

/** How many bytes a value takes without a magic; for values that `encodePackable` accepts. */
export function packedSize(value: Packable): number {
  if (value === null || typeof value === 'boolean') return 1
  if (typeof value === 'number') return numberSize(value)
  if (typeof value === 'string') return textSize(value)
  if (value instanceof Uint8Array)
    return (value.length < 256 ? 2 : value.length < 65536 ? 3 : 5) + value.length
  const list = isArray(value)
  const count = list ? value.length : value.size
  let size = count < 16 ? 1 : count < 65536 ? 3 : 5
  if (list) for (const item of value) size += packedSize(item)
  else for (const [key, item] of value) size += textSize(key) + packedSize(item)
  return size
}

function numberSize(value: number): number {
  if (!Number.isSafeInteger(value) || value >= bigFrom || value < -(2 ** 31)) return 9
  if (value >= 0) return value < 128 ? 1 : value < 256 ? 2 : value < 65536 ? 3 : 5
  return value >= -32 ? 1 : value >= -128 ? 2 : value >= -32768 ? 3 : 5
}

function textSize(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    length += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2 // a pair: two units, four bytes
  }
  return (length < 32 ? 1 : length < 256 ? 2 : length < 65536 ? 3 : 5) + length
}

/**
 * JSON as a Packable: objects become maps.
 * @throws INVALID when it is nested deeper than metadata may be
 */
export function packJson(json: Json): Packable {
  return packJsonAt(json, 0)
}

function packJsonAt(json: Json, depth: number): Packable {
  if (typeof json !== 'object' || json === null) return json
  if (depth > metadataDepth) throw new QuiltError('INVALID', 'a JSON value is nested too deep')
  if (isList(json)) return json.map((item) => packJsonAt(item, depth + 1))
  return new Map(Object.entries(json).map(([key, item]) => [key, packJsonAt(item, depth + 1)]))
}

function isList(json: object): json is readonly Json[] {
  return Array.isArray(json)
}

/**
 * A decoded value as JSON. Every key becomes an own property, `__proto__` too.
 * @throws CORRUPT when it holds binary
 */
export function unpackJson(value: Packable): Json {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) throw new QuiltError('CORRUPT', 'bytes stand where JSON should')
  if (isArray(value)) return value.map(unpackJson)
  return Object.fromEntries([...value].map(([key, item]) => [key, unpackJson(item)]))
}
