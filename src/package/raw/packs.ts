// Plumbing for packs: what there is, what is in one, and how a blob is cut.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { readPackHeader, type PackRecord } from '../../core/codec/pack.ts'
import { entryBytes, readIndexEntry } from '../../core/codec/pack-index.ts'
import type { Id } from '../../core/model/id.ts'
import { packKey, packPrefix } from '../../core/store/layout.ts'
import { readObject } from '../../core/store/pack-store.ts'
import { scanPack } from '../../core/store/packs/rebuild-index.ts'
import { recipeChunks, type PlacedChunk } from '../../core/store/recipe-tree.ts'
import { fileError } from '../../worktree/file-error.ts'
import type { Session } from '../session.ts'
import { objectId } from './objects.ts'

/** One pack. */
export interface ListedPack {
  readonly pack: string
  readonly bytes: number
  /** As its index says; 0 where it has none. */
  readonly objects: number
}

/** Every pack of this machine's store. */
export async function* listPacks(session: Session, ctx?: Context): AsyncGenerator<ListedPack> {
  const { backend, objects } = (await session.local()).repository
  const counts = new Map<string, number>()
  for (const index of await objects.packs.indexes(ctx)) {
    for await (const table of index.tables(ctx)) {
      for (let at = 0; at < table.length; at += entryBytes) {
        const name = index.header.packs[readIndexEntry(table, at).pack]?.name ?? ''
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    }
  }
  for await (const { key, size } of backend.list(packPrefix, ctx)) {
    const pack = key.slice(packPrefix.length)
    yield { pack, bytes: size, objects: counts.get(pack) ?? 0 }
  }
}

/**
 * The records of a pack, in their order: one of this machine's store by its name, or any by its path. A torn pack
 * gives those that are whole.
 * @throws NOT_FOUND, CORRUPT for what is no pack
 */
export async function showPack(
  session: Session,
  name: string,
  ctx?: Context,
): Promise<readonly PackRecord[]> {
  const bytes = /^[0-9a-f]{32}$/.test(name)
    ? await (await session.local()).repository.backend.get(packKey(name), undefined, ctx)
    : readPath(session, session.resolvePath(name))
  readPackHeader(bytes)
  return scanPack(bytes)
}

function readPath({ fs }: Session, path: string): Uint8Array {
  try {
    const handle = fs.openSync(path, 'r')
    try {
      const bytes = new Uint8Array(fs.fstatSync(handle).size)
      for (let at = 0; at < bytes.length;) {
        const count = fs.readSync(handle, bytes, at, bytes.length - at, at)
        if (count === 0) return bytes.subarray(0, at)
        at += count
      }
      return bytes
    } finally {
      fs.closeSync(handle)
    }
  } catch (error) {
    throw fileError(error, 'read', path)
  }
}

/**
 * The chunks of a blob, in order; one that is kept in one piece is its own only chunk.
 * @throws NOT_FOUND, AMBIGUOUS, INVALID for what is no blob
 */
export async function* chunks(session: Session, text: string, ctx?: Context): AsyncGenerator<PlacedChunk> {
  const { objects } = (await session.local()).repository
  const id: Id = await objectId(session, text, ctx)
  const { kind, body, recipe } = await readObject(objects, id, ctx)
  if (kind !== 'blob') throw new QuiltError('INVALID', `${id} is a ${kind}, and only blobs are cut`)
  if (recipe === undefined) yield { id, size: body.length, start: 0 }
  else yield* recipeChunks(objects, recipe, undefined, ctx)
}
