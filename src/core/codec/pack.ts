// Packs: append-only files of objects. Layout and the reasons: docs/format.md, section "Packs".
import { QuiltError } from '../base/error.ts'
import { idBytes, idFromBytes, idToBytes, isIdAt, type Id, type Kind } from '../model/id.ts'

/** How an object's bytes lie in a pack: as they are, compressed, or (blobs only) as the id of a recipe. */
export type Encoding = 'raw' | 'zstd' | 'recipe'

/** One object's place in a pack. */
export interface PackRecord {
  readonly id: Id
  readonly kind: Kind
  readonly encoding: Encoding
  /** Where its record begins, in bytes from the pack's beginning. */
  readonly offset: number
  /** Length of the payload as it lies in the pack, without the record's header. */
  readonly stored: number
  /** Length of the object; of the payload where that is a recipe's id. */
  readonly size: number
}

/** Length of a pack's header: magic and the pack's own name. */
export const packHeaderBytes = 20
/** Length of a record's header. */
export const recordHeaderBytes = 42
/** Length of a pack's footer. */
export const packFooterBytes = 44
/** Largest object that is kept in one piece: anything longer is chunked. */
export const objectBytes: number = 16 * 1024 * 1024
/** Length of the payload that stands for a chunked blob: the recipe's id and the blob's size. */
export const recipePayloadBytes = 40

const magic = 0x51503100 | 10 // 'QP1\n'
const endMagic = 0x51503145 // 'QP1E'
const kinds: readonly Kind[] = ['blob', 'tree', 'commit', 'recipe']
const encodings: readonly Encoding[] = ['raw', 'zstd', 'recipe']

/** A kind as its byte in packs and indexes. */
export function kindByte(kind: Kind): number {
  return kinds.indexOf(kind) + 1
}

/** An encoding as its byte in packs and indexes. */
export function encodingByte(encoding: Encoding): number {
  return encodings.indexOf(encoding)
}

/** @throws CORRUPT for a byte that stands for no kind */
export function kindOfByte(byte: number): Kind {
  const kind = kinds[byte - 1]
  if (kind === undefined) throw new QuiltError('CORRUPT', `no kind of object has the number ${String(byte)}`)
  return kind
}

/** @throws CORRUPT for a byte that stands for no encoding */
export function encodingOfByte(byte: number): Encoding {
  const encoding = encodings[byte]
  if (encoding === undefined) throw new QuiltError('CORRUPT', `no encoding has the number ${String(byte)}`)
  return encoding
}

/** Writes a pack's header at the beginning of `out`. `name` is the pack's: 32 hex digits. */
export function writePackHeader(out: Uint8Array, name: string): void {
  new DataView(out.buffer, out.byteOffset).setUint32(0, magic)
  out.set(packNameToBytes(name), 4)
}

/**
 * The pack's name in its header.
 * @throws CORRUPT when this is no pack; UNSUPPORTED when it is one of a newer format
 */
export function readPackHeader(bytes: Uint8Array): string {
  if (bytes.length < packHeaderBytes) throw new QuiltError('CORRUPT', 'a pack is cut short')
  checkMagic(bytes, magic, 'pack')
  return packNameFromBytes(bytes.subarray(4, packHeaderBytes))
}

/** Checks the first four bytes of a pack or an index. */
export function checkMagic(bytes: Uint8Array, expected: number, what: string): void {
  const found = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0)
  if (found === expected) return
  const version = (found >>> 8) & 0xff
  if ((found & 0xffff00ff) === ((expected & 0xffff00ff) | 0) && version >= 0x31 && version <= 0x39) {
    throw new QuiltError('UNSUPPORTED', `this ${what} was made by a newer version of quilt`, {
      hint: 'upgrade quilt-ts to read it',
    })
  }
  throw new QuiltError('CORRUPT', `this is no ${what}`)
}

/** Writes a u32 at `at`, without a `DataView` made for each record. */
export function putWord(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24
  out[at + 1] = value >>> 16
  out[at + 2] = value >>> 8
  out[at + 3] = value
}

/** The u32 at `at`, without a view: one for each entry of a large index would be most of the work. */
export function readWord(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16)
  return (high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0
}

