// Bundles: what stands before and behind the packs of one. Layout and the reasons: docs/format.md, section "Bundles".
import { concatBytes } from '../../base/bytes.ts'
import { isQuiltError, QuiltError } from '../../base/error.ts'
import { idToBytes, type Id } from '../../model/id.ts'
import { formatPackageName, parsePackageName, type PackageName } from '../../model/package-name.ts'
import { latest, parseRefName, type RefName } from '../../model/ref-name.ts'
import { asFields, asId, asMap, asText, malformed } from '../fields.ts'
import { mostRefs } from '../generation.ts'
import { decodePackable, encodePackable, type Packable } from '../msgpack.ts'
import { putWord } from '../pack.ts'

/** What a bundle is of. */
export interface BundleHeader {
  readonly pkg: PackageName
  /** The commit of which all is here, but for what `since` has. */
  readonly commit: Id
  /** Tags and versions of the package when it was bundled. Of what they name, at least the commit itself is here. */
  readonly refs: ReadonlyMap<RefName, Id>
  /** A commit that whoever installs this must have whole. */
  readonly since?: Id
}

/** Length of what begins a bundle: the magic, and the header's length. */
export const bundlePreludeBytes = 8
/** Length of what ends a bundle: where its index begins, the end's magic, and the SHA-256 of all before. */
export const bundleFooterBytes = 44
/** Largest header of a bundle, in bytes. */
export const bundleHeaderBytes: number = 16 * 1024 * 1024

const magic = 'QB1\n'
const magicBytes = 4
const endMagic = 0x51423145 // 'QB1E'
const limits = { bytes: bundleHeaderBytes, depth: 3 }
const what = "a bundle's header"

/**
 * The beginning of a bundle: prelude and header.
 * @throws INVALID when it is beyond a limit
 */
export function encodeBundleStart({ pkg, commit, refs, since }: BundleHeader): Uint8Array {
  const fields = new Map<string, Packable>([
    ['commit', idToBytes(commit)],
    ['package', formatPackageName(pkg)],
    ['refs', new Map([...refs].map(([name, id]) => [name, idToBytes(id)]))],
  ])
  if (since !== undefined) fields.set('since', idToBytes(since))
  const header = encodePackable(magic, fields)
  if (header.length > bundleHeaderBytes || refs.size > mostRefs) {
    throw new QuiltError('INVALID', 'the package has too many tags and versions for a bundle')
  }
  const prelude = new Uint8Array(bundlePreludeBytes)
  prelude.set(header.subarray(0, magicBytes))
  putWord(prelude, magicBytes, header.length - magicBytes)
  return concatBytes([prelude, header.subarray(magicBytes)])
}

/**
 * Length of prelude and header, from the prelude.
 * @throws CORRUPT, UNSUPPORTED
 */
export function readBundleStart(prelude: Uint8Array): number {
  // An empty map behind the magic: so that one function judges magics.
  if (prelude.length < bundlePreludeBytes) throw new QuiltError('CORRUPT', 'a bundle is cut short')
  decodePackable(
    magic,
    concatBytes([prelude.subarray(0, magicBytes), Uint8Array.of(0x80)]),
    limits,
    'a bundle',
  )
  const length = new DataView(prelude.buffer, prelude.byteOffset).getUint32(magicBytes)
  if (length + magicBytes > bundleHeaderBytes) throw malformed(what, 'it is too long')
  return bundlePreludeBytes + length
}

/**
 * A header from the beginning of a bundle.
 * @throws CORRUPT, UNSUPPORTED
 */
export function decodeBundleHeader(start: Uint8Array): BundleHeader {
  const bytes = concatBytes([start.subarray(0, magicBytes), start.subarray(bundlePreludeBytes)])
  const value = decodePackable(magic, bytes, limits, what)
  const fields = asFields(value, { required: ['commit', 'package', 'refs'], optional: ['since'] }, what)
  const map = asMap(fields.get('refs'), what)
  if (map.size > mostRefs) throw malformed(what, 'too many refs')
  try {
    const refs = new Map<RefName, Id>()
    for (const [name, id] of map) refs.set(parseRefName(name), asId(id, what))
    if (refs.has(latest)) throw malformed(what, 'it holds tags and versions only')
    return {
      pkg: parsePackageName(asText(fields.get('package'), what)),
      commit: asId(fields.get('commit'), what),
      refs,
      ...(fields.has('since') ? { since: asId(fields.get('since'), what) } : {}),
    }
  } catch (error) {
    // The model's INVALID: nobody who reads typed it.
    throw isQuiltError(error, 'INVALID') ? malformed(what, error.message) : error
  }
}

/** The end of a bundle, but for the SHA-256 that follows it. */
export function encodeBundleEnd(indexOffset: number): Uint8Array {
  const end = new Uint8Array(bundleFooterBytes - 32)
  const view = new DataView(end.buffer)
  view.setBigUint64(0, BigInt(indexOffset))
  view.setUint32(8, endMagic)
  return end
}

/**
 * Where the index begins, from a bundle's footer.
 * @throws CORRUPT
 */
export function readBundleEnd(footer: Uint8Array): number {
  const view = new DataView(footer.buffer, footer.byteOffset, footer.length)
  const offset = Number(view.getBigUint64(0))
  if (view.getUint32(8) !== endMagic || !Number.isSafeInteger(offset))
    throw new QuiltError('CORRUPT', 'a bundle is cut short: its end is missing')
  return offset
}
