// Opens and creates repositories on a backend. The format file comes first; an unknown format is left alone.
import type { Backend } from '../backend/backend.ts'
import type { Ambient } from '../base/ambient.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import type { Context } from '../base/context.ts'
import { QuiltError, isQuiltError } from '../base/error.ts'
import { generationRefs } from '../store/generation-refs.ts'
import { formatKey } from '../store/layout.ts'
import { packStore, type PackStore, type PackStoreOptions } from '../store/pack-store.ts'
import type { Repository } from './repository.ts'

/** A repository on packs and generations, its insides at hand for gc, verify and repack. */
export interface PackRepository extends Repository {
  readonly backend: Backend
  readonly ambient: Ambient
  readonly objects: PackStore
}

/** How to use a repository. */
export interface RepositoryOptions extends PackStoreOptions {
  /** Called after each batch that moved refs: `joinSmallPacks`. The batch is done by then, so no error of it counts. */
  readonly tidy?: ((repository: PackRepository, ctx?: Context) => Promise<unknown>) | undefined
  /** Of one that is to be made: what to throw where it cannot be. */
  readonly explain?: ((error: unknown) => unknown) | undefined
}

/** The one format there is. */
const format = 1
const formatText = `quilt repository\nformat ${String(format)}\n`

/**
 * Opens a repository.
 * @throws NOT_FOUND when there is none; UNSUPPORTED when its format is newer; CORRUPT
 */
export async function openRepository(
  backend: Backend,
  ambient: Ambient,
  ctx?: Context,
  options?: RepositoryOptions,
): Promise<PackRepository> {
  let bytes: Uint8Array
  try {
    bytes = await readFormat(backend, ctx)
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) throw new QuiltError('NOT_FOUND', 'there is no repository here')
    throw error
  }
  checkFormat(bytes)
  return packRepository(backend, ambient, options)
}

/**
 * Opens a repository, or makes one where nothing is.
 * @throws UNSUPPORTED when its format is newer; CORRUPT; DENIED
 */
export async function createRepository(
  backend: Backend,
  ambient: Ambient,
  ctx?: Context,
  options?: RepositoryOptions,
): Promise<PackRepository> {
  try {
    return await openRepository(backend, ambient, ctx, options)
  } catch (error) {
    if (!isQuiltError(error, 'NOT_FOUND')) throw error
  }
  await putFormat(backend, ctx)
  return packRepository(backend, ambient, options)
}

/**
 * Opens a repository; where nothing is, one that is made by what is first put into it. Who only reads leaves nothing.
 * @throws UNSUPPORTED when its format is newer; CORRUPT; what is put may be DENIED
 */
export async function openOrMake(
  backend: Backend,
  ambient: Ambient,
  ctx?: Context,
  options?: RepositoryOptions,
): Promise<PackRepository> {
  try {
    return await openRepository(backend, ambient, ctx, options)
  } catch (error) {
    if (!isQuiltError(error, 'NOT_FOUND')) throw error
    return packRepository(madeByPut(backend, options?.explain), ambient, options)
  }
}

/** A backend whose first put puts the format before it. */
function madeByPut(inner: Backend, explain: RepositoryOptions['explain'] = (error) => error): Backend {
  let making: Promise<void> | undefined
  const make = (ctx?: Context): Promise<void> =>
    (making ??= putFormat(inner, ctx).catch((error: unknown) => {
      making = undefined
      throw explain(error)
    }))
  const presign = inner.presign?.bind(inner)
  return {
    get features() {
      return inner.features
    },
    get: (key, range, ctx) => inner.get(key, range, ctx),
    put: async (key, body, options, ctx) => {
      await make(ctx)
      return inner.put(key, body, options, ctx)
    },
    head: (key, ctx) => inner.head(key, ctx),
    list: (prefix, ctx) => inner.list(prefix, ctx),
    delete: (key, ctx) => inner.delete(key, ctx),
    close: () => inner.close(),
    ...(presign === undefined ? {} : { presign }),
  }
}

/** Puts the format file; another process may just have done so, and then it must be ours. */
async function putFormat(backend: Backend, ctx?: Context): Promise<void> {
  try {
    await backend.put(formatKey, utf8(formatText), { absent: true }, ctx)
  } catch (error) {
    if (!isQuiltError(error, 'CONFLICT')) throw error
    checkFormat(await readFormat(backend, ctx))
  }
}

/** A format file of whatever version says what it is in so many bytes. */
const longestFormat = 64

/** No more of it than is known: a file of any length may lie there. */
async function readFormat(backend: Backend, ctx?: Context): Promise<Uint8Array> {
  try {
    const bytes = await backend.get(formatKey, { start: 0, end: formatText.length }, ctx)
    if (fromUtf8(bytes) === formatText) return bytes
  } catch (error) {
    if (!isQuiltError(error, 'INVALID')) throw error // it is shorter than that
  }
  const size = (await backend.head(formatKey, ctx))?.size ?? 0
  return backend.get(formatKey, { start: 0, end: Math.min(size, longestFormat) }, ctx)
}

function checkFormat(bytes: Uint8Array): void {
  const text = fromUtf8(bytes)
  if (text === formatText) return
  const found = /^quilt repository\nformat (\d{1,9})\n/.exec(text ?? '')?.[1]
  if (found === undefined || Number(found) <= format) {
    throw new QuiltError('CORRUPT', 'the file "format" of the repository is damaged', {
      hint: `it should hold ${JSON.stringify(formatText)}`,
    })
  }
  throw new QuiltError(
    'UNSUPPORTED',
    `the repository has format ${found}, made by a newer version of quilt`,
    {
      hint: 'upgrade quilt-ts to use it',
    },
  )
}

function packRepository(
  backend: Backend,
  ambient: Ambient,
  { tidy, far }: RepositoryOptions = {},
): PackRepository {
  const objects = packStore(backend, ambient, { far })
  const repository: PackRepository = {
    backend,
    ambient,
    objects,
    refs: generationRefs(backend, { ambient }),
    close: () => backend.close(),
  }
  return tidy === undefined ? repository : { ...repository, objects: tidied(repository, tidy) }
}

function tidied(
  repository: PackRepository,
  tidy: (repository: PackRepository, ctx?: Context) => Promise<unknown>,
): PackStore {
  const { objects } = repository
  let tidying: Promise<unknown> | undefined
  return {
    ...objects,
    batch: async (fn, publish, ctx) => {
      const made = await objects.batch(fn, publish, ctx)
      if (publish === undefined || tidying !== undefined) return made
      tidying = tidy(repository, ctx).catch(() => undefined) // a later batch tries again
      await tidying
      tidying = undefined
      return made
    },
  }
}
