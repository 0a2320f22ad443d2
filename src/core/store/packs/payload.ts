// An object's bytes into what lies in a pack, and back, checked against the id.
import { QuiltError } from '../../base/error.ts'
import { decodeRecipePayload, type PackRecord } from '../../codec/pack.ts'
import { compressionMayPay, compressionPaid } from '../../codec/zstd-probe.ts'
import type { PackedPayload, StoredObject } from '../object-store.ts'
import { hashBytes } from '#hash'
import { loadZstd, type Zstd } from '#zstd'

/** Compresses where a cheap probe says that it pays, `fast` or well, and keeps the result where it did. */
export async function packPayload(body: Uint8Array, fast = false): Promise<PackedPayload> {
  if (!compressionMayPay(body)) return rawPayload(body)
  const compressed = (await loadZstd()).compress(body, fast)
  if (compressionPaid(body.length, compressed.length)) {
    return { encoding: 'zstd', size: body.length, payload: compressed }
  }
  return rawPayload(body)
}

/** Bytes as they are. */
export function rawPayload(body: Uint8Array): PackedPayload {
  return { encoding: 'raw', size: body.length, payload: body }
}

/**
 * The object that a record and its payload hold, checked against its id.
 * @throws CORRUPT, naming the object
 */
export async function unpackObject(record: PackRecord, payload: Uint8Array): Promise<StoredObject> {
  const zstd = record.encoding === 'zstd' ? await loadZstd() : undefined
  return unpackObjectWith(zstd, record, payload)
}

/** The same with the codec at hand, without a promise for each object; `proved` false leaves the id unchecked. */
export function unpackObjectWith(
  zstd: Zstd | undefined,
  record: PackRecord,
  payload: Uint8Array,
  proved = true,
): StoredObject {
  const { id, kind, encoding, size } = record
  const packed: PackedPayload = { encoding, size, payload }
  if (encoding === 'recipe') {
    if (kind !== 'blob') throw damaged(record, 'it is kept as a recipe, but is no blob')
    return { id, kind, body: new Uint8Array(0), recipe: decodeRecipePayload(payload).recipe, packed }
  }
  let body = payload
  if (encoding === 'zstd') {
    if (zstd === undefined) throw new Error('unpackObjectWith needs the codec for a compressed object')
    try {
      body = zstd.decompress(payload, size)
    } catch (cause) {
      throw damaged(record, 'it cannot be decompressed', cause)
    }
  }
  if (body.length !== size || (proved && hashBytes(body) !== id))
    throw damaged(record, 'its bytes have another id')
  return { id, kind, body, packed }
}

function damaged(record: PackRecord, why: string, cause?: unknown): QuiltError {
  return new QuiltError('CORRUPT', `${record.kind} ${record.id} is damaged: ${why}`, {
    hint: 'find out what else is: quilt verify',
    cause,
  })
}
