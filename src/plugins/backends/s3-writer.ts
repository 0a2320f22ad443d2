// Puts: one request for what is small, parts for what is large. A part is sent again by itself; what fails leaves
// nothing, but for parts that the bucket's own rules should sweep after a crash.
import type { CompletedPart } from '@aws-sdk/client-s3'
import { checkSignal, isQuiltError, iterateBytes, persist, QuiltError } from '../api.ts'
import type { Bytes, Context } from '../api.ts'
import { checkAnswer, type S3Link } from './s3-client.ts'

/** A put into a bucket. */
export interface S3Put {
  /** In the bucket. */
  readonly at: string
  readonly body: Bytes
  readonly absent: boolean
}

/** Every part but the last has this length, as some stores want it. Two are on their way while a third fills. */
const partBytes = 32 * 1024 * 1024
/** An array up to this length goes in one request. */
const longestSingle = 64 * 1024 * 1024
/** No store takes more parts. */
const mostParts = 10_000
const partsAtOnce = 2

/** Writes a body under a key. @throws CONFLICT with `absent`, if the key exists */
export async function writeS3(link: S3Link, put: S3Put, ctx?: Context): Promise<void> {
  const { body } = put
  if (body instanceof Uint8Array && body.length <= longestSingle) {
    return putSingle(link, { ...put, body }, ctx)
  }
  const spare: Uint8Array[] = []
  const parts = cut(body, spare, ctx)
  try {
    const first = await parts.next()
    const second = first.done === true ? first : await parts.next()
    if (second.done !== true) {
      const all = joined([first.value as Uint8Array, second.value], parts)
      return await putParts(link, put, { all, spare }, ctx)
    }
    // Nobody else can send a stream again.
    const whole = { ...put, body: first.value ?? new Uint8Array() }
    const send = (): Promise<void> => putSingle(link, whole, ctx)
    await (put.absent ? send() : persist(link.patience, ctx, send))
  } finally {
    await parts.return(undefined) // a source that is not read to its end is told so
  }
}

/** The parts of a body, and memory of those that were sent, to be filled again. */
interface Parts {
  readonly all: AsyncIterable<Uint8Array>
  readonly spare: Uint8Array[]
}

async function* joined(
  first: readonly Uint8Array[],
  others: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first
  yield* others
}

async function putSingle(
  link: S3Link,
  { at, body, absent }: S3Put & { readonly body: Uint8Array },
  ctx?: Context,
): Promise<void> {
  const { client, bucket: Bucket } = link
  const command = { Bucket, Key: at, Body: body, ContentLength: body.length }
  const once = async (): Promise<void> => {
    const answer = await link.ask(
      at,
      (options) =>
        client.send(
          new link.sdk.PutObjectCommand({ ...command, ...(absent ? { IfNoneMatch: '*' } : {}) }),
          options,
        ),
      ctx,
    )
    checkAnswer(link, at, answer.ETag !== undefined)
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await once()
    } catch (error) {
      // Of writers who race, some stores tell one to try again: that is no answer to who won.
      if (!absent || attempt === link.patience.attempts || !isUndecided(error)) throw error
      await link.patience.delay(100 * attempt * (0.25 + link.patience.random()), ctx?.signal)
    }
  }
}

function isUndecided(error: unknown): boolean {
  return (
    isQuiltError(error, 'UNAVAILABLE') &&
    error.cause instanceof Error &&
    error.cause.message.includes('ConditionalRequestConflict')
  )
}

async function putParts(link: S3Link, put: S3Put, parts: Parts, ctx?: Context): Promise<void> {
  const { at, absent } = put
  const { client, bucket: Bucket } = link
  if (absent && (await isThere(link, at, ctx))) {
    throw new QuiltError('CONFLICT', `s3://${Bucket}/${at}: exists already`)
  }
  const { UploadId } = await persist(link.patience, ctx, () =>
    link.ask(
      at,
      (options) => client.send(new link.sdk.CreateMultipartUploadCommand({ Bucket, Key: at }), options),
      ctx,
    ),
  )
  checkAnswer(link, at, UploadId !== undefined)
  const upload = { Bucket, Key: at, UploadId }
  try {
    const done = await sendParts(link, upload, parts, ctx)
    checkSignal(ctx)
    await complete(link, upload, { done, absent }, ctx)
  } catch (error) {
    await client.send(new link.sdk.AbortMultipartUploadCommand(upload)).catch(() => undefined)
    throw error
  }
}

