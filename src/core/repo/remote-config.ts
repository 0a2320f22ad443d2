// What a remote says of itself, read and said.
import type { Backend } from '../backend/backend.ts'
import type { Context } from '../base/context.ts'
import { isQuiltError } from '../base/error.ts'
import { decodeRemoteConfig, encodeRemoteConfig, type RemoteConfig } from '../codec/remotes/config.ts'
import { remoteConfigKey } from '../store/layout.ts'

/** What a remote says of itself; `undefined` where it says nothing. @throws CORRUPT */
export async function readRemoteConfig(backend: Backend, ctx?: Context): Promise<RemoteConfig | undefined> {
  try {
    return decodeRemoteConfig(await backend.get(remoteConfigKey, undefined, ctx))
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

/** Says it. With `absent` what is there stays. @throws CONFLICT with `absent`, where something is said already */
export async function writeRemoteConfig(
  backend: Backend,
  config: RemoteConfig,
  options: { readonly absent?: boolean },
  ctx?: Context,
): Promise<void> {
  await backend.put(remoteConfigKey, encodeRemoteConfig(config), options, ctx)
}
