// Reads msgpack in its canonical form alone: shortest integers and lengths, sorted keys, no extensions. What
// it accepts, msgpack.ts encodes to the same bytes (a property test says so). One pass; bounded in depth.
import { compareText, fromUtf8 } from '../base/bytes.ts'
import { QuiltError } from '../base/error.ts'

/** What canonical msgpack can say. */
export type Unpacked =
  null | boolean | number | string | Uint8Array | readonly Unpacked[] | ReadonlyMap<string, Unpacked>

interface Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly what: string
  at: number
}

/**
 * The one value that `bytes` say.
 * @throws CORRUPT for any other form of it, trailing bytes, or nesting deeper than `depth` arrays and maps
 */
export function readStrictMsgpack(bytes: Uint8Array, depth: number, what: string): Unpacked {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reader: Reader = { bytes, view, what, at: 0 }
  const value = readValue(reader, depth)
  if (reader.at !== bytes.length) throw corrupt(reader, 'bytes follow its end')
  return value
}

function corrupt(reader: Reader, why: string): QuiltError {
  return new QuiltError('CORRUPT', `${reader.what} is damaged: ${why}`)
}

/** Moves on by `count` bytes and gives where they begin. */
function take(reader: Reader, count: number): number {
  const from = reader.at
  if (count > reader.bytes.length - from) throw corrupt(reader, 'it ends too soon')
  reader.at = from + count
  return from
}

function readValue(reader: Reader, depth: number): Unpacked {
  const tag = reader.bytes[take(reader, 1)] as number
  if (tag < 0x80) return tag
  if (tag < 0x90) return readMap(reader, tag & 0x0f, depth)
  if (tag < 0xa0) return readArray(reader, tag & 0x0f, depth)
  if (tag < 0xc0) return readText(reader, tag & 0x1f)
  if (tag >= 0xe0) return tag - 0x100
  switch (tag) {
    case 0xc0:
      return null
    case 0xc2:
      return false
    case 0xc3:
      return true
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return readBinary(reader, readLength(reader, tag - 0xc4, 0))
    case 0xd9:
    case 0xda:
    case 0xdb:
      return readText(reader, readLength(reader, tag - 0xd9, 32))
    case 0xdc:
    case 0xdd:
      return readArray(reader, readLength(reader, tag - 0xdb, 16), depth)
    case 0xde:
    case 0xdf:
      return readMap(reader, readLength(reader, tag - 0xdd, 16), depth)
    default:
      return readNumber(reader, tag)
  }
}

/** A length of 1, 2 or 4 bytes (`width` 0, 1, 2). `least` is the first that the tag itself cannot hold. */
function readLength(reader: Reader, width: number, least: number): number {
  const at = take(reader, 1 << width)
  const { view } = reader
  const length = width === 0 ? view.getUint8(at) : width === 1 ? view.getUint16(at) : view.getUint32(at)
  const shorter = width === 0 || (width === 1 && least === 16) ? least : width === 1 ? 0x100 : 0x10000
  if (length < shorter) throw corrupt(reader, 'a length is not in its shortest form')
  return length
}

function readNumber(reader: Reader, tag: number): number {
  const { view } = reader
  switch (tag) {
    case 0xcb:
      return checkFloat(reader, view.getFloat64(take(reader, 8)))
    case 0xcc:
      return within(reader, view.getUint8(take(reader, 1)), 0, 0x80)
    case 0xcd:
      return within(reader, view.getUint16(take(reader, 2)), 0, 0x100)
    case 0xce:
      return within(reader, view.getUint32(take(reader, 4)), 0, 0x10000)
    case 0xd0:
      return within(reader, view.getInt8(take(reader, 1)), -32, Infinity)
    case 0xd1:
      return within(reader, view.getInt16(take(reader, 2)), -0x80, Infinity)
    case 0xd2:
      return within(reader, view.getInt32(take(reader, 4)), -0x8000, Infinity)
    case 0xd3:
      return readBig(reader)
    default: // 0xc1, extensions, float32, unsigned 64
      throw corrupt(reader, `it holds a value of type 0x${tag.toString(16)}`)
  }
}

/** An integer that has no shorter form: below `low` or from `high` up. */
function within(reader: Reader, value: number, low: number, high: number): number {
  if (value >= low && value < high) throw corrupt(reader, 'an integer is not in its shortest form')
  return value
}

function readBig(reader: Reader): number {
  const value = Number(reader.view.getBigInt64(take(reader, 8)))
  if (!Number.isSafeInteger(value)) throw corrupt(reader, 'an integer is above 2^53')
  return within(reader, value, -(2 ** 31), 2 ** 32)
}

function checkFloat(reader: Reader, value: number): number {
  if (!Number.isFinite(value)) throw corrupt(reader, 'it holds a number that is none')
  if (Number.isSafeInteger(value)) throw corrupt(reader, 'an integer is not in its shortest form')
  return value
}

function readBinary(reader: Reader, length: number): Uint8Array {
  const at = take(reader, length)
  const { bytes } = reader
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, length) // never a Buffer
}

function readText(reader: Reader, length: number): string {
  const from = take(reader, length)
  const part = reader.bytes.subarray(from, from + length)
  const text =
    length <= 256 && isAscii(part) ? String.fromCharCode.apply(undefined, part as never) : fromUtf8(part)
  if (text === undefined) throw corrupt(reader, 'a text is no valid UTF-8')
  return text
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] as number) >= 0x80) return false
  return true
}

function readArray(reader: Reader, length: number, depth: number): readonly Unpacked[] {
  enter(reader, length, depth)
  const items: Unpacked[] = []
  for (let i = 0; i < length; i++) items.push(readValue(reader, depth - 1))
  return items
}

function readMap(reader: Reader, length: number, depth: number): ReadonlyMap<string, Unpacked> {
  enter(reader, 2 * length, depth)
  const map = new Map<string, Unpacked>()
  let last: string | undefined
  for (let i = 0; i < length; i++) {
    const key = readValue(reader, 0)
    if (typeof key !== 'string') throw corrupt(reader, 'a key is no text')
    if (last !== undefined && compareText(last, key) >= 0) throw corrupt(reader, 'keys are not in order')
    map.set(key, readValue(reader, depth - 1))
    last = key
  }
  return map
}

/** Refuses what is too deep, or announces more values than bytes are left. */
function enter(reader: Reader, values: number, depth: number): void {
  if (depth <= 0) throw corrupt(reader, 'it is nested too deep')
  if (values > reader.bytes.length - reader.at) throw corrupt(reader, 'it ends too soon')
}
