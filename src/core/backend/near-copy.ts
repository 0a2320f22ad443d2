// How caching keeps a copy: in blocks, each with a sum over its bytes, its key, its place and the copy's size, so
// that whatever a failing disk makes of it is noticed, for ranges too. Read by nobody else, rebuilt at any time.
import { utf8 } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import type { Backend, Range } from './backend.ts'

/** What a key is called nearby: names lie in one folder, since folders are never removed. */
export function nearName(key: string): string {
  return key.replaceAll('/', '_')
}

const blockSize = 65536
const sumSize = 4
const stride = blockSize + sumSize

/** The blocks of a copy, each followed by its sum, which covers what the copy is called. An empty body has one empty block. */
export function encodeCopy(key: string, body: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(body.length / blockSize))
  const copy = new Uint8Array(body.length + blocks * sumSize)
  const view = new DataView(copy.buffer)
  const seed = crc(utf8(`${key}\n${body.length}\n`), 0)
  for (let block = 0; block < blocks; block++) {
    const bytes = body.subarray(block * blockSize, (block + 1) * blockSize)
    copy.set(bytes, block * stride)
    view.setUint32(block * stride + bytes.length, blockSum(seed, block, bytes), true)
  }
  return copy
}

/** The range from the copy that `near` holds; `undefined` where it has none, a damaged one, or a shorter one. */
export async function readCopy(
  near: Backend,
  key: string,
  range: Range | undefined,
  ctx?: Context,
): Promise<Uint8Array | undefined> {
  const head = await near.head(key, ctx)
  if (head === undefined || head.size < sumSize) return undefined
  const blocks = Math.ceil(head.size / stride)
  const size = head.size - blocks * sumSize
  const { start, end } = range ?? { start: 0, end: size }
  // What is no range of this copy, the far side judges.
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) return undefined
  if (start < 0 || start > end || end > size) return undefined
  const first = Math.min(Math.floor(start / blockSize), blocks - 1)
  const last = Math.max(first, Math.ceil(end / blockSize) - 1)
  const raw = await near.get(
    key,
    { start: first * stride, end: Math.min((last + 1) * stride, head.size) },
    ctx,
  )
  const seed = crc(utf8(`${key}\n${size}\n`), 0)
  const joined = joinBlocks(raw, seed, first)
  return joined?.subarray(start - first * blockSize, end - first * blockSize)
}

/** The bytes of consecutive blocks without their sums; `undefined` if a sum is wrong. */
function joinBlocks(raw: Uint8Array, seed: number, first: number): Uint8Array | undefined {
  const blocks = Math.ceil(raw.length / stride)
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const joined = new Uint8Array(raw.length - blocks * sumSize)
  for (let i = 0; i < blocks; i++) {
    const end = Math.min((i + 1) * stride, raw.length) - sumSize
    const bytes = raw.subarray(i * stride, end)
    if (view.getUint32(end, true) !== blockSum(seed, first + i, bytes)) return undefined
    joined.set(bytes, i * blockSize)
  }
  return joined
}

function blockSum(seed: number, block: number, bytes: Uint8Array): number {
  return crc(bytes, crc(utf8(`${block}\n`), seed))
}

const crcTable: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** CRC-32 (IEEE 802.3), carried on from `sum`. Finds accidents; against forgery the reader checks ids. */
function crc(bytes: Uint8Array, sum: number): number {
  let value = ~sum
  for (let i = 0; i < bytes.length; i++) {
    value = (crcTable[(value ^ (bytes[i] as number)) & 0xff] as number) ^ (value >>> 8)
  }
  return ~value >>> 0
}