/** Writes a record's header at `at`; the payload follows it. */
export function writeRecordHeader(out: Uint8Array, at: number, record: PackRecord): void {
  out[at] = kindByte(record.kind)
  out[at + 1] = encodingByte(record.encoding)
  putWord(out, at + 2, record.size)
  putWord(out, at + 6, record.stored)
  idToBytes(record.id, out, at + 10)
}

/**
 * The record whose header stands at `at` in `bytes`; `offset` is where that is in the pack.
 * @throws CORRUPT
 */
export function readRecordHeader(bytes: Uint8Array, at: number, offset: number): PackRecord {
  if (at + recordHeaderBytes > bytes.length) throw new QuiltError('CORRUPT', 'a record is cut short')
  const record: PackRecord = {
    kind: kindOfByte(bytes[at] as number),
    encoding: encodingOfByte(bytes[at + 1] as number),
    size: readWord(bytes, at + 2),
    stored: readWord(bytes, at + 6),
    id: idFromBytes(bytes, at + 10),
    offset,
  }
  if (record.size > objectBytes || record.stored > objectBytes) {
    throw new QuiltError('CORRUPT', `the record of ${record.id} claims more bytes than an object may have`)
  }
  return record
}

/** True when the header of a record stands at `at` in `bytes`, says the same as this one, and no more than may be. */
export function isRecordHeader(
  bytes: Uint8Array,
  at: number,
  { id, kind, encoding, size, stored }: PackRecord,
): boolean {
  return (
    size <= objectBytes &&
    stored <= objectBytes &&
    bytes[at] === kindByte(kind) &&
    bytes[at + 1] === encodingByte(encoding) &&
    readWord(bytes, at + 2) === size &&
    readWord(bytes, at + 6) === stored &&
    isIdAt(bytes, at + 10, id)
  )
}

/** Writes a pack's footer at `at`: the end's magic, the number of records, 4 zero bytes and its index's SHA-256. */
export function writePackFooter(out: Uint8Array, at: number, records: number, indexHash: Id): void {
  const view = new DataView(out.buffer, out.byteOffset)
  view.setUint32(at, endMagic)
  view.setUint32(at + 4, records)
  view.setUint32(at + 8, 0)
  idToBytes(indexHash, out, at + 12)
}

/** What a whole pack's footer says; `undefined` when the pack has no whole footer. */
export function readPackFooter(
  bytes: Uint8Array,
): { readonly records: number; readonly indexHash: Id } | undefined {
  const at = bytes.length - packFooterBytes
  if (at < 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(at) !== endMagic || view.getUint32(at + 8) !== 0) return undefined
  return { records: view.getUint32(at + 4), indexHash: idFromBytes(bytes, at + 12) }
}

/** The payload that stands for a chunked blob. */
export function encodeRecipePayload(recipe: Id, size: number): Uint8Array {
  const payload = idToBytes(recipe, new Uint8Array(recipePayloadBytes))
  new DataView(payload.buffer).setBigUint64(idBytes, BigInt(size))
  return payload
}

/** @throws CORRUPT */
export function decodeRecipePayload(payload: Uint8Array): { readonly recipe: Id; readonly size: number } {
  if (payload.length !== recipePayloadBytes) throw new QuiltError('CORRUPT', 'a chunked blob names no recipe')
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  const size = Number(view.getBigUint64(idBytes))
  if (!Number.isSafeInteger(size)) throw new QuiltError('CORRUPT', 'a chunked blob claims an impossible size')
  return { recipe: idFromBytes(payload), size }
}

/** A pack's name as the 16 bytes in which packs and indexes hold it. */
export function packNameToBytes(name: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(name))
    throw new QuiltError('INVALID', `invalid pack name "${name.slice(0, 80)}"`)
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(name.slice(2 * i, 2 * i + 2), 16))
}

/** A pack's name from its 16 bytes. */
export function packNameFromBytes(bytes: Uint8Array): string {
  let name = ''
  for (const byte of bytes.subarray(0, 16)) name += byte.toString(16).padStart(2, '0')
  return name
}
