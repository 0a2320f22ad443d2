// Where plugins meet the engine: opens an address with the plugin that its scheme asks for.
import type { Ambient } from '../core/base/ambient.ts'
import type { Context } from '../core/base/context.ts'
import type { Backend } from '../core/backend/backend.ts'
import { limiting, pace } from '../core/backend/limiting.ts'
import { networkPatience } from '../core/backend/patience.ts'
import { retrying } from '../core/backend/retrying.ts'
import { QuiltError } from '../core/base/error.ts'
import { configureRemote, type Declared } from '../core/repo/guarded.ts'
import type { RemoteConfig } from '../core/codec/remotes/config.ts'
import { bucketRemote, type BucketOptions, type Remote } from '../core/repo/remote.ts'
import type { BackendPlugin, Env, FileSink } from './api.ts'
import { builtinBackends } from './builtin.ts'

/** How to use the storage behind an address. */
export interface StorageOptions {
  /** Bytes a second, both ways together, on average. */
  readonly limitRate?: number | undefined
}

/**
 * Opens a remote by its address.
 * @throws UNSUPPORTED for a scheme that no plugin brings; what the plugin throws
 */
export async function openRemote(
  address: URL,
  env: Env,
  ambient: Ambient,
  options: BucketOptions & StorageOptions = {},
): Promise<Remote> {
  return bucketRemote(await openStorage(address, env, ambient, options), ambient, address.href, options)
}

/**
 * Opens the storage behind an address. What the network fails in is tried again; a disk is not asked twice.
 * @throws UNSUPPORTED for a scheme that no plugin brings; what the plugin throws
 */
async function openStorage(
  address: URL,
  env: Env,
  ambient: Ambient,
  { limitRate }: StorageOptions = {},
): Promise<Backend> {
  const plugin = (await checkScheme(address)()).default
  const backend = await plugin.open(address, env, ambient)
  const patient = plugin.scheme === 'file' ? backend : retrying(backend, networkPatience(ambient))
  return limitRate === undefined ? patient : limiting(patient, ambient, limitRate)
}

/**
 * Opens the place behind an address for plain files.
 * @throws UNSUPPORTED for a scheme that no plugin brings; DENIED where nobody can write; what the plugin throws
 */
export async function openFiles(
  address: URL,
  env: Env,
  ambient: Ambient,
  { limitRate }: StorageOptions = {},
): Promise<FileSink> {
  const plugin = (await checkScheme(address)()).default
  if (plugin.openFiles !== undefined) {
    const sink = await plugin.openFiles(address, env, ambient)
    return limitRate === undefined ? sink : limitedSink(sink, ambient, limitRate)
  }
  const backend = await openStorage(address, env, ambient, { limitRate })
  if (backend.features.writable) return filesOn(backend)
  await backend.close()
  throw new QuiltError('DENIED', `${address.href} can only be read`)
}

function limitedSink(sink: FileSink, ambient: Ambient, rate: number): FileSink {
  const line = pace(ambient, rate)
  return {
    put: async (path, body, ctx) => {
      if (body instanceof Uint8Array) await line.pass(body.length, ctx)
      await sink.put(path, body instanceof Uint8Array ? body : line.paced(body, ctx), ctx)
    },
    list: (ctx) => sink.list(ctx),
    close: () => sink.close(),
  }
}

/** Files whose paths are keys, on a backend. */
function filesOn(backend: Backend): FileSink {
  return {
    put: (path, body, ctx) => backend.put(path, body, undefined, ctx),
    async *list(ctx) {
      for await (const { key } of backend.list('', ctx)) yield key
    },
    close: () => backend.close(),
  }
}

/**
 * Makes or changes the configuration of the remote at an address.
 * @returns what it says now; `undefined` where nobody can write
 */
export async function configureRemoteAt(
  { address, declared }: { readonly address: URL; readonly declared: Declared },
  env: Env,
  ambient: Ambient,
  ctx?: Context,
): Promise<RemoteConfig | undefined> {
  const backend = await openStorage(address, env, ambient)
  try {
    return backend.features.writable ? await configureRemote(backend, ambient, declared, ctx) : undefined
  } finally {
    await backend.close()
  }
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
