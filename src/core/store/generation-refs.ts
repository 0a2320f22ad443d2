// The ref store on a backend: numbered generations, made by put-if-absent. No lock is taken, so none is ever
// left behind. Protocol and proof: docs/format.md, section "Refs".
import type { Backend } from '../backend/backend.ts'
import type { Ambient } from '../base/ambient.ts'
import { compareText } from '../base/bytes.ts'
import { checkSignal, type Context } from '../base/context.ts'
import { isQuiltError, QuiltError } from '../base/error.ts'
import { mapOrdered } from '../base/pool.ts'
import { encodeGeneration, type Generation } from '../codec/generation.ts'
import { checkIdentity, checkMessage } from '../model/commit.ts'
import { formatPackageName, type PackageName } from '../model/package-name.ts'
import {
  findInChain,
  newestOf,
  readNewest,
  walkBack,
  wasInChain,
  type ReadGeneration,
} from './generations/chain.ts'
import { lastGeneration, nextGeneration, stateOf, type Asked } from './generations/change.ts'
import { fold, foldRules, type FoldRules } from './generations/fold.ts'
import { listPackages, packageOfPrefix, type Listing } from './generations/listing.ts'
import { generationKey, packagePrefix } from './layout.ts'
import type { LogRecord, PackageState, RefRecord, RefStore } from './ref-store.ts'
import { hashBytes } from '#hash'

/** What a ref store needs beside its backend; rules for folding are for tests. */
export interface RefOptions {
  /** Names that never come twice, so that no two writers make the same file. */
  readonly ambient: Pick<Ambient, 'randomName'>
  readonly fold?: Partial<FoldRules>
}

/** How often a move is tried when others are first. */
const mostTries = 100
/** Packages whose state is remembered for a move that follows. */
const mostLastRead = 16
/** Packages read at once when all are listed. */
const packagesWidth = 16

/** The refs of all packages on a backend. */
export function generationRefs(backend: Backend, options: RefOptions): RefStore {
  const rules: FoldRules = { ...foldRules, ...options.fold }
  /** What `get` read last of each package; `undefined` where there was nothing. */
  const lastRead = new Map<string, ReadGeneration | undefined>()

  /** Tries `make` on the newest state until its generation is in the chain, or there is nothing to do. */
  async function move(
    pkg: PackageName,
    record: RefRecord,
    make: (
      read: ReadGeneration | undefined,
      asked: Asked,
    ) => Generation | undefined | Promise<Generation | undefined>,
    ctx: Context | undefined,
  ): Promise<PackageState | undefined> {
    checkWritable(backend)
    checkIdentity(record.who)
    checkMessage(record.reason)
    const prefix = packagePrefix(pkg)
    // What was read last is tried once, without reading it again: if it is not the newest any more, the put fails.
    let isRemembered = lastRead.has(prefix)
    for (let tries = 0; tries < mostTries; tries++) {
      checkSignal(ctx)
      const isFresh = !isRemembered
      const read = isRemembered ? lastRead.get(prefix) : await readNewest(backend, prefix, ctx)
      isRemembered = false
      lastRead.delete(prefix)
      const made = await attempt(backend, { prefix, read, isFresh }, async () => {
        const generation = await make(read, { pkg, record, nonce: options.ambient.randomName() })
        return generation && { generation, bytes: encodeGeneration(generation) }
      })
      if (made === 'again') continue
      if (made === undefined) return read && stateOf(read.generation)
      const listing = await place(backend, prefix, made, ctx)
      if (listing === undefined) continue
      await foldQuietly(pkg, listing)
      return stateOf(made.generation)
    }
    throw new QuiltError('CONFLICT', `others kept moving ${formatPackageName(pkg)} first`, {
      hint: 'try again',
    })
  }

  /** The move is done: whatever keeps the log from being folded now is met again by the next. */
  async function foldQuietly(pkg: PackageName, listing: Listing): Promise<void> {
    try {
      await fold(backend, pkg, listing, rules)
    } catch {
      // Nothing is lost: files are deleted only when a segment holds them.
    }
  }

  async function* log(pkg: PackageName, ctx?: Context): AsyncGenerator<LogRecord> {
    for await (const { number, deleted, move } of walkBack(backend, packagePrefix(pkg), ctx)) {
      yield { generation: number, deleted, ...move }
    }
  }

  return {
    async get(pkg, ctx) {
      const prefix = packagePrefix(pkg)
      const read = await readNewest(backend, prefix, ctx)
      lastRead.set(prefix, read)
      if (lastRead.size > mostLastRead) lastRead.delete(lastRead.keys().next().value as string)
      return read && stateOf(read.generation)
    },
    packages: (ctx) => readPackages(backend, ctx),
    async update(pkg, plan, record, ctx) {
      const state = await move(
        pkg,
        record,
        async (read, asked) => {
          const now = read && stateOf(read.generation)
          checkSpelling(now, pkg)
          return nextGeneration(read, await plan(now), asked)
        },
        ctx,
      )
      return state as PackageState // only `remove` leaves none
    },
    async remove(pkg, record, ctx) {
      await move(pkg, record, lastGeneration, ctx)
    },
    log,
  }
}

