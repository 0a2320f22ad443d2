// One request to a web server: redirects, statuses and lies. What comes back is bytes of a known place and length.
import { checkSignal, isQuiltError, lineProblem, QuiltError, retryAfter } from '../api.ts'
import type { Context, NetworkAgent } from '../api.ts'

/** What a server answered. */
export interface Page {
  /** Where the bytes begin in the whole. */
  readonly start: number
  /** Length of the whole, in bytes. */
  readonly size: number
  /** Other bytes have another one; `undefined` where the server says nothing. */
  readonly mark: string | undefined
  readonly etag: string | undefined
  /** True where the server says that it is as it was: then there are no bytes. */
  readonly unchanged: boolean
  readonly body: AsyncIterable<Uint8Array>
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

const mostRedirects = 5
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * Asks for a page, following redirects; never from https to http.
 * @throws NOT_FOUND, DENIED, INVALID for a range that lies outside, UNSUPPORTED, UNAVAILABLE, CORRUPT
 */
export async function openPage(
  agent: NetworkAgent,
  address: string,
  headers: Readonly<Record<string, string>>,
  ctx: Context | undefined,
): Promise<Page> {
  let url = new URL(address)
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const { statusCode: status, headers: answered, body } = await request(agent, url, headers, ctx)
    const to = redirects.has(status) ? header(answered, 'location') : undefined
    if (to === undefined) {
      try {
        return pageOf(address, { status, headers: answered, body: arriving(address, body, ctx) })
      } catch (error) {
        forget(body)
        throw error
      }
    }
    forget(body)
    url = nextHop(url, to)
  }
  throw new QuiltError('UNAVAILABLE', `${address} leads in circles`, { retryAfter: Infinity })
}

/** Reads a short body away, so that its line can be used again; a long one is cut off. */
function forget(body: Answer['body']): void {
  void body.dump({ limit: 64 * 1024 }).catch(() => undefined)
}

type Answer = Awaited<ReturnType<NetworkAgent['request']>>

async function request(
  agent: NetworkAgent,
  url: URL,
  headers: Readonly<Record<string, string>>,
  ctx: Context | undefined,
): Promise<Answer> {
  checkSignal(ctx)
  try {
    const answer = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      // Compressed bytes would not be those that were asked for.
      headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': 'quilt' },
      ...(ctx?.signal === undefined ? {} : { signal: ctx.signal }),
    })
    answer.body.on('error', () => undefined) // told to who reads it; one that nobody reads any more may break
    return answer
  } catch (error) {
    checkSignal(ctx)
    throw lineError(url.href, error)
  }
}

function nextHop(from: URL, to: string): URL {
  const url = URL.canParse(to, from.href) ? new URL(to, from) : undefined
  const safe =
    url !== undefined &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && from.protocol === 'http:'))
  if (safe) return url
  throw new QuiltError('DENIED', `${from.href} redirects to where it is not followed`, {
    hint: 'a server with https must not lead elsewhere without',
  })
}

function pageOf(
  address: string,
  { status, headers, body }: { status: number; headers: Headers; body: AsyncIterable<Uint8Array> },
): Page {
  const etag = header(headers, 'etag')
  const mark = etag ?? header(headers, 'last-modified')
  if (status === 304) return { start: 0, size: 0, mark, etag, unchanged: true, body }
  if (status !== 200 && status !== 206) throw statusError(address, status, headers)
  const encoding = header(headers, 'content-encoding') ?? 'identity'
  if (encoding !== 'identity') {
    throw unfit(`${address} answers compressed, though it was not asked to`, 'turn that off for this folder')
  }
  if ((header(headers, 'content-type') ?? '').startsWith('text/html')) {
    throw unfit(`${address} answers with a web page`, 'does the network or the server ask for a login first?')
  }
  const [, from, size] =
    /^bytes (\d{1,16})-\d{1,16}\/(\d{1,16})$/.exec(header(headers, 'content-range') ?? '') ?? []
  const whole = status === 206 ? size : header(headers, 'content-length')
  if (whole === undefined || !/^\d{1,16}$/.test(whole)) {
    throw unfit(`${address} does not say how long its answer is`, 'serve the folder as plain files')
  }
  return { start: status === 206 ? Number(from) : 0, size: Number(whole), mark, etag, unchanged: false, body }
}

function statusError(address: string, status: number, headers: Headers): QuiltError {
  if (status === 404 || status === 410) return new QuiltError('NOT_FOUND', `there is nothing at ${address}`)
  if (status === 401 || status === 403 || status === 407) {
    return new QuiltError('DENIED', `${address}: access denied (${status})`)
  }
  if (status === 416) return new QuiltError('INVALID', `${address}: the range lies outside`)
  if (status >= 500 || status === 429 || status === 408) {
    return new QuiltError('UNAVAILABLE', `${address}: the server failed (${status})`, {
      retryAfter: retryAfter(headers),
    })
  }
  return new QuiltError('UNSUPPORTED', `${address}: the server answers ${status}`)
}

function unfit(message: string, hint: string): QuiltError {
  return new QuiltError('UNAVAILABLE', message, { hint, retryAfter: Infinity })
}

/** A body whose breaking off is an error of ours. */
async function* arriving(
  address: string,
  body: AsyncIterable<Uint8Array>,
  ctx: Context | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    checkSignal(ctx)
    throw lineError(address, error)
  }
}

function lineError(address: string, error: unknown): unknown {
  if (!(error instanceof Error) || isQuiltError(error)) return error
  const found = [error, error.cause].find(
    (one) => typeof (one as { code?: unknown } | undefined)?.code === 'string',
  )
  const code = (found as { readonly code?: string } | undefined)?.code ?? error.message.slice(0, 120)
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL/.test(code)
  return new QuiltError(
    'UNAVAILABLE',
    certificate
      ? `${address}: its certificate is not to be trusted (${code})`
      : `${address} cannot be reached: ${lineProblem(code)}`,
    {
      hint: certificate ? 'for a certificate of your own set NODE_EXTRA_CA_CERTS to its file' : undefined,
      retryAfter: certificate ? Infinity : undefined,
      cause: error,
    },
  )
}

function header(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}
