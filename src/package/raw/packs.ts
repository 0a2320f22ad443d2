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
import { onPath } from '../../worktree/file-error.ts'
import { openToRead, readUpTo } from '../../worktree/read-file.ts'
import type { Session } from '../session.ts'
import { objectId } from './objects.ts'

/** Largest pack that is shown, in bytes: it is read whole. This program makes them of 32 MiB. */
const mostPackBytes = 2 ** 30

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
 * @throws NOT_FOUND, INVALID, CORRUPT for what is no pack; UNSUPPORTED above 1 GiB
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

/** The bytes of a pack that lies anywhere, all at once. */
function readPath({ fs }: Session, path: string): Uint8Array {
  const handle = openToRead(fs, path)
  try {
    return onPath('read', path, () => {
      const { size } = fs.fstatSync(handle)
      if (size <= mostPackBytes) return readUpTo(fs, handle, size)
      throw new QuiltError('UNSUPPORTED', `"${path}" is larger than a pack that is read whole may be`, {
        hint: `packs of ${String(mostPackBytes / 2 ** 30)} GiB at most are shown`,
      })
    })
  } finally {
    onPath('read', path, () => fs.closeSync(handle))
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
