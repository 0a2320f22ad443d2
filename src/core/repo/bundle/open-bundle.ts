// Opens a bundle, and proves it. Nothing in one is believed before it was checked; all of it may come from a stranger.
import type { Ambient } from '../../base/ambient.ts'
import { equalBytes } from '../../base/bytes.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { isQuiltError, QuiltError } from '../../base/error.ts'
import type { ByteSource } from '../../base/source.ts'
import {
  bundleFooterBytes,
  bundlePreludeBytes,
  decodeBundleHeader,
  readBundleEnd,
  readBundleStart,
  type BundleHeader,
} from '../../codec/bundle/frame.ts'
import { packFooterBytes, packHeaderBytes } from '../../codec/pack.ts'
import {
  decodeIndexHeader,
  indexPrefixBytes,
  readIndexHeaderLength,
  type IndexedPack,
} from '../../codec/pack-index.ts'
import { idToBytes } from '../../model/id.ts'
import { packStore, type PackStore } from '../../store/pack-store.ts'
import { bundleBackend } from './bundle-backend.ts'
import { createHasher } from '#hash'

/** An open bundle. */
export interface Bundle {
  readonly header: BundleHeader
  /** Of the whole file, in bytes. */
  readonly size: number
  /** Records of its packs. */
  readonly records: number
  /** What lies in it, each object checked when it is read. */
  readonly objects: PackStore
}

/** More packs are no bundle: at their usual size these are 32 TiB. */
const mostPacks = 2 ** 20
/** Read at once to prove a seal. */
const sealBytes = 1024 * 1024
const hashBytes = 32

/**
 * Opens a bundle by its beginning and its end; what lies between is not read yet.
 * @throws CORRUPT for what is no bundle, or is cut short; UNSUPPORTED for a newer format
 */
export async function openBundle(source: ByteSource, ambient: Ambient, ctx?: Context): Promise<Bundle> {
  const { size } = source
  if (size < bundlePreludeBytes + bundleFooterBytes)
    throw new QuiltError('CORRUPT', 'it is too short for a bundle')
  const packsStart = readBundleStart(await source.slice(0, bundlePreludeBytes, ctx))
  const indexEnd = size - bundleFooterBytes
  if (packsStart > indexEnd) throw new QuiltError('CORRUPT', 'a bundle is cut short within its header')
  const header = decodeBundleHeader(await source.slice(0, packsStart, ctx))
  const indexStart = readBundleEnd(await source.slice(indexEnd, size, ctx))
  if (indexStart < packsStart || indexStart + indexPrefixBytes > indexEnd)
    throw new QuiltError('CORRUPT', "a bundle's index lies outside of it")
  const index = await readIndex(source, indexStart, indexEnd, ctx)
  checkPacks(index.packs, indexStart - packsStart)
  const layout = { packs: index.packs, packsStart, indexStart, indexEnd }
  const objects = packStore(bundleBackend(source, layout), ambient)
  return { header, size, records: index.count, objects }
}

async function readIndex(
  source: ByteSource,
  start: number,
  end: number,
  ctx?: Context,
): Promise<{ readonly packs: readonly IndexedPack[]; readonly count: number }> {
  const prefix = await source.slice(start, start + indexPrefixBytes, ctx)
  const packs = new DataView(prefix.buffer, prefix.byteOffset).getUint32(8)
  if (packs > mostPacks) throw new QuiltError('CORRUPT', 'a bundle claims more packs than one can have')
  const length = readIndexHeaderLength(prefix, end - start)
  return decodeIndexHeader(await source.slice(start, start + length, ctx), end - start)
}

/** The packs fill what lies between header and index, and no name comes twice. */
function checkPacks(packs: readonly IndexedPack[], bytes: number): void {
  const total = packs.reduce((sum, { size }) => sum + size, 0)
  const names = new Set(packs.map(({ name }) => name))
  const tooSmall = packs.some(({ size }) => size < packHeaderBytes + packFooterBytes)
  if (total === bytes && names.size === packs.length && !tooSmall) return
  throw new QuiltError('CORRUPT', "a bundle's packs do not fill it as its index says")
}

/**
 * Proves that a bundle's bytes are those that were written, all of them.
 * @throws CORRUPT
 */
export async function proveSeal(source: ByteSource, ctx?: Context): Promise<void> {
  const hasher = createHasher()
  const end = source.size - hashBytes
  for (let at = 0; at < end; at += sealBytes) {
    checkSignal(ctx)
    hasher.update(await source.slice(at, Math.min(at + sealBytes, end), ctx))
    ctx?.onProgress?.({ task: 'verify', unit: 'bytes', done: Math.min(at + sealBytes, end), total: end })
  }
  if (equalBytes(idToBytes(hasher.digest()), await source.slice(end, source.size, ctx))) return
  throw new QuiltError('CORRUPT', 'a bundle is damaged: it does not have the SHA-256 that it ends with')
}

/** What is wrong with a bundle, with its name: what its objects lack is its damage, whatever they are missed for. */
export function bundleError(error: unknown, name: string): unknown {
  if (!isQuiltError(error)) return error
  const { code, message } = error
  if (code !== 'CORRUPT' && code !== 'NOT_FOUND' && code !== 'UNSUPPORTED') return error
  return new QuiltError(
    code === 'NOT_FOUND' ? 'CORRUPT' : code,
    `the bundle "${name}" cannot be used: ${message}`,
    {
      hint:
        code === 'UNSUPPORTED' ? error.hint : 'copy it again from where it was made, or make it again there',
      cause: error,
    },
  )
}
