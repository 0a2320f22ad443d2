// How the S3 client's requests reach the network: through undici, which honours proxies and counts idle time, and
// never follows a redirect.
import { EnvHttpProxyAgent, type Dispatcher } from 'undici'
import type { Env } from '../api.ts'

/** The parts of the client's requests that are sent. */
interface OutgoingRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly (string | null)[] | null>> | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Connections to one server at once. */
const connections = 16
/** A server that is silent for so long, in milliseconds, is given up: what comes slowly may take its time. (H77) */
const idle = 60_000

/** The connections of one client. */
export function networkAgent(env: Env): Dispatcher {
  const set = (...names: readonly string[]): string =>
    names.map((name) => env[name]).find((value) => value !== undefined && value !== '') ?? ''
  // Empty ones too: undici would look into the process's own environment for those that are left out.
  const httpProxy = set('http_proxy', 'HTTP_PROXY')
  return new EnvHttpProxyAgent({
    httpProxy,
    httpsProxy: set('https_proxy', 'HTTPS_PROXY') || httpProxy,
    noProxy: set('no_proxy', 'NO_PROXY'),
    connections,
    connect: { timeout: 10_000 },
    headersTimeout: idle,
    bodyTimeout: idle,
    allowH2: false,
  })
}

/** A handler of requests for the client. */
export function undiciHandler(agent: Dispatcher): {
  handle(
    request: OutgoingRequest,
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ readonly response: unknown }>
  destroy(): void
} {
  return {
    async handle(request, options = {}) {
      const { protocol, hostname, port, method, path, query = {} } = request
      // undici knows no "expect"; the signature does not cover it.
      const { expect: _, ...headers } = lowerCase(request.headers)
      const answer = await agent.request({
        origin: `${protocol}//${hostname}${port === undefined ? '' : `:${String(port)}`}`,
        path: path + queryText(query),
        method: method as Dispatcher.HttpMethod,
        headers,
        ...(request.body === undefined || request.body === null ? {} : { body: request.body as Uint8Array }),
        ...(options.abortSignal instanceof AbortSignal ? { signal: options.abortSignal } : {}),
      })
      const { statusCode, body } = answer
      const found = Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(', ')])
      return { response: { statusCode, headers: Object.fromEntries(found) as Record<string, string>, body } }
    },
    destroy: () => void agent.destroy().catch(() => undefined),
  }
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function queryText(query: NonNullable<OutgoingRequest['query']>): string {
  const pairs = Object.keys(query)
    .sort()
    .flatMap((name) => [query[name] ?? null].flat().map((value) => [name, value] as const))
  const text = pairs.map(([name, value]) => (value === null ? escape(name) : `${escape(name)}=${escape(value)}`))
  return text.length === 0 ? '' : `?${text.join('&')}`
}

/** As the signature has it: RFC 3986. */
function escape(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
