// How the S3 client's requests reach the network: through undici, which honours proxies and counts idle time, and
// never follows a redirect.
import type { NetworkAgent } from '../api.ts'

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

/** A handler of requests for the client. */
export function undiciHandler(agent: NetworkAgent): {
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
        method: method as 'GET',
        headers,
        ...(request.body === undefined || request.body === null ? {} : { body: request.body as Uint8Array }),
        ...(options.abortSignal instanceof AbortSignal ? { signal: options.abortSignal } : {}),
      })
      const { statusCode, body } = answer
      body.on('error', () => undefined) // told to who reads it; one that nobody reads any more may break
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
  const text = pairs.map(([name, value]) =>
    value === null ? escape(name) : `${escape(name)}=${escape(value)}`,
  )
  return text.length === 0 ? '' : `?${text.join('&')}`
}

/** As the signature has it: RFC 3986. */
function escape(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
