// The file `listing` of a remote: every key that a reader needs. docs/format.md, section "The listing".
import { compareText, fromUtf8, utf8 } from '../../base/bytes.ts'
import { QuiltError } from '../../base/error.ts'

/** One key with its size in bytes and its time. */
export interface ListedKey {
  readonly key: string
  readonly size: number
  readonly modified: Date
}

const firstLine = 'quilt listing 1'
/** No listing has more keys. */
export const mostListed = 1_000_000
const linePattern = /^([A-Za-z0-9._/-]{1,1024})\t(\d{1,16})\t(\d{1,15})$/

/** A listing as text, one key a line, sorted; times in milliseconds since 1970. */
export function encodeListing(keys: readonly ListedKey[]): Uint8Array {
  const lines = keys.map(({ key, size, modified }) => `${key}\t${size}\t${modified.getTime()}`)
  return utf8([firstLine, ...lines, `end ${keys.length}`, ''].join('\n'))
}

/**
 * Reads a listing.
 * @throws CORRUPT for what is none, or was cut; UNSUPPORTED for a newer kind
 */
export function decodeListing(bytes: Uint8Array): readonly ListedKey[] {
  const lines = (fromUtf8(bytes) ?? '').split('\n')
  const [first = ''] = lines
  if (first !== firstLine && /^quilt listing \d{1,9}$/.test(first)) {
    throw new QuiltError('UNSUPPORTED', 'the listing was made by a newer version of quilt', {
      hint: 'upgrade quilt-ts to use it',
    })
  }
  const last = lines.at(-2)
  const count = lines.length - 3
  if (first !== firstLine || last !== `end ${count}` || lines.at(-1) !== '' || count > mostListed)
    throw damaged()
  const keys = lines.slice(1, -2).map(readLine)
  keys.forEach(({ key }, i) => {
    if (i > 0 && compareText((keys[i - 1] as ListedKey).key, key) >= 0) throw damaged()
  })
  return keys
}

function readLine(line: string): ListedKey {
  const [, key, size, modified] = linePattern.exec(line) ?? []
  if (key === undefined || !Number.isSafeInteger(Number(size))) throw damaged()
  return { key, size: Number(size), modified: new Date(Number(modified)) }
}

function damaged(): QuiltError {
  return new QuiltError('CORRUPT', 'what should be the listing of a remote is none', {
    hint: 'is it the address of a folder that quilt pushes to? Its next push writes the listing anew',
  })
}
