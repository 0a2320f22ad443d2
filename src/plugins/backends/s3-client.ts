// The S3 client of an address: credentials by the usual chain, region, endpoint. Every request goes through `ask`.
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { checkSignal, networkAgent, networkPatience, QuiltError } from '../api.ts'
import type { Context, Env, PluginAmbient, RetryOptions } from '../api.ts'
import type { S3Address } from './s3-address.ts'
import { s3Error } from './s3-errors.ts'
import { undiciHandler } from './s3-handler.ts'

/** The client's package: heavy, and loaded with the first bucket. */
export type S3Sdk = typeof import('@aws-sdk/client-s3')

/** A client and its bucket. */
export interface S3Link {
  readonly sdk: S3Sdk
  readonly client: S3Client
  readonly bucket: string
  /** For what only the backend can try again: a part, the rest of a body. */
  readonly patience: RetryOptions
  /** Sends a request about a key; its failure is one of ours. */
  ask<T>(
    at: string,
    send: (options: { readonly abortSignal?: AbortSignal }) => Promise<T>,
    ctx: Context | undefined,
  ): Promise<T>
}

/** Where no one says another region: stores that are not Amazon's mostly take any. */
const defaultRegion = 'us-east-1'

/** Makes the client of an address; nothing is asked of the network yet, but for credentials later. */
export async function s3Link(address: S3Address, env: Env, ambient: PluginAmbient): Promise<S3Link> {
  const { bucket } = address
  const sdk = await import('@aws-sdk/client-s3')
  const client = new sdk.S3Client(await configOf(sdk, address, env))
  return {
    sdk,
    client,
    bucket,
    patience: networkPatience(ambient),
    ask: async (at, send, ctx) => {
      checkSignal(ctx)
      try {
        return await send(ctx?.signal === undefined ? {} : { abortSignal: ctx.signal })
      } catch (error) {
        checkSignal(ctx)
        throw s3Error(error, { bucket, at })
      }
    },
  }
}

async function configOf(sdk: S3Sdk, address: S3Address, env: Env): Promise<S3ClientConfig> {
  const { endpoint, profile, pathStyle, anonymous } = address
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  const sessionToken = env['AWS_SESSION_TOKEN']
  const named = accessKeyId !== undefined && secretAccessKey !== undefined && profile === undefined
  const config: S3ClientConfig = {
    forcePathStyle: pathStyle,
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(named
      ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
      : {}),
    ...(anonymous ? { signer: { sign: async (request) => request } } : {}),
    requestHandler: undiciHandler(await networkAgent(env)) as NonNullable<S3ClientConfig['requestHandler']>,
    // Our own patience is told how long to wait, and goes on at the byte.
    maxAttempts: 1,
    // Ids vouch for every byte; many stores do not know the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: false,
  }
  return { ...config, region: address.region ?? (await regionOfProfile(sdk, profile)) }
}

async function regionOfProfile(sdk: S3Sdk, profile: string | undefined): Promise<string> {
  const client = new sdk.S3Client(profile === undefined ? {} : { profile })
  try {
    return await client.config.region()
  } catch {
    return defaultRegion // none is set anywhere
  } finally {
    client.destroy()
  }
}

/**
 * Refuses an answer that says success and lacks what every store says then: a login page, or a proxy's. (H78)
 * @throws UNAVAILABLE
 */
export function checkAnswer(link: Pick<S3Link, 'bucket'>, at: string, isRight: boolean): void {
  if (isRight) return
  throw new QuiltError('UNAVAILABLE', `s3://${link.bucket}/${at}: what answers there is no S3 store`, {
    hint: 'does the network ask for a login first? Check ?endpoint=',
    retryAfter: Infinity,
  })
}
