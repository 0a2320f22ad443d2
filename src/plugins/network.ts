// Connections for plugins that talk to servers: through the proxies that the environment names, with limits on
// idleness, and without ever following a redirect. Loaded when the first plugin needs it.
import type { Dispatcher } from 'undici'

/** Connections, to be closed with `close`; `request` is undici's. */
export type NetworkAgent = Dispatcher

/** Connections to one server at once. */
const connections = 16
/** A server that is silent for so long, in milliseconds, is given up; what comes slowly may take its time. */
const idle = 60_000
const connecting = 10_000

/**
 * Connections for one plugin, through the proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
 * @param idleMilliseconds how long a server may be silent
 */
export async function networkAgent(
  env: Readonly<Record<string, string | undefined>>,
  idleMilliseconds: number = idle,
): Promise<NetworkAgent> {
  const { EnvHttpProxyAgent } = await import('undici')
  const set = (...names: readonly string[]): string =>
    names.map((name) => env[name]).find((value) => value !== undefined && value !== '') ?? ''
  // Empty ones too: undici would look into the process's own environment for those that are left out.
  const httpProxy = set('http_proxy', 'HTTP_PROXY')
  return new EnvHttpProxyAgent({
    httpProxy,
    httpsProxy: set('https_proxy', 'HTTPS_PROXY') || httpProxy,
    noProxy: set('no_proxy', 'NO_PROXY'),
    connections,
    connect: { timeout: connecting },
    headersTimeout: idleMilliseconds,
    bodyTimeout: idleMilliseconds,
  })
}

const silent = 'it is silent for too long'
const cut = 'the connection broke off'

/** What the codes of the system and of undici say about a line. */
const lineWords: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'it refuses the connection'],
  ['ECONNRESET', cut],
  ['EPIPE', cut],
  ['UND_ERR_SOCKET', cut],
  ['ENOTFOUND', 'its name is not known'],
  ['EAI_AGAIN', 'its name cannot be looked up now'],
  ['EHOSTUNREACH', 'no way leads there'],
  ['ENETUNREACH', 'no way leads there'],
  ['ETIMEDOUT', silent],
  ['UND_ERR_CONNECT_TIMEOUT', silent],
  ['UND_ERR_HEADERS_TIMEOUT', silent],
  ['UND_ERR_BODY_TIMEOUT', silent],
])

/**
 * Why a server cannot be reached, from the code of the failure, which stays: it is what people search for.
 * @example lineProblem('ECONNREFUSED') // 'it refuses the connection (ECONNREFUSED)'
 */
export function lineProblem(code: string): string {
  const words = lineWords.get(code)
  return words === undefined ? code : `${words} (${code})`
}

/**
 * What a server asks to wait, in milliseconds: seconds, or a date by the server's own clock.
 * @returns `undefined` where it asks for nothing
 */
export function retryAfter(headers: Readonly<Record<string, unknown>>): number | undefined {
  const text = headers['retry-after']
  if (typeof text !== 'string') return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const wait = Date.parse(text) - Date.parse(String(headers['date']))
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0)
}
