// Generations: one numbered state of a package's refs, with the record of the move that made it.
// Layout: docs/format.md, section "Refs".
import { compareText, isWellFormed } from '../base/bytes.ts'
import { isQuiltError, QuiltError } from '../base/error.ts'
import { checkIdentity, checkMessage, type Identity } from '../model/commit.ts'
import { idBytes, idToBytes, parseId, type Id } from '../model/id.ts'
import type { Extent } from '../model/extent.ts'
import { utf8Length } from '../model/metadata.ts'
import { formatPackageName, parsePackageName, type PackageName } from '../model/package-name.ts'
import { splitPath } from '../model/path.ts'
import { parseRefName, type RefName } from '../model/ref-name.ts'
import { asBytes, asCount, asFields, asId, asList, asMap, asMark, asText, malformed } from './fields.ts'
import { decodePackable, encodePackable, type Packable } from './msgpack.ts'
import { seal, unseal } from './seal.ts'

/** What one generation file says. Its id is the SHA-256 of the file: the next generation names it by that. */
export interface Generation {
  /** In its exact spelling. */
  readonly pkg: PackageName
  /** 1 for a package's first, then one more each. */
  readonly number: number
  /** The id of generation `number - 1`; absent for the first. */
  readonly previous?: Id
  readonly refs: ReadonlyMap<RefName, Id>
  /** Commits of which not all is here: only trees, or trees and the files at or below these paths. */
  readonly partial: ReadonlyMap<Id, Extent>
  /** Commits whose parents are not here. */
  readonly shallow: ReadonlySet<Id>
  /** The remote of the first push or install. */
  readonly origin?: string
  /** True when this move deleted the package: nothing else is left but its log. */
  readonly deleted: boolean
  /** 32 hex digits that never come twice, so that no two writers make the same file. */
  readonly nonce: string
  readonly move: Move
}

/** Who moved refs, why, and from where to where; ascending by the refs' names. */
export interface Move {
  readonly who: Identity
  readonly reason: string
  readonly edits: readonly MovedRef[]
}

/** One ref's move; `undefined` for a commit that is not there. */
export interface MovedRef {
  readonly name: RefName
  readonly from: Id | undefined
  readonly to: Id | undefined
}

/** Most refs of one package. */
export const mostRefs = 100_000
/** Largest generation file. */
export const generationBytes: number = 16 * 1024 * 1024
/** Longest origin, in UTF-8 bytes. */
export const originBytes = 4096

const magic = 'QG1\n'
const nonceBytes = 16

/**
 * A generation as its file's bytes.
 * @throws INVALID when it is beyond a limit
 */
export function encodeGeneration(generation: Generation): Uint8Array {
  if (generation.refs.size > mostRefs) {
    throw new QuiltError('INVALID', `a package has at most ${String(mostRefs)} refs`)
  }
  checkOrigin(generation.origin)
  const { previous, origin } = generation
  const fields = new Map<string, Packable>([
    ['move', packMove(generation.move)],
    ['nonce', idToNonce(generation.nonce)],
    ['number', generation.number],
    ['package', formatPackageName(generation.pkg)],
    ['refs', new Map([...generation.refs].map(([name, id]) => [name, idToBytes(id)]))],
  ])
  if (previous !== undefined) fields.set('previous', idToBytes(previous))
  if (generation.partial.size > 0) {
    fields.set('partial', new Map(Array.from(generation.partial, ([id, extent]) => [id, packExtent(extent)])))
  }
  if (generation.shallow.size > 0)
    fields.set(
      'shallow',
      [...generation.shallow].sort().map((id) => idToBytes(id)),
    )
  if (origin !== undefined) fields.set('origin', origin)
  if (generation.deleted) fields.set('deleted', true)
  const bytes = seal(encodePackable(magic, fields))
  if (bytes.length <= generationBytes) return bytes
  throw new QuiltError('INVALID', `the refs of a package take at most ${String(generationBytes)} bytes`, {
    hint: 'remove tags, or move fewer refs at once',
  })
}

/**
 * A generation file's bytes as a generation. `what` names the file in errors.
 * @throws CORRUPT; UNSUPPORTED when it is of a newer format
 */
export function decodeGeneration(bytes: Uint8Array, what: string): Generation {
  const value = decodePackable(magic, unseal(bytes, what), { bytes: generationBytes, depth: 8 }, what)
  const fields = asFields(value, generationKeys, what)
  const number = asCount(fields.get('number'), 1, what)
  if (fields.has('previous') !== number > 1) throw malformed(what, 'it names its predecessor wrongly')
  return valid(what, () => {
    const origin = fields.has('origin') ? asText(fields.get('origin'), what) : undefined
    checkOrigin(origin)
    return {
      pkg: parsePackageName(asText(fields.get('package'), what)),
      number,
      ...(fields.has('previous') ? { previous: asId(fields.get('previous'), what) } : {}),
      refs: unpackRefs(fields.get('refs'), what),
      partial: fields.has('partial') ? unpackPartial(fields.get('partial'), what) : new Map(),
      shallow: fields.has('shallow') ? unpackShallow(fields.get('shallow'), what) : new Set(),
      ...(origin === undefined ? {} : { origin }),
      deleted: asMark(fields.get('deleted'), what),
      nonce: nonceOf(asBytes(fields.get('nonce'), nonceBytes, what)),
      move: unpackMove(fields.get('move'), what),
    }
  })
}

