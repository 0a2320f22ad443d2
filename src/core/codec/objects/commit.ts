// Commits as bytes: a map, so that no text in it can pass for another field.
// Layout: docs/format.md, section "Commits".
import { isWellFormed } from '../../base/bytes.ts'
import { isQuiltError, QuiltError } from '../../base/error.ts'
import { checkIdentity, checkMessage, lastTime, mostParents } from '../../model/commit.ts'
import type { Commit, Identity, Source } from '../../model/commit.ts'
import { idToBytes, type Id } from '../../model/id.ts'
import { utf8Length } from '../../model/metadata.ts'
import { splitPath } from '../../model/path.ts'
import { asCount, asFields, asId, asList, asText, malformed } from '../fields.ts'
import { decodePackable, encodePackable, type Packable } from '../msgpack.ts'

/** Most sources of one commit. */
export const mostSources = 4096
/** Longest handle of a source, in UTF-8 bytes. */
export const handleBytes = 4096
/** Largest commit, in bytes: as much as a blob that is kept in one piece, so that equal bytes lie in one piece. */
export const commitBytes: number = 256 * 1024

const magic = 'QC1\n'
const limits = { bytes: commitBytes, depth: 4 }
const keys = { required: ['author', 'message', 'parents', 'tree'], optional: ['derived', 'sources'] }

/**
 * A commit's bytes.
 * @throws INVALID when it holds what `decodeCommit` would refuse
 */
export function encodeCommit(commit: Commit): Uint8Array {
  checkCommit(commit)
  const { name, email, time } = commit.author
  const fields = new Map<string, Packable>([
    ['author', [name, email, time.getTime()]],
    ['message', commit.message],
    ['parents', commit.parents.map((id) => idToBytes(id))],
    ['tree', idToBytes(commit.tree)],
  ])
  if (commit.derived !== undefined) fields.set('derived', idToBytes(commit.derived))
  if (commit.sources !== undefined) fields.set('sources', commit.sources.map(packSource))
  const bytes = encodePackable(magic, fields)
  if (bytes.length <= commitBytes) return bytes
  throw new QuiltError('INVALID', `a commit takes more than ${String(commitBytes)} bytes`)
}

/**
 * A commit from its bytes. `id` is for messages.
 * @throws CORRUPT for anything but the one form that `encodeCommit` gives; UNSUPPORTED for a newer format
 */
export function decodeCommit(bytes: Uint8Array, id?: Id): Commit {
  const what = id === undefined ? 'a commit' : `commit ${id}`
  const fields = asFields(decodePackable(magic, bytes, limits, what), keys, what)
  const sources = fields.get('sources')
  const commit: Commit = {
    tree: asId(fields.get('tree'), what),
    ...(fields.has('derived') ? { derived: asId(fields.get('derived'), what) } : {}),
    parents: asList(fields.get('parents'), what).map((parent) => asId(parent, what)),
    author: unpackAuthor(fields.get('author'), what),
    message: asText(fields.get('message'), what),
    ...(sources === undefined
      ? {}
      : { sources: asList(sources, what).map((one) => unpackSource(one, what)) }),
  }
  try {
    checkCommit(commit)
  } catch (error) {
    if (isQuiltError(error, 'INVALID')) throw malformed(what, error.message)
    throw error
  }
  return commit
}

function checkCommit(commit: Commit): void {
  checkIdentity(commit.author)
  checkMessage(commit.message)
  const { parents, sources } = commit
  if (parents.length > mostParents) {
    throw new QuiltError('INVALID', `a commit has at most ${String(mostParents)} parents`)
  }
  if (new Set(parents).size < parents.length) throw new QuiltError('INVALID', 'a commit names a parent twice')
  if (sources === undefined) return
  if (sources.length === 0) throw new QuiltError('INVALID', 'an empty list of sources must be left out')
  if (sources.length > mostSources) {
    throw new QuiltError('INVALID', `a commit has at most ${String(mostSources)} sources`)
  }
  for (const source of sources) checkSource(source)
}

function checkSource(source: Source): void {
  splitPath(source.path)
  const { handle } = source
  if (handle === '' || !isWellFormed(handle) || utf8Length(handle) > handleBytes) {
    throw new QuiltError('INVALID', `the handle of a source is not 1 to ${String(handleBytes)} bytes long`)
  }
}

function packSource(source: Source): Packable {
  return [source.path, source.handle, idToBytes(source.commit)]
}

function unpackSource(value: Packable, what: string): Source {
  const parts = asList(value, what)
  if (parts.length !== 3) throw malformed(what, 'a source has three parts')
  return { path: asText(parts[0], what), handle: asText(parts[1], what), commit: asId(parts[2], what) }
}

function unpackAuthor(value: Packable | undefined, what: string): Identity {
  const parts = asList(value, what)
  if (parts.length !== 3) throw malformed(what, 'an author has three parts')
  const time = asCount(parts[2], 0, what)
  if (time > lastTime) throw malformed(what, 'a time after the year 9999')
  return { name: asText(parts[0], what), email: asText(parts[1], what), time: new Date(time) }
}
