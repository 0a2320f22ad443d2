// What a file of a tree in memory holds: its bytes, a path to them, what is known of it.
import { concatBytes, fromUtf8 } from '../../core/base/bytes.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { FileSystem } from '../../core/base/fs-node.ts'
import { readerParts } from '../../core/base/source.ts'
import type { FileEntry } from '../../core/model/entry.ts'
import { streamBlob } from '../../core/store/blob-source.ts'
import { readView } from '../../table/view/store-view.ts'
import { onPath } from '../../worktree/file-error.ts'
import { blockReader, openToRead } from '../../worktree/read-file.ts'
import { viewFor } from '../tables/find-views.ts'
import type { Draft, FoundDraft, NewContent } from './draft.ts'
import type { MediaDetails } from './node-types.ts'
import { recipeOf, type Opened } from './opened.ts'

/** A draft that was found; `table` is one of several that its file holds. */
export interface FoundContent extends FoundDraft {
  readonly table?: string
}

/** The bytes of a file, as they are read. */
export async function* streamOf(opened: Opened, { path, draft }: FoundContent): AsyncGenerator<Uint8Array> {
  if (draft.kind === 'new') {
    yield* newBytes(opened, draft.content)
    return
  }
  const { entry, from } = keptFile(path, draft)
  const { revision } = await opened.bring(from)
  yield* streamBlob(revision.store.repository.objects, entry.id, await recipeOf(opened, entry), opened.ctx)
}

async function* newBytes({ session }: Opened, content: NewContent): AsyncGenerator<Uint8Array> {
  if ('bytes' in content) yield content.bytes
  else if (content.isTable === true) yield* session.tables.bytesAt(content.path)
  else yield* pathBytes(session.fs, content.path)
}

async function* pathBytes(fs: FileSystem, path: string): AsyncGenerator<Uint8Array> {
  const size = onPath('read', path, () => fs.statSync(path)).size
  const handle = openToRead(fs, path)
  try {
    yield* readerParts(blockReader({ fs, handle, path, size }))
  } finally {
    fs.closeSync(handle)
  }
}

/** All bytes of a file. */
export async function bytesOf(opened: Opened, found: FoundContent): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of streamOf(opened, found)) parts.push(new Uint8Array(part))
  return concatBytes(parts)
}

/**
 * A file's text.
 * @throws INVALID for what is no UTF-8
 */
export async function textOf(opened: Opened, found: FoundContent): Promise<string> {
  const text = fromUtf8(await bytesOf(opened, found))
  if (text !== undefined) return text
  throw new QuiltError('INVALID', `"${found.path}" is no text in UTF-8`, { hint: 'read its bytes' })
}

/** A path on this machine with a file's bytes. */
export async function plainPathOf(opened: Opened, { path, draft }: FoundContent): Promise<string> {
  if (draft.kind === 'new') {
    if ('path' in draft.content) return draft.content.path
    throw new QuiltError('UNSUPPORTED', `"${path}" has no path before it is built`, {
      hint: 'read its bytes',
    })
  }
  const { entry, from } = keptFile(path, draft)
  const { plain } = await opened.bring(from)
  return (await plain()).path(entry, await recipeOf(opened, entry), opened.ctx)
}

function keptFile(path: string, draft: Draft): { readonly entry: FileEntry; readonly from: string } {
  if (draft.kind === 'kept' && draft.entry.type === 'file') return { entry: draft.entry, from: draft.from }
  const is = draft.kind === 'group' ? 'group' : 'link'
  throw new QuiltError('INVALID', `"${path}" is a ${is}, no file`)
}

/** What a view says of a file that is no table. */
export async function infoOf(
  opened: Opened,
  { path, draft }: FoundContent,
): Promise<MediaDetails | undefined> {
  if (draft.kind === 'new') return undefined
  const { entry, from } = keptFile(path, draft)
  const { nodes, session } = opened
  const { revision } = await opened.bring(from)
  const { objects } = revision.store.repository
  const parsers = session.tables.parsers
  const view = await viewFor({ objects: nodes, derived: revision.commit.derived, parsers }, entry, opened.ctx)
  if (view === undefined) return undefined
  const read = await readView({ objects, nodes }, view, opened.ctx)
  return read.kind === 'media' ? { mime: read.mime, info: read.info } : undefined
}
