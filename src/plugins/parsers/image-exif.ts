// What a camera wrote into a JPEG or a TIFF (Exif 2.32), a few tags of it. Offsets come from the file: each is checked,
// no folder of tags is read twice, and texts are bounded.
import type { JsonObject } from '../api.ts'

/** Tags that are told, by number. */
const tags: Readonly<Record<number, string>> = {
  0x010f: 'make',
  0x0110: 'model',
  0x0112: 'orientation',
  0x0131: 'software',
  0x0132: 'modified',
  0x013b: 'artist',
  0x8298: 'copyright',
  0x829a: 'exposureTime',
  0x829d: 'fNumber',
  0x8827: 'iso',
  0x9003: 'taken',
  0x920a: 'focalLength',
  0xa434: 'lens',
}
const gpsTags: Readonly<Record<number, string>> = {
  1: 'latitudeRef',
  2: 'latitude',
  3: 'longitudeRef',
  4: 'longitude',
  6: 'altitude',
}
const exifFolder = 0x8769
const gpsFolder = 0x8825

/** Most tags of one folder, and longest text. */
const mostTags = 512
const longestText = 256

interface Reader {
  readonly view: DataView
  readonly little: boolean
  readonly seen: Set<number>
  readonly location: boolean
}

/** The tags of a file's first bytes; `undefined` where there are none, or they are damaged from the start. */
export function readExif(
  bytes: Uint8Array,
  { location }: { readonly location: boolean },
): JsonObject | undefined {
  const start = tiffStart(bytes)
  if (start === undefined || bytes.length < start + 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start)
  const order = view.getUint16(0)
  if (order !== 0x4949 && order !== 0x4d4d) return undefined
  const little = order === 0x4949
  if (view.getUint16(2, little) !== 42) return undefined
  const found: Record<string, number | string | number[]> = {}
  const reader = { view, little, seen: new Set<number>(), location }
  readFolder(reader, view.getUint32(4, little), tags, found)
  return Object.keys(found).length === 0 ? undefined : found
}

/** Where the TIFF begins: at once, or in a JPEG's APP1 segment. */
function tiffStart(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 4) return undefined
  if (view.getUint16(0) !== 0xffd8) return 0
  for (let at = 2; at + 10 < bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda;) {
    const length = view.getUint16(at + 2)
    if (bytes[at + 1] === 0xe1 && view.getUint32(at + 4) === 0x45786966) return at + 10 // "Exif"
    at += 2 + Math.max(2, length)
  }
  return undefined
}

function readFolder(
  reader: Reader,
  at: number,
  names: Readonly<Record<number, string>>,
  found: Record<string, number | string | number[]>,
): void {
  const { view, little, seen, location } = reader
  if (seen.has(at) || at + 2 > view.byteLength) return
  seen.add(at)
  const count = Math.min(view.getUint16(at, little), mostTags)
  for (let i = 0; i < count; i++) {
    const entry = at + 2 + 12 * i
    if (entry + 12 > view.byteLength) return
    const tag = view.getUint16(entry, little)
    if (tag === exifFolder) readFolder(reader, view.getUint32(entry + 8, little), tags, found)
    else if (tag === gpsFolder && location)
      readFolder(reader, view.getUint32(entry + 8, little), gpsTags, found)
    const name = names[tag]
    const value = name === undefined ? undefined : readValue(reader, entry)
    if (name !== undefined && value !== undefined) found[name] = value
  }
}

/** Bytes of one value of each type: text, short, long, fraction, signed fraction. */
const sizes: Readonly<Record<number, number>> = { 2: 1, 3: 2, 4: 4, 5: 8, 10: 8 }

function readValue({ view, little }: Reader, entry: number): number | string | number[] | undefined {
  const type = view.getUint16(entry + 2, little)
  const count = view.getUint32(entry + 4, little)
  const size = sizes[type]
  if (size === undefined || count === 0 || count > 65_536) return undefined
  const at = size * count <= 4 ? entry + 8 : view.getUint32(entry + 8, little)
  if (at + size * count > view.byteLength) return undefined
  if (type === 2) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + at, Math.min(count, longestText))
    return (
      new TextDecoder('latin1')
        .decode(bytes)
        .replace(/[\u0000-\u001f\u007f].*$/s, '')
        .trim() || undefined
    )
  }
  const numbers = Array.from({ length: Math.min(count, 4) }, (_, i) =>
    readNumber({ view, little }, type, at + i * size),
  )
  return numbers.some((one) => !Number.isFinite(one))
    ? undefined
    : numbers.length === 1
      ? numbers[0]
      : numbers
}

function readNumber({ view, little }: Pick<Reader, 'view' | 'little'>, type: number, at: number): number {
  switch (type) {
    case 3:
      return view.getUint16(at, little)
    case 4:
      return view.getUint32(at, little)
    case 5:
      return view.getUint32(at, little) / view.getUint32(at + 4, little)
    default:
      return view.getInt32(at, little) / view.getInt32(at + 4, little)
  }
}
