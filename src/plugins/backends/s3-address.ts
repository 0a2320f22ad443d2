// What an s3: address says: s3://BUCKET/PREFIX?endpoint=…&region=…, and what the environment adds.
import { closest, isKey, QuiltError } from '../api.ts'
import type { Env } from '../api.ts'

/** A place in a bucket, and how to get there. */
export interface S3Address {
  readonly bucket: string
  /** Empty, or a key with a slash behind it. */
  readonly prefix: string
  readonly endpoint: string | undefined
  readonly region: string | undefined
  /** The profile of ~/.aws to take credentials from. */
  readonly profile: string | undefined
  /** The bucket's name in the path, not in the host's name. */
  readonly pathStyle: boolean
  /** Requests without credentials: for public buckets. */
  readonly anonymous: boolean
}

const parameters = ['endpoint', 'region', 'profile', 'path-style', 'anonymous'] as const
const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/**
 * Reads an address.
 * @throws INVALID naming what is wrong with it
 */
export function parseS3Address(url: URL, env: Env): S3Address {
  if (url.username !== '' || url.password !== '') {
    throw new QuiltError('INVALID', 'an s3: address holds no credentials', {
      hint: 'put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or into a profile of ~/.aws/credentials',
    })
  }
  const bucket = url.hostname
  if (!bucketPattern.test(bucket) || url.port !== '' || url.hash !== '') {
    throw new QuiltError('INVALID', `${shown(url)} names no bucket`, {
      hint: 'an address is s3://BUCKET/PREFIX; a bucket has 3 to 63 lower-case letters, digits, "-" and "."',
    })
  }
  const path = url.pathname.replace(/^\/|\/$/g, '')
  if (path !== '' && !isKey(path)) {
    throw new QuiltError('INVALID', `${shown(url)} has an invalid prefix`, {
      hint: 'a prefix has parts of A-Z, a-z, 0-9, ".", "_" and "-", joined by "/"',
    })
  }
  for (const name of url.searchParams.keys()) checkParameter(name)
  const say = (name: (typeof parameters)[number]): string | undefined =>
    url.searchParams.get(name) || undefined
  const endpoint = endpointOf(say('endpoint') ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'])
  return {
    bucket,
    prefix: path === '' ? '' : `${path}/`,
    endpoint,
    region: say('region') ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'],
    profile: say('profile') ?? env['AWS_PROFILE'],
    // Own servers seldom have a host name for each bucket; all of them know the path.
    pathStyle: flag('path-style', say('path-style') ?? env['QUILT_S3_PATH_STYLE']) ?? endpoint !== undefined,
    anonymous: flag('anonymous', say('anonymous')) ?? false,
  }
}

function checkParameter(name: string): void {
  if ((parameters as readonly string[]).includes(name)) return
  const meant = closest(name, parameters)
  throw new QuiltError('INVALID', `an s3: address has no ${JSON.stringify(name.slice(0, 80))}`, {
    hint: `${meant === undefined ? '' : `did you mean "${meant}"? `}it may say ${parameters.join(', ')}`,
  })
}

function flag(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined || text === '') return undefined
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw new QuiltError('INVALID', `${name} must be true or false, not ${JSON.stringify(text.slice(0, 80))}`)
}

function endpointOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  const address = text.includes('://') ? text : `https://${text}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new QuiltError('INVALID', `invalid endpoint of S3: ${JSON.stringify(text.slice(0, 200))}`, {
      hint: 'an endpoint is http://HOST:PORT or https://HOST, without credentials',
    })
  }
  return url.href.replace(/\/$/, '')
}

function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`
}
