// Makes a pack's index again from the pack: every record says what it is.
import type { Backend } from '../../backend/backend.ts'
import type { Context } from '../../base/context.ts'
import { isQuiltError } from '../../base/error.ts'
import {
  packHeaderBytes,
  readPackFooter,
  readPackHeader,
  readRecordHeader,
  recordHeaderBytes,
  type PackRecord,
} from '../../codec/pack.ts'
import { encodeIndex, type IndexedPack } from '../../codec/pack-index.ts'
import { indexKey, packKey } from '../layout.ts'

/** An index made again; `written` says whether the backend has it now. */
export interface RebuiltIndex {
  readonly key: string
  readonly bytes: Uint8Array
  readonly written: boolean
}

/** No longer pack is read whole: an object has 16 MiB at most, and ours end at 32. */
const longestPack = 256 * 1024 * 1024

/**
 * Makes the index of one pack again and puts it beside it, where the backend can be written.
 * A pack that is torn gives the records that are whole.
 * @returns `undefined` when the pack is gone, or is none
 */
export async function rebuildIndex(
  backend: Backend,
  pack: IndexedPack,
  ctx?: Context,
): Promise<RebuiltIndex | undefined> {
  if (pack.size > longestPack) return undefined // no writer of ours made it, and it might not fit into memory
  let bytes: Uint8Array
  try {
    bytes = await backend.get(packKey(pack.name), undefined, ctx)
    if (readPackHeader(bytes) !== pack.name) return undefined
  } catch (error) {
    for (const code of ['NOT_FOUND', 'CORRUPT', 'UNSUPPORTED'] as const) {
      if (isQuiltError(error, code)) return undefined
    }
    throw error
  }
  const index = encodeIndex({ name: pack.name, size: bytes.length }, scanPack(bytes))
  const key = indexKey(pack.name)
  return { key, bytes: index, written: await putQuietly(backend, key, index, ctx) }
}

async function putQuietly(backend: Backend, key: string, bytes: Uint8Array, ctx?: Context): Promise<boolean> {
  if (!backend.features.writable) return false
  try {
    await backend.put(key, bytes, {}, ctx)
    return true
  } catch (error) {
    // A full disk or a folder that may not be written: the index serves from memory.
    if (isQuiltError(error, 'UNAVAILABLE') || isQuiltError(error, 'DENIED')) return false
    throw error
  }
}

/** The records of a pack, in their order, up to its footer or to the first that is not whole. */
export function scanPack(bytes: Uint8Array): readonly PackRecord[] {
  const footer = readPackFooter(bytes)
  const records: PackRecord[] = []
  let at = packHeaderBytes
  while (at + recordHeaderBytes <= bytes.length && records.length !== footer?.records) {
    let record: PackRecord
    try {
      record = readRecordHeader(bytes, at, at)
    } catch {
      break
    }
    at += recordHeaderBytes + record.stored
    if (at > bytes.length) break
    records.push(record)
  }
  return records
}
