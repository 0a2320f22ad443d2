// The S3 backend: a key is an object below a prefix of one bucket, at Amazon's or at whoever speaks its language.
import { checkKey, checkRange, checkSignal, isKey, isQuiltError, QuiltError, readResuming } from '../api.ts'
import type { AskRange, Backend, BackendPlugin, Context, Head, Range } from '../api.ts'
import { parseS3Address } from './s3-address.ts'
import { checkAnswer, s3Link, type S3Link } from './s3-client.ts'
import { s3Files } from './s3-files.ts'
import { s3Pages } from './s3-pages.ts'
import { writeS3 } from './s3-writer.ts'

/** What all methods share. */
interface Bucket extends S3Link {
  readonly prefix: string
}

/** No store takes longer names, in bytes. */
const longestName = 1024
/** Amazon signs for a week at most. */
const longestPresign = 7 * 24 * 3600

/** A backend on what lies below a prefix of a bucket. */
function s3Backend(bucket: Bucket): Backend {
  const place = (key: string, ctx?: Context): string => placeOf(bucket, key, ctx)
  return {
    // Some stores ignore `If-None-Match`, and some let two writers win: that is found out by trying.
    features: { putIfAbsent: true, writable: true, unproven: true },
    get: async (key, range, ctx) => get(bucket, key, range, ctx),
    put: async (key, body, options, ctx) =>
      writeS3(bucket, { at: place(key, ctx), body, absent: options?.absent === true }, ctx),
    head: async (key, ctx) => headOf(bucket, key, ctx),
    list: (prefix, ctx) => list(bucket, prefix, ctx),
    async delete(key, ctx) {
      const at = place(key, ctx)
      const command = new bucket.sdk.DeleteObjectCommand({ Bucket: bucket.bucket, Key: at })
      await bucket.ask(at, (options) => bucket.client.send(command, options), ctx).catch(unlessGone)
    },
    async presign(key, method, seconds) {
      const at = place(key)
      const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
      const what = { Bucket: bucket.bucket, Key: at }
      const expiresIn = Math.min(Math.max(Math.ceil(seconds), 1), longestPresign)
      const command =
        method === 'GET' ? new bucket.sdk.GetObjectCommand(what) : new bucket.sdk.PutObjectCommand(what)
      return new URL(
        await bucket.ask(at, () => getSignedUrl(bucket.client, command, { expiresIn }), undefined),
      )
    },
    close: async () => {
      bucket.client.destroy()
    },
  }
}

const plugin: BackendPlugin = {
  kind: 'backend',
  api: 1,
  scheme: 's3',
  async open(url, env, ambient) {
    const address = parseS3Address(url, env)
    return s3Backend({ ...(await s3Link(address, env, ambient)), prefix: address.prefix })
  },
  async openFiles(url, env, ambient) {
    const address = parseS3Address(url, env)
    return s3Files(await s3Link(address, env, ambient), address.prefix)
  },
}
export default plugin

function placeOf({ prefix }: Bucket, key: string, ctx?: Context): string {
  checkKey(key)
  const at = prefix + key
  if (at.length > longestName) {
    throw new QuiltError(
      'INVALID',
      `the key ${key.slice(0, 100)}… and its prefix are longer than ${longestName}`,
    )
  }
  checkSignal(ctx)
  return at
}

function unlessGone(error: unknown): void {
  if (!isQuiltError(error, 'NOT_FOUND')) throw error
}

async function get(
  bucket: Bucket,
  key: string,
  range: Range | undefined,
  ctx?: Context,
): Promise<Uint8Array> {
  const at = placeOf(bucket, key, ctx)
  checkRange(range, Number.MAX_SAFE_INTEGER, key)
  if (range !== undefined && range.start === range.end) {
    const head = await headOf(bucket, key, ctx)
    if (head === undefined) throw new QuiltError('NOT_FOUND', `no ${key} in s3://${bucket.bucket}`)
    checkRange(range, head.size, key)
    return new Uint8Array()
  }
  const ask: AskRange = async ({ start, end }, mark) => {
    const asked =
      start === 0 && end === undefined ? undefined : `bytes=${start}-${end === undefined ? '' : end - 1}`
    const command = new bucket.sdk.GetObjectCommand({
      Bucket: bucket.bucket,
      Key: at,
      Range: asked,
      IfMatch: mark,
    })
    const answer = await bucket.ask(at, (options) => bucket.client.send(command, options), ctx)
    const { ContentRange, ContentLength, ETag, Body } = answer
    const [, from, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(ContentRange ?? '') ?? []
    const whole = ContentRange === undefined ? ContentLength : Number(size)
    checkAnswer(bucket, at, Body !== undefined && whole !== undefined && !Number.isNaN(whole))
    const body = Body as AsyncIterable<Uint8Array>
    return {
      start: Number(from ?? 0),
      size: whole as number,
      mark: unquoted(ETag),
      body: arriving(bucket, at, body),
    }
  }
  return readResuming(ask, { key, range, patience: bucket.patience }, ctx)
}

/** Ceph compares an ETag with its quotes to one without, and finds them different. */
function unquoted(etag: string | undefined): string | undefined {
  return etag?.replace(/^"(.*)"$/, '$1')
}

/** A body whose breaking off is an error of ours. */
async function* arriving(
  bucket: Bucket,
  at: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const parts = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await bucket.ask(at, () => parts.next(), undefined)
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await parts.return?.()
  }
}

async function headOf(bucket: Bucket, key: string, ctx?: Context): Promise<Head | undefined> {
  const at = placeOf(bucket, key, ctx)
  const command = new bucket.sdk.HeadObjectCommand({ Bucket: bucket.bucket, Key: at })
  try {
    const answer = await bucket.ask(at, (options) => bucket.client.send(command, options), ctx)
    const { ContentLength: size, LastModified: modified } = answer
    checkAnswer(bucket, at, size !== undefined && modified !== undefined)
    return { key, size: size as number, modified: modified as Date }
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

async function* list(bucket: Bucket, prefix: string, ctx?: Context): AsyncGenerator<Head> {
  checkSignal(ctx)
  if (!/^[A-Za-z0-9._/-]*$/.test(prefix) || bucket.prefix.length + prefix.length > longestName) return
  const start = bucket.prefix + prefix
  let last = ''
  for await (const page of s3Pages(bucket, start, ctx)) {
    for (const { Key = '', Size, LastModified } of page) {
      checkSignal(ctx)
      const key = Key.slice(bucket.prefix.length)
      if (!Key.startsWith(start) || !isKey(key) || Size === undefined || LastModified === undefined) continue
      if (key <= last) throw disordered(bucket)
      last = key
      yield { key, size: Size, modified: wholeSecond(LastModified) }
    }
  }
}

function disordered({ bucket }: Bucket): QuiltError {
  return new QuiltError(
    'UNSUPPORTED',
    `s3://${bucket}: this store lists keys in another order than S3 does`,
    {
      hint: 'what lists without an order, as directory buckets do, cannot hold a repository',
    },
  )
}

/** A listing may be finer than what is said of one object, which is a date of HTTP. */
function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000)
}
