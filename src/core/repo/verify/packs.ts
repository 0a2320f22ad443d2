// Proves packs: each is read once in blocks, each record's bytes are hashed, and what the record says is held against
// the pack's footer and against the indexes.
import type { Backend } from '../../backend/backend.ts'
import { concatBytes } from '../../base/bytes.ts'
import { checkSignal, type Context } from '../../base/context.ts'
import { QuiltError } from '../../base/error.ts'
import {
  packFooterBytes,
  packHeaderBytes,
  readPackFooter,
  readPackHeader,
  readRecordHeader,
  recordHeaderBytes,
  type PackRecord,
} from '../../codec/pack.ts'
import { encodeIndex, indexTrailerBytes } from '../../codec/pack-index.ts'
import { idFromBytes } from '../../model/id.ts'
import { packKey } from '../../store/layout.ts'
import type { StoredObject } from '../../store/object-store.ts'
import { unpackObject } from '../../store/packs/payload.ts'
import type { ListedPack } from '../gc/classify.ts'
import { damage } from '../needs.ts'
import type { Findings } from './findings.ts'

/** A pack is read in blocks of this many bytes, and of one object where that is longer. */
const blockBytes = 4 * 1024 * 1024

/** Where proofs go: damage, and every object that is whole. */
export interface Sink {
  readonly found: Findings
  /** A promise comes back only where there is something to wait for. */
  readonly take: (object: StoredObject) => Promise<void> | undefined
  /** Takes objects too that are whole though their record's header is not: readers refuse these. */
  readonly salvage?: boolean
}

/** What a pack holds. */
export interface ProvedPack {
  readonly records: readonly PackRecord[]
  /** False when the pack has damage that its records may be part of. */
  readonly isWhole: boolean
}

/**
 * Reads one pack from its beginning to its end.
 * @returns its records, up to the first that cannot be told from the next
 */
export async function provePack(
  backend: Backend,
  pack: ListedPack,
  { found, take }: Sink,
  ctx?: Context,
): Promise<ProvedPack> {
  const key = packKey(pack.name)
  const records: PackRecord[] = []
  let damaged = 0
  try {
    const bytes = blockReader(backend, key, pack.size, ctx)
    const name = readPackHeader(await bytes.take(0, Math.min(packHeaderBytes, pack.size)))
    if (name !== pack.name) throw new QuiltError('CORRUPT', `it says that it is pack ${name}`)
    const footerAt = pack.size - packFooterBytes
    for (let at = packHeaderBytes; at < footerAt;) {
      checkSignal(ctx)
      const record = readRecordHeader(
        await bytes.take(at, Math.min(at + recordHeaderBytes, pack.size)),
        0,
        at,
      )
      at += recordHeaderBytes + record.stored
      if (at > footerAt) throw new QuiltError('CORRUPT', `the record of ${record.id} is cut short`)
      records.push(record)
      found.checked.objects++
      try {
        const taken = take(await unpackObject(record, await bytes.take(at - record.stored, at)))
        if (taken !== undefined) await taken
      } catch (error) {
        damaged++
        found.damaged(record.id, `${damage(error).message} (pack "${key}")`)
      }
    }
    const problem = footerProblem(pack, await bytes.take(Math.max(footerAt, 0), pack.size), records)
    // A damaged object may be one whose record says a wrong id: then the footer's hash differs too.
    if (problem !== undefined && damaged === 0) throw new QuiltError('CORRUPT', problem)
  } catch (error) {
    const { code, message } = damage(error)
    if (code === 'NOT_FOUND') return { records: [], isWhole: false } // gc has just deleted it
    found.file('pack', key, `pack "${key}" is damaged: ${message}`)
    return { records, isWhole: false }
  } finally {
    found.checked.packs++
    found.checked.bytes += pack.size
  }
  return { records, isWhole: damaged === 0 }
}

/** What is wrong with a footer: it is torn, or says something else than the records. */
function footerProblem(
  pack: ListedPack,
  bytes: Uint8Array,
  records: readonly PackRecord[],
): string | undefined {
  const footer = readPackFooter(bytes)
  if (footer === undefined) return 'it has no whole footer'
  const [says, has] = [String(footer.records), String(records.length)]
  if (says !== has) return `its footer tells of ${says} records, and it has ${has}`
  const index = encodeIndex({ name: pack.name, size: pack.size }, records)
  if (idFromBytes(index, index.length - indexTrailerBytes) === footer.indexHash) return undefined
  return 'its footer has the hash of other records than there are'
}

interface BlockReader {
  /** Bytes `start` to `end`, which lie beyond all that was taken before. */
  take(start: number, end: number): Promise<Uint8Array>
}

/** Reads forward; a block at a time is in memory. */
function blockReader(backend: Backend, key: string, size: number, ctx?: Context): BlockReader {
  let block: Uint8Array = new Uint8Array(0)
  let from = 0
  return {
    take: async (start, end) => {
      if (end > from + block.length) {
        const rest = block.subarray(Math.min(start - from, block.length))
        const next = from + block.length
        const to = Math.min(Math.max(end, next + blockBytes), size)
        block = concatBytes([rest, await backend.get(key, { start: next, end: to }, ctx)])
        from = start
      }
      return block.subarray(start - from, end - from)
    },
  }
}

/**
 * Proves what the indexes say of a damaged pack, record by record: what lies behind the damage may be whole.
 * `known` are the records that were proved already.
 */
export async function proveByIndex(
  backend: Backend,
  entries: AsyncIterable<PackRecord>,
  known: { readonly pack: ListedPack; readonly records: readonly PackRecord[] },
  { found, take, salvage }: Sink,
): Promise<void> {
  const key = packKey(known.pack.name)
  const proved = new Map(known.records.map((record) => [record.offset, record]))
  for await (const entry of entries) {
    const { id, offset, stored } = entry
    if (isSame(proved.get(offset), entry)) continue
    try {
      const end = offset + recordHeaderBytes + stored
      if (end > known.pack.size) throw new QuiltError('CORRUPT', 'it would lie beyond the end')
      const bytes = await backend.get(key, { start: offset, end })
      if (salvage !== true && !isSame(readRecordHeader(bytes, 0, offset), entry))
        throw new QuiltError('CORRUPT', 'its record is not what the index says')
      await take(await unpackObject(entry, bytes.subarray(recordHeaderBytes)))
    } catch (error) {
      found.damaged(id, `${entry.kind} ${id} is damaged: ${damage(error).message} (pack "${key}")`)
    }
  }
}

function isSame(record: PackRecord | undefined, entry: PackRecord): boolean {
  return (
    record?.id === entry.id &&
    record.kind === entry.kind &&
    record.encoding === entry.encoding &&
    record.stored === entry.stored &&
    record.size === entry.size
  )
}
