// What a store's answers and a network's failures mean. No signature, key or address with a signature gets through.
import { isQuiltError, lineProblem, QuiltError, retryAfter, type ErrorCode } from '../api.ts'

/** What is asked of the store, for messages. */
export interface Asked {
  readonly bucket: string
  /** The key in the bucket, or the bucket alone. */
  readonly at: string
}

/** The parts of the client's errors that say something. */
interface Answered {
  readonly name: string
  readonly message: string
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly code: string | undefined
}

const denied: ReadonlyMap<string, string> = new Map([
  ['InvalidAccessKeyId', 'the store does not know this access key'],
  ['SignatureDoesNotMatch', 'the secret key is wrong'],
  ['ExpiredToken', 'the credentials have expired'],
  ['ExpiredTokenException', 'the credentials have expired'],
  ['TokenRefreshRequired', 'the credentials have expired'],
  ['InvalidToken', 'the session token is invalid'],
  ['AccessDenied', 'access denied'],
  ['AllAccessDisabled', 'access denied'],
  ['AccountProblem', 'there is a problem with the account'],
])
/** Of the system or of undici: the line, not the store. */
const certificate = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL/

/** A failure of the client as an error of ours. */
export function s3Error(error: unknown, asked: Asked): unknown {
  if (isQuiltError(error)) return error
  if (!(error instanceof Error)) return error
  const answered = answerOf(error)
  const { name, status, headers } = answered
  const where = `s3://${asked.bucket}/${asked.at}`
  const as = (code: ErrorCode, words: string, hint?: string, wait?: number): QuiltError =>
    new QuiltError(code, `${where}: ${words}`, { hint, retryAfter: wait, cause: harmless(answered) })

  if (/CredentialsProviderError|TokenProviderError|SSOTokenProviderFailure/.test(name))
    return noCredentials(as)
  if (status === undefined) return lineError(answered, as)
  const region = headers['x-amz-bucket-region']
  if (status === 301 || status === 307 || name === 'AuthorizationHeaderMalformed') {
    const hint = region === undefined ? 'add ?region=… or ?endpoint=…' : `add ?region=${clean(region)}`
    return as('INVALID', 'the bucket is in another region, or at another endpoint', hint)
  }
  // A store whose clock is not ours: the client has noted the difference, and the next attempt is right. (H80)
  if (name === 'RequestTimeTooSkewed') return as('UNAVAILABLE', 'the clocks differ')
  return statusError(answered, asked, as)
}

function statusError(
  { name, status = 0, headers, ...more }: Answered,
  { bucket }: Asked,
  as: Make,
): QuiltError {
  const why = denied.get(name)
  if (why !== undefined || status === 401 || status === 403) {
    const hint = 'check the credentials, and what they may do with this bucket'
    return as('DENIED', why ?? 'access denied', hint)
  }
  if (name === 'NoSuchBucket') {
    const hint = 'make the bucket first, or check its name and ?endpoint='
    const cause = harmless({ name, status, headers, ...more })
    return new QuiltError('NOT_FOUND', `there is no bucket ${bucket}`, { hint, cause })
  }
  const plain = plainMeanings.get(status)
  if (plain !== undefined) return as(...plain)
  // A good status, and yet no answer that can be read: it was cut on its way.
  if (status >= 200 && status < 300) return as('UNAVAILABLE', 'the answer cannot be read')
  const passing = status >= 500 || status === 429 || passingNames.has(name)
  if (!passing) return as('INVALID', `the store refuses the request: ${clean(name)} (${status})`)
  return as('UNAVAILABLE', `the store failed: ${clean(name)} (${status})`, undefined, retryAfter(headers))
}

const plainMeanings: ReadonlyMap<number, readonly [ErrorCode, string]> = new Map([
  [404, ['NOT_FOUND', 'there is nothing']],
  [408, ['UNAVAILABLE', 'the store waited too long for the request']],
  [412, ['CONFLICT', 'exists already, or has changed']],
  [416, ['INVALID', 'the range lies outside']],
  [501, ['UNSUPPORTED', 'the store does not know this request']],
])

const passingNames: ReadonlySet<string> = new Set([
  'RequestTimeout',
  'SlowDown',
  'OperationAborted',
  'ConditionalRequestConflict',
])

type Make = (code: ErrorCode, words: string, hint?: string, wait?: number) => QuiltError

function noCredentials(as: Make): QuiltError {
  const hint =
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for a public bucket add ?anonymous=true'
  return as('DENIED', 'no credentials were found', hint)
}

function lineError({ code, message }: Answered, as: Make): QuiltError {
  if (code !== undefined && certificate.test(code)) {
    const hint = 'for a certificate of your own set NODE_EXTRA_CA_CERTS to its file'
    return as('UNAVAILABLE', `the server's certificate is not to be trusted (${code})`, hint, Infinity)
  }
  const why = code === undefined ? clean(message) : lineProblem(code)
  return as('UNAVAILABLE', `the server cannot be reached: ${why}`)
}

function answerOf(error: Error): Answered {
  const found = error as {
    readonly $metadata?: { readonly httpStatusCode?: number }
    readonly $response?: { readonly statusCode?: number; readonly headers?: Record<string, string> }
    readonly code?: unknown
    readonly cause?: unknown
  } & Error
  const inner = found.cause as { readonly code?: unknown } | undefined
  const code = [found.code, inner?.code].find((one) => typeof one === 'string')
  return {
    name: error.name,
    message: error.message,
    status: found.$response?.statusCode ?? found.$metadata?.httpStatusCode,
    headers: found.$response?.headers ?? {},
    code: typeof code === 'string' ? clean(code) : undefined,
  }
}

/** The cause, without the request, whose headers are signed. */
function harmless({ name, status, code }: Answered): Error {
  const cause = new Error([clean(name), status, code].filter((part) => part !== undefined).join(' '))
  cause.stack = cause.message
  return cause
}

/** A word of a server's, fit for a message. */
function clean(text: string): string {
  return text.replace(/[^\w .,:'-]/g, '').slice(0, 120)
}