interface Made {
  readonly generation: Generation
  readonly bytes: Uint8Array
}

/**
 * What `make` makes, or its error. Before either counts that ends the move here (an error, or nothing to do), the
 * state that it was made from is read anew where it was not `isFresh`, else asked for once more: a reader who was held
 * up may have read a record that lost.
 */
async function attempt(
  backend: Backend,
  { prefix, read, isFresh }: { prefix: string; read: ReadGeneration | undefined; isFresh: boolean },
  make: () => Promise<Made | undefined>,
): Promise<Made | undefined | 'again'> {
  try {
    const made = await make()
    if (made !== undefined) return made
    return isFresh && (await wasInChain(backend, prefix, read)) ? made : 'again'
  } catch (error) {
    if (isFresh && (await wasInChain(backend, prefix, read).catch(() => true))) throw error
    return 'again'
  }
}

/**
 * Puts a generation, then reads back: gives a listing when it is in the chain. That the put succeeded is not
 * enough, since the number may have been folded away while this writer slept; that it failed is not enough
 * either, since only its answer may have been lost. Once the put has begun nobody can stop this.
 */
async function place(
  backend: Backend,
  prefix: string,
  made: Made,
  ctx: Context | undefined,
): Promise<Listing | undefined> {
  const { generation, bytes } = made
  const key = generationKey(generation.pkg, generation.number)
  const put = { number: generation.number, id: hashBytes(bytes) }
  try {
    await backend.put(key, bytes, { absent: true }, ctx)
  } catch (error) {
    // When reading back fails too, the put's own error says more.
    const listing = await findInChain(backend, prefix, { ...put, unsure: true }).catch(() => undefined)
    if (isQuiltError(error, 'CONFLICT')) return listing
    // That it can be seen is not that it is durable. The backend vouches for what it calls a CONFLICT.
    if (listing === undefined || !(await isDurable(backend, key, bytes))) throw error
    return listing
  }
  const listing = await findInChain(backend, prefix, { ...put, unsure: false })
  // A segment holds this number, so whatever lies under its key is a stray: this one, or another sleeper's.
  if (listing === undefined) await backend.delete(key).catch(() => undefined)
  return listing
}

/** Puts once more what is there already: the answer, a CONFLICT, means that it survives a power cut. */
async function isDurable(backend: Backend, key: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await backend.put(key, bytes, { absent: true })
    return true
  } catch (error) {
    return isQuiltError(error, 'CONFLICT')
  }
}

/** Damaged packages keep no other from being listed; they are reported at the end. */
async function* readPackages(backend: Backend, ctx: Context | undefined): AsyncGenerator<PackageState> {
  const listings: Listing[] = []
  for await (const { prefix, generations, segments } of listPackages(backend, ctx)) {
    // Of each package, what `newestOf` looks at: a store may have many.
    listings.push({ prefix, generations: generations.slice(-1), segments: segments.slice(-1), strangers: [] })
  }
  listings.sort((a, b) => compareText(a.prefix.slice(0, -1), b.prefix.slice(0, -1)))
  const damaged: { readonly prefix: string; readonly error: QuiltError }[] = []
  const reads = mapOrdered(listings, packagesWidth, async (listing) => {
    checkSignal(ctx)
    try {
      return await newestOf(backend, listing, ctx)
    } catch (error) {
      if (!isQuiltError(error, 'CORRUPT') && !isQuiltError(error, 'UNSUPPORTED')) throw error
      damaged.push({ prefix: listing.prefix, error })
      return undefined
    }
  })
  for await (const read of reads) {
    const state = read && stateOf(read.generation)
    if (state !== undefined) yield state
  }
  const [first] = damaged
  if (first === undefined) return
  if (damaged.length === 1) throw first.error
  const names = damaged.slice(0, 10).map(({ prefix }) => packageOfPrefix(prefix))
  throw new QuiltError(
    'CORRUPT',
    `the refs of ${String(damaged.length)} packages are damaged: ${names.join(', ')}`,
    {
      hint: 'mend them with: quilt verify --repair',
      cause: first.error,
    },
  )
}

function checkWritable(backend: Backend): void {
  if (!backend.features.writable) throw new QuiltError('DENIED', 'this store is read-only')
  if (backend.features.putIfAbsent) return
  throw new QuiltError('UNSUPPORTED', 'this store cannot tell which of two writers was first', {
    hint: 'declare that it has a single writer, or use another store',
  })
}

/** Two packages that differ in case only cannot both exist. */
function checkSpelling(state: PackageState | undefined, pkg: PackageName): void {
  const existing = state && formatPackageName(state.pkg)
  if (existing === undefined || existing === formatPackageName(pkg)) return
  throw new QuiltError('CONFLICT', `there is a package ${existing}, which differs in case only`, {
    hint: `use the name ${existing}`,
  })
}
