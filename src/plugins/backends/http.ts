// The web backend: reads what any web server or CDN serves of a remote's folder. A web server cannot list, so the
// listing that pushes keep says what there is. It sends no credentials, to nobody.
import {
  checkKey,
  checkRange,
  checkSignal,
  decodeListing,
  isQuiltError,
  networkAgent,
  networkPatience,
  QuiltError,
  readResuming,
} from '../api.ts'
import type {
  AskRange,
  Backend,
  BackendPlugin,
  Context,
  Head,
  ListedKey,
  NetworkAgent,
  Range,
  RetryOptions,
} from '../api.ts'
import { openPage, type Page } from './http-page.ts'

/** What all methods share. */
interface Site {
  /** Ends in a slash. */
  readonly base: string
  readonly agent: NetworkAgent
  readonly patience: RetryOptions
  /** The listing as it was last read, and the mark that the server gave it. */
  known: { readonly mark: string; readonly keys: readonly ListedKey[] } | undefined
}

const listing = 'listing'
/** A million keys, and more. */
const longestListing = 256 * 1024 * 1024

/** A read-only backend on a folder of a web server. */
function webBackend(site: Site): Backend {
  const refuse = (key: string): never => {
    checkKey(key)
    throw new QuiltError('DENIED', `cannot change ${key}: ${site.base} can only be read`, {
      hint: 'push to the folder or bucket that this server shows',
    })
  }
  return {
    features: { putIfAbsent: false, writable: false },
    get: async (key, range, ctx) => get(site, key, range, ctx),
    put: async (key) => refuse(key),
    head: async (key, ctx) => headOf(site, key, ctx),
    async *list(prefix, ctx) {
      for (const head of await readListing(site, ctx)) {
        checkSignal(ctx)
        if (head.key.startsWith(prefix)) yield head
      }
    },
    delete: async (key) => refuse(key),
    close: () => site.agent.destroy().catch(() => undefined),
  }
}

const plugin: BackendPlugin = {
  kind: 'backend',
  api: 1,
  scheme: 'https',
  async open(url, env, ambient) {
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
      throw new QuiltError('INVALID', 'the address of a folder on the web has no password, "?" or "#"', {
        hint: 'what is not for everyone to read is read from its bucket, or from a registry',
      })
    }
    const base = url.href.endsWith('/') ? url.href : `${url.href}/`
    return webBackend({
      base,
      agent: await networkAgent(env),
      patience: networkPatience(ambient),
      known: undefined,
    })
  },
}
export default plugin

async function get(site: Site, key: string, range: Range | undefined, ctx?: Context): Promise<Uint8Array> {
  checkKey(key)
  checkSignal(ctx)
  checkRange(range, Number.MAX_SAFE_INTEGER, key)
  if (range !== undefined && range.start === range.end) {
    const head = await headOf(site, key, ctx)
    if (head === undefined) throw new QuiltError('NOT_FOUND', `no ${key} at ${site.base}`)
    checkRange(range, head.size, key)
    return new Uint8Array()
  }
  const ask: AskRange = async ({ start, end }) => {
    const headers: Record<string, string> =
      start === 0 && end === undefined ? {} : { range: `bytes=${start}-${end === undefined ? '' : end - 1}` }
    const page = await openPage(site.agent, site.base + key, headers, ctx)
    return { start: page.start, size: page.size, mark: page.mark, body: page.body }
  }
  try {
    return await readResuming(ask, { key, range, patience: site.patience }, ctx)
  } catch (error) {
    // Buckets say so of what is not there, to those who may not list.
    if (!isQuiltError(error, 'DENIED') || (await headOf(site, key, ctx)) !== undefined) throw error
    throw new QuiltError('NOT_FOUND', `no ${key} at ${site.base}`, { cause: error })
  }
}

async function headOf(site: Site, key: string, ctx?: Context): Promise<Head | undefined> {
  checkKey(key)
  checkSignal(ctx)
  return (await readListing(site, ctx)).find((head) => head.key === key)
}

/** The listing, asked for anew, so that a push is seen; a server that knows its mark need not send it again. */
async function readListing(site: Site, ctx?: Context): Promise<readonly ListedKey[]> {
  checkSignal(ctx)
  const { known } = site
  const headers: Record<string, string> = { 'cache-control': 'no-cache' }
  let unchanged = false
  let mark: string | undefined
  const ask: AskRange = async ({ start }) => {
    const more =
      start > 0 ? { range: `bytes=${start}-` } : known === undefined ? {} : { 'if-none-match': known.mark }
    const page: Page = await openPage(site.agent, site.base + listing, { ...headers, ...more }, ctx)
    unchanged = page.unchanged
    mark = page.etag
    if (page.size > longestListing) throw new QuiltError('CORRUPT', `the listing at ${site.base} is too long`)
    return { start: page.start, size: page.size, mark: page.mark, body: page.body }
  }
  const bytes = await readResuming(
    ask,
    { key: listing, range: undefined, patience: site.patience },
    ctx,
  ).catch((error: unknown) => {
    throw isQuiltError(error, 'NOT_FOUND') || isQuiltError(error, 'DENIED') ? noListing(site, error) : error
  })
  if (unchanged && known !== undefined) return known.keys
  const keys = decodeListing(bytes)
  site.known = mark === undefined ? undefined : { mark, keys }
  return keys
}

function noListing({ base }: Site, cause: unknown): QuiltError {
  return new QuiltError('NOT_FOUND', `there is no listing at ${base}`, {
    hint: 'a folder has one since its last push; for a bucket: quilt remote add NAME ADDRESS --web, then push',
    cause,
  })
}
