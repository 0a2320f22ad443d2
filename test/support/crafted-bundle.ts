// Bundles by hand: of whatever objects, under whatever ids, sealed as a right one is.
import { concatBytes, utf8 } from '../../src/core/base/bytes.ts'
import { encodeBundleEnd, encodeBundleStart, type BundleHeader } from '../../src/core/codec/bundle/frame.ts'
import { encodePackable, type Packable } from '../../src/core/codec/msgpack.ts'
import { encodeCommit } from '../../src/core/codec/objects/commit.ts'
import { encodeIndex, type IndexedPack } from '../../src/core/codec/pack-index.ts'
import type { PackRecord } from '../../src/core/codec/pack.ts'
import { idToBytes, type Id, type Kind } from '../../src/core/model/id.ts'
import { packBuilder } from '../../src/core/store/packs/pack-builder.ts'
import { hashBytes } from '#hash'

/** One record: what it says and what lies there. */
export interface CraftedRecord {
  readonly kind: Kind
  readonly body: Uint8Array
  /** Another id than that of the body. */
  readonly id?: Id
  readonly encoding?: PackRecord['encoding']
  readonly size?: number
}

/** What to change of what a right bundle would say. */
export interface Crafted {
  readonly header: Omit<BundleHeader, 'refs'> & { readonly refs?: ReadonlyMap<string, Id> }
  readonly records: readonly CraftedRecord[]
  /** Changes the index's entries before the index is sealed. */
  readonly entries?: (records: readonly PackRecord[]) => readonly PackRecord[]
  readonly pack?: (pack: IndexedPack) => IndexedPack
  /** Changes the beginning. */
  readonly start?: (bytes: Uint8Array) => Uint8Array
  readonly indexOffset?: (offset: number) => number
}

/** The bytes of a bundle with one pack. */
export function craftBundle(crafted: Crafted): Uint8Array {
  const { header, records, entries = same, pack = same, start: change = same, indexOffset = same } = crafted
  const refs = (header.refs ?? new Map()) as BundleHeader['refs']
  const start = change(encodeBundleStart({ ...header, refs }))
  const builder = packBuilder('ab'.repeat(16))
  const laid = records.map(({ kind, body, id, encoding = 'raw', size = body.length }) =>
    builder.add({ id: id ?? hashBytes(body), kind, encoding, size }, body),
  )
  const { name, bytes } = builder.finish()
  const index = encodeIndex(pack({ name, size: bytes.length }), entries(laid))
  const end = encodeBundleEnd(indexOffset(start.length + bytes.length))
  return sealed(concatBytes([start, bytes, index, end]))
}

/** The bytes with their SHA-256 behind them. */
export function sealed(bytes: Uint8Array): Uint8Array {
  return concatBytes([bytes, idToBytes(hashBytes(bytes))])
}

/** A tree's bytes from entries as they are. */
export function rawTree(...entries: readonly Packable[]): Uint8Array {
  return encodePackable('QT1\n', [0, entries])
}

/** A commit's bytes. */
export function commitOf(tree: Id, parents: readonly Id[] = []): Uint8Array {
  const author = { name: 'Eve', email: 'eve@example.org', time: new Date(1_700_000_000_000) }
  return encodeCommit({ tree, parents, author, message: 'm' })
}

/** A package of one file: the records of a right bundle of it. */
export function onePackage(
  name: string,
  content: string,
): { readonly commit: Id; readonly records: CraftedRecord[] } {
  const blob = utf8(content)
  const tree = rawTree([name, 1, idToBytes(hashBytes(blob)), blob.length])
  const commit = commitOf(hashBytes(tree))
  return {
    commit: hashBytes(commit),
    records: [
      { kind: 'commit', body: commit },
      { kind: 'tree', body: tree },
      { kind: 'blob', body: blob },
    ],
  }
}

function same<T>(value: T): T {
  return value
}
