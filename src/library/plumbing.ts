// The object database by hand, in code: `rawHashObject` is `quilt raw hash-object`.
import type { Bytes } from '../core/base/bytes.ts'
import type { PackRecord } from '../core/codec/pack.ts'
import type { TreeEntry } from '../core/codec/objects/tree-entry.ts'
import type { Id } from '../core/model/id.ts'
import type { GcOptions, GcReport } from '../core/repo/gc.ts'
import type { PlacedChunk } from '../core/store/recipe-tree.ts'
import { gc } from '../package/gc.ts'
import { commitTree, listRefs, updateRef, type CommitParts, type ListedRef } from '../package/raw/commits.ts'
import { catObject, hashObject, objectId, type HashedObject } from '../package/raw/objects.ts'
import { chunks, listPacks, showPack, type ListedPack } from '../package/raw/packs.ts'
import { lsTree, writeTree } from '../package/raw/trees.ts'
import { openSession } from '../session/open-session.ts'
import { collect, within, type CallOptions } from './call.ts'

/**
 * The id that bytes have as a blob; with `write` they are kept, until gc finds that nothing needs them.
 * @throws QuiltError DENIED, UNAVAILABLE
 * @example const { id } = await rawHashObject(new TextEncoder().encode('hello\n'), { write: true })
 */
export function rawHashObject(
  body: Bytes,
  options: CallOptions & { readonly write?: boolean | undefined } = {},
): Promise<HashedObject> {
  return within(options, (session) => hashObject(session, body, options.write === true, options))
}

/**
 * An object's bytes in order, each checked before it is handed out; a chunked blob is joined.
 * @param id an id, 6 or more digits of one, or OWNER/NAME@REVISION
 * @throws QuiltError NOT_FOUND, AMBIGUOUS, CORRUPT
 * @example for await (const part of rawCatObject('2cf24dba5fb0')) process.stdout.write(part)
 */
export async function* rawCatObject(id: string, options: CallOptions = {}): AsyncGenerator<Uint8Array> {
  const session = options.session ?? (await openSession(options))
  try {
    yield* (await catObject(session, id, options)).bytes
  } finally {
    if (options.session === undefined) await session.close()
  }
}

/**
 * The entries of a tree, or of a commit's; with `recursive` those of its groups too. `name` is the path from there.
 * @throws QuiltError NOT_FOUND, AMBIGUOUS, CORRUPT
 * @example const entries = await rawLsTree('ada/wine@1.0', { recursive: true })
 */
export function rawLsTree(
  id: string,
  options: CallOptions & { readonly recursive?: boolean | undefined } = {},
): Promise<readonly TreeEntry[]> {
  return within(options, async (session) => {
    const lines = await collect(lsTree(session, id, options.recursive === true, options))
    return lines.map(({ path, entry }) => ({ ...entry, name: path }))
  })
}

/**
 * Writes a tree from lines in any order, as `quilt raw ls-tree` prints them. What they name must be here.
 * @throws QuiltError INVALID for a line or an entry that no tree may hold; NOT_FOUND for what is not here
 * @example const id = await rawWriteTree([`file ${blob} 6\thello.txt`])
 */
export function rawWriteTree(lines: readonly string[], options: CallOptions = {}): Promise<Id> {
  return within(options, (session) => writeTree(session, lines, undefined, options))
}

/**
 * Writes a commit; no ref names it yet.
 * @throws QuiltError NOT_FOUND, AMBIGUOUS, INVALID
 * @example const commit = await rawCommitTree({ tree, parents: [], message: 'by hand' })
 */
export function rawCommitTree(parts: CommitParts, options: CallOptions = {}): Promise<Id> {
  return within(options, (session) => commitTree(session, parts, options))
}

/**
 * The id that a text names: OWNER/NAME@REVISION, or 6 or more digits of an id.
 * @throws QuiltError NOT_FOUND, AMBIGUOUS, INVALID
 * @example const commit = await rawRevParse('ada/wine@latest~1')
 */
export function rawRevParse(text: string, options: CallOptions = {}): Promise<Id> {
  return within(options, (session) => objectId(session, text, options))
}

/**
 * Every ref of a package, or of all.
 * @throws QuiltError NOT_FOUND, CORRUPT
 * @example for (const { ref, commit } of await rawListRefs('ada/wine')) console.log(ref, commit)
 */
export function rawListRefs(pkg?: string, options: CallOptions = {}): Promise<readonly ListedRef[]> {
  return within(options, (session) => collect(listRefs(session, pkg, options)))
}

/**
 * Moves a ref to a commit of which everything is here; `undefined` when it was removed.
 * @param to a commit, or `-` to remove the ref
 * @param from what it must name now, `-` for nothing; whatever it is unless told
 * @throws QuiltError CONFLICT when it is not at `from`; NOT_FOUND naming what the commit reaches and is not here
 * @example await rawUpdateRef({ pkg: 'ada/wine', ref: 'latest', to: commit })
 */
export function rawUpdateRef(
  move: {
    readonly pkg: string
    readonly ref: string
    readonly to: string
    readonly from?: string | undefined
  },
  options: CallOptions = {},
): Promise<ListedRef | undefined> {
  return within(options, (session) => updateRef(session, move, options))
}

/**
 * Every pack of this machine's store; sizes in bytes.
 * @throws QuiltError UNAVAILABLE
 * @example const packs = await rawListPacks()
 */
export function rawListPacks(options: CallOptions = {}): Promise<readonly ListedPack[]> {
  return within(options, (session) => collect(listPacks(session, options)))
}

/**
 * The records of a pack in their order: of one of this store by its name, or of any by its path.
 * @throws QuiltError NOT_FOUND; CORRUPT for what is no pack
 * @example const records = await rawShowPack('./downloaded.pack')
 */
export function rawShowPack(pack: string, options: CallOptions = {}): Promise<readonly PackRecord[]> {
  return within(options, (session) => showPack(session, pack, options))
}

/**
 * The chunks of a blob in order, `start` and `size` in bytes; one that is kept in one piece is its own only chunk.
 * @throws QuiltError NOT_FOUND, AMBIGUOUS; INVALID for what is no blob
 * @example const cuts = (await rawChunks(id)).map(({ start }) => start)
 */
export function rawChunks(id: string, options: CallOptions = {}): Promise<readonly PlacedChunk[]> {
  return within(options, (session) => collect(chunks(session, id, options)))
}

/**
 * Joins small packs, and frees what nothing needs, as gc does.
 * @throws QuiltError CORRUPT when something that is needed is missing: then nothing is deleted
 * @example const { packsRewritten } = await rawRepack()
 */
export function rawRepack(options: GcOptions & CallOptions = {}): Promise<GcReport> {
  return within(options, (session) => gc(session, { ...options, joinSmall: true }, options))
}