const generationKeys = {
  required: ['move', 'nonce', 'number', 'package', 'refs'],
  optional: ['deleted', 'origin', 'partial', 'previous', 'shallow'],
}

/**
 * A move as it stands in generations and segments.
 * @throws INVALID for an author or a reason that cannot be written
 */
export function packMove(move: Move): Packable {
  checkIdentity(move.who)
  checkMessage(move.reason)
  const { name, email, time } = move.who
  return new Map<string, Packable>([
    ['edits', move.edits.map((edit) => [edit.name, packTarget(edit.from), packTarget(edit.to)])],
    ['reason', move.reason],
    ['who', [name, email, time.getTime()]],
  ])
}

/** The move that `packMove` packed. Throws CORRUPT, or INVALID from the model's own checks. */
export function unpackMove(value: Packable | undefined, what: string): Move {
  const fields = asFields(value, { required: ['edits', 'reason', 'who'] }, what)
  const [name, email, time, ...more] = asList(fields.get('who'), what)
  if (more.length > 0) throw malformed(what, 'an identity has three parts')
  const who = { name: asText(name, what), email: asText(email, what), time: new Date(asCount(time, 0, what)) }
  checkIdentity(who)
  const reason = asText(fields.get('reason'), what)
  checkMessage(reason)
  const edits = asList(fields.get('edits'), what).map((edit) => unpackEdit(edit, what))
  checkAscending(
    edits.map((edit) => edit.name),
    what,
  )
  return { who, reason, edits }
}

/** Runs what decodes; the model's INVALID becomes CORRUPT, since nobody who reads typed it. */
export function valid<T>(what: string, decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    if (isQuiltError(cause, 'INVALID')) throw malformed(what, cause.message)
    throw cause
  }
}

/** Refuses texts that do not ascend by their bytes. */
function checkAscending(texts: readonly string[], what: string): void {
  for (let i = 1; i < texts.length; i++) {
    if (compareText(texts[i - 1] as string, texts[i] as string) >= 0)
      throw malformed(what, 'a list is out of order')
  }
}

function checkOrigin(origin: string | undefined): void {
  if (origin === undefined) return
  if (origin === '' || !isWellFormed(origin) || utf8Length(origin) > originBytes) {
    throw new QuiltError('INVALID', `an origin is a text of 1 to ${String(originBytes)} bytes`)
  }
}

function packTarget(id: Id | undefined): Packable {
  return id === undefined ? null : idToBytes(id)
}

function unpackEdit(value: Packable, what: string): MovedRef {
  const [name, from, to, ...more] = asList(value, what)
  if (from === undefined || to === undefined || more.length > 0)
    throw malformed(what, 'an edit has three parts')
  return {
    name: parseRefName(asText(name, what)),
    from: from === null ? undefined : asId(from, what),
    to: to === null ? undefined : asId(to, what),
  }
}

function unpackRefs(value: Packable | undefined, what: string): ReadonlyMap<RefName, Id> {
  const refs = new Map<RefName, Id>()
  const map = asMap(value, what)
  if (map.size > mostRefs) throw malformed(what, 'too many refs')
  for (const [name, id] of map) refs.set(parseRefName(name), asId(id, what))
  return refs
}

function unpackPartial(value: Packable | undefined, what: string): Generation['partial'] {
  const partial = new Map<Id, Extent>()
  for (const [id, extent] of asMap(value, what)) {
    if (extent === 'meta' || extent === 'commit') partial.set(parseId(id), extent)
    else if (extent instanceof Map) {
      if (extent.size !== 1) throw malformed(what, 'an extent has one field')
      const only = unpackPaths(extent.get('only'), what)
      if (only[0] === '') throw malformed(what, 'the whole is no path alone')
      partial.set(parseId(id), { only })
    } else partial.set(parseId(id), unpackPaths(extent, what))
  }
  if (partial.size === 0) throw malformed(what, 'an empty map is left out')
  return partial
}

function unpackPaths(value: Packable | undefined, what: string): readonly string[] {
  const paths = asList(value, what).map((path) => asText(path, what))
  for (const path of paths) splitPath(path)
  if (paths.length === 0) throw malformed(what, 'no paths are said by "meta"')
  checkAscending(paths, what)
  return paths
}

function packExtent(extent: Extent): Packable {
  return typeof extent === 'object' && 'only' in extent ? new Map([['only', extent.only]]) : extent
}

function unpackShallow(value: Packable | undefined, what: string): ReadonlySet<Id> {
  const ids = asList(value, what).map((id) => asId(id, what))
  checkAscending(ids, what)
  if (ids.length === 0) throw malformed(what, 'an empty list is left out')
  return new Set(ids)
}

/** Pads to an id's length, so that the one hex codec does for both. */
function idToNonce(nonce: string): Uint8Array {
  return idToBytes(parseId(nonce.padEnd(2 * idBytes, '0'))).slice(0, nonceBytes)
}

function nonceOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}
