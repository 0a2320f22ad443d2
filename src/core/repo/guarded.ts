// A remote's backend that is written to only as its configuration allows. Nothing is asked before the first write;
// a store that nobody has tried yet is tried then.
import type { Backend } from '../backend/backend.ts'
import { probePutIfAbsent } from '../backend/probe.ts'
import { singleWriter } from '../backend/single-writer.ts'
import type { Ambient } from '../base/ambient.ts'
import type { Context } from '../base/context.ts'
import { isQuiltError, QuiltError } from '../base/error.ts'
import type { RemoteConfig, Writers } from '../codec/remotes/config.ts'
import { formatKey, listingKey, probePrefix } from '../store/layout.ts'
import { writeListing } from './listing.ts'
import { readRemoteConfig, writeRemoteConfig } from './remote-config.ts'

/** A backend and what its configuration says. */
export interface Guarded {
  readonly backend: Backend
  /** Reads the configuration; where there is none, finds out, and keeps what was found. Once. */
  config(ctx?: Context): Promise<RemoteConfig>
  /** To be called before `features` are asked: a store that says it lacks put-if-absent may have one writer. */
  settle(ctx?: Context): Promise<void>
  /**
   * To be called where only a dry run would write: nothing is tried, nor kept.
   * @throws DENIED where the configuration says that nobody may write
   */
  refuse(ctx?: Context): Promise<void>
}

/** Where nothing is said: a store that is not in doubt, written to by whoever may. */
const unsaid: RemoteConfig = { writers: 'many', listing: true }

/** Guards a backend. */
export function guarded(inner: Backend, ambient: Pick<Ambient, 'randomName'>): Guarded {
  let reading: Promise<RemoteConfig> | undefined
  let one: Backend | undefined

  const config = (ctx?: Context): Promise<RemoteConfig> => {
    reading ??= findConfig(inner, ambient, ctx).catch((error: unknown) => {
      reading = undefined
      throw error
    })
    return reading
  }

  const settle = async (ctx?: Context): Promise<void> => {
    const { unproven, writable, putIfAbsent } = inner.features
    if (unproven === true || putIfAbsent || !writable) return
    if ((await config(ctx)).writers === 'one') one = singleWriter(inner)
  }

  const toWrite = async (ctx?: Context): Promise<Backend> => {
    if (inner.features.unproven !== true) return one ?? inner
    const { writers } = await config(ctx)
    if (writers === 'many') return inner
    if (writers === 'one') return (one ??= singleWriter(inner))
    throw notToBeWritten()
  }

  const refuse = async (ctx?: Context): Promise<void> => {
    if (inner.features.unproven !== true) return
    if ((await readRemoteConfig(inner, ctx))?.writers === 'none') throw notToBeWritten()
  }

  const presign = inner.presign?.bind(inner)
  const backend: Backend = {
    get features() {
      return one?.features ?? inner.features
    },
    get: (key, range, ctx) => inner.get(key, range, ctx),
    put: async (key, body, options, ctx) => (await toWrite(ctx)).put(key, body, options, ctx),
    head: (key, ctx) => inner.head(key, ctx),
    list: (prefix, ctx) => inner.list(prefix, ctx),
    delete: async (key, ctx) => (await toWrite(ctx)).delete(key, ctx),
    close: () => inner.close(),
    ...(presign === undefined ? {} : { presign }),
  }
  return { backend, config, settle, refuse }
}

async function findConfig(
  backend: Backend,
  ambient: Pick<Ambient, 'randomName'>,
  ctx?: Context,
): Promise<RemoteConfig> {
  const said = await readRemoteConfig(backend, ctx)
  if (said !== undefined) return said
  if (backend.features.unproven !== true) return unsaid
  return keepIfAbsent(backend, { writers: await tryWriters(backend, ambient, ctx), listing: false }, ctx)
}

/** Two may find out at once: what the first has kept stands. */
async function keepIfAbsent(backend: Backend, found: RemoteConfig, ctx?: Context): Promise<RemoteConfig> {
  try {
    await writeRemoteConfig(backend, found, { absent: true }, ctx)
    return found
  } catch (error) {
    if (!isQuiltError(error, 'CONFLICT')) throw error
    return (await readRemoteConfig(backend, ctx)) ?? found
  }
}

async function tryWriters(
  backend: Backend,
  ambient: Pick<Ambient, 'randomName'>,
  ctx?: Context,
): Promise<Writers> {
  return (await probePutIfAbsent(backend, probePrefix, ambient, ctx)) ? 'many' : 'none'
}

/** What its owner says of a remote. */
export interface Declared {
  /** Only one process ever writes to it: then a store is good enough that cannot tell who was first. */
  readonly singleWriter?: boolean | undefined
  /** Keep a listing, for web servers. */
  readonly listing?: boolean | undefined
}

/**
 * Makes the configuration of a remote, or changes it as its owner says. A store in doubt is tried with racing
 * writers, and one that has failed that is tried again.
 * @throws DENIED, UNAVAILABLE, NOT_FOUND
 */
export async function configureRemote(
  backend: Backend,
  ambient: Pick<Ambient, 'randomName'>,
  declared: Declared,
  ctx?: Context,
): Promise<RemoteConfig> {
  const said = await readRemoteConfig(backend, ctx)
  const unsaidYet = backend.features.unproven === true ? { ...unsaid, listing: false } : unsaid
  const config = {
    writers: declared.singleWriter === true ? 'one' : await writersNow(backend, ambient, said, ctx),
    listing: declared.listing ?? (said ?? unsaidYet).listing,
  } as const
  const holds = said ?? (backend.features.unproven === true ? undefined : unsaid)
  if (config.writers !== holds?.writers || config.listing !== holds.listing) {
    await writeRemoteConfig(backend, config, {}, ctx)
  }
  await settleListing(backend, declared, ctx)
  return config
}

/** Who may write, by what is said; where that is in doubt, or was found wanting, by what is found out now. */
async function writersNow(
  backend: Backend,
  ambient: Pick<Ambient, 'randomName'>,
  said: RemoteConfig | undefined,
  ctx?: Context,
): Promise<Writers> {
  const inDoubt = backend.features.unproven === true && (said === undefined || said.writers === 'none')
  return inDoubt ? tryWriters(backend, ambient, ctx) : (said?.writers ?? 'many')
}

/** A listing that is asked for is there at once; one that is not wanted would only mislead. */
async function settleListing(backend: Backend, { listing }: Declared, ctx?: Context): Promise<void> {
  if (listing === false) await backend.delete(listingKey, ctx)
  else if (listing === true && (await backend.head(formatKey, ctx)) !== undefined) {
    await writeListing(backend, ctx)
  }
}

function notToBeWritten(): QuiltError {
  return new QuiltError(
    'DENIED',
    'this remote is read-only: its store cannot tell which of two writers was first',
    {
      hint: 'if only one process ever writes to it, say so: quilt remote add NAME ADDRESS --single-writer',
    },
  )
}
