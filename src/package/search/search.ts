// search: finds packages by what they are called, what their nodes are called, their metadata and their README.
import { compareText, fromUtf8 } from '../../core/base/bytes.ts'
import { checkSignal, type Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Commit } from '../../core/model/commit.ts'
import type { FileEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { latest } from '../../core/model/ref-name.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import { entries } from '../../core/tree/entries.ts'
import { lookupDerived } from '../../core/tree/lookup.ts'
import { nodeReader, readRoot, type NodeReader } from '../../core/tree/node.ts'
import { walk } from '../../core/tree/walk.ts'
import type { RemoteOptions } from '../exchange/origin.ts'
import type { Session } from '../session.ts'
import { listener, queryWords, type Field, type Listener } from './words.ts'

/** Where to search, and how much to tell. */
export interface SearchOptions extends RemoteOptions {
  /** Only on this machine, though there is a configured remote. */
  readonly local?: boolean | undefined
  /** Most packages that are told of, the best ones; 50 unless told. */
  readonly limit?: number | undefined
}

/** A package that says all words. */
export interface FoundPackage {
  readonly package: string
  readonly topHash: Id
  readonly commit: Id
  /** How well it says them, from 0 to 1. */
  readonly rank: number
  /** Where it says them. */
  readonly matches: readonly Field[]
  /** The remote's address, or the folder of the store. */
  readonly store: string
}

const usualLimit = 50
/** Most nodes of one package whose names and metadata are looked at. */
const mostSearchedNodes = 20_000
/** Most bytes of a README that are looked at. */
const readmeBytes = 256 * 1024

/**
 * Finds packages whose latest says all words, the best first: in its name, in names of its nodes, in metadata, in its
 * README. Searches the remote that is named, else the configured one, else this machine. A word is also found at the
 * beginning of a longer one. Memory does not grow with the number of packages.
 * @throws INVALID without a word; NOT_FOUND, UNAVAILABLE for the remote
 * @example const [best] = await search(session, ['wine', 'reviews'], { remote: 'lab' })
 */
export async function search(
  session: Session,
  query: readonly string[],
  options: SearchOptions = {},
  ctx?: Context,
): Promise<readonly FoundPackage[]> {
  const words = queryWords(query)
  if (words.length === 0) throw new QuiltError('INVALID', 'there is no word to search for')
  const limit = options.limit ?? usualLimit
  const found: FoundPackage[] = []
  for await (const one of searched(session, options, ctx)) {
    checkSignal(ctx)
    const match = await matched(session, words, one, ctx)
    if (match === undefined) continue
    found.push(match)
    found.sort((a, b) => b.rank - a.rank || compareText(a.package, b.package))
    if (found.length > limit) found.pop()
  }
  return found
}

interface Searched {
  readonly state: PackageState
  readonly objects: ObjectReader
  readonly store: string
}

async function* searched(session: Session, options: SearchOptions, ctx?: Context): AsyncGenerator<Searched> {
  const name = options.remote ?? (options.local === true ? undefined : session.defaultRemote)
  if (name !== undefined) {
    const { address, remote } = await session.remote(name)
    for await (const state of remote.packages(ctx)) {
      yield { state, objects: (await remote.repository(state.pkg, {}, ctx)).objects, store: address }
    }
    return
  }
  for (const { repository, folder } of [await session.local(), ...(await session.extra())]) {
    for await (const state of repository.refs.packages(ctx)) {
      yield { state, objects: repository.objects, store: folder }
    }
  }
}

async function matched(
  session: Session,
  words: readonly string[],
  { state, objects, store }: Searched,
  ctx?: Context,
): Promise<FoundPackage | undefined> {
  const head = state.refs.get(latest)
  if (head === undefined) return undefined
  const name = formatPackageName(state.pkg)
  try {
    const commit = await readCommit(objects, head, ctx)
    const ear = listener(words)
    await tell(ear, state, { objects, commit }, ctx)
    const rank = ear.rank()
    if (rank === undefined) return undefined
    return { package: name, topHash: commit.tree, commit: head, rank, matches: [...ear.fields], store }
  } catch (error) {
    if (!isQuiltError(error, 'CORRUPT') && !isQuiltError(error, 'NOT_FOUND')) throw error
    session.warn(`${name} cannot be searched: ${error.message}`)
    return undefined
  }
}

interface Told {
  readonly objects: ObjectReader
  readonly commit: Commit
}

/** Says all that a package says, the weightiest first, as long as it matters. */
async function tell(ear: Listener, { pkg }: PackageState, told: Told, ctx?: Context): Promise<void> {
  const nodes = nodeReader(told.objects)
  for (const whole of [pkg.owner, pkg.name]) {
    // `dog_cats` is one word to who asks for `dogcats`, and two to who asks for `cats`.
    ear.hear(whole, wholeWord(whole) ? 'name' : 'part')
    ear.hear(whole.replaceAll(/[^\p{L}\p{N}]/gu, '').toLowerCase(), 'name')
  }
  if (ear.satisfied('node')) return
  const { meta } = await readRoot(nodes, told.commit.tree)
  if (meta !== undefined) ear.hear(JSON.stringify(meta), 'metadata')
  let count = 0
  for await (const { entry } of walk(nodes, told.commit.tree, ctx)) {
    ear.hear(entry.name, 'node')
    if (entry.meta !== undefined) ear.hear(JSON.stringify(entry.meta), 'metadata')
    if (++count === mostSearchedNodes || ear.satisfied('node')) break
  }
  const readme = ear.satisfied('readme') ? undefined : await findReadme(nodes, told.commit.tree, ctx)
  if (readme !== undefined) {
    ear.hear(await readmeText(nodes, readme, told, ctx), 'readme')
  }
}

function wholeWord(text: string): boolean {
  return /^(?:\p{L}+|\p{N}+)$/u.test(text)
}

/** The package's README, with whatever extension. */
async function findReadme(nodes: NodeReader, tree: Id, ctx?: Context): Promise<FileEntry | undefined> {
  for (const spelling of ['README', 'Readme', 'readme']) {
    for await (const entry of entries(nodes, tree, spelling, ctx)) {
      if (!entry.name.startsWith(spelling)) break
      if (entry.type === 'file' && /^readme(\.[a-z0-9]{1,16})?$/i.test(entry.name)) return entry
    }
  }
  return undefined
}

/** The beginning of a README; nothing where its bytes are not here. */
async function readmeText(
  nodes: NodeReader,
  { id, size }: FileEntry,
  { objects, commit }: Told,
  ctx?: Context,
): Promise<string> {
  if ((await objects.missing([id], ctx)).length > 0) return ''
  const kept = commit.derived === undefined ? undefined : await lookupDerived(nodes, commit.derived, id)
  const source = await objects.open(id, kept?.type === 'recipe' ? kept.id : undefined, ctx)
  const bytes = await source.slice(0, Math.min(size, source.size, readmeBytes), ctx)
  // The last character may be cut.
  for (let cut = 0; cut < 4; cut++) {
    const text = fromUtf8(bytes.subarray(0, bytes.length - cut))
    if (text !== undefined) return text
  }
  return ''
}
