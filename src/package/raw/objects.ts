// Plumbing for objects: hashing and writing bytes, reading them, and what names an object.
import type { Context } from '../../core/base/context.ts'
import { iterateBytes, type Bytes } from '../../core/base/bytes.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { ByteSource } from '../../core/base/source.ts'
import { isId, isIdPrefix, type Id, type Kind } from '../../core/model/id.ts'
import { parseHandle, type Handle } from '../../core/model/revision.ts'
import { dryRun } from '../../core/store/dry-writer.ts'
import { readObject } from '../../core/store/pack-store.ts'
import { withTrees } from '../exchange/bring.ts'
import { describeRevision, needRevision } from '../names/installed.ts'
import { needNode } from '../names/nodes.ts'
import type { Session } from '../session.ts'

/** Bytes of a blob read at once. */
const sliceBytes = 4 * 1024 * 1024

/** An object that was hashed, and perhaps written. */
export interface HashedObject {
  readonly id: Id
  readonly size: number
  /** Set when it is kept as chunks. */
  readonly recipe?: Id
}

/**
 * The id that bytes have as a blob; with `write` they are kept, until gc finds that nothing needs them.
 * @throws UNAVAILABLE, DENIED
 */
export async function hashObject(
  session: Session,
  body: Bytes,
  write: boolean,
  ctx?: Context,
): Promise<HashedObject> {
  const { objects } = (await session.local()).repository
  if (!write) return dryRun(objects).out.writeBlob(body, ctx)
  return objects.batch((out) => out.writeBlob(iterateBytes(body), ctx), undefined, ctx)
}

async function handleId(session: Session, handle: Handle, ctx?: Context): Promise<Id> {
  const named = await needRevision(session, handle, ctx)
  if (handle.path === '') return named.id
  const { store, state, commit } = await withTrees(session, named, ctx, handle.path)
  const name = describeRevision(state.pkg, handle.revision)
  const root = { tree: commit.tree, handle: name }
  const { entry, path } = await needNode(store.repository.objects, root, handle.path, ctx)
  if (entry === undefined) return commit.tree
  if (entry.type !== 'link') return entry.id
  throw new QuiltError('INVALID', `"${path}" in ${name} is a link, which is no object`, {
    hint: 'list its folder with: quilt raw ls-tree',
  })
}

/** An object's bytes, and how they are kept. */
export interface CatObject {
  readonly id: Id
  readonly kind: Kind
  readonly recipe?: Id
  readonly bytes: AsyncIterable<Uint8Array>
}

/**
 * An object's bytes, checked against its id: a chunked blob is joined.
 * @throws NOT_FOUND, AMBIGUOUS, CORRUPT
 */
export async function catObject(session: Session, text: string, ctx?: Context): Promise<CatObject> {
  const { objects } = (await session.local()).repository
  const { id, kind, body, recipe } = await readObject(objects, await objectId(session, text, ctx), ctx)
  if (recipe === undefined) return { id, kind, bytes: iterateBytes(body) }
  return { id, kind, recipe, bytes: slices(await objects.open(id, recipe, ctx), ctx) }
}

/** A source's bytes in order, each checked before it is handed out: who reads may stop in the middle. */
async function* slices(source: ByteSource, ctx?: Context): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += sliceBytes) {
    yield await source.slice(at, Math.min(at + sliceBytes, source.size), ctx)
  }
}

/**
 * The id that a text names: an id, the beginning of one (6 digits or more), a handle's commit, or the tree or the blob
 * at its path.
 * @throws NOT_FOUND, AMBIGUOUS, INVALID
 */
export async function objectId(session: Session, text: string, ctx?: Context): Promise<Id> {
  if (text.includes('/')) return handleId(session, parseHandle(text), ctx)
  const prefix = text.toLowerCase()
  if (isId(prefix)) return prefix
  if (!isIdPrefix(prefix)) {
    throw new QuiltError('INVALID', `${JSON.stringify(text.slice(0, 80))} names no object`, {
      hint: 'give an id, 6 or more digits of one, or OWNER/NAME@REVISION',
    })
  }
  const { objects } = (await session.local()).repository
  const found: Id[] = []
  for await (const id of objects.ids(prefix, ctx)) if (found.push(id) > 9) break
  const [id] = found
  if (id === undefined) throw new QuiltError('NOT_FOUND', `no object here begins with ${prefix}`)
  if (found.length === 1) return id
  throw new QuiltError('AMBIGUOUS', `several objects begin with ${prefix}: ${found.join(', ')}`, {
    hint: 'give more digits',
  })
}
