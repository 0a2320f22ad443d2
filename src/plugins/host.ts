// Where plugins meet the engine: opens an address with the plugin that its scheme asks for.
import type { Ambient } from '../core/base/ambient.ts'
import { QuiltError } from '../core/base/error.ts'
import type { RepositoryOptions } from '../core/repo/open-repository.ts'
import { bucketRemote, type Remote } from '../core/repo/remote.ts'
import type { BackendPlugin, Env } from './api.ts'
import { builtinBackends } from './builtin.ts'

/**
 * Opens a remote by its address.
 * @throws UNSUPPORTED for a scheme that no plugin brings; what the plugin throws
 */
export async function openRemote(
  address: URL,
  env: Env,
  ambient: Ambient,
  options?: RepositoryOptions,
): Promise<Remote> {
  const backend = await (await checkScheme(address)()).default.open(address, env, ambient)
  return bucketRemote(backend, ambient, address.href, options)
}

/**
 * How to load the plugin that opens an address.
 * @throws UNSUPPORTED for a scheme that no plugin brings
 */
export function checkScheme(address: URL): () => Promise<{ readonly default: BackendPlugin }> {
  const scheme = address.protocol.slice(0, -1)
  const load = Object.hasOwn(builtinBackends, scheme) ? builtinBackends[scheme] : undefined
  if (load !== undefined) return load
  throw new QuiltError('UNSUPPORTED', `no plugin opens "${scheme}:" addresses`, {
    hint: `use a folder: file:///path, or one of ${Object.keys(builtinBackends)
      .map((known) => `${known}:`)
      .join(', ')}`,
  })
}