interface Upload {
  readonly Bucket: string
  readonly Key: string
  readonly UploadId: string | undefined
}

async function sendParts(
  link: S3Link,
  upload: Upload,
  { all, spare }: Parts,
  ctx?: Context,
): Promise<readonly CompletedPart[]> {
  const sending = new Set<Promise<void>>()
  const done: CompletedPart[] = []
  let failure: { readonly error: unknown } | undefined
  const send = async (PartNumber: number, Body: Uint8Array): Promise<void> => {
    const command = { ...upload, PartNumber, Body, ContentLength: Body.length }
    const { ETag } = await persist(link.patience, ctx, () =>
      link.ask(
        upload.Key,
        (options) => link.client.send(new link.sdk.UploadPartCommand(command), options),
        ctx,
      ),
    )
    checkAnswer(link, upload.Key, ETag !== undefined)
    done.push({ PartNumber, ETag })
    spare.push(Body)
  }
  try {
    let number = 0
    for await (const part of all) {
      if (failure !== undefined) break
      if (++number > mostParts) throw tooLong(upload)
      const one: Promise<void> = send(number, part)
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => sending.delete(one))
      sending.add(one)
      if (sending.size >= partsAtOnce) await Promise.race(sending)
    }
  } finally {
    await Promise.all(sending)
  }
  if (failure !== undefined) throw failure.error
  return done.sort((a, b) => (a.PartNumber as number) - (b.PartNumber as number))
}

async function complete(
  link: S3Link,
  upload: Upload,
  { done, absent }: { readonly done: readonly CompletedPart[]; readonly absent: boolean },
  ctx?: Context,
): Promise<void> {
  const command = new link.sdk.CompleteMultipartUploadCommand({
    ...upload,
    MultipartUpload: { Parts: [...done] },
    ...(absent ? { IfNoneMatch: '*' } : {}),
  })
  await persist(link.patience, ctx, async (attempt) => {
    try {
      const answer = await link.ask(upload.Key, (options) => link.client.send(command, options), ctx)
      checkAnswer(link, upload.Key, answer.ETag !== undefined)
    } catch (error) {
      // The first answer was lost: the upload is no more because it is the object now.
      const lost = attempt > 1 && isQuiltError(error, 'NOT_FOUND')
      if (!lost || !(await isThere(link, upload.Key, ctx))) throw error
    }
  })
}

async function isThere(link: S3Link, at: string, ctx?: Context): Promise<boolean> {
  try {
    await link.ask(
      at,
      (options) =>
        link.client.send(new link.sdk.HeadObjectCommand({ Bucket: link.bucket, Key: at }), options),
      ctx,
    )
    return true
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return false
    throw error
  }
}

function tooLong({ Bucket, Key }: Upload): QuiltError {
  return new QuiltError('UNSUPPORTED', `s3://${Bucket}/${Key}: longer than 10,000 parts of 32 MiB`)
}

/** The body in parts of one length, the last one shorter. Those of an array are no copies. */
async function* cut(
  body: Bytes,
  spare: Uint8Array[],
  ctx: Context | undefined,
): AsyncGenerator<Uint8Array, undefined> {
  if (body instanceof Uint8Array) {
    for (let at = 0; at < body.length; at += partBytes) yield body.subarray(at, at + partBytes)
    return undefined
  }
  let part: Uint8Array = new Uint8Array(0)
  let filled = 0
  for await (const piece of iterateBytes(body)) {
    checkSignal(ctx)
    for (let at = 0; at < piece.length;) {
      const taken = Math.min(piece.length - at, partBytes - filled)
      if (filled + taken > part.length) part = withRoom(part, filled, filled + taken)
      part.set(piece.subarray(at, at + taken), filled)
      filled += taken
      at += taken
      if (filled < partBytes) continue
      yield part
      // Who has sent a part so long will send another: with its memory, once that is free.
      part = spare.pop() ?? new Uint8Array(partBytes)
      filled = 0
    }
  }
  checkSignal(ctx)
  if (filled > 0) yield part.subarray(0, filled)
  return undefined
}

function withRoom(part: Uint8Array, used: number, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(partBytes, Math.max(least, 2 * part.length, 64 * 1024)))
  larger.set(part.subarray(0, used))
  return larger
}
