// An Arrow IPC stream message by message, as its bytes come: no more of it is held than one message.
// (Arrow columnar format, "Encapsulated message format"; the metadata is a flatbuffer, of which two fields are read.)
import { concatBytes } from '../../core/base/bytes.ts'
import { QuiltError } from '../../core/base/error.ts'

/** What a message holds. */
export type MessageKind = 'schema' | 'dictionary' | 'batch' | 'other'

/** One message, whole, in memory of its own. */
export interface ArrowMessage {
  readonly kind: MessageKind
  readonly bytes: Uint8Array
}

const kinds: readonly MessageKind[] = ['other', 'schema', 'dictionary', 'batch']
const prefixBytes = 8
/** Longer metadata, and longer bodies, are damage, or beyond what memory holds. */
const mostMetadata = 64 * 1024 * 1024
const mostBody = 2 ** 31

/**
 * The messages of a stream, up to its end.
 * @throws INVALID for bytes that are no such stream, or end within a message
 */
export async function* arrowMessages(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArrowMessage, void, undefined> {
  const parts = stream[Symbol.asyncIterator]()
  const take = takeFrom(parts)
  try {
    for (;;) {
      const message = await nextMessage(take)
      if (message === undefined) return
      yield message
    }
  } finally {
    await parts.return?.()
  }
}

async function nextMessage(take: Take): Promise<ArrowMessage | undefined> {
  const mark = await take(4)
  if (mark === undefined) return undefined // a stream may end without saying so
  // Before release 0.15 there was no mark, and the length came first.
  const length = int32(mark) === -1 ? int32(await need(take, 4)) : int32(mark)
  if (length === 0) return undefined
  if (length < 0 || length > mostMetadata) throw damaged()
  const metadata = await need(take, length)
  const { kind, bodyBytes } = readMetadata(metadata)
  const prefix = new Uint8Array(prefixBytes)
  const view = new DataView(prefix.buffer)
  view.setInt32(0, -1, true)
  view.setInt32(4, length, true)
  return { kind, bytes: concatBytes([prefix, metadata, await need(take, bodyBytes)]) }
}

/** Gives the next so many bytes; `undefined` at the end. */
type Take = (length: number) => Promise<Uint8Array | undefined>

/** Holds what has come and no more: a length may be damage. */
function takeFrom(parts: AsyncIterator<Uint8Array>): Take {
  let rest = new Uint8Array(0) as Uint8Array
  return async (length) => {
    const taken: Uint8Array[] = []
    for (let at = 0; at < length;) {
      if (rest.length === 0) {
        const { done, value } = await parts.next()
        if (done !== true && !(value instanceof Uint8Array)) throw damaged()
        if (done === true && at > 0) throw damaged()
        if (done === true) return undefined
        rest = value
        continue
      }
      const some = rest.subarray(0, length - at)
      taken.push(some)
      at += some.length
      rest = rest.subarray(some.length)
    }
    return concatBytes(taken)
  }
}

async function need(take: Take, length: number): Promise<Uint8Array> {
  const bytes = await take(length)
  if (bytes === undefined) throw damaged()
  return bytes
}

function int32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true)
}

/** Where a table's fields lie in a flatbuffer is said by another table before it. */
function readMetadata(bytes: Uint8Array): { readonly kind: MessageKind; readonly bodyBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const table = view.getInt32(0, true)
    const fields = table - view.getInt32(table, true)
    const size = view.getUint16(fields, true)
    const field = (at: number): number => (at + 2 <= size ? view.getUint16(fields + at, true) : 0)
    const [kind, body] = [field(6), field(10)]
    const bodyBytes = body === 0 ? 0 : Number(view.getBigInt64(table + body, true))
    if (!(bodyBytes >= 0 && bodyBytes <= mostBody)) throw damaged()
    return { kind: kinds[kind === 0 ? 0 : view.getUint8(table + kind)] ?? 'other', bodyBytes }
  } catch (error) {
    throw error instanceof QuiltError ? error : damaged() // it points outside of itself
  }
}

function damaged(): QuiltError {
  return new QuiltError('INVALID', 'this is no Arrow IPC stream, or a part of one', {
    hint: 'write it with tableToIPC, as a stream; of an IPC file give all bytes at once',
  })
}
